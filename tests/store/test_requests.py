"""A request that is sent twice with the same Idempotency-Key is done once: by whichever server, whatever was killed."""

import multiprocessing
import os
import signal
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from model.errors import LeaseError, NotStoredError
from model.tagger import Tagger
from service import repeats
from service.store import Answer, Store
from service.store.requests import KEPT
from tests.store.conftest import Target, serving, settings_of
from tests.store.made import NOW, post, record, source, tagged

LEASE = timedelta(seconds=30)
DNS = {"title": "DNS", "text": "A resolver.", "topics": ["networking"]}
PODS = {"title": "Pods", "text": "A pod.", "topics": ["containers"]}
ANSWER = Answer(200, {"Content-Type": "text/plain"}, "done")


def bring(client: FlaskClient, key: str | None, *rows: dict[str, Any]) -> TestResponse:
    headers = {} if key is None else {"Idempotency-Key": key}
    return client.post("/v1/examples", json={"examples": list(rows)}, headers=headers)


def counts(answer: TestResponse) -> list[int]:
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    return [body["new"], body["changed"], body["same"]]


def test_the_same_request_is_answered_as_the_first_time(store: Store, client: FlaskClient) -> None:
    first = bring(client, '"8e03978e-40d5-43e8-bc93-6894a57f9324"', DNS, PODS)
    again = bring(client, "8e03978e-40d5-43e8-bc93-6894a57f9324", DNS, PODS)

    assert counts(first) == [2, 0, 0]
    assert (again.status_code, again.data, again.content_type) == (200, first.data, first.content_type)
    assert counts(bring(client, "another", DNS, PODS)) == [0, 0, 2]
    assert counts(bring(client, None, DNS, PODS)) == [0, 0, 2]
    for other in (
        bring(client, "another", DNS),
        client.post("/v1/retrain", json={}, headers={"Idempotency-Key": "another"}),
        client.post("/v1/examples?who=ann", json={"examples": [DNS, PODS]}, headers={"Idempotency-Key": "another"}),
    ):
        assert other.status_code == 422
        assert "another request's" in other.get_json(force=True)["detail"]
    assert len(store.examples()) == 2


def test_every_request_that_writes_takes_a_key(store: Store, client: FlaskClient) -> None:
    record(store, source(store), [tagged(post("1", "networking"), "networking")])
    key = {"Idempotency-Key": "one"}

    corrected = [client.put("/v1/posts/1/topics", json={"topics": []}, headers=key) for _ in range(2)]
    assert corrected[0].status_code == 200
    assert corrected[0].data == corrected[1].data
    assert len(list(store.corrections(history=True))) == 1

    wanted = {"url": "https://a.example/feed.xml"}
    added = [client.post("/v1/sources", json=wanted, headers={"Idempotency-Key": "two"}) for _ in range(2)]
    assert [answer.status_code for answer in added] == [201, 201], "as the first time, though it is there by now"

    asked = [client.post("/v1/retrain", json={}, headers={"Idempotency-Key": "three"}) for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 202]
    assert asked[0].headers["Location"] == asked[1].headers["Location"]
    assert client.post("/v1/retrain", json={}).status_code == 409
    assert len(store.jobs()) == 1


def test_what_was_refused_is_asked_anew(store: Store, client: FlaskClient) -> None:
    key = {"Idempotency-Key": "one"}
    assert client.put("/v1/posts/1/topics", json={"topics": []}, headers=key).status_code == 404
    record(store, source(store), [tagged(post("1", "networking"), "networking")])
    assert client.put("/v1/posts/1/topics", json={"topics": []}, headers=key).status_code == 200

    job, _ = store.add_job("retrain", {}, "ann", now=NOW)
    assert client.post("/v1/retrain", json={}, headers={"Idempotency-Key": "two"}).status_code == 409
    store.stop_job(job.id, NOW)
    assert client.post("/v1/retrain", json={}, headers={"Idempotency-Key": "two"}).status_code == 202

    assert bring(client, "three", DNS | {"topics": ["No"]}).status_code == 422
    assert counts(bring(client, "three", DNS)) == [1, 0, 0]


@pytest.mark.parametrize("key", ["", '"', '""', '"a', 'a"', "a b", "a, b", '"a", "b"', "é", "a" * 256, "a" * 10_240, '"a\\"b"'])
def test_keys_that_are_none(store: Store, client: FlaskClient, key: str) -> None:
    answer = bring(client, key, DNS)

    assert answer.status_code == 400
    assert "Idempotency-Key is 1 to 255" in answer.get_json(force=True)["detail"]
    assert store.examples() == []


