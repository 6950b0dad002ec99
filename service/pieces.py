"""Inputs in pieces that any process can work on, and pieces -> posts. Formats are told apart by content, never by name.

Who splits an input only looks for the ends of lines: what takes time, parsing, is left to whoever has the piece. A feed is one
piece, and where it can be opened again it is handed on by its name.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from model import strict_json
from model.errors import FeedError, InputError, PostError, TopicwireError
from model.posts import Post, post_from_dict
from service.fetch import is_url
from service.parquet import Rows, batches
from service.parquet import posts as posts_of_rows
from service.settings import Settings
from service.streams import Rejoined, first_line, is_remote, open_stream, shown

# One line of JSONL, one post: what is longer is no line but a file without line ends.
MAX_LINE = 64_000_000
# Of one piece: lines, or rows; and bytes, where lines are long. Enough to make handing it to another process cheap, few
# enough to be no memory.
LINES = 64
SIZE = 1 << 20
_PARQUET = b"PAR1"

Report = Callable[[TopicwireError], None]


class Lines(NamedTuple):
    """Lines of JSONL, as they are."""

    name: str
    first: int  # the number of the first, from 1 on
    lines: list[bytes]


class Document(NamedTuple):
    """A feed."""

    name: str
    data: bytes
    base_url: str


class Named(NamedTuple):
    """An input that is opened by whoever works on it."""

    name: str


Piece = Lines | Rows | Document | Named


def pieces(name: str, settings: Settings) -> Iterator[Piece]:
    """An input in pieces. Raises TopicwireError or OSError when it cannot be read, or not any further."""
    if is_url(name):  # many of them are waited for at once
        yield Named(name)
        return
    yield from _split(name, settings, by_name=is_remote(name) or Path(name).is_file())


def _split(name: str, settings: Settings, *, by_name: bool) -> Iterator[Piece]:
    with ExitStack() as stack:
        stream, base_url = open_stream(name, settings, stack)
        head = first_line(stream)
        rejoined = Rejoined(head, stream)
        if _begins_jsonl(head):
            yield from _lines(rejoined, shown(name))
        elif head.startswith(_PARQUET):
            yield from _rows(stream, rejoined, shown(name))
        elif by_name:
            yield Named(name)
        else:
            yield Document(shown(name), rejoined.read(), base_url)


def read(piece: Piece, settings: Settings, *, failed: Report, warned: Report) -> Iterator[Post]:
    """The posts of a piece, as they are asked for.

    `failed` hears of lines that are no posts, `warned` of what was wrong with a feed that could be read all the same. Raises
    TopicwireError or OSError when the input cannot be read, or not any further.
    """
    if isinstance(piece, Named):
        for part in _split(piece.name, settings, by_name=False):
            yield from read(part, settings, failed=failed, warned=warned)
    elif isinstance(piece, Lines):
        for number, line in enumerate(piece.lines, piece.first):
            try:
                if line.strip():
                    yield post_from_dict(strict_json.loads(line.rstrip(b"\r\n")))
            except TopicwireError as error:
                failed(error.about(f"{piece.name}:{number}"))
            except ValueError as error:
                failed(PostError(f"it is no JSON: {error}", subject=f"{piece.name}:{number}"))
    elif isinstance(piece, Rows):
        for number, row in enumerate(posts_of_rows(piece), piece.first):
            try:
                if isinstance(row, PostError):
                    raise row
                yield post_from_dict(row)
            except TopicwireError as error:
                failed(error.about(f"{piece.name}:{number}"))
    else:
        from model import feed  # only now: JSONL needs no reader of feeds, which takes a while to load

        document = feed.read(piece.data, base_url=piece.base_url)
        for warning in document.warnings:
            warned(FeedError(warning.detail, subject=piece.name))
        yield from document.posts


@contextmanager
def named(name: str) -> Iterator[None]:
    """Makes of whatever keeps an input from being read one TopicwireError that names it."""
    try:
        yield
    except TopicwireError as error:
        raise error.about(shown(name)) from None
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror or error}", subject=shown(name)) from None


def _begins_jsonl(head: bytes) -> bool:
    """Whether a first line is one of JSONL, rather than the beginning, or all, of a JSON Feed."""
    line = head.strip(b"\xef\xbb\xbf \t\r\n")
    if not line.startswith(b"{") or line == b"{":
        return False
    try:
        first = strict_json.loads(line)
    except ValueError:  # damaged, longer than what was looked at, or the first of several lines of a feed
        return b"jsonfeed.org" not in line and b'"items"' not in line
    return "html" in first or "text" in first or not ("items" in first or "jsonfeed.org" in str(first.get("version")))


def _rows(stream: Any, rejoined: Rejoined, name: str) -> Iterator[Rows]:
    """A file is read by its end first; what comes through a pipe, or is packed, is read whole."""
    if getattr(stream, "seekable", bool)():
        stream.seek(0)
        yield from batches(stream, name, LINES)
    else:
        yield from batches(io.BytesIO(rejoined.read()), name, LINES)


def _lines(stream: Any, name: str) -> Iterator[Lines]:
    first, lines, size = 1, list[bytes](), 0
    try:
        while line := stream.readline(MAX_LINE + 1):
            if len(line) > MAX_LINE:
                raise PostError(f"the line is longer than {MAX_LINE:,} bytes", subject=f"{name}:{first + len(lines)}")
            lines.append(line)
            size += len(line)
            if len(lines) == LINES or size >= SIZE:
                yield Lines(name, first, lines)
                first, lines, size = first + len(lines), [], 0
    except (TopicwireError, OSError):
        if lines:  # what came before is good
            yield Lines(name, first, lines)
        raise
    if lines:
        yield Lines(name, first, lines)
