"""bytes -> posts: every file of data/feeds beside what it must give, and what must be refused."""

import io
import json
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import _xmlfeed, feed
from model.errors import FeedError
from model.pace import Pace
from model.posts import has_unsafe_scheme, plain, safe_link, timestamp

FEEDS = Path(__file__).parent / "data" / "feeds"
REFUSED = {
    "billion-laughs.xml": "its entity 'b' is made of other entities or markup, which is refused",
    "blank.xml": "it is empty",
    "broken.json": "it begins like JSON but is not: Expecting value (line 1, column 59)",
    "empty.xml": "it is empty",
    "external-entity.xml": "it declares the external or parameter entity 'x', which is refused",
    "image.png": "it is a PNG image, not a feed",
    "junk.bin": "it is binary data, not a feed",
    "many-categories.xml": "an item has more than 2000 elements, the last is <category>",
    "notes.txt": "it is text without markup, not a feed",
    "object.json": 'it is JSON but no JSON Feed: that is an object with a list of "items"',
    "parameter-entity.xml": "it declares the external or parameter entity 'x', which is refused",
    "quadratic-blowup.xml": "its entity 'a' would grow it beyond 100000 characters, which is refused",
    "settings.xml": "it is XML with the root <settings>, not a feed (<rss>, <rdf:RDF> or <feed>)",
    "web-page.html": "it is a web page, not a feed; the page names this feed: /feed.xml",
}


def as_dict(read: feed.Feed) -> dict[str, Any]:
    """A feed as the expected files have it; what is empty is left out."""
    return {
        "title": read.title,
        "link": read.link,
        "warnings": [list(warning) for warning in read.warnings],
        "posts": [
            {
                name: value
                for name, value in {
                    "id": post.id,
                    "title": post.title,
                    "link": post.link,
                    "html": post.html,
                    "text": post.text,
                    "published": timestamp(post.published),
                    "updated": timestamp(post.updated),
                    "authors": list(post.authors),
                    "categories": list(post.categories),
                }.items()
                if value
            }
            for post in read.posts
        ],
    }


def feeds() -> list[Path]:
    return sorted(path for path in FEEDS.iterdir() if path.is_file() and not path.name.endswith(".expected.json"))


@pytest.mark.parametrize("path", feeds(), ids=lambda path: path.name)
def test_reads(path: Path) -> None:
    expected = json.loads((FEEDS / f"{path.name}.expected.json").read_text())

    assert as_dict(feed.read(path.read_bytes(), base_url="https://a.example/feed")) == expected


