"""Post and TaggedPost: what comes in and what goes out, whatever the format on either side."""

import hashlib
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from model.errors import PostError

# The fields of a tagged post. They are always ours: what a caller sends under these names is read as input or dropped,
# never echoed. Everything else comes back untouched, except the body.
TAGGED_FIELDS = ("id", "title", "link", "published", "source", "topics", "scores", "evidence", "summary", "model")
BODY_FIELDS = ("html", "text")

# Characters that XML 1.0 cannot carry (section 2.2), unpaired surrogates among them. Its own list is of those that it can,
# which `re` takes eight times as long to compile.
ILLEGAL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

# Longer than what browsers and servers take; a link is also what thousands of relative ones are joined to.
MAX_LINK = 8_000
MAX_BASE = 2_000

# What has no shape on paper or terminal: C0 and C1 controls (feed readers disagree about the latter), and the zero-width
# characters that cut words in two. Joiners stay: emoji and several scripts need them.
INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x2060, 0xFEFF], None)
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# What a browser leaves out of a URL before it looks at the scheme (WHATWG URL, "basic URL parser").
_URL_NOISE = re.compile("[\t\n\r]")
_UNFIT_FOR_URLS = re.compile(r"""[\s"<>\\^`{|}]""")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.\-]*:")


@dataclass(frozen=True, slots=True)
class Post:
    """One feed item, or one post handed in by a caller. Exactly one of `html` and `text` holds the body."""

    id: str | int  # what came in, else the feed's guid, else the link, else a hash of the content
    title: str = ""  # plain text, one line
    html: str | None = None  # the body as HTML
    text: str | None = None  # the body as plain text, paragraphs separated by blank lines
    link: str | None = None  # absolute http(s) URL
    published: datetime | None = None  # aware, UTC
    updated: datetime | None = None  # aware, UTC
    source: str | None = None  # the feed's title, else its link, else what the input was called
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()  # the feed's own words, not topics
    extra: Mapping[str, Any] = field(default_factory=dict)  # other fields the caller sent, given back untouched

    def about(self) -> dict[str, Any]:
        """What tells one post from others, as JSON has it."""
        return {
            "id": self.id,
            "title": self.title,
            "link": self.link,
            "published": timestamp(self.published),
            "source": self.source,
        }


@dataclass(frozen=True, slots=True)
class TaggedPost:
    """A post with the answer of one model version."""

    post: Post
    topics: list[str]  # highest score first; [] = none
    scores: dict[str, float]  # topic -> calibrated probability, every topic
    evidence: dict[str, list[tuple[str, float]]]  # tag given -> (term, signed contribution to the logit), strongest first
    summary: list[str]  # sentences of the post, verbatim, in reading order
    model: str  # the version's name

    def to_dict(self) -> dict[str, Any]:
        """The tagged post as JSON has it."""
        return {
            **self.post.about(),
            "topics": self.topics,
            "scores": self.scores,
            "evidence": self.evidence,
            "summary": self.summary,
            "model": self.model,
        } | dict(self.post.extra)


def uncertainty(scores: Iterable[float]) -> float:
    """How unsure a version is of a post, in bits: the entropy of each score, summed. 0 where all are 0 or 1; one for each
    topic at 0.5."""
    return round(math.fsum(map(_entropy, scores)), 6)


def _entropy(score: float) -> float:
    if not 0 < score < 1:
        return 0.0
    return -(score * math.log2(score) + (1 - score) * math.log2(1 - score))


def timestamp(moment: datetime | None) -> str | None:
    """An aware moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ").zfill(20) if moment else None


def parse_timestamp(text: str) -> datetime | None:
    """RFC 3339 or ISO 8601 as an aware moment in UTC (a time without zone is taken as UTC); None if it is neither."""
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def plain(text: str) -> str:
    """Text on one line, without the characters that XML and terminals cannot carry."""
    return " ".join(_UNPRINTABLE.sub(" ", text.translate(INVISIBLE)).split())


def has_unsafe_scheme(url: str) -> bool:
    """True for what begins like a URL of another scheme than http(s), `javascript:` and `data:` above all."""
    scheme = _SCHEME.match(_URL_NOISE.sub("", ILLEGAL_CHARACTERS.sub("", url)).strip())
    return scheme is not None and scheme.group().lower() not in ("http:", "https:")


def is_unsafe_id(identity: str) -> bool:
    """True for an id that would do harm where readers take it for a link: `javascript:` and its like. `tag:`, `urn:` and
    anything unknown are fine."""
    scheme = "".join(plain(identity).split()).partition(":")[0].lower()
    return scheme in ("javascript", "data", "vbscript", "blob") and ":" in identity


def safe_link(link: str | None, base: str = "") -> str | None:
    """`link`, resolved against `base`, if that is an absolute http(s) URL of bearable length; otherwise None."""
    if not link or len(link) > MAX_LINK:
        return None
    link = _UNFIT_FOR_URLS.sub(lambda match: quote(match.group()), plain(_URL_NOISE.sub("", link)))
    try:
        parts = urlsplit(link)
        if not (parts.scheme and parts.netloc):
            parts = urlsplit(urljoin(base if len(base) <= MAX_BASE else "", link))
        absolute = parts.geturl()
    except ValueError:  # "Invalid IPv6 URL" and its like
        return None
    return absolute if parts.scheme in ("http", "https") and parts.netloc else None


def content_id(title: str, body: str) -> str:
    """An id for a post that came without one: the beginning of the SHA-256 of its content."""
    digest = hashlib.sha256(f"{title}\0{body}".encode("utf-8", "replace"))
    return f"sha256:{digest.hexdigest()[:32]}"


def with_identity(post: Post) -> Post:
    """The post with an id: its own, else its link, else a hash of its content."""
    if post.id != "":
        return post
    return replace(post, id=post.link or content_id(post.title, post.html or post.text or ""))


def post_from_dict(row: object) -> Post:
    """One post as a caller writes it: an object with `html` or `text`, and optionally `id`, `title`, `link`,
    `published`, `source`; null counts as absent.

    Raises PostError with the pointer of the first field at fault. A link that is no http(s) URL, or a date that
    cannot be read, is left out: neither keeps a post from being tagged.
    """
    if not isinstance(row, dict):
        raise PostError(f"a post is a JSON object, this is {_json_type(row)}", pointer="")
    for name in ("title", "html", "text", "link", "published", "source"):
        if not isinstance(row.get(name), str | None):
            raise PostError(f"`{name}` is a string, this is {_json_type(row[name])}", pointer=f"/{name}")
    given = row.get("id")
    if isinstance(given, bool) or not isinstance(given, str | int | None):
        raise PostError(f"`id` is a string or an integer, this is {_json_type(given)}", pointer="/id")
    html, text = row.get("html"), row.get("text")
    if html is None and text is None:
        raise PostError("a post has its body in `html` or in `text`, this has neither", pointer="")
    if html is not None and text is not None:
        raise PostError("a post has its body in `html` or in `text`, this has both", pointer="/text")
    return with_identity(
        Post(
            id="" if given is None else given,
            title=plain(row.get("title") or ""),
            html=html,
            text=text,
            link=safe_link(row.get("link")),
            published=parse_timestamp(row.get("published") or ""),
            source=row.get("source"),
            extra={name: value for name, value in row.items() if name not in TAGGED_FIELDS and name not in BODY_FIELDS},
        )
    )


def _json_type(value: object) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number", str: "a string", list: "an array"}
    return names.get(type(value), "an object")
