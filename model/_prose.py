"""Which sentences of a post may be quoted, and which of them cannot stand alone.

All rules go by shape and by wording, none by meaning. Those of wording (`_phrases`) know English only, and are silent
elsewhere.
"""

import re
from dataclasses import dataclass
from functools import cached_property

from model import _phrases
from model.function_words import FUNCTION_WORDS
from model.text import Block, Kind, Text, sentences, spaced, words

MIN_WORDS, MOST_WORDS = 6, 50
MOST_CHARACTERS = 800  # fifty words are not as long as this, whatever they are
MIN_CONTENT = 3  # distinct words that are no function words: "It is on purpose, of course." says nothing
MIN_NEWS = 2  # of those, beyond what title and chosen sentences have said
MIN_NEWS_OF_POST = 3  # where it speaks of the post: "This guide tells how to TITLE in minutes." says the title again
_INTRODUCTION = 3  # candidates
_SOME = 3  # candidates that tell the language
OFTEN = 5  # times that a post has a word which is one of its subjects


@dataclass(eq=False)
class Candidate:
    """A sentence that has the shape of one. Whether it may be quoted is asked of `Prose.chain`, of few candidates: what is
    derived from its text is derived when it is asked for."""

    text: str  # verbatim, without a label such as "TL;DR:"
    size: int  # in words, as readers count them; 0 if it has not that shape, and only opens its block
    block: Block
    opener: "Candidate | None"  # the first sentence of its block, if it is another
    abstract: bool  # from what the author calls the short of it
    start: bool  # whether the post tells nothing before it, so that it can lean on the title only, which every reader has read
    before: int | None  # index of the candidate that ends where this one begins

    def __post_init__(self) -> None:
        self.lower = self.text.lower()
        self.first_word = _phrases.first_word(self.lower)

    @cached_property
    def words(self) -> frozenset[str]:
        """In lower case, numbers among them."""
        return _words(self.text)

    @cached_property
    def stems(self) -> frozenset[str]:
        """What its words begin with, function words left out."""
        return _stems(self.words)

    @property
    def opening(self) -> bool:
        """Whether it is the first sentence of its block."""
        return self.opener is None

    @cached_property
    def is_call(self) -> bool:
        """Whether it calls to act, or is another of the things that could be said of any post."""
        return _phrases.BOILERPLATE.is_in(self.lower, self.words)


