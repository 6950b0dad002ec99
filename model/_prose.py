"""Which sentences of a post may be quoted, and which of them cannot stand alone.

All rules go by shape and by wording, none by meaning. Those of wording (`_phrases`) know English only, and are silent
elsewhere.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from model import _phrases
from model.function_words import FUNCTION_WORDS
from model.text import Block, Kind, Text, sentences, words

MIN_WORDS, MOST_WORDS = 6, 50
MOST_CHARACTERS = 800  # fifty words are not as long as this, whatever they are
MIN_CONTENT = 3  # distinct words that are no function words: "It is on purpose, of course." says nothing
MIN_NEWS = 2  # of those, beyond what title and chosen sentences have said
OFTEN = 5  # times that a post has a word which is one of its subjects


class Candidate(NamedTuple):
    """A sentence that has the shape of one. Whether it may be quoted is asked of `Prose.chain`, of few candidates."""

    text: str  # verbatim, without a label such as "TL;DR:"
    lower: str
    words: frozenset[str]  # lower case
    content: frozenset[str]  # those that are no function words
    stems: frozenset[str]  # of these
    size: int  # in words, as readers count them
    block: Block
    first: str  # sentence of its block
    opening: bool  # whether it is that one
    abstract: bool  # from what the author calls the short of it
    start: bool  # whether the post tells nothing before it, so that it can lean on the title only, which every reader has read
    before: int | None  # index of the candidate that ends where this one begins


class _Needs(NamedTuple):
    """What a candidate makes no sense without."""

    leans: bool  # on the sentence before it
    names: list[str]  # of what it takes for known


class Prose:
    """The first sentences of a post, at `most` so many, that are in blocks of some kinds, or that the author says sum it up."""

    def __init__(self, text: Text, kinds: frozenset[Kind], *, most: int) -> None:
        self.candidates: list[Candidate] = []
        self.title = frozenset(text.title_words) - FUNCTION_WORDS  # its words, like a candidate's `content`
        self._text = text
        self._names_of_title = frozenset(text.title.split())
        self._stems_of_title = _stems(self.title)
        self._told = self._stems_of_title | _ANNOUNCED
        self._quotable: dict[int, bool] = {}
        self._needs: dict[int, _Needs] = {}
        self._gather(kinds, most)
        # Two in five words of an English sentence hold it together; in other languages hardly any is one of these.
        content = sum(len(candidate.content) for candidate in self.candidates)
        self._english = content < 0.8 * sum(len(candidate.words) for candidate in self.candidates)

    def is_quotable(self, index: int) -> bool:
        """Whether a candidate may be quoted where what it leans on is."""
        if index not in self._quotable:
            self._quotable[index] = not self._repeats_title(index) and self._is_sound(self.candidates[index])
        return self._quotable[index]

    def chain(self, index: int, chosen: Collection[int] = ()) -> tuple[int, ...]:
        """The indexes of a candidate and of those before it without which it makes no sense; () if there is no such chain.

        What it names as known is so by one of these, or by one that is `chosen` already and stands before it.
        """
        if not self.is_quotable(index):
            return ()
        if index not in self._needs:
            self._needs[index] = self._needs_of(index)
        leans, names = self._needs[index]
        told = [one for one in chosen if one < index]
        if not leans and self._is_told(names, told):
            return (index,)
        before = self.candidates[index].before
        if before is None:
            return ()
        chain = self.chain(before, chosen)
        return (*chain, index) if chain and self._is_told(names, [*told, *chain]) else ()

    def _needs_of(self, index: int) -> _Needs:
        candidate = self.candidates[index]
        if candidate.start and self.title and not _leans(candidate, title=True):
            return _Needs(leans=False, names=[])
        leans = _leans(candidate)
        return _Needs(leans, self._names(index, leans=leans))

    def news(self, index: int) -> frozenset[str]:
        """The stems of what a candidate says beyond the title."""
        return self.candidates[index].stems - self._told

    def has_news(self, chain: tuple[int, ...], told: frozenset[str]) -> bool:
        """Whether every candidate of a chain says something beyond the title and what was told."""
        return not self._english or all(len(self.news(index) - told) >= MIN_NEWS for index in chain)

    def _repeats_title(self, index: int) -> bool:
        if not self.title:
            return False
        return self.candidates[index].content <= self.title or (self._english and len(self.news(index)) < MIN_NEWS)

    def _is_told(self, names: list[str], told: list[int]) -> bool:
        return all(any(_has(self.candidates[one].content, name) for one in told) for name in names)

    def _names(self, index: int, *, leans: bool) -> list[str]:
        """Words that a candidate names as known to whoever has read what stands before it: "the broker" where that speaks of a
        broker; and "these labels", if it does not lean on the sentence before it, which would tell what they are."""
        text = self.candidates[index].text
        these = () if leans else self._known(_THESE, text)
        before = self.candidates[:index]
        said = (
            name
            for name in self._known(_THE, text)
            if any(_has(one.content, name) and self.is_quotable(at) for at, one in enumerate(before))
        )
        return [*these, *said]

    def _known(self, determiner: re.Pattern[str], text: str) -> Iterator[str]:
        """Nouns after a determiner, those that the title or the text before them has named left out."""
        for found in determiner.finditer(text):
            name = found[1]
            if name in FUNCTION_WORDS or name in _phrases.FAMILIAR or _has(self.title, name):
                continue
            if not _has(frozenset(words(text[: found.start()])), name):
                yield name

    def _gather(self, kinds: frozenset[Kind], most: int) -> None:
        found = self.candidates
        seen: set[str] = set()
        section = ""
        headings = 0
        before: int | None = None  # the candidate that ends right where we are
        start = True
        for block in self._text.blocks:
            if block.kind == "heading":
                section = _section(block.text, first=not headings)
                headings += 1
            label = _phrases.ABSTRACT_LABEL.match(block.text) if block.text[:1] in "TtAaEeSsIiBb" and block.kind in _ANY else None
            abstract = label is not None or section == "abstract"
            is_short = block.kind == "cell" and block.text.count(" ") < _MIN_CELL_WORDS
            if section == "aside" or block.linked or is_short or block.kind not in (_ANY if abstract else kinds):
                before = None
                start = start and (block.kind in ("heading", "aside") or block.linked or is_short)
                continue
            its_sentences = sentences(block)
            for position, sentence in enumerate(its_sentences):
                quoted = sentence[label.end() :] if label is not None and position == 0 else sentence
                size = _size_of_sentence(quoted)
                is_start, start = start, start and not quoted.rstrip(_CLOSINGS).endswith((*_ENDS, *_QUESTIONS))
                is_answer = section == "interview" and _phrases.FIRST_PERSON.search(quoted) is not None
                if not size or quoted in seen or is_answer:
                    before = None
                    continue
                its_words = frozenset(words(sentence))
                content = its_words - FUNCTION_WORDS
                seen.add(quoted)
                found.append(
                    Candidate(
                        text=quoted,
                        lower=quoted.lower(),
                        words=its_words,
                        content=content,
                        stems=_stems(content),
                        size=size,
                        block=block,
                        first=its_sentences[0][:MOST_CHARACTERS],
                        opening=position == 0,
                        abstract=abstract,
                        start=is_start,
                        before=before,
                    )
                )
                before = len(found) - 1
                if len(found) == most:
                    return

    def _begins_with_name(self, candidate: Candidate) -> bool:
        """Whether small letters begin a name: it looks like one, the title writes it so, or the post has it often."""
        word = candidate.text.split()[0]
        if word in self._names_of_title or _NAME.match(word):
            return True
        return any(one not in FUNCTION_WORDS and self._text.words().count(one) >= OFTEN for one in words(word)[:1])

    def _is_sound(self, candidate: Candidate) -> bool:
        """Whether shape and wording are those of a sentence to quote."""
        text, words = candidate.text, candidate.words
        if text[0].islower() and not self._begins_with_name(candidate):  # it is the rest of something
            return False
        if not _is_balanced(text) or text.count(" - ") > 2:
            return False
        on_title = not candidate.stems.isdisjoint(self._stems_of_title)
        # "Deploy a broker on your cluster": a first sentence that tells to do what the title names says what the post is for.
        task = candidate.start and on_title
        if self._english and (len(candidate.content) < MIN_CONTENT or not _has_verb(candidate, task=task)):
            return False
        if _NUMBERED.match(text) or _LABEL.match(text) or _DATELINE.match(text):
            return False
        beginning = candidate.block.text[:_BEGINNING]
        if _phrases.APART.match(beginning) or (_phrases.BIOGRAPHY.match(beginning) and not on_title):
            return False
        lower = candidate.lower
        if (_phrases.is_step(lower) and not task) or _phrases.GREETING.match(lower) or _phrases.HEADLINE.match(lower):
            return False
        if _phrases.BOILERPLATE.is_in(lower, words) or (not candidate.opening and _is_call(candidate.first)):
            return False
        if _phrases.POINTING.is_in(lower, words):
            return False
        return not (_is_code(text) or _GLUED.search(text))


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


# "the broker", "these labels"; not "the number of", which says what it means, and no names, which need not be introduced.
_THE = re.compile(
    r"[Tt](?<!\w.)(?:he|his|hat|hese|hose) ([a-z]{3,})(?![\w.]*[A-Z_.]\w)(?:-\w+)*\b(?! of\b| that\b| which\b| to\b)"
)
_THESE = re.compile(r"[Tt](?<!\w.)h(?:ese|ose) ([a-z]{3,})")


def _has(words: frozenset[str], name: str) -> bool:
    """Whether a noun is among the words, be it one or several."""
    return name in words or name + "s" in words or (name.endswith("s") and name[:-1] in words)


_STEM = 5  # letters that tell a word from most others, and hardly an ending


def _stems(words: Iterable[str]) -> frozenset[str]:
    return frozenset([word[:_STEM] for word in words])


_ANNOUNCED = _stems(_phrases.ANNOUNCING)


# What may stand after the mark that ends a sentence, and before its first letter.
_CLOSINGS = ")]\"'”’»」』"
_OPENINGS = "\"'“‘«„「『¿¡"
_ENDS, _QUESTIONS = (".", "!", "…", "。", "！", "｡"), ("?", "？")
_MAX_SLOGAN_WORDS = 10  # no exclamation as short as this tells anything


def _size_of_sentence(text: str) -> int:
    """The words of a text that has the shape of a sentence; 0 if it has not. A question has not: its answer says more."""
    if len(text) > MOST_CHARACTERS or not (text[:1].isalnum() or text[:1] in _OPENINGS):
        return 0
    bare = text.rstrip(_CLOSINGS)
    if not bare.endswith(_ENDS) or bare.endswith((" .", "..", ". .")):
        return 0
    size = count_words(text)
    if not MIN_WORDS <= size <= MOST_WORDS or (size <= _MAX_SLOGAN_WORDS and bare.endswith(("!", "！"))):
        return 0
    return size


# What tells a heading, a byline or a dateline stands at the beginning of its block.
_BEGINNING = 200  # characters


def _section(heading: str, *, first: bool) -> str:
    """What stands under a heading: the author's "abstract", an "aside", an "interview", or, "", what everything else is."""
    heading = heading[:_BEGINNING].lower()
    if _phrases.INTERVIEW_HEADING.search(heading):
        return "interview"
    if _phrases.ABSTRACT_HEADING.match(heading) or (first and _phrases.FIRST_ABSTRACT_HEADING.match(heading)):
        return "abstract"
    return "aside" if _phrases.ASIDE_HEADING.match(heading) else ""


