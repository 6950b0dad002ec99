"""The feeds of a site, by its page."""

import pytest

from service.discovery import FoundFeed, feeds

BASE = "https://site.example/blog/"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (
            '<link rel="alternate" type="application/rss+xml" title="All  posts" href="/feed.xml">',
            [FoundFeed("https://site.example/feed.xml", "All posts")],
        ),
        (
            '<LINK REL="Alternate" TYPE="application/atom+xml; charset=utf-8" HREF="atom.xml">',
            [FoundFeed("https://site.example/blog/atom.xml", "")],
        ),
        (
            '<link rel="alternate" type="application/feed+json" href="https://other.example/f.json">'
            "" + '<link rel="alternate" type="application/rss+xml" href="rss">' * 2,
            [FoundFeed("https://other.example/f.json", ""), FoundFeed("https://site.example/blog/rss", "")],
        ),
        (
            '<base href="https://cdn.example/x/"><link rel=alternate type=application/rss+xml href=feed>',
            [FoundFeed("https://cdn.example/x/feed", "")],
        ),
        ('<link rel="feed" href="/f">', [FoundFeed("https://site.example/f", "")]),
        ('<link rel="alternate" type="text/xml" href="/rss2">', [FoundFeed("https://site.example/rss2", "")]),
        # No feeds: another language, an API, a style sheet, another scheme.
        ('<link rel="alternate" hreflang="de" href="/de/">', []),
        ('<link rel="alternate" type="application/json" href="/wp-json/posts/1">', []),
        ('<link rel="stylesheet" href="/feed.css">', []),
        ('<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)">', []),
        # Nothing declared: what links look like.
        ('<a href="/blog/feed/?x#y">RSS</a> <a href="/news">News</a>', [FoundFeed("https://site.example/blog/feed/?x#y", "RSS")]),
        ('<a href="index.xml"><b>Sub</b>scribe</a>', [FoundFeed("https://site.example/blog/index.xml", "Subscribe")]),
        # What is declared comes first.
        (
            '<a href="/feed">x</a><link rel="alternate" type="application/rss+xml" href="/f">',
            [FoundFeed("https://site.example/f", "")],
        ),
        ("", []),
        ("no markup at all", []),
    ],
)
def test_feeds_of_a_page(page: str, expected: list[FoundFeed]) -> None:
    assert feeds(page.encode(), BASE) == expected


@pytest.mark.parametrize(
    "page",
    [
        b"<!--" * 250_000,
        b"<a " + b"a=1 " * 100_000 + b">",
        b'<a href="/feed">' * 50_000,
        b"<div>" * 200_000,
        bytes(range(256)) * 100,
    ],
)
def test_hostile_pages_are_searched_all_the_same(page: bytes) -> None:
    assert len(feeds(page, BASE)) <= 1
