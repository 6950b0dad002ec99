"""Wires: what was stored comes out of every format, by parsers that are not ours, as the specifications want it."""

import io
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import feedparser
import jsonfeed
import jsonschema_rs
import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from model.posts import Post, TaggedPost
from model.tagger import Tagger
from service import wires
from service.store import Store
from tests.conftest import DATA
from tests.store import made
from tests.store.conftest import Target, serving, settings_of

ATOM = "{http://www.w3.org/2005/Atom}"
DC = "{http://purl.org/dc/elements/1.1/}"
TOPICS = ("ai-agents", "networking", "containers", "observability", "integration")
HOSTILE = [
    "</title><script>alert(1)</script>",
    "a < b && c > d",
    "AT&amp;T &copy; ]]> <b>bold</b>",
    "Ünïcode 数据 😀",
    "q\"uo'te",
    "&#x3c;img src=x onerror=alert(1)&#x3e;",
]


def tagged(post: Post, *topics: str, score: float = 0.9) -> TaggedPost:
    scores = {name: score if name in topics else 0.1 for name in TOPICS}
    return TaggedPost(
        post, list(topics), scores, {name: [("word", 1.5)] for name in topics}, [f"About {post.id}.", "Æ & <i>."], "v1"
    )


def filled(store: Store) -> None:
    one, two = made.source(store, "one"), made.source(store, "two")
    of_one = [
        tagged(
            made.post("urn:1", hours=1, link="https://one.example/1?a=1&b=2", authors=("Ann & Bo",)), "networking", "containers"
        ),
        tagged(made.post("hs-2", hours=2, title=HOSTILE[0], updated=made.NOW - made.HOUR / 2), "networking", score=0.6),
        tagged(made.post("https://one.example/3", hours=3, title=HOSTILE[3])),
        *(tagged(made.post(f"t-{n}", hours=10 + n, title=title), "integration") for n, title in enumerate(HOSTILE)),
    ]
    made.record(store, one, of_one, title="One & only")
    made.record(store, two, [tagged(made.post("hs-2", hours=None, title="Another"), "networking")], title="Two")


Row = tuple[str, str, str | None, list[str]]  # id, title, link, categories


def by_feedparser(body: bytes) -> list[Row]:
    read = feedparser.parse(io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False)
    assert not read.bozo
    return [
        (
            entry.id,
            # feedparser gives a title of RSS as the HTML that readers take it for.
            entry.title if read.version == "atom10" else "".join(etree.HTML(f"<p>{entry.title}").itertext()),
            # It takes an id for a link where there is none.
            next((link.href for link in entry.get("links", []) if link.rel == "alternate"), None),
            [tag.term for tag in entry.get("tags", [])],
        )
        for entry in read.entries
    ]


def by_rss_rules(body: bytes) -> list[Row]:
    """RSS 2.0 (https://www.rssboard.org/rss-specification, and its profile), read and judged on the way."""
    root = etree.fromstring(body)
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    for name in ("title", "link", "description"):  # required, once
        assert len(channel.findall(name)) == 1
        assert channel.findtext(name)
    itself = channel.find(f"{ATOM}link")
    assert itself is not None
    assert (itself.get("rel"), itself.get("type")) == ("self", "application/rss+xml")
    assert urlsplit(itself.get("href")).scheme == "http"
    rows = []
    for item in channel.findall("item"):
        known = {"title", "link", "guid", "pubDate", "category", "description", f"{DC}creator", f"{DC}source"}
        assert {child.tag for child in item} <= known
        assert all(len(item.findall(name)) <= 1 for name in known - {"category", f"{DC}creator"})
        assert item.findtext("title") or item.findtext("description")
        if (date := item.findtext("pubDate")) is not None:
            assert parsedate_to_datetime(date).tzinfo
        guid = item.find("guid")
        assert guid is not None
        assert guid.get("isPermaLink") == "false"
        title = "".join(etree.HTML(f"<p>{item.findtext('title')}").itertext())
        rows.append(
            (guid.text or "", title, item.findtext("link"), [category.text or "" for category in item.findall("category")])
        )
    assert len({row[0] for row in rows}) == len(rows)
    return rows