# A name may begin in small letters: iOS, k8s.
_NAME = re.compile(r"[a-z]+[A-Z0-9]")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]+)[.)]\s")
# "LYON -- The platform team ...".
_DATELINE = re.compile(r"[A-Z][A-Z ,.]{3,}(?:\([A-Z]\w+\) ?)?(?:--|[–—]) ?[\"“A-Z]")
# "Stability: The interface ..." and "Stability – The ...": a label of a few words, then a sentence of its own.
_LABEL = re.compile(r"(?:[^\s:,.!?]+ ){0,4}[^\s:,.!?]+(?::| [–—-]+)\s(?![^\W\d_A-Z])")
# What no prose has. They are looked for one by one, which takes a tenth of the time of a pattern of them all.
_CODE = (*"{}<>|\\`", "[[", "][", "](", "@[", '="', "='", "::", "==", "&&", "://", " ./", "~/")
_CODE_MARK = re.compile(r"[{}<>|\\`\[\]=:&/;]")  # there is one in all of these and in a statement
_STATEMENT = re.compile(r"\w\(\)?\w*[,)]?;")
# Sentences or items that were parted by markup and run into each other here.
_GLUED = re.compile(
    r"[.!?:](?:(?<=[a-z]{2}[.!?])(?:The|This|These|It|We|You|An?|In|For|If|When|To|Its|And|But)\b|(?<=:) [-–•*] |(?<=[a-z]\.)@)"
)


