"""Jobs: one of a kind, begun by one at a time, and nothing said by who has lost its lease."""

from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest

from model.errors import LeaseError, NotStoredError
from service.store import Job, Store
from service.store.jobs import MAX_TRIES
from tests.store.conftest import Target
from tests.store.made import NOW

LEASE = timedelta(seconds=20)
KINDS = ("retrain", "retag")


def claimed(store: Store, seconds: float = 0) -> Job | None:
    return store.claim_job(KINDS, NOW + timedelta(seconds=seconds), LEASE)


def test_a_job_from_beginning_to_end(store: Store) -> None:
    asked, is_new = store.add_job("retrain", {"force": "why"}, "ann", now=NOW)

    assert is_new
    assert (asked.state, asked.options, asked.asked_by, asked.asked) == ("waiting", {"force": "why"}, "ann", NOW)
    job = claimed(store, 1)
    assert job
    assert (job.id, job.state, job.tries, job.began) == (asked.id, "running", 1, NOW + timedelta(seconds=1))
    store.progress_job(job, 2, 11, "judging it", line="judging it, part 1", now=NOW)
    store.progress_job(job, 3, 11, "judging it", now=NOW)
    going = store.job(job.id)
    assert (going.done, going.steps, going.what, [line.text for line in going.log]) == (
        3,
        11,
        "judging it",
        ["begun", "judging it, part 1"],
    )
    store.finish_job(job, "done", result={"decision": "refused"}, now=NOW + timedelta(seconds=9))

    ended = store.job(job.id)
    assert (ended.state, ended.result, ended.done, ended.what, ended.lease) == ("done", {"decision": "refused"}, 11, "", None)
    assert ended.ended == NOW + timedelta(seconds=9)
    assert store.jobs(active=True) == []
    assert store.jobs() == [ended]
    with pytest.raises(NotStoredError):
        store.job(ended.id + 1)
    with pytest.raises(NotStoredError):
        store.job(1 << 70)


def test_of_a_kind_there_is_one_at_a_time_and_of_both_one_runs(store: Store) -> None:
    retag, _ = store.add_job("retag", {"version": "v2"}, "topicwire")
    assert store.add_job("retag", {"version": "v3"}, "topicwire") == (retag, False)
    retrain, is_new = store.add_job("retrain", {}, "REST")

    assert is_new
    first = claimed(store)
    assert first
    assert first.id == retrain.id, "what is tagged again by the old version would have to be tagged once more"
    assert store.add_job("retrain", {}, "REST")[0].state == "running"
    assert claimed(store) is None
    store.finish_job(first, "failed", error="no examples")
    second = claimed(store)
    assert second
    assert second.id == retag.id
    assert store.claim_job(["retrain"], NOW + 2 * LEASE, LEASE) is None
    assert store.add_job("retrain", {}, "REST")[1]


