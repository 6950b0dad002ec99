"""Bytes -> posts: RSS 0.9x, 1.0 and 2.0, Atom 0.3 and 1.0, JSON Feed 1.0 and 1.1.

What can be read is read, and what was wrong is named in a warning; FeedError is for bytes that are no feed at all, or
that would do harm. No entity beyond plain text is ever expanded, and nothing is ever opened or fetched.
"""

import re
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from model import _jsonfeed, _xmlfeed, strict_json
from model._encoding import decode
from model._xmlfeed import DOCTYPE
from model.errors import FeedError
from model.pace import Pace
from model.posts import Post, content_id, plain, safe_link

# More than any feed has at a time; an archive is better handed over as JSONL.
MAX_ITEMS = 20_000
# Of a feed's title where it stands as the source of each of its posts, in characters.
MAX_SOURCE = 300

# The first bytes of what people hand in by mistake.
_MAGIC = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "gzip data"),
    (b"\x28\xb5\x2f\xfd", "Zstandard data"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"\x7fELF", "a program"),
)
# What may stand before the root element, and the root's name.
_ROOT = re.compile(
    r"(?:\s+|<\?xml[^>]*>|<\?.*?(?:\?>|\Z)|<!--.*?(?:-->|\Z)|" + DOCTYPE + ")*+"
    r"<([A-Za-z_][\w:.\-]*)",
    re.DOTALL | re.IGNORECASE,
)
_FEED_ROOT = re.compile(r"<\?xml\b|<(?:rss|feed|rdf:RDF)[\s>]")
_FEED_LINK = re.compile(
    r"""<link\b[^>]{0,500}?type\s*=\s*["']?application/(?:rss|atom|feed)\+(?:xml|json)[^>]{0,500}>""",
    re.IGNORECASE,
)
_HREF = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


class Warning(NamedTuple):
    """Something that was wrong with a feed that could be read all the same."""

    kind: str  # encoding, ill-formed, field, date, duplicate-id
    detail: str


@dataclass(frozen=True, slots=True)
class Feed:
    title: str
    link: str | None
    posts: list[Post]
    warnings: list[Warning] = field(default_factory=list)
    pace: Pace = Pace()


def read(data: bytes, *, base_url: str = "") -> Feed:
    """Read one feed document.

    `base_url` is where it came from, for relative links. Raises FeedError.
    """
    looks = what_it_looks_like(data)
    if looks is not None:
        raise FeedError(looks)
    text, complaint = decode(data)
    text = _from_root(text)
    warnings = [Warning("encoding", complaint)] if complaint else []
    if text.startswith(("{", "[")):
        try:
            document = strict_json.loads(text)
        except ValueError as error:
            raise FeedError(f"it begins like JSON but is not: {error}") from None
        parsed = _jsonfeed.parse(document)
    else:
        parsed = _xmlfeed.parse(text)
    warnings += [Warning(kind, detail) for kind, detail in parsed.warnings]
    link = safe_link(parsed.link, base_url)
    title = plain(parsed.title)
    base = link or base_url
    if len(parsed.items) > MAX_ITEMS:
        raise FeedError(f"it has more than {MAX_ITEMS} items")
    source = title[:MAX_SOURCE] or link
    posts = [item.to_post(base=base, source=source) for item in parsed.items if not item.is_empty]
    if len(posts) < len(parsed.items):
        warnings.append(Warning("field", f"{len(parsed.items) - len(posts)} × an item without anything, left out"))
    posts, shared = _distinguish(posts)
    if shared:
        warnings.append(Warning("duplicate-id", f"{shared} × an id that another post has, replaced by the link"))
    undated = sum(1 for item in parsed.items if item.bad_date)
    if undated:
        warnings.append(Warning("date", f"{undated} × a date that cannot be read"))
    return Feed(title, link, posts, warnings, parsed.pace)


def what_it_looks_like(data: bytes) -> str | None:
    """Why these bytes are no feed, judged by their beginning; None if they may be one."""
    if not data.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        return "it is empty"
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return f"it is {name}, not a feed"
    head = _from_root(decode(data[:200_000])[0])
    if head.startswith(("{", "[")):
        return None
    root = _ROOT.match(head)
    if root is None:
        strange = sum(1 for character in head[:2000] if not character.isprintable() and character not in "\t\r\n")
        return "it is binary data, not a feed" if strange > len(head[:2000]) / 10 else "it is text without markup, not a feed"
    name = root.group(1).lower()
    if name == "html" or head[:15].lower() == "<!doctype html>":
        found = _FEED_LINK.search(head)
        href = _HREF.search(found.group()) if found else None
        return "it is a web page, not a feed" + (f"; the page names this feed: {plain(href.group(1))}" if href else "")
    if name.rpartition(":")[2] not in ("rss", "rdf", "feed", "channel"):
        return f"it is XML with the root <{root.group(1)[:40]}>, not a feed (<rss>, <rdf:RDF> or <feed>)"
    return None


def _from_root(text: str) -> str:
    """The document without white space, or something a broken server printed, before it."""
    text = text.lstrip("\ufeff\u200b \t\r\n\0")
    if text.startswith(("{", "[", "<?xml", "<!DOCTYPE", "<!--")):
        return text
    root = _FEED_ROOT.search(text, 0, 5_000)
    return text[root.start() :] if root else text


def _distinguish(posts: list[Post]) -> tuple[list[Post], int]:
    """An id that different posts of one feed share can be that of one of them only: the last, which is the oldest where
    the newest come first. The others go by their links, or their content."""
    owners: dict[str | int, str] = {}  # id -> what the post that has it consists of
    given = {post.id for post in posts}
    ours = []
    shared = 0
    for post in reversed(posts):
        content = _content(post)
        if owners.setdefault(post.id, content) != content:
            shared += 1
            link = post.link
            post = replace(post, id=link if link and link not in owners and link not in given else content)
            owners[post.id] = content
        ours.append(post)
    return ours[::-1], shared


def _content(post: Post) -> str:
    return content_id(post.title, post.html or post.text or "")
