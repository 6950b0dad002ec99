"""The same story in several feeds: when two links lead to one page."""

import re
from collections import Counter
from collections.abc import Iterable
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
