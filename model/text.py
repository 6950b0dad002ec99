"""A post's HTML -> blocks -> words and sentences: parsed once, split once, shared by classifier and summarizer."""

import codecs
import re
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from inspect import signature
from typing import Any, Literal, NamedTuple, cast

from lxml import etree

from model._sentences import split
from model.posts import INVISIBLE, Post

# What `words` does. A model version names the rules that its vocabulary was made with.
TOKENIZER = "letters-1"

Kind = Literal["paragraph", "heading", "item", "quote", "code", "cell", "aside"]


class Block(NamedTuple):
    """A stretch of a post's text that no block element cuts. White space is folded."""

    kind: Kind
    text: str
    linked: bool = False  # more than half of it is the text of links


# A letter and what follows it up to the next character that is neither letter nor digit: "k8s", "grpc", "v2".
# One letter alone says nothing, and a word that begins with a digit is a number, a date or a size.
WORD = re.compile(r"(?<![^\W_])[^\W\d_][^\W_]+")
# Bytes of UTF-8 in lower case where they are ASCII, and spaces for what is neither letter nor digit.
_SPACED = bytes(byte if byte > 127 else ord(chr(byte).lower()) if chr(byte).isalnum() else 32 for byte in range(256))
# What stands between words, and the last character that none begins with, as bytes.
SPACE, NINE = ord(" "), ord("9")


def words(text: str) -> list[str]:
    """The words of a text in lower case, in order. Names with digits stay whole; numbers are no words.

    They are what `WORD` finds in `text.lower()`, in a fraction of its time.
    """
    return _words_of(spaced(text))


def spaced(text: str) -> bytes:
    """The words of a text in lower case, in UTF-8, with spaces between; among them may be numbers, and letters and digits of
    ASCII that stand alone."""
    if not text.isascii():
        # Where many are beyond ASCII it is quicker to ask `WORD`; and what a small sigma is depends on what stands beside it.
        beyond = len(text) - len(text.encode("ascii", "ignore"))
        if beyond > _FEW * len(text) or "Σ" in text:
            return " ".join(WORD.findall(text.lower())).encode()
    return text.encode("ascii", "topicwire.spaced").translate(_SPACED)


def _words_of(data: bytes) -> list[str]:
    return [run for run in data.decode().split() if run > ":" and len(run) > 1]  # ":" is what follows "9"


_FEW = 0.02  # of the characters: marks and a name or two in English
# What stands alone is no word, nor is what begins with a digit, of whatever script.
_ALONE = re.compile(r"(?<![^\W_])[^\W_](?![^\W_])")
_FIRST_DIGIT = re.compile(r"(?<![^\W_])\d")


def _spaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """Characters beyond ASCII: most of them are quotation marks, which part words like any other."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    run = error.object[error.start : error.end].lower()
    if not any(map(str.isalnum, run)):
        return " ", error.end
    if len(run) == 1 or not run.isalpha():
        before, after = error.object[max(0, error.start - 1) : error.start], error.object[error.end : error.end + 1]
        run = "".join([before, *[character if character.isalnum() else " " for character in run], after])
        run = _FIRST_DIGIT.sub("0", _ALONE.sub(" ", run))[len(before) : len(run) - len(after)]
    return run.encode(), error.end


codecs.register_error("topicwire.spaced", _spaced)


@dataclass(frozen=True)
class Text:
    """A post's title and blocks, with what is derived from them derived once."""

    title: str
    blocks: list[Block]

    @cached_property
    def title_words(self) -> list[str]:
        return words(self.title)

    def words(self) -> list[str]:
        """All words of the blocks, in order; not the title's."""
        return self._words

    @cached_property
    def _words(self) -> list[str]:
        return _words_of(self.spaced)

    @cached_property
    def spaced(self) -> bytes:
        """All words of the blocks as `spaced` gives them."""
        return spaced("\n".join([block.text for block in self.blocks]))


def sentences(block: Block) -> list[str]:
    """The sentences of a block, verbatim. Only prose is split: a heading, an aside or a piece of code is one sentence."""
    return split(block.text) if block.kind in ("paragraph", "quote", "item", "cell") else [block.text]


