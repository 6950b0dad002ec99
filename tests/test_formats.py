"""What goes out comes back: every feed format, for any text, read by two parsers that are not ours."""

import csv
import io
import json
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import feed
from model.posts import Post, TaggedPost, is_unsafe_id, plain, post_from_dict
from model.tagger import Tagger
from service import formats
from tests.conftest import SAMPLE

ATOM = "{http://www.w3.org/2005/Atom}"

any_text = st.text(max_size=40) | st.sampled_from(
    [
        "<b>bold</b>",
        "a < b & c > d",
        "&amp;",
        "AT&T &copy; ]]>",
        "\x00\x0b\ud800",
        "Ünïcode 数据 😀",
        "q\"uo'te",
        "-1+1=@x",
        "</title>",
    ]
)
links = st.text(max_size=12).map("https://a.example/".__add__) | st.sampled_from(
    ["https://a.example/x?a=1&b=2", "http://b.example/é#f", "javascript:alert(1)", "data:text/html,x", "", "/rel"]
)
ids = st.sampled_from(["id-1", "urn:x:é", "https://a.example/?a=1&b=2", "<i>", "JavaScript:alert(1)"]) | st.integers() | st.text()


@st.composite
def tagged_posts(draw: st.DrawFn) -> TaggedPost:
    post = post_from_dict(
        {
            "id": draw(st.none() | ids),
            "title": draw(any_text),
            "text": draw(any_text),
            "link": draw(links),
            "published": draw(st.sampled_from(["2026-05-05T06:07:08+02:00", "never", "0001-01-01T00:00:00Z", "9999-12-31"])),
            "source": draw(st.none() | any_text),
        }
    )
    summary = draw(st.lists(any_text.map(plain).filter(bool), max_size=2))
    topics = draw(st.sampled_from([[], ["networking"], ["containers", "networking"]]))
    return TaggedPost(post, topics, {"containers": 0.9, "networking": 0.8}, {}, summary, "abc")


posts = st.lists(tagged_posts(), max_size=4)


def written(name: str, tagged: list[TaggedPost]) -> bytes:
    return b"".join(formats.FORMATS[name](tagged))


@given(posts)
@settings(deadline=None)
def test_feeds_come_back_by_our_own_reader(tagged: list[TaggedPost]) -> None:
    for name in ("rss", "atom", "jsonfeed"):
        read = feed.read(written(name, tagged)) if tagged else None
        seen: list[object] = []
        for tag, post in zip(tagged, read.posts if read else [], strict=True):
            assert post.title == tag.post.title
            assert post.link == tag.post.link
            assert list(post.categories) == tag.topics
            shown = [formats.identity(other.post) for other in tagged]
            if shown.count(shown[len(seen)]) == 1:
                assert post.id == shown[len(seen)]
            seen.append(post.id)


@given(posts)
@settings(deadline=None)
def test_feeds_are_well_formed_for_parsers_that_are_not_ours(tagged: list[TaggedPost]) -> None:
    rss = ET.fromstring(written("rss", tagged)).findall("channel/item")
    atom = ET.fromstring(written("atom", tagged)).findall(f"{ATOM}entry")
    items = json.loads(written("jsonfeed", tagged))["items"]
    for tag, item, entry, row in zip(tagged, rss, atom, items, strict=True):
        assert item.findtext("guid") == entry.findtext(f"{ATOM}id") == row["id"]
        if not is_unsafe_id(str(tag.post.id)) and plain(str(tag.post.id)):
            assert row["id"] == plain(str(tag.post.id))
        assert (item.findtext("link"), row.get("url")) == (tag.post.link, tag.post.link)
        assert (entry.findtext(f"{ATOM}title") or "") == tag.post.title == row.get("title", "")
        assert entry.findtext(f"{ATOM}summary") == " ".join(tag.summary) == row["content_text"]
        assert [category.text for category in item.findall("category")] == tag.topics == row.get("tags", [])


@given(posts)
@settings(deadline=None)
def test_no_unsafe_link_in_any_output(tagged: list[TaggedPost]) -> None:
    for name in formats.FORMATS:
        for tag in tagged:
            identity = "x" if name in ("jsonl", "csv", "parquet", "table") else tag.post.id  # there it comes back as it was
            shown = written(name, [TaggedPost(Post(id=identity, link=tag.post.link), [], {}, {}, [], "m")]).lower()
            assert b">javascript:" not in shown
            assert b'"javascript:' not in shown
            assert b'"data:' not in shown


def test_feedparser_reads_what_we_write(tagger: Tagger) -> None:
    tagged = tagger.tag(feed.read(SAMPLE.read_bytes()).posts)
    for name, version in (("rss", "rss20"), ("atom", "atom10")):
        read = feedparser.parse(io.BytesIO(written(name, tagged)))
        assert not read.bozo
        assert read.version == version
        assert [(entry.id, entry.title, entry.link, entry.summary) for entry in read.entries] == [
            (tag.post.id, tag.post.title, tag.post.link, " ".join(tag.summary)) for tag in tagged
        ]
        assert [[term.term for term in entry.get("tags", [])] for entry in read.entries] == [tag.topics for tag in tagged]


def test_csv_has_a_column_a_topic() -> None:
    post = Post(id=1, title='A, "quoted" title', published=datetime(2026, 5, 5, 6, 7, 8, tzinfo=UTC), source="S")
    tagged = [TaggedPost(post, ["b", "a"], {"a": 0.6, "b": 0.7}, {}, ["One.", "Two."], "m")]

    rows = list(csv.DictReader(io.StringIO(written("csv", tagged).decode())))

    assert rows == [
        {
            "id": "1",
            "title": 'A, "quoted" title',
            "link": "",
            "published": "2026-05-05T06:07:08Z",
            "source": "S",
            "topics": "b;a",
            "a": "0.6",
            "b": "0.7",
            "summary": "One. Two.",
            "model": "m",
        }
    ]


@pytest.mark.parametrize("name", formats.FORMATS)
def test_no_posts_are_no_error(name: str) -> None:
    assert isinstance(written(name, []), bytes)


def test_jsonl_has_the_documented_form_and_the_callers_fields(tagger: Tagger) -> None:
    row = {
        "title": "Pods",
        "text": "Kubernetes evicts pods.",
        "topics": ["mine"],
        "model": "mine",
        "author": {"a": [1, None]},
        "n": 1.5,
    }

    out = json.loads(written("jsonl", tagger.tag([post_from_dict(row)])))

    assert out.pop("author") == {"a": [1, None]}
    assert out.pop("n") == 1.5
    assert list(out) == ["id", "title", "link", "published", "source", "topics", "scores", "evidence", "summary", "model"]
    assert out["model"] == tagger.version.name
    assert "mine" not in out["topics"]
