"""What polls bring, and what comes out again."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from model.errors import InputError, NotStoredError
from model.posts import Post, TaggedPost
from model.tagger import Tagger
from service.store import NewSource, PolledPost, Recorded, Store, content_hash
from tests.conftest import SAMPLE
from tests.store.made import HOUR, NOW, ids, post, record, source, tagged

# One database serves all examples of a property: each takes a source of its own, or empties it.
shared = hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
anything = st.text(st.characters(), max_size=30)  # surrogates and NUL among them


def test_what_goes_in_comes_out(store: Store, tagger: Tagger) -> None:
    from model import feed

    name = "Harbour Street"
    posts = feed.read(SAMPLE.read_bytes()).posts
    answers = tagger.tag([replace(one, source=name) for one in posts])
    one, _ = store.add_source(NewSource("https://harbourstreet.example/", "Ignored", title_override=name), now=NOW)

    assert record(store, one, answers) == Recorded(new=len(posts), changed=0)

    stored = store.posts(bodies=True).posts
    by_date = sorted(answers, key=lambda answer: answer.post.published or NOW, reverse=True)
    assert [one.tagged for one in stored] == by_date
    assert [list(one.tagged.scores) for one in stored] == [list(answer.scores) for answer in by_date]
    for held in stored:
        assert store.post(held.key) == store.post(held.tagged.post.id) == store.post(held.number) == held
        assert held.topics == held.tagged.topics
    assert [one.tagged.post.html for one in store.posts().posts] == [None] * len(posts)


def test_a_post_seen_before_costs_nothing_and_a_changed_one_is_stored_anew(store: Store) -> None:
    one = source(store)
    first = [tagged(post("1", "old words"), "a"), tagged(post("2"), "b")]
    record(store, one, first)
    hashes = store.known(one.id, ["1", "2", "3"])
    assert hashes == {"1": content_hash(first[0].post), "2": content_hash(first[1].post)}
    before = store.post("2")

    changed = tagged(post("1", "fresh words", hours=-5), "c", model="v2")
    later = tagged(replace(first[1].post, published=NOW + HOUR, updated=NOW), "c", model="v2")
    assert record(store, one, [changed, later], at=NOW + HOUR) == Recorded(new=0, changed=1)

    stored = store.post("1")
    assert stored
    assert (stored.tagged.topics, stored.tagged.model, stored.first_seen, stored.changed, stored.placed) == (
        ["c"],
        "v2",
        NOW,
        NOW + HOUR,
        NOW,
    )
    assert store.post("2") == before
    assert (ids(store.posts(q="fresh").posts), ids(store.posts(q="old").posts)) == (["1"], [])
    assert (ids(store.posts(topic="a").posts), ids(store.posts(topic="c").posts)) == ([], ["1"])
    past = store.polls(one.id)
    assert [(poll.new, poll.changed) for poll in past] == [(0, 1), (2, 0)]


@pytest.mark.parametrize(
    ("field", "value", "changes"),
    [
        ("title", "other", True),
        ("html", "<p>other</p>", True),
        ("link", "https://other.example/", True),
        ("authors", ("other",), True),
        ("categories", ("other",), True),
        ("published", NOW, False),
        ("updated", NOW, False),
        ("source", "other", False),
    ],
)
def test_what_makes_a_post_another(field: str, value: object, changes: bool) -> None:
    given_ = post("1", hours=3)

    assert (content_hash(replace(given_, **{field: value})) != content_hash(given_)) == changes  # type: ignore[arg-type]


def test_the_same_id_of_two_sources_is_two_posts_and_twice_in_one_poll_is_one(store: Store) -> None:
    one, two = source(store, "one"), source(store, "two")
    record(store, one, [tagged(post("1", hours=1))])
    assert record(store, two, [tagged(post("1", "first")), tagged(post("1", "second"))]) == Recorded(new=1, changed=0)

    stored = store.posts().posts
    assert [(held.source, held.tagged.post.id) for held in stored] == [(two.id, "1"), (one.id, "1")]
    assert len({held.key for held in stored}) == 2
    newest = store.post("1")
    assert newest
    assert (newest.source, newest.tagged.post.html) == (two.id, "<p>first</p>")


def test_posts_of_a_source_that_was_removed_are_not_stored(store: Store) -> None:
    one = source(store)
    store.remove_source(one.id)

    with pytest.raises(NotStoredError, match="source 1: it was removed meanwhile, so its poll was not stored"):
        record(store, one, [tagged(post("1"))])


def test_newest_first_and_nothing_from_the_future(store: Store) -> None:
    one = source(store)
    dated = [post("old", hours=9), post("future", hours=-99), post("young", hours=1)]
    undated = [post("none-1", hours=None), post("none-2", hours=None)]
    ancient = post("ancient", published=datetime(1, 1, 1, tzinfo=UTC))
    record(store, one, [tagged(given_) for given_ in [*dated, *undated, ancient]])

    # What has no date, or one to come, was published when it was found; the feed's order decides among these.
    assert ids(store.posts().posts) == ["future", "none-1", "none-2", "young", "old", "ancient"]
    assert [held.placed for held in store.posts(limit=3).posts] == [NOW, NOW, NOW]
    assert ids(store.posts(since=NOW - HOUR).posts) == ["future", "none-1", "none-2", "young"]


def test_filters(store: Store) -> None:
    one, two = source(store, "one"), source(store, "two")
    record(store, one, [tagged(post("1", "pods", hours=1), "a", "b"), tagged(post("2", "routes", hours=2), "b")])
    record(store, two, [tagged(post("3", "pods", hours=3), "a"), tagged(post("4", "pods", hours=4))])

    def listed(**filters: object) -> list[str]:
        return ids(store.posts(**filters).posts)  # type: ignore[arg-type]

    assert listed() == listed(topic="all") == ["1", "2", "3", "4"]
    assert (listed(topic="a"), listed(topic="b"), listed(topic="c"), listed(topic="none")) == (["1", "3"], ["1", "2"], [], ["4"])
    assert listed(topic="strange") == listed(topic="") == []
    # 0.9 is the score of a post's first topic, 0.8 of its second.
    assert listed(topic="b", min_score=0.85) == ["2"]
    assert (listed(min_score=0.85), listed(min_score=0.95)) == (["1", "2", "3"], [])
    assert listed(source=one.id) == ["1", "2"]
    assert listed(q="pods", source=two.id) == ["3", "4"]
    assert listed(q="pods", topic="a", since=NOW - 2 * HOUR) == ["1"]
    assert listed(source=99) == listed(source=-1) == []
    for limit in (0, -1, 1001):
        with pytest.raises(InputError, match="limit: it must be within 1 and 1,000"):
            store.posts(limit=limit)


def test_a_post_is_found_by_its_words(store: Store) -> None:
    body = "<p>Über kubernetes.io, it's v1.33; C++ &amp; größe. <b>boot</b>strap</p><script>hidden</script>"
    record(store, source(store), [tagged(post("1", title="A Title", html=body))])

    found = [
        "title",
        "ÜBER",
        "uber",
        "kubernetes io",
        "kubernetes.io",
        "v1.33",
        "GRÖSSE",
        "its-title",
        "boot*",
        "bootstrap",
        "c++",
    ]
    found += [" ", "", "a title*", 'title"']
    missed = [
        "a AND title*",
        "titles",
        "boots",
        "hidden",
        "kubernetes networking",
        "***",
        '"',
        "title OR nothing",
        "-title nothing",
        "p",
    ]
    assert [q for q in found if not store.posts(q=q.replace("its-", "it ")).posts] == []
    assert [q for q in missed if store.posts(q=q).posts] == []


@given(text=anything, query=anything)
@example(text="x", query="\0")
@example(text="'' \\ : & | ! ( ) <-> *", query="' & '':* \\")
@example(text="NEAR(a b) col:x ^x", query='NEAR("a" b, 3) OR words : x ^a -"')
@example(text="\U00010d4a\u0897 new", query="\U00010d4a")
@example(text="0\xad0", query="inter\xadnet")
@shared
def test_no_query_is_wrong_and_every_word_is_found(store: Store, text: str, query: str) -> None:
    for one in store.sources():
        store.remove_source(one.id)
    one = source(store)
    record(store, one, [tagged(Post(id="1", title="", text=f"{text} certainly"))])

    assert len(store.posts(q=query).posts) in (0, 1)
    assert len(store.posts(q=f"{text} CERTAIN*").posts) == 1
    assert store.posts(q=f"{query} impossible").posts == []


@given(identity=anything, title=anything, body=anything, values=st.lists(anything, max_size=3))
@shared
def test_any_text_can_be_stored(store: Store, identity: str, title: str, body: str, values: list[str]) -> None:
    for one in store.sources():
        store.remove_source(one.id)
    one = source(store)
    given_ = Post(id=identity, title=title, text=body, authors=tuple(values), categories=tuple(values))
    answer = TaggedPost(given_, ["a"], {"a": 1.0}, {"a": [(title, -0.1)]}, values, "v")

    record(store, one, [PolledPost(answer, canonical=title)])

    assert record(store, one, [answer]) == Recorded(0, 0)
    assert store.known(one.id, [identity]) == {identity: content_hash(given_)}
    [stored] = store.posts(bodies=True).posts
    assert (stored.tagged.evidence, stored.tagged.summary, stored.tagged.post.authors) == (
        answer.evidence,
        values,
        tuple(values),
    )
    if not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in identity + title + body):
        assert stored.tagged == replace(answer, post=replace(given_, source=one.name))
        assert stored.canonical == title


def test_the_longest_post_can_be_found_by_its_beginning(store: Store) -> None:
    words = [f"{chr(0x4E00 + number % 20_000)}{chr(0x4E00 + number // 20_000)}{number}" for number in range(300_000)]
    long = post("x" * 9_000, " ".join(words), link="https://a.example/" + "y" * 7_000)
    record(store, source(store), [PolledPost(tagged(long), canonical=long.link)])

    assert len(store.posts(q=words[0]).posts) == len(store.posts(q=words[10_000]).posts) == 1
    assert len(store.posts(q="z" * 5_000).posts) == 0
    assert store.post("x" * 9_000)


def test_the_same_story_is_listed_once_with_all_its_sources(store: Store) -> None:
    one, two, three = (source(store, name) for name in ("one", "two", "three"))
    link = "https://story.example/"
    record(store, one, [PolledPost(tagged(post("1", "first", hours=5), "a"), canonical=link)])
    for other in (two, three):
        record(store, other, [PolledPost(tagged(post("9", f"of {other.id}"), "a"), canonical=link)])

    [listed] = store.posts(topic="a").posts
    assert (listed.tagged.post.id, listed.source, listed.sources) == ("1", one.id, (one.id, two.id, three.id))
    assert ids(store.posts(source=two.id).posts) == ["9"]
    heir = store.posts(source=two.id).posts[0]
    store.correct(heir.number, ["b"], "ann")

    store.remove_source(one.id)

    [listed] = store.posts(q="of").posts
    assert (listed.key, listed.tagged.post.id, listed.sources, listed.original) == (heir.key, "9", (two.id, three.id), None)
    assert (listed.placed, listed.topics) == (NOW - 5 * HOUR, ["b"])
    assert (ids(store.posts(topic="b").posts), store.posts(topic="a").posts, store.posts(q="first").posts) == (["9"], [], [])
    assert store.withdraw(listed.number)
    assert ids(store.posts(topic="a").posts) == ["9"]
    record(store, three, [PolledPost(tagged(post("10")), canonical="https://else.example/")])
    record(store, source(store, "four"), [PolledPost(tagged(post("11")), canonical=link)])
    assert ids(store.posts().posts) == ["10", "9"]


def test_posts_of_another_version_are_tagged_again_newest_first(store: Store) -> None:
    one = source(store)
    record(store, one, [tagged(post(str(number), hours=number), "a") for number in range(450)])
    seen = []
    for number, old in enumerate(store.outdated("v2")):
        seen.append(old)
        if number % 2:  # while it goes, some are tagged, some change, and some arrive
            assert store.retag([(old, tagged(old.tagged.post, "b", model="v2"))]) == 1
        if number == 100:
            record(store, one, [tagged(post("449", "changed"), "c", model="v2"), tagged(post("new", hours=-1), "c", model="v2")])

    assert ids(seen) == [str(number) for number in range(449)]
    assert seen[0].tagged.post.html == "<p>0</p>"
    assert len(store.posts(topic="b", limit=1000).posts) == 224
    rest = list(store.outdated("v2"))
    assert len(rest) == 225
    assert store.retag([(old, tagged(old.tagged.post, "b", model="v2")) for old in [*rest, seen[1]]]) == 225
    assert list(store.outdated("v2")) == []
    stale = seen[0]
    record(store, one, [tagged(post("0", "changed"), "c", model="v3")])
    assert store.retag([(stale, tagged(stale.tagged.post, "a", model="v2"))]) == 0
    assert ids(store.posts(topic="c").posts)[:2] == ["new", "0"]


def test_old_posts_go_only_when_told_and_do_not_come_back(store: Store) -> None:
    one = source(store)
    record(store, one, [tagged(post(str(number), "pods"), "a") for number in range(450)], at=NOW - 9 * HOUR)
    record(store, one, [tagged(post("young", "pods", hours=500), "a")])
    corrected = store.post("7")
    assert corrected
    store.correct(corrected.number, ["b"], "ann")

    assert store.delete_posts_before(NOW - 9 * HOUR) == 0
    assert store.delete_posts_before(NOW) == 449

    assert sorted(ids(store.posts(q="pods").posts)) == ["7", "young"]
    assert len(store.known(one.id, ["1", "2", "7", "young", "other"])) == 4
    assert record(store, one, [tagged(post("1", "pods")), tagged(post("2", "changed"))]) == Recorded(0, 0)
    assert store.delete_posts_before(NOW) == 0
    store.withdraw(corrected.number)
    assert store.delete_posts_before(NOW) == 1


def test_when_an_old_story_goes_what_is_younger_of_it_stays(store: Store) -> None:
    one, two = source(store, "one"), source(store, "two")
    record(store, one, [PolledPost(tagged(post("1")), canonical="https://story.example/")], at=NOW - 9 * HOUR)
    record(store, two, [PolledPost(tagged(post("2")), canonical="https://story.example/")])

    assert store.delete_posts_before(NOW) == 1

    [left] = store.posts().posts
    assert (left.tagged.post.id, left.sources, left.original) == ("2", (two.id,), None)
    assert store.known(one.id, ["1"])
