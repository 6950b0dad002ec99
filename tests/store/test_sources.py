"""Subscribing, and sharing sources among pollers."""

import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from model.errors import InputError, LeaseError, NotStoredError
from service.store import NewSource, Removed, Store, Validators
from tests.store.conftest import Target
from tests.store.made import HOUR, NOW, ids, post, record, source, tagged

MINUTE = timedelta(minutes=1)


def test_a_source_is_added_once(store: Store) -> None:
    wanted = NewSource("https://a.example/feed", "A", title_override="Mine", folder="x/y", site="https://a.example/")

    first, new = store.add_source(wanted, now=NOW)
    again, new_again = store.add_source(NewSource("https://a.example/feed", "B"), now=NOW)

    assert (new, new_again) == (True, False)
    assert again == first == store.source(first.id) == store.source_at("https://a.example/feed")
    assert (first.name, first.folder, first.site, first.state, first.next_poll) == (
        "Mine",
        "x/y",
        "https://a.example/",
        "active",
        NOW,
    )
    assert replace(first, title_override=None).name == "A"
    assert replace(first, title_override=None, title="").name == "a.example", "its URL may hold a key"


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "/feed.xml", "https://a.example/" + "x" * 2_000])
def test_what_is_no_url_adds_nothing(store: Store, url: str) -> None:
    with pytest.raises(InputError, match="it is no http\\(s\\) URL of at most 2,000 bytes"):
        store.add_sources([NewSource("https://a.example/"), NewSource(url)], now=NOW)

    assert store.sources() == []


def test_the_longest_url_and_the_strangest_text_fit(store: Store) -> None:
    url = "https://a.example/" + "".join(chr(0x4E00 + number * 7) for number in range(660))
    added, _ = store.add_source(NewSource(url, "nul \0 and \ud800"), now=NOW)

    assert store.source_at(url) == added
    assert added.title == "nul \ufffd and \ufffd"


def test_sources_are_listed_in_order_and_by_folder_and_state(store: Store) -> None:
    added = [
        store.add_source(NewSource(f"https://{name}.example/", folder=folder), now=NOW)[0]
        for name, folder in [("b", "x"), ("a", ""), ("c", "x")]
    ]
    gone = store.update_source(added[2].id, state="gone")

    assert store.sources() == [added[0], added[1], gone]
    assert store.sources(folder="x") == [added[0], gone]
    assert store.sources(state="active") == added[:2]


def test_a_user_changes_a_source(store: Store) -> None:
    one, two = source(store, "one"), source(store, "two")

    changed = store.update_source(one.id, url="https://new.example/", title_override="New", folder="f", next_poll=NOW + HOUR)

    assert changed == replace(one, url="https://new.example/", title_override="New", folder="f", next_poll=NOW + HOUR)
    assert store.update_source(one.id) == changed
    with pytest.raises(InputError, match=r"https://new.example/: it is subscribed already"):
        store.update_source(two.id, url="https://new.example/")
    with pytest.raises(NotStoredError, match="source 99: there is no such source"):
        store.update_source(99, folder="x")


def test_one_that_was_gone_wakes_up_when_it_is_added_again(store: Store) -> None:
    one = source(store)
    record(store, one, [], outcome="gone", status=410)
    assert store.source(one.id).state == "gone"

    again, new = store.add_source(NewSource(one.url), now=NOW + HOUR)

    assert not new
    assert (again.id, again.state, again.next_poll) == (one.id, "active", NOW + HOUR)


def test_claims_are_for_what_is_due_the_most_overdue_first(store: Store) -> None:
    late, later, future, gone = (source(store, name) for name in ("late", "later", "future", "gone"))
    for number, (one, due) in enumerate([(late, NOW - HOUR), (later, NOW - 2 * HOUR), (future, NOW + HOUR), (gone, NOW)]):
        store.update_source(one.id, next_poll=due, state="gone" if number == 3 else "active")

    first = store.claim_due_sources(NOW, 1, MINUTE)
    second = store.claim_due_sources(NOW, 10, MINUTE)

    assert [one.id for one in first] == [later.id]
    assert [one.id for one in second] == [late.id]
    assert store.claim_due_sources(NOW, 10, MINUTE) == []
    store.release_sources(second)
    assert [one.id for one in store.claim_due_sources(NOW, 10, MINUTE)] == [late.id]
    assert [one.id for one in store.claim_due_sources(NOW + MINUTE, 10, MINUTE)] == [later.id, late.id]


def test_a_poll_after_the_lease_ran_out_stores_nothing(store: Store) -> None:
    source(store)
    [slow] = store.claim_due_sources(NOW, 1, MINUTE)
    [quick] = store.claim_due_sources(NOW + MINUTE, 1, MINUTE)

    with pytest.raises(LeaseError, match="another poller has taken it over; give polls a longer lease"):
        record(store, slow, [tagged(post("1"))])
    assert store.posts().posts == []
    assert store.source(slow.id) == quick

    record(store, quick, [tagged(post("1"))])
    assert store.source(slow.id).lease is None
    with pytest.raises(LeaseError):
        record(store, quick, [tagged(post("1"))])