def of_post(post: Post) -> Text:
    """Parse a post's body."""
    return Text(post.title, html_blocks(post.html) if post.html is not None else plain_blocks(post.text or ""))


_BLANK_LINE = re.compile(r"\n\s*\n")


def plain_blocks(text: str) -> list[Block]:
    """Plain text -> one paragraph for each stretch between blank lines."""
    lines = _without_controls(text, "surrogatepass").decode("utf-8", "surrogatepass").replace("\r\n", "\n").replace("\r", "\n")
    return [Block("paragraph", folded) for part in _BLANK_LINE.split(lines) if (folded := _folded(part))]


def plain_text(html: str) -> str:
    """The text of a fragment of HTML on one line."""
    return " ".join(block.text for block in html_blocks(html)) if "<" in html or "&" in html else _folded(html)


def html_blocks(html: str) -> list[Block]:
    """HTML -> blocks in reading order. Never raises, whatever the markup; takes time linear in its length.

    The parser is libxml2's, driven as a stream: no tree is built, so no depth is too deep (a tree of libxml2 ends,
    silently, at 256 levels). Markup nested beyond reason is taken for text with tags cut out.
    """
    data = _without_controls(html, "replace")
    if not data or data.isspace():
        return []
    blocks = _Blocks()
    parser = etree.HTMLParser(target=cast(Any, blocks), encoding="utf-8", huge_tree=True)
    try:
        # In pieces, since the parser stops for an exception of its target only at the end of one.
        for start in range(0, len(data), _PIECE):
            parser.feed(data[start : start + _PIECE])
        parser.close()
    except _TooDeepError:
        return plain_blocks(unescape(_TAG.sub("\n\n", _SCRIPT.sub("", html))))
    except etree.LxmlError:  # "Document is empty": only comments or declarations
        pass
    return blocks.close()


# No page nests its elements like this. The parser looks through all that are open for each end tag without a beginning.
_MAX_DEPTH = 1_000
_PIECE = 1 << 16  # bytes
_TAG = re.compile(r"<[^<>]*>")
_SCRIPT = re.compile(r"<(script|style)\b.*?(?:</\1\s*>|\Z)", re.DOTALL | re.IGNORECASE)


class _TooDeepError(Exception):
    pass


_CONTROLS = {*range(9), 11, 12, *range(14, 32), 127}  # those below U+0080, which are one byte each
_BLANKED = bytes(32 if byte in _CONTROLS else byte for byte in range(256))
_HIGH_CONTROL = re.compile(rb"\xc2[\x80-\x9f]")  # U+0080 to U+009F
_INVISIBLE = tuple(map(chr, INVISIBLE))


def _without_controls(text: str, errors: str) -> bytes:
    """The text in UTF-8, control characters but tabs and line ends made spaces. Bytes, since str.translate takes many times
    as long for a text that is not all ASCII."""
    data = text.encode("utf-8", errors).translate(_BLANKED)
    return _HIGH_CONTROL.sub(b" ", data) if b"\xc2" in data else data


def _folded(text: str) -> str:
    if text.isprintable() and "  " not in text:  # the space is the only white space that is, and no character of INVISIBLE is
        return text.strip(" ")
    if not text.isascii() and any(map(text.__contains__, _INVISIBLE)):
        text = text.translate(INVISIBLE)
    return " ".join(text.split())


