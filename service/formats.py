"""Tagged posts -> bytes, post by post: JSONL, CSV, RSS 2.0, Atom 1.0, JSON Feed 1.1, Parquet, and a table for
people.

In the feed formats a post keeps its id, title, link and dates; its topics are its categories and its summary is its
description. Its source is named, but the URL of the source's feed, which may hold a secret, is not told.
"""

import csv
import html
import io
import re
import shutil
import textwrap
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Protocol
from urllib.parse import urlsplit

from model import strict_json
from model.posts import ILLEGAL_CHARACTERS, Post, TaggedPost, content_id, is_unsafe_id, plain, timestamp

_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True)
class About:
    """What a feed says of itself."""

    title: str
    link: str  # the page that the feed belongs to
    description: str = "Posts with their topics"
    self_link: str | None = None  # where the feed itself can be had
    identity: str | None = None  # None: made from the link
    updated: datetime | None = None  # None: as its latest post


class Format(Protocol):
    def __call__(self, tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
        """The pieces of a document. What a feed says of itself is taken from its first post if it is not given."""


def jsonl(tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
    """One object a line."""
    for post in tagged:
        yield strict_json.dumps(post.to_dict()) + b"\n"


def csv_rows(tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
    """RFC 4180, UTF-8; topics separated by ";", one column for the score of each topic that the first post's version knows."""
    first, rest = _first(tagged)
    names = list(first.scores) if first else []
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["id", "title", "link", "published", "source", "topics", *names, "summary", "model"])
    for tag in rest:
        row = tag.to_dict()
        writer.writerow(
            [row["id"], row["title"], row["link"], row["published"], row["source"], ";".join(tag.topics)]
            + [tag.scores.get(name) for name in names]
            + [" ".join(tag.summary), tag.model]
        )
        yield buffer.getvalue().encode("utf-8", "replace")
        buffer.seek(0)
        buffer.truncate()
    yield buffer.getvalue().encode()


def rss(tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
    """RSS 2.0."""
    first, rest = _first(tagged)
    about = about or _about(first)
    yield (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">\n<channel>\n'
        f"{_element('title', _rss_title(about.title))}{_element('link', about.link)}{_element('description', about.description)}"
        f"{_self_link('atom:link', about, 'application/rss+xml')}{_element('lastBuildDate', _rss_date(about.updated))}"
        f"{_element('generator', 'topicwire')}"
    ).encode()
    for tag in rest:
        post = tag.post
        yield "".join(
            [
                "<item>\n",
                _element("title", _rss_title(post.title)),
                _element("link", post.link),
                _element("guid", identity(post), isPermaLink="false"),
                _element("pubDate", _rss_date(post.published)),
                *(_element("dc:creator", author) for author in post.authors),
                *(_element("category", topic) for topic in tag.topics),
                _element("description", html.escape(" ".join(tag.summary), quote=False)),
                _element("dc:source", post.source),
                "</item>\n",
            ]
        ).encode()
    yield b"</channel>\n</rss>\n"


def atom(tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
    """Atom 1.0 (RFC 4287). A post without any date is given that of the epoch, since Atom wants one. An id that is no IRI, a
    guid "42" say, stays as it is although Atom wants one (4.2.6): another would make a second post of it for whoever
    knows it from its own feed or from another format."""
    first, rest = _first(tagged)
    about = about or _about(first)
    latest = _EPOCH
    yield (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">\n'
        f"{_element('id', about.identity or uuid.uuid5(uuid.NAMESPACE_URL, about.link).urn)}{_element('title', about.title)}"
        f"{_element('link', '', rel='alternate', href=about.link)}{_self_link('link', about, 'application/atom+xml')}"
        f"{_element('generator', 'topicwire')}"
        f"<author><name>topicwire</name></author>\n{_element('updated', timestamp(about.updated))}"
    ).encode()
    for tag in rest:
        post = tag.post
        updated = post.updated or post.published or _EPOCH
        latest = max(latest, updated)
        yield "".join(
            [
                "<entry>\n",
                _element("id", identity(post)),
                _element("title", post.title, type="text"),
                _element("link", "", rel="alternate", href=post.link) if post.link else "",
                _element("published", timestamp(post.published)),
                _element("updated", timestamp(updated)),
                *(f"<author>{_element('name', author).strip()}</author>\n" for author in post.authors),
                *(_element("category", "", term=topic) for topic in tag.topics),
                _element("summary", " ".join(tag.summary), type="text"),
                # Without a page to read elsewhere an entry must have its content here (4.1.2).
                "" if post.link else _element("content", " ".join(tag.summary), type="text"),
                f"<source>{_element('title', post.source)}</source>\n" if post.source else "",
                "</entry>\n",
            ]
        ).encode()
    # Where it is known only now it stands at the end: the order of a feed's elements has no meaning (RFC 4287, 4.1.1).
    yield f"{'' if about.updated else _element('updated', timestamp(latest))}</feed>\n".encode()


def jsonfeed(tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
    """JSON Feed 1.1."""
    first, rest = _first(tagged)
    about = about or _about(first)
    head = {"version": "https://jsonfeed.org/version/1.1", "title": about.title, "home_page_url": about.link}
    if about.self_link:
        head["feed_url"] = about.self_link
    yield strict_json.dumps(head | {"description": about.description})[:-1] + b',"items":['
    separator = b"\n"
    for tag in rest:
        post = tag.post
        summary = " ".join(tag.summary)
        item = {
            "id": identity(post),
            "url": post.link,
            "title": post.title,
            "content_text": summary,
            "summary": summary,
            "date_published": timestamp(post.published),
            "date_modified": timestamp(post.updated),
            "authors": [{"name": author} for author in post.authors],
            "tags": tag.topics,
        }
        yield separator + strict_json.dumps(
            {name: value for name, value in item.items() if value not in (None, "", [])} | {"content_text": summary}
        )
        separator = b",\n"
    yield b"\n]}\n"


def table(tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
    """For people: a post's title, its topics with the words that decided them, and its summary."""
    width = min(shutil.get_terminal_size((100, 24)).columns, 120)
    for tag in tagged:
        lines = [textwrap.shorten(tag.post.title or str(tag.post.id), width, placeholder=" …")]
        for topic in tag.topics:
            reasons = ", ".join(term for term, contribution in tag.evidence[topic] if contribution > 0)
            lines.append(textwrap.shorten(f"  {topic} {tag.scores[topic]:.2f}  ({reasons})", width, placeholder=" …)"))
            lines[-1] = "  " + lines[-1].strip()
        if not tag.topics:
            lines.append("  no topic")
        lines += textwrap.wrap(" ".join(tag.summary), width, initial_indent="    ", subsequent_indent="    ")
        yield ("\n".join(lines) + "\n\n").encode("utf-8", "replace")


def parquet(tagged: Iterable[TaggedPost], about: About | None = None) -> Iterator[bytes]:
    """Apache Parquet; its columns are in the module of that name. Raises InputError where pyarrow is not installed."""
    from service.parquet import write

    yield from write(tagged)


FORMATS: dict[str, Format] = {
    "jsonl": jsonl,
    "csv": csv_rows,
    "rss": rss,
    "atom": atom,
    "jsonfeed": jsonfeed,
    "parquet": parquet,
    "table": table,
}


def _first(tagged: Iterable[TaggedPost]) -> tuple[TaggedPost | None, Iterator[TaggedPost]]:
    """The first post, and all of them."""
    posts = iter(tagged)
    first = next(posts, None)
    return first, posts if first is None else chain([first], posts)


def _about(first: TaggedPost | None) -> About:
    """Title and link of the source that the first post came from."""
    post = first.post if first else None
    parts = urlsplit(post.link) if post and post.link else None
    link = f"{parts.scheme}://{parts.netloc}/" if parts else "http://localhost/"
    return About((post and post.source) or "Tagged posts", link)


def _self_link(name: str, about: About, media_type: str) -> str:
    return _element(name, "", rel="self", type=media_type, href=about.self_link) if about.self_link else ""


def _rss_date(moment: datetime | None) -> str | None:
    from email.utils import format_datetime  # loads a reader of e-mail, for RSS alone

    return format_datetime(moment.astimezone(UTC), usegmt=True) if moment else None


def identity(post: Post) -> str:
    """The post's id, unless a reader that follows ids would run it."""
    identity = plain(str(post.id))
    return identity if identity and not is_unsafe_id(identity) else content_id(post.title, identity)


def _element(name: str, text: str | None, **attributes: str) -> str:
    if text is None:
        return ""
    given = "".join(f" {key}={_quoted(_legal(value))}" for key, value in attributes.items())
    return f"<{name}{given}>{html.escape(_legal(text), quote=False)}</{name}>\n"


def _quoted(value: str) -> str:
    from xml.sax.saxutils import quoteattr  # brings an HTTP client along, which JSONL and CSV do without

    return quoteattr(value)


def _legal(text: str) -> str:
    return ILLEGAL_CHARACTERS.sub("", text).replace("\r", " ")


_LIKE_MARKUP = re.compile(r"</?\w|&#?\w+;")


def _rss_title(title: str) -> str:
    """RSS does not say whether a title is text or HTML, and readers go by its looks: one that looks like HTML is made
    HTML, so that what is shown is the title."""
    return html.escape(title, quote=False) if _LIKE_MARKUP.search(title) else title
