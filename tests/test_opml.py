"""Lists of subscriptions: what other readers write is read, and what is written is read back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InputError
from service import opml
from service.opml import Subscription

LIST = b"""<?xml version="1.0" encoding="UTF-8"?>
<opml version="1.1">
  <head><title>Subscriptions</title></head>
  <body>
    <outline text="Cloud">
      <outline type="rss" text="Harbour &amp; Street" xmlUrl="https://harbour.example/feed.xml" htmlUrl="https://harbour.example/"/>
      <outline text="Deep / er"><outline title="Tin" xmlURL="https://tin.example/atom"/></outline>
    </outline>
    <outline text="A note without a feed"/>
    <outline text="Twice" xmlUrl="https://tin.example/atom"/>
    <outline type="rss" text="Bare" xmlurl="http://bare.example/rss"/>
    <outline text="Script" xmlUrl="javascript:alert(1)"/>
    <outline text="File" xmlUrl="/etc/feed.xml"/>
  </body>
</opml>
"""


def test_what_other_readers_write_is_read() -> None:
    got = opml.read(LIST, "list.opml")

    assert got.good == [
        Subscription("https://harbour.example/feed.xml", "Harbour & Street", "Cloud", "https://harbour.example/"),
        Subscription("https://tin.example/atom", "Tin", "Cloud/Deep/er"),
        Subscription("http://bare.example/rss", "Bare"),
    ]
    assert list(map(str, got.faults)) == [
        "list.opml:12: 'javascript:alert(1)' is no http(s) URL of a feed",
        "list.opml:13: '/etc/feed.xml' is no http(s) URL of a feed",
    ]


def test_other_encodings_are_read() -> None:
    text = (
        '<?xml version="1.0" encoding="iso-8859-1"?><opml><body><outline text="Käse" xmlUrl="http://a.example/"/></body></opml>'
    )

    assert opml.read(text.encode("latin-1"), "x").good == [Subscription("http://a.example/", "Käse")]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it cannot be read as OPML"),
        (b"title,url\n", "it cannot be read as OPML"),
        (LIST[:600], "it cannot be read as OPML"),
        ("<opml><body><outline text='ä'/></body></opml>".encode("latin-1"), "it cannot be read as OPML"),
        (b"<rss><channel/></rss>", "it is no OPML, but has `rss` as its root"),
        (b"<opml/>", "it is no OPML"),
    ],
)
def test_what_is_no_list_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InputError) as error:
        opml.read(data, "list.opml")

    assert str(error.value).startswith(f"list.opml: {reason}")


def test_entities_are_not_expanded(tmp_path: object) -> None:
    bomb = b'<!DOCTYPE opml [<!ENTITY a "aaaa"><!ENTITY f SYSTEM "file:///etc/hostname">]>' + (
        b'<opml><body><outline text="x">&f;</outline><outline text="ok" xmlUrl="http://a.example/"/></body></opml>'
    )

    assert opml.read(bomb, "x").good == [Subscription("http://a.example/", "ok")]


def test_a_deep_list_is_read_in_linear_time() -> None:
    depth = 200
    deep = b'<outline text="f">' * depth + b'<outline xmlUrl="http://a.example/"/>' + b"</outline>" * depth

    (found,) = opml.read(b"<opml><body>" + deep + b"</body></opml>", "x").good

    assert found.folder == "/".join(["f"] * 20)


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp", "Cn", "Cf"], exclude_characters="/"),
    max_size=8,
)
subscriptions = st.builds(
    Subscription,
    url=st.from_regex(r"https?://[a-z]{1,8}\.example/([a-z0-9]{0,8}|[?]a=[a-z]&b)", fullmatch=True),
    title=names.filter(bool),
    folder=st.lists(names.filter(bool), max_size=3).map("/".join),
    site=st.none() | st.just("https://site.example/a?b&c"),
)


@given(st.lists(subscriptions, max_size=8, unique_by=lambda one: one.url))
def test_what_is_written_is_read_back(listed: list[Subscription]) -> None:
    got = opml.read(opml.write(listed, "My <feeds>"), "x")

    assert sorted(got.good, key=lambda one: one.url) == sorted(listed, key=lambda one: one.url)
    assert not got.faults