@pytest.mark.parametrize("path", sorted((FEEDS / "refused").iterdir()), ids=lambda path: path.name)
def test_refuses(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(*_: Any) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(socket.socket, "connect", connect)

    with pytest.raises(FeedError) as refusal:
        feed.read(path.read_bytes())

    assert str(refusal.value) == REFUSED[path.name]


@pytest.mark.parametrize("name", ["rss20", "rss092", "rdf10", "atom03", "atom10", "utf16", "no-ids", "windows1252-declared"])
def test_reads_what_feedparser_reads(name: str) -> None:
    """Driving feedparser's readers ourselves must not change what they read, in feeds that need no mending."""
    data = (FEEDS / f"{name}.xml").read_bytes()
    theirs = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    ours = feed.read(data)

    assert not theirs.bozo
    assert not ours.warnings
    assert [plain(entry.get("id", "")) for entry in theirs.entries if "id" in entry] == [
        post.id for post, entry in zip(ours.posts, theirs.entries, strict=True) if "id" in entry
    ]
    for post, entry in zip(ours.posts, theirs.entries, strict=True):
        bodies = [content.value for content in entry.get("content", [])] + [entry.get("summary", "")]
        assert (post.html or post.text or "") in bodies
        assert [author.get("name") for author in entry.get("authors", [])] == list(post.authors)
        assert {tag.term for tag in entry.get("tags", [])} == set(post.categories)


def test_a_feed_cut_anywhere_reads_or_is_refused() -> None:
    whole = (FEEDS / "rss20.xml").read_bytes()
    most = 0
    for cut in range(0, len(whole), 7):
        try:
            most = max(most, len(feed.read(whole[:cut]).posts))
        except FeedError as refusal:
            assert str(refusal)

    assert most == 2


@given(st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for document in (data, b"<rss><channel><item>" + data, b'{"items": [' + data):
        try:
            feed.read(document)
        except FeedError as refusal:
            assert str(refusal)


@pytest.mark.parametrize(
    ("link", "resolved"),
    [
        ("https://a.example/x", "https://a.example/x"),
        ("HTTP://A.example/x", "http://A.example/x"),
        ("/x?a=1", "https://base.example/x?a=1"),
        ("x y", "https://base.example/blog/x%20y"),
        (" \thttps://a.example/\nx ", "https://a.example/x"),
        ("javascript:alert(1)", None),
        (" jAvA\nscript:alert(1)", None),
        ("\x01javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("mailto:a@a.example", None),
        ("ftp://a.example/x", None),
        ("http://[broken", None),
        ("http://", None),
        ("", None),
    ],
)
def test_links_are_absolute_http_or_nothing(link: str, resolved: str | None) -> None:
    assert safe_link(link, "https://base.example/blog/") == resolved


@given(st.text())
def test_a_safe_link_is_never_of_another_scheme(link: str) -> None:
    safe = safe_link(link)

    assert safe is None or (safe.lower().startswith(("http://", "https://")) and not has_unsafe_scheme(safe))


@pytest.mark.parametrize(
    ("channel", "expected"),
    [
        ("<ttl>60</ttl>", Pace(ttl=timedelta(hours=1))),
        ("<TTL> 5 </TTL>", Pace(ttl=timedelta(minutes=5))),
        ("<ttl>soon</ttl><ttl></ttl>", Pace()),
        (
            "<skipHours><hour>0</hour><hour> 23 </hour><hour>24</hour><hour>25</hour><hour>x</hour></skipHours>"
            "<skipDays><day>Saturday</day><day>sunday</day><day>Someday</day></skipDays>",
            Pace(skip_hours=frozenset({0, 23}), skip_days=frozenset({5, 6})),
        ),
        ("<item><title>x</title><description>&lt;ttl&gt;9&lt;/ttl&gt;</description></item><ttl>9</ttl>", Pace()),
        ("<skipHours>" * 50_000, Pace()),
    ],
)
def test_the_pace_that_a_feed_asks_for(channel: str, expected: Pace) -> None:
    document = f"<rss version='2.0'><channel><title>t</title>{channel}<item><title>One</title></item></channel></rss>"
    if channel.count("<skipHours>") > 1:
        document = document.replace("<skipHours>" * 50_000, "<!--" + "<skipHours>" * 50_000 + "-->")

    assert feed.read(document.encode()).pace == expected


_BODY_TEXT = st.text(st.sampled_from("ab \n\t’é\x80\x93\x96\x9d<>&;/p"), max_size=30).map(escape) | st.sampled_from(
    ["&lt;p&gt;Well.&lt;/p&gt;", "<![CDATA[<p>“Well”&nbsp;</p>]]>", "<div>in <b>markup</b></div>", "<p/>", "&#150;", "aGVsbG8="]
)


@st.composite
def _feeds(draw: st.DrawFn) -> bytes:
    """Feeds with bodies in all their elements, of all types."""
    names = ["description", "summary", "content:encoded", "title", "dc:description", "content", "abstract", "media:description"]
    kinds = st.sampled_from(["", ' type="html"', ' type="text"', ' type="xhtml"', ' type="a/b"', ' mode="base64"'])
    body = st.tuples(st.sampled_from(names), kinds, st.lists(_BODY_TEXT, max_size=4).map("".join))
    item = st.lists(body, max_size=4).map(lambda rows: "".join(f"<{name}{kind}>{text}</{name}>" for name, kind, text in rows))
    items = draw(st.lists(item, min_size=1, max_size=3))
    spaces = (
        'xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:media="http://search.yahoo.com/mrss/"'
    )
    if draw(st.booleans()):
        entries = "".join(f"<entry><id>{number}</id>{item}</entry>" for number, item in enumerate(items))
        return f'<feed xmlns="http://www.w3.org/2005/Atom" {spaces}>{entries}</feed>'.encode()
    entries = "".join(f"<item><guid>{number}</guid>{item}</item>" for number, item in enumerate(items))
    return f'<rss version="2.0" {spaces}><channel>{entries}</channel></rss>'.encode()


def _read_aside(data: bytes, longer_than: int) -> feed.Feed | str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_xmlfeed, "LONG", longer_than)
        try:
            return feed.read(data)
        except FeedError as refusal:
            return str(refusal)


@given(_feeds())
@settings(max_examples=500)
def test_bodies_put_aside_are_what_feedparser_makes_of_them(data: bytes) -> None:
    assert _read_aside(data, 0) == _read_aside(data, 1_000_000)


@pytest.mark.parametrize("path", [path for path in feeds() if path.suffix == ".xml"], ids=lambda path: path.name)
def test_bodies_of_files_put_aside_are_what_feedparser_makes_of_them(path: Path) -> None:
    assert _read_aside(path.read_bytes(), 0) == _read_aside(path.read_bytes(), 1_000_000)
