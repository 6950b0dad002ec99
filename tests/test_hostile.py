"""Inputs made to hurt: each is read or refused, in time that is proportional to its size.

Nothing is timed here. Each of these is quadratic for a naive reader, and would keep this file busy for minutes instead
of a second.
"""

from collections.abc import Callable

import pytest

from model import feed, text
from model.errors import FeedError
from model.posts import Post
from model.summarizer import summarize


def rss(content: str) -> str:
    return f'<rss version="2.0"><channel><title>t</title>{content}</channel></rss>'


def item(content: str) -> str:
    return rss(f"<item><title>One</title><guid>g</guid>{content}<description>Body</description></item>")


def atom(content: str, base: str = "") -> str:
    inner = f'<div xmlns="http://www.w3.org/1999/xhtml">{content}</div>'
    return f'<feed xmlns="http://www.w3.org/2005/Atom"{base}><entry><content type="xhtml">{inner}</content></entry></feed>'


ATTRIBUTES = " ".join(f'a{number}="1"' for number in range(100_000))
DECOY = "<!-- <!DOCTYPE rss> --><!DOCTYPE rss [<!ENTITY a '<item/><item/>'>]>"

# What is read (the number of posts) or why it is refused.
FEEDS: dict[str, tuple[Callable[[], str], int | str]] = {
    "categories": (
        lambda: item("".join(f"<category>{n}</category>" for n in range(16_000))),
        "an item has more than 2000 elements",
    ),
    "channel categories": (
        lambda: rss("".join(f"<category>{n}</category>" for n in range(40_000)) + "<item><title>x</title></item>"),
        1,
    ),
    "attributes": (lambda: item(f"<x {ATTRIBUTES}/>"), "<x> has more than 200 attributes"),
    "attributes, ill-formed": (lambda: item(f"<x {ATTRIBUTES}/>&"), "<x> has more than 200 attributes"),
    "attributes in content": (lambda: atom(f"<p {ATTRIBUTES}/>"), "<p> has more than 200 attributes"),
    "author": (lambda: item("<author>" + "a" * 1_000_000 + "</author>"), 1),
    "declarations": (lambda: "<?xml " * 200_000, "it is text without markup"),
    "namespaces": (
        lambda: rss("".join(f'<item xmlns:n{n}="urn:{n}"/>' for n in range(30_000))),
        "it declares more than 100 namespaces",
    ),
    "base": (lambda: atom("<b></b>" * 50_000, f' xml:base="http://a.example/{"x" * 500_000}"'), 1),
    "link": (lambda: rss(f"<link>http://a.example/{'x' * 1_000_000}</link>" + "<item><link>y</link></item>" * 5_000), 5_000),
    "hidden entities": (lambda: DECOY + rss("&a;" * 1000), "its entity 'a' is made of other entities or markup"),
    "keywords": (lambda: item("<keywords>" + "a," * 500_000 + "</keywords>"), 1),
    "comments": (lambda: item("<!-- " * 20_000), 1),
    "depth": (lambda: item("<x>" * 100_000), "its elements are nested more than 200 deep"),
    "markup in a post": (
        lambda: rss("<item><guid>g</guid><description><![CDATA[<!DOCTYPE html [ &x; ]>]]></description></item>"),
        1,
    ),
    "elements feedparser fails on": (
        lambda: item("<pubDate>Fri, 2006/99/15 08:19:53 EDT</pubDate><title_detail>x</title_detail><links>x</links><where/>"),
        1,
    ),
    "media title": (lambda: item('<m:group xmlns:m="http://search.yahoo.com/mrss/"><m:title>no</m:title></m:group>'), 1),
}


@pytest.mark.parametrize("name", FEEDS)
def test_feeds(name: str) -> None:
    make, expected = FEEDS[name]
    data = make().encode()
    try:
        read = feed.read(data)
        outcome: int | str = len(read.posts)
        assert "no" not in [post.title for post in read.posts]
    except FeedError as error:
        outcome = str(error)[: len(expected)] if isinstance(expected, str) else str(error)

    assert outcome == expected


@pytest.mark.parametrize(
    "html",
    [
        pytest.param("." * 500_000, id="full stops"),
        pytest.param(".)" * 300_000, id="full stops and brackets"),
        pytest.param("…" * 300_000, id="ellipses"),
        pytest.param("。" * 300_000, id="CJK full stops"),
        pytest.param("<!-- " * 20_000, id="comments"),
        pytest.param("<div>" * 100_000 + "</p>" * 100_000, id="depth, then ends of nothing"),
        pytest.param("<div>x</p>" * 100_000, id="depth and ends of nothing"),
        pytest.param("<p " + ATTRIBUTES + ">", id="attributes"),
        pytest.param("<p>" + "word " * 200_000, id="one long sentence"),
        pytest.param("<p>" + "see the docs " * 80_000 + ", it ends here. The nodes have room for pods.", id="a long call"),
        pytest.param("".join(f"Sentence {n} of many has some words here. " for n in range(20_000)), id="many sentences"),
        pytest.param("<p>a</p>" * 100_000, id="many paragraphs"),
    ],
)
def test_posts(html: str) -> None:
    parsed = text.of_post(Post(id="x", html=html))

    assert all(any(sentence in block.text for block in parsed.blocks) for sentence in summarize(parsed))