class Prose:
    """The first sentences of a post, at `most` so many, that are in blocks of some kinds, or that the author says sum it up."""

    def __init__(self, text: Text, kinds: frozenset[Kind], *, most: int) -> None:
        self.candidates: list[Candidate] = []
        self._text = text
        self.title = _stems(_words(text.title))
        self._told = self.title | _ANNOUNCED
        self._chains: dict[int, tuple[int, ...]] = {}
        self._news: dict[int, frozenset[str]] = {}
        self._gather(kinds, most)

    @cached_property
    def _english(self) -> bool:
        """Two in five words of an English sentence hold it together; in other languages hardly any is one of these."""
        some = self.candidates[:_SOME]
        return sum(len(one.stems) for one in some) < 0.8 * sum(len(one.words) for one in some)

    def chain(self, index: int) -> tuple[int, ...]:
        """The indexes of a candidate and of those before it that it leans on; () if one of them is not to be quoted."""
        if index not in self._chains:
            self._chains[index] = self._chain_of(index)
        return self._chains[index]

    def _chain_of(self, index: int) -> tuple[int, ...]:
        candidate = self.candidates[index]
        adrift = self._is_adrift(index)
        if (adrift and candidate.before is None) or not self._is_sound(candidate) or self._repeats_title(index):
            return ()
        if not adrift and not _leans(candidate, title=candidate.start and bool(self.title)):
            return (index,)
        chain = self.chain(candidate.before) if candidate.before is not None else ()
        return (*chain, index) if chain else ()

    def _is_adrift(self, index: int) -> bool:
        """Whether nothing holds a candidate but the sentence before it, whatever its wording: neither a word of the title nor
        its place, the beginning of a paragraph in the post's introduction. One in three of these leans, or worse; of all others
        one in twenty."""
        candidate = self.candidates[index]
        if candidate.start or (candidate.opening and index < _INTRODUCTION) or not (self.title and self._english):
            return False
        # Where no letters are the title's, no word is, and none need be split.
        return not any(map(candidate.lower.__contains__, self.title)) or candidate.stems.isdisjoint(self.title)

    def news(self, index: int) -> frozenset[str]:
        """The stems of what a candidate says beyond the title."""
        if index not in self._news:
            self._news[index] = self.candidates[index].stems - self._told
        return self._news[index]

    def has_news(self, chain: tuple[int, ...], told: frozenset[str]) -> bool:
        """Whether every candidate of a chain says something beyond the title and what was told."""
        return not self._english or all(len(self.news(index) - told) >= MIN_NEWS for index in chain)

    def _repeats_title(self, index: int) -> bool:
        if not self.title:
            return False
        candidate, news = self.candidates[index], len(self.news(index))
        if candidate.stems <= self.title or (self._english and news < MIN_NEWS):
            return True
        return self._english and news < MIN_NEWS_OF_POST and _phrases.OF_ITSELF.match(candidate.lower) is not None

    def _gather(self, kinds: frozenset[Kind], most: int) -> None:
        found = self.candidates
        seen: set[str] = set()
        section = ""
        headings = 0
        before: int | None = None  # the candidate that ends right where we are
        start = True
        for block in self._text.blocks:
            if block.kind == "heading":
                section = _phrases.section(block.text[:_BEGINNING].lower(), is_first=not headings)
                headings += 1
                before = None
                continue
            if section == "aside" or block.linked or block.kind == "aside":
                start = start and (block.linked or block.kind == "aside")
                before = None
                continue
            label = _phrases.ABSTRACT_LABEL.match(block.text) if block.text[0] in "TtAaEeSsIiBb" and block.kind in _ANY else None
            abstract = label is not None or section == "abstract"
            is_short = block.kind == "cell" and block.text.count(" ") < _MIN_CELL_WORDS
            is_standfirst = start and block.kind == "quote"
            is_prose = not is_short and (is_standfirst or block.kind in (_ANY if abstract else kinds))
            is_apart = is_prose and _phrases.is_apart(block.text[:_BEGINNING])
            if is_apart or not is_prose:
                start = start and (is_apart or is_short)
                before = None
                continue
            opener: Candidate | None = None
            for position, sentence in enumerate(sentences(block)):
                quoted = sentence[label.end() :] if label is not None and position == 0 else sentence
                size = _size_of_sentence(quoted)
                is_start, start = start, start and not quoted.rstrip(_CLOSINGS).endswith((*_ENDS, *_QUESTIONS))
                is_answer = section == "interview" and _phrases.FIRST_PERSON.search(quoted) is not None
                if not size and position:
                    before = None
                    continue
                # What has no size is not quoted, but may be asked whether it is a call: not all of it, however long.
                candidate = Candidate(quoted[:MOST_CHARACTERS], size, block, opener, abstract, is_start, before)
                if position == 0:
                    opener = candidate
                if not size or quoted in seen or is_answer:
                    before = None
                    continue
                seen.add(quoted)
                found.append(candidate)
                before = len(found) - 1
                if len(found) == most:
                    return

    def _begins_with_name(self, candidate: Candidate) -> bool:
        """Whether small letters begin a name: it looks like one, the title writes it so, or the post has it often."""
        word = candidate.text.split()[0]
        if word in self._text.title.split() or _NAME.match(word):
            return True
        return any(one not in FUNCTION_WORDS and self._text.words().count(one) >= OFTEN for one in words(word)[:1])

    def _is_sound(self, candidate: Candidate) -> bool:
        """Whether shape and wording are those of a sentence to quote."""
        text = candidate.text
        if text[0].islower() and not self._begins_with_name(candidate):  # it is the rest of something
            return False
        if (" -" in text or "--" in text or _MARK.search(text)) and (
            not _is_balanced(text) or _is_code(text) or _LABEL.match(text)
        ):
            return False
        if _NUMBERED.match(text) or text.count(" - ") > 2 or _GLUED.search(text):
            return False
        on_title = not candidate.stems.isdisjoint(self.title)
        # "Deploy a broker on your cluster": a first sentence that tells to do what the title names says what the post is for.
        task = candidate.start and on_title
        if self._english and (len(candidate.stems) < MIN_CONTENT or not _has_verb(candidate, task=task)):
            return False
        if not on_title and _phrases.BIOGRAPHY.match(candidate.block.text, 0, _BEGINNING):
            return False
        lower = candidate.lower
        if _phrases.HEADLINE.begins(lower, candidate.first_word) or (not task and _phrases.is_step(lower, candidate.first_word)):
            return False
        if candidate.is_call or _phrases.POINTING.is_in(lower, candidate.words):
            return False
        return candidate.opener is None or not candidate.opener.is_call  # what follows a call says why


PARAGRAPHS: frozenset[Kind] = frozenset({"paragraph"})
# Prose where there are no paragraphs.
ITEMS: frozenset[Kind] = frozenset({"item", "quote"})
# Where there are neither: what tables lay out, as letters do that were made for mail.
CELLS: frozenset[Kind] = frozenset({"cell"})
_MIN_CELL_WORDS = 40  # no cell of a table of data has as many
_ANY = PARAGRAPHS | ITEMS