def by_atom_rules(body: bytes) -> list[Row]:
    """Atom 1.0 (RFC 4287), sections 4.1.1 and 4.1.2."""
    root = etree.fromstring(body)
    assert root.tag == f"{ATOM}feed"
    for name in ("id", "title", "updated"):  # exactly one
        assert len(root.findall(f"{ATOM}{name}")) == 1
    assert urlsplit(root.findtext(f"{ATOM}id")).scheme  # an absolute IRI
    links = [(link.get("rel"), link.get("type")) for link in root.findall(f"{ATOM}link")]
    assert sorted(links, key=str) == [("alternate", None), ("self", "application/atom+xml")]
    assert root.findtext(f"{ATOM}author/{ATOM}name")  # or else every entry must have one
    # The prose lets elements stand in any order (4.1.1), the schema of appendix B wants the entries at the end.
    entries = root.findall(f"{ATOM}entry")
    assert list(root)[len(root) - len(entries) :] == entries
    rows = []
    for entry in entries:
        for name in ("id", "title", "updated"):
            assert len(entry.findall(f"{ATOM}{name}")) == 1
        for name in ("updated", "published"):
            for date in entry.findall(f"{ATOM}{name}"):  # RFC 3339, with a capital T and Z
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", date.text or "")
        assert len(entry.findall(f"{ATOM}summary")) == 1
        alternate = entry.findall(f"{ATOM}link")
        assert len(alternate) + len(entry.findall(f"{ATOM}content")) == 1  # a page to read, or else the content
        link = alternate[0].get("href") if alternate else None
        assert entry.findtext(f"{ATOM}source/{ATOM}title")
        terms = [category.get("term") or "" for category in entry.findall(f"{ATOM}category")]
        rows.append((entry.findtext(f"{ATOM}id") or "", entry.findtext(f"{ATOM}title") or "", link, terms))
    assert len({row[0] for row in rows}) == len(rows)
    return rows