def test_two_who_ask_at_the_same_time_get_one_job(store: Store) -> None:
    answers: list[tuple[Job, bool]] = []
    threads = [Thread(target=lambda: answers.append(store.add_job("retrain", {}, "REST"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(is_new for _, is_new in answers) == [False] * 7 + [True]
    assert len({job.id for job, _ in answers}) == 1


def test_two_who_claim_at_the_same_time_do_not_get_the_same(store: Store) -> None:
    store.add_job("retrain", {}, "REST")
    store.add_job("retag", {}, "REST")
    got: list[Job | None] = []
    threads = [Thread(target=lambda: got.append(claimed(store))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [job.kind for job in got if job] == ["retrain"]


def test_a_lease_that_ran_out_is_anothers(store: Store) -> None:
    store.add_job("retag", {}, "topicwire")
    first = claimed(store)
    assert first
    store.renew_job(first, NOW + timedelta(seconds=15), LEASE)
    store.progress_job(first, 64, 200, "v2", got_on=True)
    assert claimed(store, 21) is None
    second = claimed(store, 36)
    assert second
    assert (second.id, second.done, second.tries) == (first.id, 64, 2)

    with pytest.raises(LeaseError):
        store.progress_job(first, 128, 200, "v2")
    with pytest.raises(LeaseError):
        store.renew_job(first, NOW, LEASE)
    with pytest.raises(LeaseError):
        store.finish_job(first, "done")
    store.release_job(first, "too late", again=NOW)
    assert store.job(first.id).lease == second.lease


def test_who_has_not_begun_a_job_can_say_nothing_of_it(store: Store) -> None:
    asked, _ = store.add_job("retag", {}, "topicwire")

    with pytest.raises(LeaseError):
        store.finish_job(asked, "done")
    store.release_job(asked, "never held", again=NOW)
    assert store.job(asked.id) == asked


def test_what_ends_its_process_each_time_is_not_begun_for_ever(store: Store) -> None:
    asked, _ = store.add_job("retrain", {}, "REST")
    for number in range(MAX_TRIES):
        job = claimed(store, 100 * number)
        assert job
        if number < 2:  # that the server was stopped is no fault of the job's
            store.release_job(job, "left", again=NOW, blameless=True)
            job = claimed(store, 100 * number)
            assert job
        assert job.tries == number + 1

    assert claimed(store, 1000) is None
    ended = store.job(asked.id)
    assert (ended.state, ended.lease) == ("failed", None)
    assert ended.error == "it was begun 5 times, and its process was ended each time: for want of memory, perhaps"


def test_a_job_that_got_on_is_begun_again_as_often_as_it_takes(store: Store) -> None:
    store.add_job("retag", {}, "topicwire")
    for number in range(2 * MAX_TRIES):
        job = claimed(store, 100 * number)
        assert job
        store.progress_job(job, number, 100, "v2", got_on=True)


def test_what_is_given_back_waits_until_it_may_be_begun(store: Store) -> None:
    asked, _ = store.add_job("retrain", {}, "REST")
    job = claimed(store)
    assert job
    store.release_job(job, "its process ended", again=NOW + timedelta(seconds=10))

    assert (store.job(asked.id).state, store.job(asked.id).log[-1].text) == ("waiting", "its process ended")
    assert claimed(store, 9) is None
    assert claimed(store, 10)


def test_stopping(store: Store) -> None:
    waiting, _ = store.add_job("retrain", {}, "REST")
    assert store.stop_job(waiting.id, NOW).state == "stopped"
    assert claimed(store) is None

    running, _ = store.add_job("retrain", {}, "REST")
    job = claimed(store)
    assert job
    told = store.stop_job(running.id, NOW)
    assert (told.state, told.stopping) == ("running", True)
    store.finish_job(job, "stopped")
    assert (store.job(running.id).state, store.job(running.id).stopping) == ("stopped", False)
    assert store.stop_job(running.id, NOW) == store.job(running.id)

    orphan, _ = store.add_job("retag", {}, "topicwire")
    assert claimed(store)
    assert store.stop_job(orphan.id, NOW + 2 * LEASE).state == "stopped"

    told_and_killed, _ = store.add_job("retag", {}, "topicwire")
    assert claimed(store)
    store.stop_job(told_and_killed.id, NOW)
    assert claimed(store, 100) is None
    assert store.job(told_and_killed.id).state == "stopped"


def test_a_log_and_a_history_have_an_end(store: Store) -> None:
    for number in range(60):
        store.add_job("retag", {"number": number}, "topicwire")
        job = claimed(store, number)
        assert job
        store.finish_job(job, "done")
    retrain, _ = store.add_job("retrain", {}, "REST")
    job = claimed(store)
    assert job
    for number in range(210):
        store.progress_job(job, number, 210, "", line=str(number))

    assert len(store.jobs(kind="retag")) <= 51
    assert store.jobs(kind="retag")[0].options == {"number": 59}
    log = store.job(retrain.id).log
    assert (len(log), log[-1].text) == (200, "209")
    counted = store.figures(NOW).jobs
    assert counted[("retrain", "running")] == 1
    assert 50 <= counted[("retag", "done")] <= 51


def test_a_job_outlives_the_store_that_it_was_asked_in(target: Target) -> None:
    with Store(target) as store:
        asked, _ = store.add_job("retrain", {"map": {"containers": "plätze"}}, "REST\0")
    with Store(Path(target) if isinstance(target, Path) else target) as store:
        assert store.job(asked.id).options == {"map": {"containers": "plätze"}}