def _has_verb(candidate: Candidate, *, task: bool) -> bool:
    """Whether there is a verb. Unless the sentence may be a `task`, a first word that may be one wants another, in small letters:
    "Get it from the site" and "Lead Expert, Team Lead" say what nobody does. "From a server to ..." is more often no sentence,
    and wants one that is nothing else."""
    first = _first_word(candidate.lower)
    if first == "from":
        return _phrases.has_finite_verb(candidate.words)
    if task or not _phrases.is_verb(first):
        return _phrases.has_verb(candidate.words)
    return _phrases.has_verb(frozenset(words(" ".join([word for word in candidate.text.split()[1:] if not word[0].isupper()]))))


@lru_cache(maxsize=8)  # it is asked of each sentence of a block
def _is_call(sentence: str) -> bool:
    """Whether a sentence calls to act; what follows in its block says why."""
    return _phrases.BOILERPLATE.is_in(sentence.lower(), frozenset(words(sentence)))


def _leans(candidate: Candidate, *, title: bool = False) -> bool:
    """Whether a candidate leans on what stands before it, be it the `title` or not."""
    lower = candidate.lower
    if title and _phrases.REFERS.match(lower):
        return False
    return _phrases.LEANS.begins(lower, {_first_word(lower)}) or (
        not title and _phrases.LEANS_WITHIN.begins(lower, candidate.words)
    )


_FIRST_WORD = re.compile(r"[\"'“‘(]?([a-z]+)")


def _first_word(lower: str) -> str:
    found = _FIRST_WORD.match(lower)
    return found[1] if found else ""


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
