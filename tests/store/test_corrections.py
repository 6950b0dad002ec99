"""What readers say of posts."""

import pytest

from model.errors import ExampleError, NotStoredError
from model.posts import Post
from service.store import Recorded, Store
from tests.store.made import HOUR, NOW, ids, post, record, source, tagged


def test_a_correction_holds_until_it_is_withdrawn(store: Store) -> None:
    record(store, source(store), [tagged(post("1"), "a", "b")])
    number = store.posts().posts[0].number

    said = store.correct(number, ["new-topic", "b", "b"], "ann", now=NOW)

    assert (said.topics, said.who, said.at, said.until, said.post_number) == (("b", "new-topic"), "ann", NOW, None, number)
    [stored] = store.posts(topic="new-topic", min_score=1).posts
    assert (stored.topics, stored.tagged.topics, stored.correction) == (["b", "new-topic"], ["a", "b"], said)
    assert (ids(store.posts(topic="a").posts), ids(store.posts(topic="b", min_score=1).posts)) == ([], ["1"])

    assert store.withdraw(number, now=NOW + HOUR)

    [stored] = store.posts(topic="a").posts
    assert (stored.topics, stored.correction) == (["a", "b"], None)
    assert store.posts(topic="new-topic").posts == []
    assert not store.withdraw(number)
    assert list(store.examples()) == []
    assert [held.until for held in store.corrections(history=True)] == [NOW + HOUR]


def test_the_later_word_holds_and_the_earlier_is_kept(store: Store) -> None:
    record(store, source(store), [tagged(post("1"), "a")])
    number = store.posts().posts[0].number

    store.correct(number, ["b"], "ann", now=NOW)
    store.correct(number, [], "bob", now=NOW + HOUR)

    assert [(held.who, held.topics) for held in store.corrections()] == [("bob", ())]
    assert [(held.who, held.topics, held.until) for held in store.corrections(history=True)] == [
        ("ann", ("b",), NOW + HOUR),
        ("bob", (), None),
    ]
    assert ids(store.posts(topic="none").posts) == ["1"]


def test_a_correction_outlasts_changes_and_new_versions(store: Store) -> None:
    one = source(store)
    record(store, one, [tagged(post("1", "as ann saw it"), "a")])
    [old] = store.posts(bodies=True).posts
    store.correct(old.number, ["b"], "ann")

    assert record(store, one, [tagged(post("1", "changed"), "c")]) == Recorded(0, 1)
    assert ids(store.posts(topic="b").posts) == ["1"]
    [changed] = list(store.outdated("v2"))
    assert store.retag([(changed, tagged(changed.tagged.post, "a", model="v2"))]) == 1

    stored = store.post(old.number)
    assert stored
    assert (stored.topics, stored.tagged.topics, stored.tagged.model) == (["b"], ["a"], "v2")
    assert (store.posts(topic="a").posts, store.posts(topic="c").posts) == ([], [])
    expected = Post(id="1", title="Post 1", html="<p>as ann saw it</p>", published=NOW, source=one.name)
    assert [example[:3] for example in store.examples()] == [(expected, ("b",), "ann")]


def test_what_cannot_be_corrected_changes_nothing(store: Store) -> None:
    record(store, source(store), [tagged(post("1"), "a")])
    number = store.posts().posts[0].number

    with pytest.raises(ExampleError, match="'No Name' is no name of a topic") as caught:
        store.correct(number, ["a", "No Name"], "ann")
    assert caught.value.pointer == "/topics/1"
    for order in (lambda: store.correct(99, ["a"], "ann"), lambda: store.withdraw(99)):
        with pytest.raises(NotStoredError, match="post 99: there is no such post"):
            order()

    assert list(store.corrections(history=True)) == []


def test_many_corrections_come_in_the_order_they_were_made(store: Store) -> None:
    record(store, source(store), [tagged(post(str(number)), "a") for number in range(1_001)])
    numbers = {held.tagged.post.id: held.number for page in pages(store) for held in page}
    for number in range(1_001):
        store.correct(numbers[str(number)], ["b"], "ann")

    assert [example.post.id for example in store.examples()] == [str(number) for number in range(1_001)]


def pages(store: Store) -> list[list]:  # type: ignore[type-arg]
    first = store.posts(limit=1000)
    return [first.posts, store.posts(cursor=first.next).posts]
