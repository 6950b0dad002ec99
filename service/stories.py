"""The same story in several feeds: when two links lead to one page, and when two texts are one."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import timedelta
from hashlib import blake2b
from urllib.parse import urlsplit

from model.posts import Post

# What campaigns and mailing services add to a link; the page is the same without.
_TRACKING = re.compile(
    r"(?:utm_\w*|fbclid|gclid|dclid|msclkid|mc_cid|mc_eid|_hsenc|_hsmi|igshid|wt\.mc_id|ocid|cmpid)(?:=|\Z)", re.IGNORECASE
)


def canonical(link: str | None) -> str | None:
    """What the links to one page have in common: without scheme, `www.`, default port, fragment, what campaigns add, and
    the slash at the end. None where there is no link, or it leads to a site's first page, as that of no single post."""
    if not link:
        return None
    try:
        parts = urlsplit(link)
        host, port = (parts.hostname or "").removeprefix("www."), parts.port
    except ValueError:
        return None
    path = parts.path.rstrip("/")
    query = "&".join(field for field in parts.query.split("&") if field and not _TRACKING.match(field))
    if not host or not (path or query):
        return None
    shown_port = "" if port in (None, 80, 443) else f":{port}"
    return f"{host}{shown_port}{path}" + (f"?{query}" if query else "")


def canonicals(posts: Iterable[Post]) -> list[str | None]:
    """For each post of one feed its canonical link, if it is its alone: the entries of a change log all link to one page."""
    found = [canonical(post.link) for post in posts]
    counts = Counter(found)
    return [link if counts[link] == 1 else None for link in found]


# Posts are compared by shingles: so many words in a row (Broder, "On the resemblance and containment of documents", 1997),
# of the distinct words that search finds them by. No model has a say in it, so that a new version changes nothing. The
# figures are measured by tests/benchmarks/stories.py; to change one that makes a sketch takes a step in store/migrations/
# that makes all sketches anew.
IN_A_ROW = 3
# Excerpts are of a post's beginning, so the sketch is of that: of its shingles those with the lowest hashes, which are the
# same in most of what begins alike.
BEGINNING = 64  # words
SKETCH = 12  # shingles
# From this share of the shorter one's shingles on that are in the longer one, two posts tell the same story.
ALIKE = 0.5
# Shorter ones say too little to be told apart.
LEAST = 20  # words
# A story makes its round of the feeds within days; what comes later is another one, or a feed's second thoughts.
WITHIN = timedelta(days=7)

_NUMBER = re.compile(r"\d+(?:\.\d+)*")


def sketch(words: Sequence[str]) -> list[int]:
    """What to find a post by among those that begin like it: 64-bit hashes; none for one too short to be compared."""
    if len(words) < LEAST:
        return []
    hashes = (blake2b(" ".join(shingle).encode(), digest_size=8).digest() for shingle in _shingles(words[:BEGINNING]))
    return sorted(int.from_bytes(digest, "big", signed=True) for digest in hashes)[:SKETCH]


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """How much of the shorter of two posts is in the longer one, from 0 to 1, by the distinct words of each in order."""
    if min(len(one), len(other)) < LEAST:
        return 0.0
    shorter, longer = sorted([_shingles(one), _shingles(other)], key=len)
    return len(shorter & longer) / len(shorter)


def are_numbered_apart(title: str, other: str) -> bool:
    """Whether two titles number different things: versions, issues of a newsletter, days."""
    one, two = set(_NUMBER.findall(title)), set(_NUMBER.findall(other))
    return not (one <= two or two <= one)


def _shingles(words: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(*(words[start:] for start in range(IN_A_ROW)), strict=False))
