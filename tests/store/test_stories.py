"""Two sources that tell the same story in the same words."""

import random
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from model.posts import Post, TaggedPost
from service.store import PolledPost, Source, Store
from tests.store.conftest import Target
from tests.store.made import HOUR, NOW, ids, post, record, source, tagged
from tests.store.test_database import url

NAMES = ("one", "two", "three")


def prose(seed: int, size: int = 200) -> str:
    """The same for the same seed, and nothing like that of another."""
    chance = random.Random(seed)
    return " ".join(chance.choice(["the", "of", "packet", "pod", f"word{chance.randrange(3000)}"]) for _ in range(size))


def told(identity: str, seed: int, *topics: str, size: int = 200, **fields: Any) -> TaggedPost:
    return tagged(post(identity, prose(seed, size), **({"title": "A story"} | fields)), *topics)


def listed(store: Store) -> list[list[int]]:
    """Of each story its sources."""
    return [list(held.sources) for held in store.posts().posts]


def three(store: Store) -> list[Source]:
    return [source(store, name) for name in NAMES]


def test_the_same_text_from_several_sources_is_listed_once(store: Store) -> None:
    one, two, last = three(store)
    record(store, one, [told("1", 1), told("2", 2)])
    record(store, two, [told("a", 1, title="Called otherwise", size=60), told("b", 3)])
    record(store, last, [told("x", 1)])

    assert sorted(listed(store)) == [[one.id], [one.id, two.id, last.id], [two.id]]


@pytest.mark.parametrize(
    "other",
    [
        told("b", 2),
        told("b", 1, hours=-24 * 8),
        told("b", 1, hours=24 * 8),
        told("b", 1, title="Lantern 1.34"),
        told("b", 1, size=10),
    ],
    ids=["another text", "later", "earlier", "another version", "too short"],
)
def test_what_is_another_story(store: Store, other: TaggedPost) -> None:
    one, two, _ = three(store)
    at = NOW + 30 * 24 * HOUR
    record(store, one, [told("1", 1, title="Lantern 1.33")], at=at)
    record(store, two, [other], at=at)

    assert len(listed(store)) == 2


def test_posts_of_one_source_are_posts_of_their_own(store: Store) -> None:
    one, _, _ = three(store)
    record(store, one, [told("1", 1), told("2", 1)])
    record(store, one, [told("3", 1)])

    assert listed(store) == [[one.id]] * 3


def test_the_one_that_is_most_alike_counts(store: Store) -> None:
    one, two, _ = three(store)
    half = prose(1).split()[:100] + prose(2).split()[:80]
    record(store, one, [tagged(post("half", " ".join(half))), told("whole", 1)])
    record(store, two, [told("b", 1)])

    assert {held.tagged.post.id: held.sources for held in store.posts().posts} == {"half": (1,), "whole": (1, 2)}


def test_a_link_counts_for_more_than_the_text(store: Store) -> None:
    one, two, _ = three(store)
    record(store, one, [told("text", 1), PolledPost(told("link", 2), canonical="a.example/1")])
    record(store, two, [PolledPost(told("b", 1), canonical="a.example/1")])

    assert {held.tagged.post.id: held.sources for held in store.posts().posts} == {"text": (1,), "link": (1, 2)}


def test_another_version_of_the_model_changes_nothing(store: Store) -> None:
    one, two, _ = three(store)
    record(store, one, [told("1", 1)])
    record(store, two, [tagged(post("2", prose(1), title="A story"), "b", model="v2")])

    assert listed(store) == [[one.id, two.id]]


def test_a_changed_post_is_found_by_what_it_says_now(store: Store) -> None:
    one, two, last = three(store)
    record(store, one, [told("1", 1)])
    record(store, one, [told("1", 2)])
    record(store, two, [told("a", 1)])
    record(store, last, [told("x", 2)])

    assert sorted(listed(store)) == [[one.id, last.id], [two.id]]


@pytest.mark.parametrize("how", ["removed", "retired"])
def test_when_the_first_goes_the_story_is_found_by_the_next(store: Store, how: str) -> None:
    one, two, last = three(store)
    record(store, one, [told("1", 1, "a", hours=3)], at=NOW - HOUR)
    record(store, two, [told("2", 1, "a")])
    if how == "removed":
        store.remove_source(one.id)
    else:
        assert store.delete_posts_before(NOW) == 1
    assert [(held.tagged.post.id, held.sources, held.placed) for held in store.posts().posts] == [("2", (2,), NOW - 3 * HOUR)]

    record(store, last, [told("x", 1)])

    assert listed(store) == [[two.id, last.id]]
    store.remove_source(two.id)
    store.remove_source(last.id)
    record(store, source(store, "new"), [told("1", 1)])
    assert ids(store.posts().posts) == ["1"]


def test_sources_that_are_polled_at_once_tell_one_story(store: Store) -> None:
    sources = [source(store, f"n{number}") for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda one: record(store, one, [told("1", 1), told("2", 2)]), sources))

    assert [sorted(story) for story in listed(store)] == [[one.id for one in sources]] * 2


def test_any_text_can_be_compared(store: Store) -> None:
    one, two, _ = three(store)
    odd = " ".join(f"{chr(0x4E00 + number)}\0\ud800é̈ß" for number in range(80))
    for each in (one, two):
        record(store, each, [tagged(Post(id="1", title="\ud800", text=odd))])

    assert listed(store) == [[one.id, two.id]]


def test_posts_of_before_are_found_after_the_upgrade(store: Store, target: Target) -> None:
    one, two, _ = three(store)
    record(store, one, [told(f"p{number}", number, size=number) for number in range(510)])
    step = import_module("service.store.migrations.versions.0004_shingles")
    engine = create_engine(url(target))
    with engine.begin() as connection:
        kept = text("SELECT post_id, shingle, placed FROM shingles ORDER BY post_id, shingle")
        before = connection.execute(kept).all()
        connection.execute(text("DELETE FROM shingles"))
        step._fill(connection)
        assert connection.execute(kept).all() == before
    engine.dispose()
    record(store, two, [told("b", 400, size=300)])

    assert len(store.posts(limit=1000).posts) == 510
