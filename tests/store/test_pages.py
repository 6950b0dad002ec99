"""Pages neither skip nor repeat, whatever happens between them."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from model.errors import InputError
from service.store import PolledPost, Store
from service.store.listing import cursor, place
from tests.store.made import HOUR, NOW, ids, post, record, source, tagged


def test_a_walk_while_posts_arrive(store: Store) -> None:
    one = source(store)
    record(store, one, [tagged(post(str(number), hours=number)) for number in range(10)])
    first = store.posts(limit=4)
    record(store, one, [tagged(post("newest", hours=-1)), tagged(post("oldest", hours=99))], at=NOW + HOUR)
    second = store.posts(limit=4, cursor=first.next)
    third = store.posts(limit=4, cursor=second.next)

    assert [ids(page.posts) for page in (first, second, third)] == [
        ["0", "1", "2", "3"],
        ["4", "5", "6", "7"],
        ["8", "9", "oldest"],
    ]
    assert third.next is None
    assert ids(store.posts(limit=1).posts) == ["newest"]


def test_no_cursor_where_nothing_follows(store: Store) -> None:
    assert store.posts().next is None
    record(store, source(store), [tagged(post("1")), tagged(post("2"))])
    assert store.posts(limit=2).next is None
    assert store.posts(limit=1).next is not None


@given(st.datetimes(timezones=st.just(NOW.tzinfo)), st.integers(-(2**63) + 1, 2**63 - 1))
def test_a_cursor_is_a_place(moment: datetime, number: int) -> None:
    assert place(cursor((moment, number))) == (moment, number)


@given(st.text() | st.from_regex(r"[A-Za-z0-9_\-]{1,40}\Z"))
def test_what_is_no_cursor_is_refused_or_harmless(text: str) -> None:
    try:
        moment, number = place(text)
    except InputError as error:
        assert str(error) == "cursor: it is no cursor that a page of this order gave; begin without one"
    else:
        assert cursor((moment, number))


@pytest.mark.parametrize(
    "numbers", [b"[1]", b'["1",2]', b"[1,2,3]", b"[1e3,2]", b"[99999999999999999999,1]", b"[1,1e999]", b"{}"]
)
def test_cursors_made_by_hand_are_refused(store: Store, numbers: bytes) -> None:
    import base64

    with pytest.raises(InputError, match="it is no cursor"):
        store.posts(cursor=base64.urlsafe_b64encode(numbers).decode())


class Walks(RuleBasedStateMachine):
    """Sources carry stories, some the same; posts arrive, change and go while readers walk through lists by pages.

    Whoever walks meets every story that was in the list from beginning to end exactly once, and none twice.
    """

    store: Store  # set below
    stories = st.integers(0, 11)
    names = st.sampled_from(["one", "two", "three"])

    @initialize()
    def begin(self) -> None:
        for one in self.store.sources():
            self.store.remove_source(one.id)
        self.now = NOW
        self.version = 0
        # Of each walk its filter, where it is, what it has met, and what has been there all the time.
        self.walks: list[tuple[str | None, str | None, list[int], set[int]]] = []

    def listed(self, topic: str | None) -> list[int]:
        found = self.store.posts(topic=topic, limit=1000).posts
        return [int(stored.tagged.post.id) for stored in found]

    def expected(self, topic: str | None) -> set[int]:
        """By another way: every post of every source."""
        everything = [self.store.posts(source=one.id, limit=1000).posts for one in self.store.sources()]
        return {
            int(stored.tagged.post.id)
            for posts in everything
            for stored in posts
            if topic is None or topic in stored.tagged.topics
        }

    @rule(
        name=names, numbers=st.lists(stories, max_size=5, unique=True), hours=st.lists(st.none() | st.integers(-1, 3), min_size=5)
    )
    def poll(self, name: str, numbers: list[int], hours: list[int | None]) -> None:
        self.now += timedelta(minutes=1)
        links = {number: f"https://story.example/{number}" for number in numbers}
        polled = [
            # A story's topic is that of its number, so that all who have it agree on where it is listed.
            PolledPost(tagged(post(str(number), hours=hour), *("a" if number % 3 else "b")), links[number])
            for number, hour in zip(numbers, hours, strict=False)
        ]
        record(self.store, source(self.store, name), polled, at=self.now)

    @rule(name=names, number=stories)
    def change(self, name: str, number: int) -> None:
        one = source(self.store, name)
        if self.store.known(one.id, [str(number)]):
            self.version += 1
            changed = post(str(number), f"version {self.version}", hours=self.version)
            answer = tagged(changed, *("a" if number % 3 else "b"))
            record(self.store, one, [PolledPost(answer, f"https://story.example/{number}")], at=self.now)

    @rule(name=names)
    def remove(self, name: str) -> None:
        self.store.remove_source(source(self.store, name).id)
        self.forget()

    @rule(minutes=st.integers(0, 8))
    def retire(self, minutes: int) -> None:
        self.store.delete_posts_before(self.now - timedelta(minutes=minutes))
        self.forget()

    def forget(self) -> None:
        self.walks = [(topic, at, met, there & self.expected(topic)) for topic, at, met, there in self.walks]

    @rule(topic=st.sampled_from([None, "a", "b"]))
    def set_out(self, topic: str | None) -> None:
        assert set(self.listed(topic)) == self.expected(topic)
        assert len(self.listed(topic)) == len(set(self.listed(topic)))
        self.walks.append((topic, "", [], self.expected(topic)))

    @precondition(lambda self: self.walks)
    @rule(data=st.data(), limit=st.integers(1, 4))
    def go_on(self, data: st.DataObject, limit: int) -> None:
        index = data.draw(st.integers(0, len(self.walks) - 1))
        topic, at, met, there = self.walks.pop(index)
        page = self.store.posts(topic=topic, limit=limit, cursor=at or None)
        met = met + [int(stored.tagged.post.id) for stored in page.posts]
        if page.next is None:
            assert there <= set(met)
        else:
            self.walks.append((topic, page.next, met, there))
        # One that went and came back in the meantime is another post, and may be met again.
        again = [number for number in met if met.count(number) > 1 and number in there]
        assert not again


def test_whoever_walks_meets_everything_once(store: Store, dialect: str) -> None:
    machine = type("Walks", (Walks,), {"store": store})
    examples = 60 if dialect == "sqlite" else 30
    from hypothesis.stateful import run_state_machine_as_test

    run_state_machine_as_test(  # type: ignore[no-untyped-call, unused-ignore]
        machine, settings=hypothesis_settings(max_examples=examples, stateful_step_count=30, deadline=None)
    )
