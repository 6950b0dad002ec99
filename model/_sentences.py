"""Where a sentence ends: a short splitter for technical prose.

A full stop ends a sentence if white space follows, what comes then can begin a sentence, what stands before is no
abbreviation, and no bracket or quotation mark is open. Names such as `Node.js`, `v2.86.0` or `ASP.NET` have no white space
after their stops and stay whole.
"""

import re

# A run of closing marks, then the white space after it; or a CJK full stop, which needs none.
# Possessive, and never from the middle of a run: a text of nothing but full stops must not take quadratic time. The marks
# stand first, in one set, since that is found much faster than a choice.
_END = re.compile(r"""[.!?…。！？｡](?:(?<=[.!?…])(?<![.!?…]{2})[.!?…]*+[)\]"'”’»]*+(?=\s)|(?<=[。！？｡])[」』”’）]*+)\s*""")
_LAST_WORD_REVERSED = re.compile(r"""[^\s(\["'“‘«]*""")

# Never the end of a sentence: something always follows.
_OPENING = frozenset(
    "e.g i.e eg ie cf vs v viz al approx ca resp incl excl fig figs eq eqs sec secs ch vol nos nr pp ed eds rev ref refs "
    "mr mrs ms dr prof st jr sr gen sen rep gov capt lt col sgt dept est asst assn bros "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed thu fri".split()
)
# The same letters are units after a number: "It takes 5 ms."
_UNITS = frozenset({"ms", "sec", "secs"})
# Never the end of a sentence if a number follows: "No. 7".
_BEFORE_NUMBERS = frozenset({"no", "p", "art", "par"})
# The end of a sentence only if the next word begins one beyond doubt.
_AMBIGUOUS = frozenset("etc inc ltd co corp llc gmbh plc a.m p.m a.k.a u.s u.k e.u u.n ph.d b.sc m.sc u.s.a d.c".split())
_SURE_STARTERS = frozenset(
    "the this that these those it we you they he she there here in on at for from to by with as if when while after before "
    "but and or so our your its their a an what how why however also today now please let one some many most each all both "
    "once since then next first although".split()
)


def split(text: str) -> list[str]:
    """The sentences of one block of text with folded white space; joined by single spaces they give the text back
    (except after CJK full stops, where no space was)."""
    sentences = []
    start = 0
    pairs = [pair for pair in _PAIRS if pair[0] in text]
    for mark in _END.finditer(text):
        at, end = mark.span()
        if end < len(text) and (not _ends(text, start, at, end) or (pairs and _is_inside(text, start, end, pairs))):
            continue
        sentence = text[start:end].strip()
        if sentence:
            sentences.append(sentence)
        start = end
    if start < len(text) and (rest := text[start:].strip()):
        sentences.append(rest)
    return sentences


# Two in five, told at a glance: no abbreviation has as many small letters.
_LONG = 7
_PLAIN_END = re.compile(rf"[a-z]{{{_LONG}}}\. [A-Z]")


def _ends(text: str, start: int, at: int, end: int) -> bool:
    """Whether the marks from `at` end the sentence from `start`; `end` is where the next one would begin."""
    mark = text[at]
    if mark in "。！？｡" or (at >= _LONG and _PLAIN_END.match(text, at - _LONG)):
        return True
    following = text[end : end + 40]
    before = text[max(start, at - 40) : at]
    word = before.rpartition(" ")[2].lower()
    if not word.isalnum():  # it may begin behind a bracket or quotation mark
        found = _LAST_WORD_REVERSED.match(before[::-1])
        word = found.group()[::-1].lower() if found else ""
    after_word = len(word) >= _WHOLE_WORD and text[at:end].strip() == "." and word.isalnum()
    if not _can_begin(following, after_word=after_word):
        return False
    if mark in "!?" and text.startswith(")", at + 1) and text.find("(", start, at) > start:
        return False  # it ends what stands in brackets (does it not?) and not the sentence around them
    if mark != "." or text.startswith("..", at):
        return True
    is_unit = word in _UNITS and text[max(0, at - len(word) - 2)].isdigit()
    if (word in _OPENING and not is_unit) or (word in _BEFORE_NUMBERS and following[0].isdigit()):
        return False
    if word.isdigit() and start == at - len(word):
        return False  # "1. First do this"
    single = len(word) == 1 and word.isalpha() and word != "i"  # an initial: "J. Smith"
    if single or word in _AMBIGUOUS:
        first = re.match(r"[\"'“‘(\[]*([A-Za-z]+)", following)
        return first is not None and first.group(1)[0].isupper() and first.group(1).lower() in _SURE_STARTERS
    return True


_PAIRS = (("(", ")"), ("“", "”"))
_REACH = 400  # characters that an aside may be long; one that is never closed must not swallow the text


def _is_inside(text: str, start: int, end: int, pairs: list[tuple[str, str]]) -> bool:
    """Whether what stands before `end` opens a bracket or quotation that what follows closes."""
    start = max(start, end - _REACH)
    for opening, closing in pairs:
        opened = text.count(opening, start, end)
        if opened and opened > text.count(closing, start, end) and text.find(closing, end, end + _REACH) >= 0:
            return True
    return False


def _can_begin(following: str, *, after_word: bool) -> bool:
    """Whether a sentence can begin like this. In small letters only a name such as `iOS`, or, after the full stop of a
    whole word, a command such as `kubectl`."""
    first = following.lstrip("\"'“‘«([`*_")[:20]
    if not first:
        return True
    if first[0].islower():
        return after_word or _NAME.match(first) is not None
    return first[0].isalnum() or first[0] not in ".,;:!?)]}%"


_NAME = re.compile(r"[a-z]+[A-Z]")
# Letters of a word that is hardly an abbreviation which is missing above: "min.", "max."
_WHOLE_WORD = 4