def test_many_pollers_do_each_source_once(target: Target) -> None:
    with Store(target) as store:
        store.add_sources([NewSource(f"https://{number}.example/") for number in range(60)], now=NOW)
    done: list[int] = []

    def poll() -> None:
        with Store(target) as store:
            while claimed := store.claim_due_sources(NOW, 4, MINUTE):
                for one in claimed:
                    record(store, one, [tagged(post("1"))])
                    done.append(one.id)

    threads = [threading.Thread(target=poll) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(done) == list(range(1, 61))
    with Store(target) as store:
        assert all(len(store.polls(number)) == 1 for number in done)


def test_a_source_goes_with_its_posts_and_leaves_the_corrected_as_examples(store: Store) -> None:
    one, two = source(store, "one"), source(store, "two")
    record(store, one, [tagged(post("1", "pods"), "a"), tagged(post("2", "pods"), "a")])
    record(store, two, [tagged(post("1", "pods"), "a")])
    corrected = store.post("2")
    assert corrected
    store.correct(corrected.number, ["b"], "ann", now=NOW)

    assert store.remove_source(one.id) == Removed(posts=2, examples=1)

    assert store.sources() == [store.source(two.id)]
    assert [stored.source for stored in store.posts(q="pods").posts] == [two.id]
    assert store.polls(one.id) == []
    [example] = store.examples()
    assert (example.post.title, example.post.html, example.topics) == ("Post 2", "<p>pods</p>", ("b",))
    [held] = store.corrections()
    assert (held.post_number, held.who, held.at, held.post.source) == (None, "ann", NOW, "one.example")
    with pytest.raises(NotStoredError):
        store.remove_source(one.id)
    back = source(store, "one")
    assert back.id not in (one.id, two.id)
    assert store.known(back.id, ["1", "2"]) == {}


def test_figures(store: Store) -> None:
    assert store.figures(NOW).oldest_unpolled is None
    one, two, gone = (source(store, name) for name in ("one", "two", "gone"))
    record(store, one, [tagged(post("1"))], at=NOW + HOUR)
    record(store, gone, [], at=NOW - HOUR, outcome="gone")
    stored = store.post("1")
    assert stored
    store.correct(stored.number, [], "ann")

    figures = store.figures(NOW + 3 * HOUR)

    assert figures.sources == {"active": 2, "gone": 1}
    assert (figures.due, figures.oldest_unpolled, figures.corrections) == (2, 3 * HOUR, 1)
    record(store, two, [], at=NOW + 2 * HOUR)
    assert store.figures(NOW + 3 * HOUR).oldest_unpolled == 2 * HOUR


def test_what_a_server_says_is_kept_for_the_next_time(store: Store) -> None:
    one = source(store)
    record(store, one, [], validators=Validators('"abc"', "Mon"), title="The feed", site="https://one.example/")
    record(store, one, [], outcome="unchanged", status=304)
    held = store.source(one.id)
    record(store, one, [], outcome="failed", status=None, error="it took too long")
    failed = store.source(one.id)
    record(store, one, [], outcome="failed", status=500, error="its server answered 500")
    record(store, one, [], validators=Validators())

    assert (held.etag, held.last_modified, held.title, held.site) == ('"abc"', "Mon", "The feed", "https://one.example/")
    assert (held.polled, held.next_poll, held.failures, failed.failures) == (NOW, NOW + HOUR, 0, 1)
    assert (store.source(one.id).etag, store.source(one.id).failures) == (None, 0)
    assert [(past.outcome, past.status, past.error) for past in store.polls(one.id, limit=3)] == [
        ("fetched", 200, None),
        ("failed", 500, "its server answered 500"),
        ("failed", None, "it took too long"),
    ]
    assert ids(store.posts().posts) == []


def test_a_source_moves_unless_somebody_lives_there(store: Store) -> None:
    one, two = source(store, "one"), source(store, "two")

    record(store, one, [], moved="https://new.example/feed.xml")
    record(store, two, [], moved="https://new.example/feed.xml")

    assert store.source(one.id).url == "https://new.example/feed.xml"
    assert (store.source(two.id).url, store.source(two.id).state) == (two.url, "gone")
    assert store.polls(two.id)[0].outcome == "gone"


def test_old_polls_are_forgotten(store: Store) -> None:
    one = source(store)
    for hours in (3, 2, 1):
        record(store, one, [], at=NOW - hours * HOUR)

    assert store.delete_polls_before(NOW - 2 * HOUR) == 1
    assert [past.at for past in store.polls(one.id)] == [NOW - HOUR, NOW - 2 * HOUR]