def by_json_feed_rules(body: bytes) -> list[Row]:
    """JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""
    read = json.loads(body)
    assert read["version"] == "https://jsonfeed.org/version/1.1"
    assert read["title"]
    assert all(urlsplit(read[name]).scheme == "http" for name in ("home_page_url", "feed_url"))
    rows = []
    for item in read["items"]:
        assert isinstance(item["id"], str)
        assert isinstance(item["content_text"], str)
        assert all(datetime.fromisoformat(item[name]).tzinfo for name in ("date_published", "date_modified") if name in item)
        assert all(set(author) <= {"name", "url", "avatar"} for author in item.get("authors", []))
        rows.append((item["id"], item.get("title", ""), item.get("url"), item.get("tags", [])))
    assert len({row[0] for row in rows}) == len(rows)
    return rows


def by_jsonfeed(body: bytes) -> list[Row]:
    """jsonfeed-util, behind the JSON Schema of JSON Feed 1.1: two more who have never heard of us."""
    schema = json.loads((DATA / "jsonfeed-1.1.schema.json").read_text())
    jsonschema_rs.Draft7Validator(schema, validate_formats=True).validate(json.loads(body))
    read = jsonfeed.Feed.parse_string(body.decode())
    return [(item.id, item.title or "", item.url, item.tags) for item in read.items]


READERS: dict[str, tuple[str, list[Callable[[bytes], list[Row]]]]] = {
    "rss": ("application/rss+xml; charset=utf-8", [by_feedparser, by_rss_rules]),
    "atom": ("application/atom+xml; charset=utf-8", [by_feedparser, by_atom_rules]),
    "json": ("application/feed+json", [by_jsonfeed, by_json_feed_rules]),
}


@pytest.mark.parametrize("topic", ["networking", "integration", "all", "none", "observability"])
def test_every_format_says_the_same_to_every_reader(store: Store, client: FlaskClient, topic: str) -> None:
    filled(store)
    expected = []
    for stored in store.posts(topic=topic).posts:
        post = stored.tagged.post
        identity = post.id if (post.id, post.title) != ("hs-2", "Another") else f"hs-2#{stored.key}"
        expected.append((identity, post.title, post.link, stored.topics))

    for end, (content_type, readers) in READERS.items():
        answer = client.get(f"/wires/{topic}.{end}")
        assert answer.status_code == 200
        assert answer.content_type == content_type
        for read in readers:
            assert read(answer.data) == expected, (end, read.__name__)
    assert len(expected) == {"networking": 3, "integration": 6, "all": 10, "none": 1, "observability": 0}[topic]


@pytest.mark.parametrize(
    "wrong",
    [
        {"items": None},
        {"title": 3},
        {"feed_url": "no url"},
        {"version": "2"},
        {"items": [{"content_text": "without an id"}]},
        {"items": [{"id": "1"}]},
        {"items": [{"id": 1, "content_text": ""}]},
        {"items": [{"id": "1", "content_text": "", "date_published": "yesterday"}]},
        {"items": [{"id": "1", "content_text": "", "extra": 1}]},
    ],
    ids=str,
)
def test_the_schema_would_object(client: FlaskClient, wrong: dict[str, object]) -> None:
    feed = client.get("/wires/all.json").get_json(force=True)
    by_jsonfeed(json.dumps(feed).encode())

    with pytest.raises(jsonschema_rs.ValidationError):
        by_jsonfeed(json.dumps(feed | wrong).encode())


def test_a_wire_in_full(store: Store, client: FlaskClient) -> None:
    filled(store)
    base = "http://localhost/wires"

    atom = etree.fromstring(client.get("/wires/networking.atom?limit=2").data)
    entry = atom.findall(f"{ATOM}entry")[-1]
    read = feedparser.parse(io.BytesIO(client.get("/wires/networking.rss?source=1").data))
    feed = client.get("/wires/networking.json?source=1").get_json(force=True)

    assert atom.findtext(f"{ATOM}title") == "Networking"
    assert [link.get("href") for link in atom.findall(f"{ATOM}link")] == [base, f"{base}/networking.atom?limit=2"]
    assert atom.findtext(f"{ATOM}updated") == "2026-06-01T12:00:00Z"
    assert entry.findtext(f"{ATOM}summary") == "About urn:1. Æ & <i>."
    assert entry.findtext(f"{ATOM}source/{ATOM}title") == "One & only"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Ann & Bo"
    assert (read.feed.title, read.feed.link, read.feed.links[-1].href) == ("Networking", base, f"{base}/networking.rss?source=1")
    assert [entry.published for entry in read.entries] == ["Mon, 01 Jun 2026 11:00:00 GMT", "Mon, 01 Jun 2026 10:00:00 GMT"]
    assert read.entries[0].summary == "About urn:1. Æ &amp; &lt;i&gt;."
    assert [entry.dc_source for entry in read.entries] == ["One & only", "One & only"]
    assert feed["feed_url"] == f"{base}/networking.json?source=1"
    assert [item["date_modified"] for item in feed["items"]] == ["2026-06-01T11:00:00Z", "2026-06-01T11:30:00Z"]


def test_wires_are_narrowed_down(store: Store, client: FlaskClient) -> None:
    filled(store)

    def ids(query: str, topic: str = "networking") -> list[str]:
        return [row["id"].partition("#")[0] for row in client.get(f"/wires/{topic}.json{query}").get_json(force=True)["items"]]

    assert ids("") == ["hs-2", "urn:1", "hs-2"]
    assert ids("?limit=1") == ["hs-2"]
    assert ids("?source=1") == ["urn:1", "hs-2"]
    assert ids("?source=1&min_score=0.7") == ["urn:1"]
    assert ids("?source=7") == []
    assert ids("?min_score=0.95", "all") == []


@pytest.mark.parametrize(
    ("address", "status", "said"),
    [
        ("/wires/knitting.rss", 404, "'knitting'"),
        ("/wires/networking.xml", 404, "/docs"),
        ("/wires/.rss", 404, "/docs"),
        ("/wires/networking.rss?limit=0", 422, "`limit`"),
        ("/wires/networking.rss?limit=1001", 422, "`limit`"),
        ("/wires/networking.rss?limit=x", 422, "`limit`"),
        ("/wires/networking.rss?limit=2&limit=3", 422, "`limit`"),
        ("/wires/networking.rss?min_score=1.1", 422, "`min_score`"),
        ("/wires/networking.rss?min_score=nan", 422, "`min_score`"),
        ("/wires/networking.rss?source=0", 422, "`source`"),
        ("/wires/networking.rss?source=9223372036854775808", 422, "`source`"),
        ("/wires/networking.rss?source=9223372036854775807", 200, ""),
        ("/wires/networking.rss?min-score=0.5", 422, "`min-score`"),
    ],
)
def test_what_is_no_wire(client: FlaskClient, address: str, status: int, said: str) -> None:
    answer = client.get(address)

    assert answer.status_code == status
    if status != 200:
        assert answer.content_type == "application/problem+json"
        assert said in answer.get_json(force=True)["detail"]


def test_nothing_new_is_304(store: Store, client: FlaskClient) -> None:
    filled(store)
    for end in wires.FORMS:
        address = f"/wires/networking.{end}"
        first = client.get(address)
        tag, date = first.headers["ETag"], first.headers["Last-Modified"]
        assert re.fullmatch('"[0-9a-f]{32,}"', tag), "strong"
        assert first.headers["Cache-Control"] == "no-cache"
        for headers, status in [
            ({"If-None-Match": tag}, 304),
            ({"If-None-Match": f'"other", W/{tag}'}, 304),
            ({"If-None-Match": "*"}, 304),
            ({"If-None-Match": '"other"'}, 200),
            ({"If-Modified-Since": date}, 304),
            ({"If-Modified-Since": "Mon, 01 Jun 2026 11:59:59 GMT"}, 200),
            ({"If-Modified-Since": "yesterday"}, 200),
            ({"If-None-Match": '"other"', "If-Modified-Since": date}, 200),
        ]:
            for method in ("GET", "HEAD"):
                answer = client.open(address, method=method, headers=headers)
                assert answer.status_code == status, (headers, method)
                assert answer.headers["ETag"] == tag
                assert answer.data == (first.data if (status, method) == (200, "GET") else b"")
        head = client.head(address)
        assert (head.status_code, head.data) == (200, b"")
        assert head.headers["Content-Length"] == str(len(first.data))
        assert {name: head.headers[name] for name in ("ETag", "Last-Modified", "Content-Type")} == {
            name: first.headers[name] for name in ("ETag", "Last-Modified", "Content-Type")
        }


def test_a_reader_that_knows_dates_only_hears_that_a_post_has_left(store: Store, client: FlaskClient) -> None:
    one = made.source(store)
    first, second = (tagged(made.post(f"urn:{number}", hours=9), "networking") for number in (1, 2))
    made.record(store, one, [first, second], at=made.NOW)
    seen: dict[str, str] = {}

    def changed(address: str = "/wires/networking.atom") -> bool:
        since = {"If-Modified-Since": seen[address]} if address in seen else {}
        answer = client.get(address, headers=since)
        seen[address] = answer.headers.get("Last-Modified", seen.get(address, ""))
        return answer.status_code == 200

    assert (changed(), changed()) == (True, False)
    number = next(post.number for post in store.posts().posts if post.tagged.post.id == "urn:1")
    store.correct(number, ["containers"], "test", now=made.NOW + made.HOUR)
    assert (changed(), changed()) == (True, False)
    store.withdraw(number, now=made.NOW + 2 * made.HOUR)
    assert (changed(), changed()) == (True, False)
    moved = tagged(made.post("urn:2", "now of something else", hours=9), "containers")
    made.record(store, one, [moved], at=made.NOW + 3 * made.HOUR)
    assert (changed(), changed()) == (True, False)
    made.record(store, one, [], at=made.NOW + 4 * made.HOUR)
    assert not changed(), "nothing left"
    made.record(store, one, [], at=made.NOW + 4 * made.HOUR, title="Of another name")
    assert (changed(), changed()) == (True, False)
    store.delete_posts_before(made.NOW + 5 * made.HOUR)
    assert (changed(), changed()) == (True, False)
    assert store.posts().posts == []


def test_an_item_changes_its_date_only_when_it_changed(store: Store, client: FlaskClient) -> None:
    source = made.source(store)
    hours = iter(range(1, 100))

    def polled(text: str, claimed: datetime | None) -> str:
        """What a wire says of a post after a poll that brought it so."""
        post = made.post("urn:1", text, hours=5, updated=claimed)
        made.record(store, source, [tagged(post, "networking")], at=made.NOW + next(hours) * made.HOUR)
        return str(client.get("/wires/networking.json").get_json(force=True)["items"][0]["date_modified"])

    assert polled("one", made.NOW - made.HOUR) == "2026-06-01T11:00:00Z", "as the feed says"
    assert polled("one", made.NOW + 2 * made.HOUR) == "2026-06-01T11:00:00Z", "the feed says now, and nothing is new"
    assert polled("two", made.NOW - made.HOUR) == "2026-06-01T15:00:00Z", "when it was seen to have changed"
    assert polled("two", None) == "2026-06-01T15:00:00Z"
    store.correct(1, ["containers"], "test")
    corrected = client.get("/wires/containers.json").get_json(force=True)["items"][0]
    assert (corrected["date_modified"], corrected["tags"]) == ("2026-06-01T15:00:00Z", ["containers"])


def test_a_date_still_to_come_is_no_date_of_a_change(store: Store, client: FlaskClient) -> None:
    source = made.source(store)
    made.record(store, source, [tagged(made.post("urn:1", hours=-9000, updated=made.NOW + 9000 * made.HOUR), "networking")])

    assert client.get("/wires/all.json").get_json(force=True)["items"][0]["date_modified"] == "2026-06-01T12:00:00Z"


def test_corrections_count_at_once(store: Store, client: FlaskClient) -> None:
    filled(store)

    def networking() -> tuple[list[str], str]:
        answer = client.get("/wires/networking.json?source=1")
        return [item["id"] for item in answer.get_json(force=True)["items"]], answer.headers["ETag"]

    before = networking()
    number = next(stored.number for stored in store.posts().posts if stored.tagged.post.id == "https://one.example/3")
    store.correct(number, ["networking"], "test")
    assert networking()[0] == ["urn:1", "hs-2", "https://one.example/3"]
    assert len(client.get("/wires/networking.json?source=1&min_score=1").get_json(force=True)["items"]) == 1
    store.withdraw(number)
    assert networking() == before


def test_hosts_are_repeated_as_text_only(store: Store, target: Target, tagger: Tagger) -> None:
    filled(store)
    with serving(settings_of(target, host="0.0.0.0"), tagger) as client:
        hosts_are_repeated_as_text_only(client)


def hosts_are_repeated_as_text_only(client: FlaskClient) -> None:
    for host in ("wires.example:8080", 'a"><script>', "a&b"):
        answer = client.get("/wires/all.atom", headers={"Host": host})
        assert b"<script" not in answer.data
        if answer.status_code == 200:
            etree.fromstring(answer.data)
    link = etree.fromstring(client.get("/wires/all.atom", headers={"Host": "wires.example:8080"}).data).findall(f"{ATOM}link")
    assert [one.get("href") for one in link] == ["http://wires.example:8080/wires", "http://wires.example:8080/wires/all.atom"]


def test_the_page_lists_all_wires(client: FlaskClient) -> None:
    page = client.get("/wires")
    read = etree.HTML(page.text)

    assert page.content_type == "text/html; charset=utf-8"
    found = {link.get("href") for link in read.iter("a")}
    assert found == {f"wires/{topic}.{end}" for topic in (*TOPICS, "all", "none") for end in wires.FORMS}
    assert all(client.get(f"/{address}").status_code == 200 for address in found)
    assert {link.get("type") for link in read.iter("link")} == {"application/atom+xml"}


# What can happen to a store between two visits: nothing is an answer, too.
happenings = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(0, 3), st.sampled_from(["x", "y"]), st.sampled_from([(), ("networking",)])),
        st.tuples(st.just("correct"), st.integers(0, 3), st.sampled_from([(), ("networking",)])),
        st.tuples(st.just("withdraw"), st.integers(0, 3)),
        st.tuples(st.just("visit")),
    ),
    max_size=6,
)


@given(happenings)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_etag_changes_when_the_body_does_and_only_then(
    target: Target, tagger: Tagger, happened: list[tuple[Any, ...]]
) -> None:
    with Store(target) as store, serving(settings_of(target), tagger) as client:
        for old in store.sources():
            store.remove_source(old.id)
        source = made.source(store)
        seen = visited(client)
        for hour, (what, *details) in enumerate(happened):
            at = made.NOW + timedelta(hours=hour)
            if what == "post":
                number, text, topics = details
                made.record(store, source, [tagged(made.post(f"urn:{number}", text, hours=number), *topics)], at=at)
            elif what != "visit":
                stored = store.post(f"urn:{details[0]}")
                if stored is not None and what == "correct":
                    store.correct(stored.number, details[1], "test", now=at)
                elif stored is not None:
                    store.withdraw(stored.number, now=at)
            for address, (body, tag) in visited(client).items():
                assert (body == seen[address][0]) == (tag == seen[address][1])
                status = client.get(address, headers={"If-None-Match": seen[address][1]}).status_code
                assert status == (304 if body == seen[address][0] else 200)
            seen = visited(client)


def visited(client: FlaskClient) -> dict[str, tuple[bytes, str]]:
    answers = {
        address: client.get(address) for address in ("/wires/networking.atom", "/wires/all.rss", "/wires/none.json?limit=2")
    }
    return {address: (answer.data, answer.headers["ETag"]) for address, answer in answers.items()}
