"""Files, standard input and URLs -> posts, whatever they are named: feeds and JSONL are told apart by their content."""

import gzip
import io
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, cast

from model import _json, feed
from model.errors import FeedError, InputError, PostError, TopicwireError
from model.posts import Post, post_from_dict
from service.fetch import fetch, is_url
from service.settings import Settings

STDIN = "-"
# One line of JSONL, one post: what is longer is no line but a file without line ends.
MAX_LINE = 64_000_000

Report = Callable[[TopicwireError], None]


def posts(name: str, settings: Settings, *, failed: Report, warned: Report) -> Iterator[Post]:
    """The posts of one input, read as they are asked for.

    What cannot be read is handed to `failed`, naming the input and, in JSONL, the line; the rest comes all the same.
    """
    with ExitStack() as stack:
        try:
            stream, base_url = _open(name, settings, stack)
            shown = "standard input" if name == STDIN else name
            head = _peek(stream)
            if head.startswith(b"{") and _begins_jsonl(stream):
                yield from _jsonl(stream, shown, failed)
                return
            read = feed.read(stream.read(), base_url=base_url, name=shown)
        except TopicwireError as error:
            failed(error.about(_shown(name)))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            failed(InputError(f"its gzip data is damaged: {error}", subject=_shown(name)))
        except OSError as error:
            failed(InputError(f"it cannot be read: {error.strerror or error}", subject=_shown(name)))
        else:
            for warning in read.warnings:
                warned(FeedError(warning.detail, subject=_shown(name)))
            yield from read.posts


def open_bytes(name: str, settings: Settings, stack: ExitStack) -> BinaryIO:
    """An input as a stream of bytes, unpacked if it is gzip. The stack closes it."""
    return cast(BinaryIO, _open(name, settings, stack)[0])


def _shown(name: str) -> str:
    return "standard input" if name == STDIN else name


def _open(name: str, settings: Settings, stack: ExitStack) -> tuple[Any, str]:
    base_url = ""
    raw: Any
    if is_url(name):
        fetched = fetch(name, settings)
        raw, base_url = io.BufferedReader(cast(Any, io.BytesIO(fetched.data))), fetched.url
    elif name == STDIN:
        raw = sys.stdin.buffer
    else:
        raw = stack.enter_context(Path(name).open("rb", buffering=1 << 16))
    if raw.peek(2)[:2] == b"\x1f\x8b":
        raw = io.BufferedReader(cast(Any, stack.enter_context(gzip.GzipFile(fileobj=raw))), 1 << 16)
    return raw, base_url


def _peek(stream: io.BufferedReader) -> bytes:
    """The first bytes after white space and byte order mark, without taking them."""
    return stream.peek(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()


def _begins_jsonl(stream: io.BufferedReader) -> bool:
    """Whether what begins with "{" is JSONL rather than a JSON Feed, which may be on one line or on many."""
    head = _peek(stream)
    line, ended, rest = head.partition(b"\n")
    try:
        first = _json.loads(line)
    except ValueError:
        # A line longer than what can be seen, a damaged line, or the beginning of a document over several lines.
        if b"jsonfeed.org" in head[:2000]:
            return False
        return rest.lstrip().startswith(b"{") if ended else b'"items"' not in line
    return not (isinstance(first, dict) and ("items" in first or "jsonfeed.org" in str(first.get("version"))))


def _jsonl(stream: io.BufferedReader, name: str, failed: Report) -> Iterator[Post]:
    number = 0
    while line := stream.readline(MAX_LINE + 1):
        number += 1
        if len(line) > MAX_LINE:
            failed(PostError(f"the line is longer than {MAX_LINE:,} bytes", subject=f"{name}:{number}"))
            return
        if not line.strip():
            continue
        try:
            yield post_from_dict(_json.loads(line))
        except TopicwireError as error:
            failed(error.about(f"{name}:{number}"))
        except ValueError as error:
            failed(PostError(f"it is no JSON: {error}", subject=f"{name}:{number}"))
