"""What an input is called -> a stream of its bytes: files, standard input, http(s) URLs, and whatever fsspec knows by its URL."""

import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from model.errors import InputError
from service.fetch import fetch, is_url
from service.settings import Settings, variable

STDIN = "-"
# How much of a stream is looked at to tell what it is.
HEAD = 1 << 16
# A scheme, as of s3://bucket/key; chained as fsspec does it, too.
_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*(://|::)")


def is_remote(name: str) -> bool:
    """Whether fsspec reads or writes it, by its URL."""
    return _REMOTE.match(name) is not None and not is_url(name) and not os.path.exists(name)  # noqa: PTH110, a Path raises for long ones


def open_bytes(name: str, settings: Settings, stack: ExitStack) -> BinaryIO:
    """An input as a stream of bytes, unpacked if it is gzip. The stack closes it."""
    return cast(BinaryIO, open_stream(name, settings, stack)[0])


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


def open_stream(name: str, settings: Settings, stack: ExitStack) -> tuple[Any, str]:
    """The same, and where it came from, for relative links."""
    raw: Any
    if is_url(name):
        response = fetch(name, settings)
        if response.status != 200:
            raise InputError(f"its server answered {response.status}", subject=name)
        # Unpacked already, under the limits of fetching.
        return io.BytesIO(response.body), response.url
    if name == STDIN:
        raw = sys.stdin.buffer
    elif is_remote(name):
        from service.places import reader

        raw = stack.enter_context(reader(name))
    else:
        raw = stack.enter_context(Path(name).open("rb", buffering=1 << 16))
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


def first_line(stream: Any) -> bytes:
    """The beginning of a stream up to the end of the first line with something on it, or as much as tells what it is."""
    head = b""
    while len(head) < HEAD and (line := stream.readline(HEAD)):
        head += line
        if line.strip(b"\xef\xbb\xbf \t\r\n"):
            break
    return head


class Rejoined:
    """A stream whose beginning has been read already."""

    def __init__(self, head: bytes, rest: Any) -> None:
        self._head = io.BytesIO(head)
        self._rest = rest

    def readline(self, limit: int) -> bytes:
        line = self._head.readline(limit)
        return line if line.endswith(b"\n") or len(line) == limit else line + bytes(self._rest.readline(limit - len(line)))

    def read(self) -> bytes:
        return self._head.read() + bytes(self._rest.read())
