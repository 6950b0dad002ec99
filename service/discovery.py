"""A site's page -> the feeds that it says it has.

BeautifulSoup, since a page has to be searched here, once, and not read in a batch.
"""

from typing import NamedTuple

from model.posts import plain, safe_link

TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml", "application/x-rss+xml"}
)
# Also said of what is no feed, so only together with a name that says it is one.
_VAGUE_TYPES = frozenset({"application/json", "application/xml", "text/xml"})
_FEED_NAMES = ("feed", "rss", "atom")
# Links to feeds are in a page's head, or before its text is over.
_MAX_BYTES = 1_000_000
_MOST = 50


class FoundFeed(NamedTuple):
    """A feed as a page names it."""

    url: str
    title: str


def feeds(page: bytes, base_url: str) -> list[FoundFeed]:
    """The feeds of a page, each once, in the page's order: what it declares (`<link rel="alternate">`), or else what its
    links look like."""
    from bs4 import BeautifulSoup
    from bs4.filter import SoupStrainer

    soup = BeautifulSoup(page[:_MAX_BYTES], "lxml", parse_only=SoupStrainer(["base", "link", "a"]))
    base = soup.find("base", href=True)
    base_url = safe_link(str(base["href"]), base_url) or base_url if base else base_url
    declared: dict[str, FoundFeed] = {}
    for link in soup.find_all("link", href=True):
        relations = {str(word).lower() for word in link.get_attribute_list("rel")}
        kind = str(link.get("type") or "").partition(";")[0].strip().lower()
        named = any(word in f"{link['href']} {link.get('title') or ''}".lower() for word in _FEED_NAMES)
        if "feed" in relations or ("alternate" in relations and (kind in TYPES or (kind in _VAGUE_TYPES and named))):
            _add(declared, str(link["href"]), str(link.get("title") or ""), base_url)
    if declared:
        return list(declared.values())[:_MOST]
    guessed: dict[str, FoundFeed] = {}
    for link in soup.find_all("a", href=True):
        path = str(link["href"]).split("#")[0].split("?")[0].rstrip("/").lower()
        last = path.rpartition("/")[2]
        if (
            last in _FEED_NAMES
            or last.endswith((".rss", ".atom", ".rdf"))
            or last in ("feed.xml", "rss.xml", "atom.xml", "index.xml", "feed.json")
        ):
            _add(guessed, str(link["href"]), link.get_text(), base_url)
    return list(guessed.values())[:_MOST]


def _add(found: dict[str, FoundFeed], href: str, title: str, base_url: str) -> None:
    url = safe_link(href, base_url)
    if url:
        found.setdefault(url, FoundFeed(url, plain(title)))
