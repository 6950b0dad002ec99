"""Files, standard input and URLs -> posts, whatever they are named: feeds and JSONL are told apart by their content. And the
posts of the store, for commands that take these where no input is named."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from model import strict_json
from model.errors import FeedError, InputError, PostError, TopicwireError
from model.posts import Post, post_from_dict
from service.fetch import fetch, is_url
from service.settings import Settings, variable

if TYPE_CHECKING:
    from service.store import StoredPost
    from service.store.listing import Order

STDIN = "-"
# One line of JSONL, one post: what is longer is no line but a file without line ends.
MAX_LINE = 64_000_000

# How much of a stream is looked at to tell what it is.
HEAD = 1 << 16
_PAGE = 200  # stored posts that are in memory at a time

Report = Callable[[TopicwireError], None]


def posts(name: str, settings: Settings, *, failed: Report, warned: Report) -> Iterator[Post]:
    """The posts of one input, read as they are asked for.

    What cannot be read is handed to `failed`, naming the input and, in JSONL, the line; the rest comes all the same.
    """
    with ExitStack() as stack:
        try:
            stream, base_url = _open(name, settings, stack)
            head = _first_line(stream)
            stream = _Rejoined(head, stream)
            if _begins_jsonl(head):
                yield from _jsonl(stream, shown(name), failed)
                return
            from model import feed  # only now: JSONL needs no reader of feeds, which takes a while to load

            read = feed.read(stream.read(), base_url=base_url)
        except TopicwireError as error:
            failed(error.about(shown(name)))
        except OSError as error:
            failed(InputError(f"it cannot be read: {error.strerror or error}", subject=shown(name)))
        else:
            for warning in read.warnings:
                warned(FeedError(warning.detail, subject=shown(name)))
            yield from read.posts


class Reading:
    """Inputs as posts; what cannot be read is said, and remembered."""

    def __init__(self, settings: Settings, say: Report) -> None:
        self.failed = False
        self._settings, self._say = settings, say

    def posts(self, names: Iterable[str]) -> Iterator[Post]:
        for name in names:
            yield from posts(name, self._settings, failed=self._fail, warned=self._say)

    def _fail(self, error: TopicwireError) -> None:
        self.failed = True
        self._say(error)


def stored(settings: Settings, *, since: datetime | None = None, order: "Order" = "newest") -> "Iterator[StoredPost]":
    """Stored posts with their bodies, a page in memory at a time. Raises InputError where nothing is stored."""
    must_have_store(settings)
    from service.store import Store

    with Store.open(settings) as store:
        cursor: str | None = None
        while True:
            page = store.posts(limit=_PAGE, cursor=cursor, bodies=True, since=since, order=order)
            yield from page.posts
            cursor = page.next
            if cursor is None:
                return


def must_have_store(settings: Settings) -> None:
    """Raises InputError, which says what to name instead."""
    if not settings.has_store:
        raise InputError("nothing is stored here yet; name a file, or `topicwire sources add`", subject=str(settings.database))


def open_bytes(name: str, settings: Settings, stack: ExitStack) -> BinaryIO:
    """An input as a stream of bytes, unpacked if it is gzip. The stack closes it."""
    return cast(BinaryIO, _open(name, settings, stack)[0])


def whole(name: str, settings: Settings) -> bytes:
    """All of an input, unpacked if it is gzip. Raises InputError."""
    with ExitStack() as stack:
        try:
            return open_bytes(name, settings, stack).read()
        except OSError as error:
            raise InputError(f"it cannot be read: {error.strerror or error}", subject=shown(name)) from None


def shown(name: str) -> str:
    """What to call an input."""
    return "standard input" if name == STDIN else name


def _open(name: str, settings: Settings, stack: ExitStack) -> tuple[Any, str]:
    raw: Any
    if is_url(name):
        response = fetch(name, settings)
        if response.status != 200:
            raise InputError(f"its server answered {response.status}", subject=name)
        # Unpacked already, under the limits of fetching.
        return io.BytesIO(response.body), response.url
    raw = sys.stdin.buffer if name == STDIN else stack.enter_context(Path(name).open("rb", buffering=1 << 16))
    if raw.peek(2)[:2] == b"\x1f\x8b":
        raw = _Unpacked(stack.enter_context(gzip.GzipFile(fileobj=raw)), shown(name), settings.max_fetch_bytes)
    return raw, ""


class _Unpacked:
    """A gzip file's content. It may be longer than memory as long as it is read by lines; what is read whole is limited, since
    a few bytes can be packed to unpack to any number. Raises InputError."""

    def __init__(self, packed: gzip.GzipFile, name: str, most: int) -> None:
        self._stream = io.BufferedReader(cast(Any, packed), 1 << 16)
        self._name = name
        self._most = most

    def readline(self, limit: int) -> bytes:
        with self._explained():
            return self._stream.readline(limit)

    def read(self) -> bytes:
        with self._explained():
            content = self._stream.read(self._most + 1)
        if len(content) > self._most:
            problem = f"unpacked it is larger than {self._most:,} bytes ({variable('max_fetch_bytes')})"
            raise InputError(problem, subject=self._name)
        return content

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise InputError(f"its gzip data is damaged: {error}", subject=self._name) from None


def _first_line(stream: Any) -> bytes:
    """The beginning of a stream up to the end of the first line with something on it, or as much as tells what it is."""
    head = b""
    while len(head) < HEAD and (line := stream.readline(HEAD)):
        head += line
        if line.strip(b"\xef\xbb\xbf \t\r\n"):
            break
    return head


class _Rejoined:
    """A stream whose beginning has been read already."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readline(self, limit: int) -> bytes:
        line = self._head.readline(limit)
        return line if line.endswith(b"\n") or len(line) == limit else line + bytes(self._rest.readline(limit - len(line)))

    def read(self) -> bytes:
        return self._head.read() + bytes(self._rest.read())


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


def _jsonl(stream: Any, name: str, failed: Report) -> Iterator[Post]:
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            failed(PostError(f"the line is longer than {MAX_LINE:,} bytes", subject=f"{name}:{number}"))
            return
        line = line.rstrip(b"\r\n")
        if not line.strip():
            continue
        try:
            yield post_from_dict(strict_json.loads(line))
        except TopicwireError as error:
            failed(error.about(f"{name}:{number}"))
        except ValueError as error:
            failed(PostError(f"it is no JSON: {error}", subject=f"{name}:{number}"))