@given(st.from_regex(repeats.PATTERN.removesuffix("$") + r"\Z"))
def test_a_key_is_the_same_with_quotes_and_without(key: str) -> None:
    assert len(key.strip('"')) <= 255
    assert '"' not in key.strip('"')


def test_one_that_is_worked_on(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[TestResponse] = []
    original = Store.together

    def together(self: Store) -> Any:
        if not heard:
            heard.append(bring(client, "one", DNS))
        return original(self)

    monkeypatch.setattr(Store, "together", together)

    assert counts(bring(client, "one", DNS)) == [1, 0, 0]
    assert heard[0].status_code == 409
    assert heard[0].headers["Retry-After"] == "1"
    assert "worked on" in heard[0].get_json(force=True)["detail"]


def test_a_claim_from_beginning_to_end(store: Store) -> None:
    first = store.claim_request("k", "d", NOW, LEASE)
    assert first.lease
    assert store.claim_request("k", "d", NOW, LEASE).lease is None
    assert store.claim_request("k", "other", NOW + LEASE, LEASE).digest == "d"

    late = store.claim_request("k", "d", NOW + LEASE, LEASE)  # of one that was killed
    assert late.lease
    with pytest.raises(LeaseError):
        store.answer_request(first, ANSWER)
    store.release_request(first)
    store.answer_request(late, ANSWER)
    with pytest.raises(LeaseError):
        store.answer_request(late, ANSWER)

    assert store.claim_request("k", "d", NOW + KEPT - LEASE, LEASE).answer == ANSWER
    assert store.claim_request("k", "other", NOW + KEPT, LEASE).lease, "after a day it is forgotten"
    freed = store.claim_request("l", "d", NOW, LEASE)
    store.release_request(freed)
    assert store.claim_request("l", "d", NOW, LEASE).lease


def test_operations_together_are_done_all_or_none(store: Store) -> None:
    def half() -> None:
        with store.together():
            source(store, "one")
            assert len(store.sources()) == 1, "what has been done is seen"
            store.correct(7, [], "ann")

    with pytest.raises(NotStoredError):
        half()
    assert store.sources() == []

    with store.together():
        source(store, "one")
        source(store, "two")
    assert len(store.sources()) == 2


def _ask(target: Target, tagger: Tagger, barrier: Any, heard: Any) -> None:
    """A worker of a server."""
    with serving(settings_of(target), tagger) as client:
        for key in range(20):
            barrier.wait(60)
            while (answer := bring(client, f"key-{key}", DNS | {"title": str(key)})).status_code == 409:
                pass
            heard.put((key, counts(answer)))


def test_two_workers_that_race_do_it_once(store: Store, target: Target, tagger: Tagger) -> None:
    context = multiprocessing.get_context("fork")
    heard, barrier = context.SimpleQueue(), context.Barrier(2)
    workers = [context.Process(target=_ask, args=(target, tagger, barrier, heard)) for _ in range(2)]
    for worker in workers:
        worker.start()
    answers = [heard.get() for _ in range(40)]
    for worker in workers:
        worker.join(60)

    assert sorted(answers) == sorted([(key, [1, 0, 0]) for key in range(20)] * 2), "both hear that it is new"
    assert len(store.examples()) == 20


def _killed(target: Target, tagger: Tagger, *, before: bool) -> None:
    """A worker that is killed with the answer written, before it is on disk, or once it is."""
    answer = Store.answer_request

    def answer_and_die(self: Store, *arguments: Any) -> None:
        answer(self, *arguments)
        os.kill(os.getpid(), signal.SIGKILL)

    if before:
        Store.answer_request = answer_and_die  # type: ignore[method-assign]
    with serving(settings_of(target), tagger) as client:
        bring(client, "one", DNS)
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("before", [True, False])
def test_a_kill_in_between(
    store: Store, target: Target, tagger: Tagger, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, before: bool
) -> None:
    worker = multiprocessing.get_context("fork").Process(target=_killed, args=(target, tagger), kwargs={"before": before})
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL

    assert len(store.examples()) == (0 if before else 1)
    if before:
        assert bring(client, "one", DNS).status_code == 409, "until the lease of the one that was killed has ended"
        now = store.now() + LEASE
        monkeypatch.setattr(Store, "now", lambda self: now)
    assert counts(bring(client, "one", DNS)) == [1, 0, 0]
    assert len(store.examples()) == 1