def count_words(text: str) -> int:
    """Words of a sentence as readers count them. Scripts that set no spaces have about two characters to a word."""
    return text.count(" ") + 1 + (0 if text.isascii() else len(re.findall(_UNSPACED, text)) // 2)


_UNSPACED = "[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"  # compiled where it is met: that takes a while


def _words(text: str) -> frozenset[str]:
    """What `words` gives, and numbers and letters that stand alone: it takes longer to leave these out."""
    return frozenset(spaced(text).decode().split())


_STEM = 5  # letters that tell a word from most others, and hardly an ending
_EMPTY = FUNCTION_WORDS.union("abcdefghijklmnopqrstuvwxyz")  # a letter alone says nothing either


def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset([word[:_STEM] for word in words - _EMPTY])


_ANNOUNCED = _stems(_phrases.ANNOUNCING)


# What may stand after the mark that ends a sentence, and before its first letter.
_CLOSINGS = ")]\"'”’»」』"
_OPENINGS = "\"'“‘«„「『¿¡"
_ENDS, _QUESTIONS = (".", "!", "…", "。", "！", "｡"), ("?", "？")
_MAX_SLOGAN_WORDS = 10  # no exclamation as short as this tells anything


def _size_of_sentence(text: str) -> int:
    """The words of a text that has the shape of a sentence; 0 if it has not. A question has not: its answer says more."""
    bare = text if text.endswith(_ENDS) else text.rstrip(_CLOSINGS)
    if not bare.endswith(_ENDS) or bare.endswith((" .", "..", ". .")) or len(text) > MOST_CHARACTERS:
        return 0
    if not (text[0].isalnum() or text[0] in _OPENINGS):
        return 0
    size = count_words(text)
    if not MIN_WORDS <= size <= MOST_WORDS or (size <= _MAX_SLOGAN_WORDS and bare.endswith(("!", "！"))):
        return 0
    return size


# What tells a heading, a byline or a dateline stands at the beginning of its block.
_BEGINNING = 200  # characters
# A name may begin in small letters: iOS, k8s.
_NAME = re.compile(r"[a-z]+[A-Z0-9]")
# What stands before a sentence of its own.
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]+)[.)]\s")  # "2. "
_LABEL = re.compile(
    r"[A-Z][A-Z ,.]{3,}(?:\([A-Z]\w+\) ?)?(?:--|[–—]) ?[\"“A-Z]"  # "LYON -- The platform team ..."
    r"|(?:[^\s:,.!?]+ ){0,4}[^\s:,.!?]+(?::| [–—-]+)\s(?![^\W\d_A-Z])"  # "Stability: The interface ...", "Stability – The ..."
)
# What no prose has. They are looked for one by one, which takes a tenth of the time of a pattern of them all.
_CODE = (*"{}<>|\\`", "[[", "][", "](", "@[", '="', "='", "::", "==", "&&", "://", " ./", "~/")
_CODE_MARK = re.compile(r"[{}<>|\\`\[\]=:&/;$]")  # there is one in all of them and in a statement
# There is one of these (or " -", or "--") wherever there is code, a label, or something open.
_MARK = re.compile(r"[{}<>|\\`\[\]=:&/;$\"()“”–—]")
_STATEMENT = re.compile(r"\w\(\)?\w*[,)]?;|\$[A-Za-z_({]|\b[A-Z][A-Z_]{2,}=\S")
# Sentences or items that were parted by markup and run into each other here.
_GLUED = re.compile(
    r"[.!?:](?:(?<=[a-z]{2}[.!?])(?:The|This|These|It|We|You|An?|In|For|If|When|To|Its|And|But)\b|(?<=:) [-–•*] |(?<=[a-z]\.)@)"
)


def _has_verb(candidate: Candidate, *, task: bool) -> bool:
    """Whether there is a verb. Unless the sentence may be a `task`, a first word that may be one wants another, in small letters,
    that says what somebody does: "Get it from the site" and "Lead Expert, Team Lead" do not. So does "A tool to ...". "From a
    server to ..." is more often no sentence, and wants one that is nothing else; "To be able to ..." wants somebody who does it,
    or a comma."""
    first = candidate.first_word
    if first == "from":
        return _phrases.has_finite_verb(candidate.words)
    if _phrases.SINGULAR.match(candidate.lower):
        return _phrases.has_predicate(candidate.words)
    if first == "to" and "," not in candidate.text and _phrases.SOMEBODY.isdisjoint(candidate.words):
        return _phrases.has_predicate(candidate.words - {"be"})
    if task or not _phrases.is_verb(first):
        return _phrases.has_verb(candidate.words)
    return _phrases.has_predicate(_words(" ".join([word for word in candidate.text.split()[1:] if not word[0].isupper()])))


def _leans(candidate: Candidate, *, title: bool) -> bool:
    """Whether a candidate leans on what stands before it, be it the `title` or not."""
    lower = candidate.lower
    if title and _phrases.REFERS.match(lower):
        return False
    if _phrases.LEANS.begins(lower, candidate.first_word):
        return True
    return not title and (
        _phrases.LEANS_WITHIN.begins_with(lower, candidate.words) or _phrases.names_as_known(lower, candidate.words)
    )


def _is_code(text: str) -> bool:
    return _CODE_MARK.search(text) is not None and (any(map(text.__contains__, _CODE)) or _STATEMENT.search(text) is not None)


def _is_balanced(text: str) -> bool:
    """Whether what is opened is closed: a sentence that was cut inside brackets or quotation marks is half a sentence."""
    return (
        text.count('"') % 2 == 0
        and text.count("(") == text.count(")")
        and text.count("[") == text.count("]")
        and text.count("“") == text.count("”")
    )
