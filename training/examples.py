"""Labelled examples: a post, and the topics that a person gave it.

JSONL has one object a line, a post with "topics": ["…", …]; CSV has the same names in its first line, topics separated
by ";". Every row is judged for itself: faults are collected with their lines, and the good rows are kept.
"""

import csv
import hashlib
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, BinaryIO, NamedTuple

from model import strict_json
from model.errors import ExampleError, PostError, TopicwireError
from model.posts import Post, content_id, parse_timestamp, post_from_dict, timestamp

_TOPIC = re.compile(r"[a-z0-9](?:[a-z0-9_\-]{0,62}[a-z0-9])?\Z")
STARTER = "starter"  # who gave the topics of the starter corpus
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#]+)")
_REPOSITORY = re.compile(r"[^/\s:]+/[^/\s]+(?=/)")
RESERVED = ("none", "all")  # what no topic, and every topic, is called
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what decoding left of a byte that is no UTF-8
_LOOKS_LIKE_JSON = re.compile(rb"^(?:\xef\xbb\xbf)?\s*[{\[]", re.MULTILINE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # how a file of it begins
_SAID = ("who", "at", "weak")  # beside the topics
MAX_WHO = 200  # characters of a name
_DEEPEST = 100  # containers within one another; more is read back only where the stack is as short as it was then
_MAX_FIELD = 1 << 27  # a cell of CSV may hold a whole post; Python's own limit is 128 KiB


class Example(NamedTuple):
    post: Post
    topics: tuple[str, ...]  # sorted, distinct; () = a person said: none
    who: str = ""  # who gave the topics, or what; "" where nobody says
    at: datetime | None = None  # when
    weak: bool = False  # given by a feed's categories, not by a person

    @property
    def content(self) -> str:
        """What makes two examples the same post, whatever their ids say."""
        return content_id(self.post.title, self.post.html or self.post.text or "")

    @property
    def is_starter(self) -> bool:
        return self.who == STARTER

    @property
    def by_person(self) -> bool:
        """Whether somebody said so of a post of their own: what a version can be judged by."""
        return not (self.weak or self.is_starter)

    @property
    def origin(self) -> str:
        """Whose post it is, as far as can be told: its source, else the host of its link or id, else what its id begins
        with as that of a file in a repository does (`owner/name/…`), else nobody's but its own."""
        if self.post.source:
            return self.post.source
        identity = str(self.post.id)
        for address in (self.post.link or "", identity):
            if host := _HOST.match(address):
                return host[1].lower()
        repository = _REPOSITORY.match(identity)
        return repository[0] if repository else identity

    def by(self, field: str) -> "Example":
        """The same, with another field of the post than its source to say whose it is."""
        return self._replace(post=replace(self.post, source=str(self.post.extra.get(field, ""))))

    def about(self) -> dict[str, Any]:
        """The post with its body, as `post_from_dict` reads it."""
        post = self.post
        extra = {name: value for name, value in post.extra.items() if name not in _SAID}
        body = {"html": post.html} if post.html is not None else {"text": post.text or ""}
        return {**extra, **post.about(), **body}

    def to_dict(self) -> dict[str, Any]:
        """As a line of JSONL that `read` reads."""
        said = {"topics": list(self.topics), "who": self.who, "at": timestamp(self.at), "weak": self.weak}
        return {**self.about(), **said}

    @property
    def said(self) -> str:
        """The example as a short digest of its post and its topics: what tells a version whether it learnt from it."""
        return hashlib.sha256(strict_json.dumps([self.content, self.topics])).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Examples:
    """What could be read, and what could not."""

    good: list[Example]
    faults: list[TopicwireError]  # one for each bad row, with file and line


def read(stream: BinaryIO, name: str) -> Examples:
    """Read a file of examples; JSONL has lines that begin with a brace, CSV has none."""
    data = stream.read()
    if not data.strip():
        return Examples([], [ExampleError("it is empty", subject=name)])
    if data.startswith(_UTF_16):
        return Examples([], [ExampleError("it is UTF-16; save the file as UTF-8", subject=name)])
    good: list[Example] = []
    faults: list[TopicwireError] = []
    for line, one in judged(lines(data) if _LOOKS_LIKE_JSON.search(data) else _csv(data)):
        if isinstance(one, Example):
            good.append(one)
        else:
            faults.append(one.about(f"{name}:{line}"))
    return Examples(good, faults)


def lines(data: bytes) -> Iterator[tuple[int, Any]]:
    """The lines of JSONL with their numbers, from 1; one that is no JSON is an ExampleError."""
    for number, line in enumerate(io.BytesIO(data), 1):
        if line.strip():
            try:
                yield number, strict_json.loads(line)
            except ValueError as error:
                yield number, ExampleError(f"it is no JSON: {error}")


def judged(rows: Iterable[tuple[int, Any]]) -> Iterator[tuple[int, Example | TopicwireError]]:
    """Each row as an example, or what is wrong with it."""
    for number, row in rows:
        try:
            if isinstance(row, TopicwireError):
                raise row
            yield number, _example(row)
        except TopicwireError as error:
            yield number, error


def distinct(examples: Iterable[Example]) -> list[Example]:
    """The examples with every post once: where one is there twice, what was said last holds, but a feed's categories
    give way to a person."""
    held: dict[str, Example] = {}
    for example in examples:
        content = example.content
        if not (example.weak and content in held and not held[content].weak):
            held[content] = example
    return list(held.values())


def conflicts(examples: Iterable[Example]) -> list[list[Example]]:
    """Of each post that is labelled in more than one way, all that is said of it; the last is what `distinct` holds to."""
    said: dict[str, list[Example]] = {}
    for example in examples:
        said.setdefault(example.content, []).append(example)
    # A stable order: people, who win, after categories.
    return [sorted(all_, key=lambda one: not one.weak) for all_ in said.values() if len({one.topics for one in all_}) > 1]


def digest(examples: Iterable[Example]) -> str:
    """SHA-256 over what was learnt from, in order: titles, bodies and topics."""
    total = hashlib.sha256()
    for example in examples:
        total.update(strict_json.dumps([example.post.title, example.post.html, example.post.text, example.topics]) + b"\n")
    return total.hexdigest()


def is_topic_name(name: str) -> bool:
    """A topic's name is part of URLs: 1 to 64 of a-z, 0-9, "-" and "_", beginning and ending with letter or digit, and
    neither "none" nor "all"."""
    return _TOPIC.match(name) is not None and name not in RESERVED


def _csv(data: bytes) -> Iterator[tuple[int, Any]]:
    csv.field_size_limit(_MAX_FIELD)
    # A byte that is not UTF-8 costs its own row only: it is carried along until there.
    text = data.decode("utf-8-sig", "surrogateescape")
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    columns = reader.fieldnames or []
    if "topics" not in columns or not {"text", "html"} & set(columns):
        yield 1, ExampleError("the first line must name the columns `topics` and `text` or `html`")
        return
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield reader.line_num, ExampleError(f"it is no CSV: {error}")
            return
        if None in row or None in row.values():
            yield reader.line_num, ExampleError(f"it has not the {len(columns)} columns of the first line")
            continue
        if _NOT_UTF8.search("".join(row.values())):
            yield reader.line_num, ExampleError("it is not UTF-8; save the file as UTF-8")
            continue
        filled: dict[str, Any] = {name: value for name, value in row.items() if value != ""}
        filled["topics"] = [topic.strip() for topic in row["topics"].split(";") if topic.strip()]
        yield reader.line_num, filled


def _example(row: Any) -> Example:
    post = post_from_dict(row)
    if _is_deeper(post.extra, _DEEPEST):
        raise ExampleError(f"its values are nested more than {_DEEPEST} deep", pointer="")
    topics = row.get("topics")
    if not isinstance(topics, list):
        raise ExampleError('an example has "topics", a list of names ([] for none)', pointer="/topics")
    for index, topic in enumerate(topics):
        if not isinstance(topic, str) or not is_topic_name(topic):
            raise ExampleError(
                f"{str(topic)[:60]!r} is no name of a topic: 1 to 64 of a-z, 0-9, `-` and `_`", pointer=f"/topics/{index}"
            )
    if not (post.title or (post.html or post.text or "").strip()):
        raise PostError("it has neither title nor body, so there is nothing to learn from", pointer="")
    return Example(post, tuple(sorted(set(topics))), *_origin(row))


def _origin(row: dict[str, Any]) -> tuple[str, datetime | None, bool]:
    """Who or what gave the topics, when, and whether that was no person; all of it may be left out."""
    who, at, weak = row.get("who") or "", row.get("at"), row.get("weak")
    if not isinstance(who, str):
        raise ExampleError("it must be a name", pointer="/who")
    if len(who) > MAX_WHO:
        raise ExampleError(f"a name has at most {MAX_WHO} characters", pointer="/who")
    moment = parse_timestamp(at) if isinstance(at, str) else None
    if at is not None and moment is None:
        raise ExampleError(f"{str(at)[:60]!r} is no time such as 2026-06-09T19:00:00Z", pointer="/at")
    if weak not in (None, True, False, "true", "false"):  # CSV has no other
        raise ExampleError(f"{str(weak)[:60]!r} must be true or false", pointer="/weak")
    return who, moment, weak in (True, "true")


def _is_deeper(value: Any, most: int) -> bool:
    level = [value]
    for _ in range(most):
        inner = (one for outer in level for one in (outer.values() if isinstance(outer, Mapping) else outer))
        level = [one for one in inner if isinstance(one, dict | list)]
        if not level:
            return False
    return True