# Elements that begin a block, and its kind; None takes over the kind around it, so that a paragraph in a list item is
# an item, and one in a quotation a quote.
_KINDS: dict[str, Kind | None] = {
    **dict.fromkeys("h1 h2 h3 h4 h5 h6".split(), "heading"),
    **dict.fromkeys("li dt dd".split(), "item"),
    **dict.fromkeys("blockquote q-block".split(), "quote"),
    **dict.fromkeys("pre listing xmp".split(), "code"),
    **dict.fromkeys("td th".split(), "cell"),
    **dict.fromkeys("figcaption caption aside footer header summary address legend".split(), "aside"),
    **dict.fromkeys(
        "p div section article main body html center details dl ul ol menu table thead tbody tfoot tr figure form "
        "fieldset hr hgroup search".split()
    ),
}  # fmt: skip
# Elements whose text is not the post's.
_SKIPPED = frozenset(
    "script style template noscript nav svg math iframe object embed audio video canvas button select textarea option "
    "datalist map head title noembed noframes progress meter".split()
)
# Attributes that may say so, too.
_HIDING = frozenset({"hidden", "aria-hidden", "role", "style"})
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")
# A paragraph in bold that is no longer than this and does not end like a sentence is a heading in all but name.
_MAX_BOLD_HEADING_WORDS = 14


class _Blocks:
    """The target of the parser: gathers text until a block begins or ends."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._kinds: list[Kind] = ["paragraph"]
        self._pieces: list[str] = []
        self._skipping = 0  # depth below the element whose text is left out
        self._bold = 0  # depth of <b> and <strong>
        self._links = 0  # depth of <a>
        self._linked = 0  # characters of this block in links
        self._plain_seen = False  # text outside bold in this block
        self._break = False  # a <br> was the last thing seen
        self._depth = 0

    def start(self, tag: str, attributes: Any) -> None:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _TooDeepError
        if self._skipping:
            self._skipping += 1
        elif tag in _SKIPPED or (attributes and _is_hidden(attributes)):
            self._skipping = 1
        elif tag in _KINDS:
            if self._pieces:
                self._flush()
            self._kinds.append(_KINDS[tag] or self._kinds[-1])
        elif tag == "br":
            # Two in a row are how old editors write a new paragraph, and one after a line in bold a heading.
            if self._break or self._is_after_heading():
                self._flush()
            else:
                self._pieces.append("\n")
                self._break = True
        elif tag in ("b", "strong"):
            self._bold += 1
        elif tag == "a":
            self._links += 1

    def end(self, tag: str) -> None:
        self._depth -= 1
        if self._skipping:
            self._skipping -= 1
        elif tag in _KINDS:
            if self._pieces:
                self._flush()
            self._kinds.pop()
        elif tag in ("b", "strong"):
            self._bold -= 1
        elif tag == "a":
            self._links -= 1

    def data(self, text: str) -> None:
        if self._skipping:
            return
        if not text.isspace():
            self._break = False
            self._plain_seen = self._plain_seen or not self._bold
        elif not self._pieces:
            return
        self._pieces.append(text)
        if self._links:
            self._linked += len(text)

    def close(self) -> list[Block]:
        self._flush()
        return self._blocks

    def _flush(self) -> None:
        raw = "".join(self._pieces)
        if text := _folded(raw):
            kind = "heading" if self._acts_as_heading(text) else self._kinds[-1]
            self._blocks.append(Block(kind, text, 2 * self._linked > len(raw)))
        self._pieces = []
        self._plain_seen = self._break = False
        self._linked = 0

    def _is_after_heading(self) -> bool:
        """Whether what was seen of this block acts as a heading. It is asked at each <br>, so of few pieces only."""
        few = 0 < len(self._pieces) <= _MAX_BOLD_HEADING_WORDS
        return few and self._acts_as_heading(_folded("".join(self._pieces)))

    def _acts_as_heading(self, text: str) -> bool:
        return (
            self._kinds[-1] == "paragraph"
            and not self._plain_seen
            and not text.endswith((".", "!", "…"))
            and text.count(" ") < _MAX_BOLD_HEADING_WORDS
        )


# lxml asks for each document how many arguments `start` takes; finding that out takes as long as parsing a short one.
_Blocks.start.__signature__ = signature(_Blocks.start)  # type: ignore[attr-defined]


def _is_hidden(attributes: Any) -> bool:
    return not _HIDING.isdisjoint(attributes) and (
        "hidden" in attributes
        or attributes.get("aria-hidden") == "true"
        or attributes.get("role") == "navigation"
        or ("style" in attributes and _HIDING_STYLE.search(attributes["style"].lower()) is not None)
    )
