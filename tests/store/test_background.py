"""Work in the background as it is asked for over REST, and as it is done: real servers, killed in the middle of it."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from model.errors import VersionError
from model.tagger import Tagger
from model.versions import Versions
from service import background
from service.settings import Settings
from service.store import Store
from tests.conftest import Run, free_port
from tests.store import made
from tests.store.conftest import Target, serving, settings_of
from tests.test_server import ask
from training import starter

TOKEN = "a-token-of-24-characters"
WAIT = 120.0  # seconds for what is to happen; a lease is 20

Start = Callable[..., tuple["subprocess.Popen[bytes]", int]]


def test_a_job_is_asked_for_watched_and_stopped(store: Store, client: FlaskClient) -> None:
    asked = client.post("/v1/retrain", json={"force": "try it", "map": {"containers": "platform"}, "seed": 3})

    assert (asked.status_code, asked.headers["Location"]) == (202, "/v1/jobs/1")
    job = client.get("/v1/jobs/1").get_json()
    assert job == asked.get_json()
    assert job["options"] == {"force": "try it", "map": {"containers": "platform"}, "seed": 3}
    assert (job["kind"], job["state"], job["asked_by"], job["result"], job["log"]) == ("retrain", "waiting", "REST", None, [])
    second = client.post("/v1/retrain", json={})
    assert (second.status_code, second.headers["Location"]) == (409, "/v1/jobs/1")
    assert "/v1/jobs/1" in second.get_json(force=True)["detail"]

    claimed = store.claim_job(["retrain"], store.now(), made.HOUR)
    assert claimed
    store.progress_job(claimed, 3, 11, "judging it", line="judging it, part 2")
    going = client.get("/v1/jobs/1").get_json()
    assert (going["state"], going["progress"]) == ("running", {"done": 3, "of": 11, "what": "judging it"})
    assert [line["text"] for line in going["log"]] == ["begun", "judging it, part 2"]
    told = client.delete("/v1/jobs/1")
    assert (told.status_code, told.get_json()["state"], told.get_json()["stopping"]) == (202, "running", True)
    store.finish_job(claimed, "stopped")
    ended = client.delete("/v1/jobs/1")
    assert (ended.status_code, ended.get_json()["state"]) == (200, "stopped")

    assert client.post("/v1/retrain", json={"dry_run": True}).headers["Location"] == "/v1/jobs/2"
    listed = client.get("/v1/jobs").get_json()["jobs"]
    assert [(job["id"], job["state"]) for job in listed] == [(2, "waiting"), (1, "stopped")]
    assert "log" not in listed[0]
    text = client.get("/metrics").text
    assert 'topicwire_jobs{kind="retrain",state="waiting"} 1.0\n' in text
    assert 'topicwire_jobs{kind="retrain",state="stopped"} 1.0\n' in text


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"force": "  "}, "#/force"),
        ({"force": ""}, "#/force"),
        ({"dry_run": 1}, "#/dry_run"),
        ({"map": {"no-such": "platform"}}, "#/map/no-such"),
        ({"map": {"containers": "No name"}}, "#/map/containers"),
        ({"new_topics": ["ok", "x\n"]}, "#/new_topics/1"),
        ({"seed": -1}, "#/seed"),
        ({"topics": "/etc/passwd"}, "#/topics"),
    ],
)
def test_what_cannot_be_asked_for_is_named_and_nothing_begins(client: FlaskClient, body: Any, pointer: str) -> None:
    answer = client.post("/v1/retrain", json=body)

    assert answer.status_code == 422
    assert answer.get_json(force=True)["errors"][0]["pointer"] == pointer
    assert client.get("/v1/jobs").get_json()["jobs"] == []


def test_jobs_that_are_not_there(client: FlaskClient) -> None:
    for number in (1, 1 << 62):
        assert client.get(f"/v1/jobs/{number}").status_code == client.delete(f"/v1/jobs/{number}").status_code == 404
    answer = client.post("/v1/retag", json={})
    assert (answer.status_code, "no current version" in answer.text) == (409, True)


def test_who_may_write_may_ask_and_sees_what_failed(target: Target, store: Store, tagger: Tagger) -> None:
    store.add_job("retrain", {}, "REST")
    claimed = store.claim_job(["retrain"], store.now(), made.HOUR)
    assert claimed
    store.finish_job(claimed, "failed", error="/home/ann/labels.csv: it cannot be read")
    known = {"Authorization": f"Bearer {TOKEN}"}
    with serving(settings_of(target, token=TOKEN), tagger) as client:
        refused = [client.post("/v1/retrain", json={}), client.post("/v1/retag", json={}), client.delete("/v1/jobs/1")]
        stranger = client.get("/v1/jobs/1").get_json()
        listed = client.get("/v1/jobs").get_json()["jobs"]
        owner = client.get("/v1/jobs/1", headers=known).get_json()
        taken = client.post("/v1/retrain", json={}, headers=known)

    assert [answer.status_code for answer in refused] == [401] * 3
    assert (stranger["state"], stranger["error"], stranger["log"]) == ("failed", None, None)
    assert listed[0]["error"] is None
    assert (owner["error"], owner["log"][-1]["text"]) == ("/home/ann/labels.csv: it cannot be read", "failed")
    assert taken.status_code == 202


def test_the_commands(home: Path, tmp_path: Path, run: Run) -> None:
    none = run("jobs", TOPICWIRE_HOME=str(tmp_path))
    with Store.open(Settings(home=tmp_path)) as store:
        store.add_job("retrain", {}, "REST", now=made.NOW)
        store.add_job("retag", {"version": "v2"}, "topicwire", now=made.NOW)
        claimed = store.claim_job(["retag"], store.now(), made.HOUR)
        assert claimed
        store.finish_job(claimed, "done", result={"version": "v2", "posts": 7, "failed": []}, now=made.NOW)

    stopped = run("jobs", "stop", "1", TOPICWIRE_HOME=str(tmp_path))
    listed = run("jobs", "list", TOPICWIRE_HOME=str(tmp_path))
    shown = run("jobs", "show", "2", TOPICWIRE_HOME=str(tmp_path))
    missing = run("jobs", "show", "3", TOPICWIRE_HOME=str(tmp_path))

    assert (none.returncode, b"so there are no jobs" in none.stderr) == (1, True)
    assert stopped.stdout == b"job 1: stopped\n"
    assert listed.stdout.decode().splitlines() == [
        "    2  retag   2026-06-01 12:00  by topicwire  done: 7 posts tagged",
        "    1  retrain 2026-06-01 12:00  by REST  stopped",
    ]
    assert shown.stdout.decode().splitlines()[-3:] == [
        "    2026-06-01T12:00:00Z  done",
        "    version: v2",
        "    posts: 7",
    ]
    assert (missing.returncode, missing.stderr) == (1, b"topicwire: job 3: there is no such job\n")


@pytest.fixture
def own_home(home: Path, tmp_path: Path) -> Path:
    """A home with the starter version, and 300 corrected posts besides those to be filled in."""
    shutil.copytree(home / "models", tmp_path / "home" / "models")
    return tmp_path / "home"


@pytest.fixture
def start(own_home: Path) -> Iterator[Start]:
    """Start `topicwire serve` on a free port, and wait until it answers."""
    started: list[subprocess.Popen[bytes]] = []

    def start_(**environment: str) -> tuple["subprocess.Popen[bytes]", int]:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", "1"],
            stderr=subprocess.DEVNULL,
            env=os.environ | {"TOPICWIRE_HOME": str(own_home)} | environment,
        )
        started.append(process)

        def answers() -> bool:
            assert process.poll() is None
            try:
                return ask(port, "GET", "/healthz")[0] == 200
            except OSError:
                return False

        until(answers)
        return process, port

    yield start_
    for process in started:
        process.terminate()
    for process in started:
        process.wait(60)


def until(true: Callable[[], Any]) -> Any:
    """What it returns once that is true."""
    deadline = time.monotonic() + WAIT
    while time.monotonic() < deadline:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def job(port: int, number: int) -> dict[str, Any]:
    """As the server tells it; one that nobody has asked for yet has done nothing."""
    status, body = ask(port, "GET", f"/v1/jobs/{number}")
    return dict(json.loads(body)) if status == 200 else {"state": "not there", "progress": {"done": 0}}


def ended(port: int, number: int) -> dict[str, Any]:
    found: dict[str, Any] = until(lambda: (one := job(port, number))["state"] in ("done", "failed", "stopped") and one)
    return found


def post(port: int, path: str, body: Any) -> int:
    """Ask for a job; returns its number."""
    status, answer = ask(port, "POST", path, json.dumps(body).encode())
    assert status == 202, answer
    return int(json.loads(answer)["id"])


def fill(target: Target, many: int, corrected: int = 0, long: int = 1) -> None:
    """Posts of the starter corpus, of which the first are corrected: to what they have, so that there is something to learn."""
    examples = random.Random(1).sample(starter.examples(), many)
    with Store(target) as store:
        source = made.source(store)
        tagged = [
            made.tagged(made.post(str(number), html=None, text=f"{examples[number].post.text} {number}\n\n" * long), model="v1")
            for number in range(many)
        ]
        for start_ in range(0, many, 500):
            made.record(store, source, tagged[start_ : start_ + 500])
        for number in range(corrected):
            stored = store.post(str(number))
            assert stored
            store.correct(stored.number, examples[number].topics, "ann")


def models_of(target: Target) -> dict[str, int]:
    """Version -> posts that it tagged."""
    counted: dict[str, int] = {}
    with Store(target) as store:
        cursor = None
        while True:
            page = store.posts(limit=1000, cursor=cursor)
            for stored in page.posts:
                counted[stored.tagged.model] = counted.get(stored.tagged.model, 0) + 1
            if (cursor := page.next) is None:
                return counted


def all_whole(versions: Versions) -> bool:
    """Whether every version there is can be served."""
    try:
        return all(versions.load(name) for name in versions.names())
    except VersionError:
        return False


def processes_of(server: int) -> set[int]:
    """A process and all below it."""
    found, parents = {server}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    while more := {number for number, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def is_alive(number: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def environment_of(target: Target) -> dict[str, str]:
    return {"TOPICWIRE_DATABASE_URL": target} if isinstance(target, str) else {}


def test_retraining_over_rest_promotes_and_all_posts_are_tagged_again(
    start: Start, own_home: Path, target: Target, dialect: str
) -> None:
    if dialect == "sqlite":
        target = own_home / "topicwire.db"
    fill(target, 100, corrected=60)
    versions = Versions(own_home / "models")
    before = versions.current()
    _, port = start(**environment_of(target))

    number = post(port, "/v1/retrain", {"no_starter": True, "force": "a smaller one for a test"})
    assert ask(port, "POST", "/v1/retrain", b"{}")[0] == 409
    done = ended(port, number)

    assert (done["state"], done["result"]["decision"]) == ("done", "forced")
    assert (done["result"]["version"], done["result"]["examples"]) == (versions.current(), 60)
    assert done["progress"]["done"] == done["progress"]["of"]
    assert "fitting the candidate" in [line["text"] for line in done["log"]]
    assert versions.current() != before
    assert json.loads(ask(port, "GET", "/v1/model")[1])["model"] == versions.current()
    until(lambda: models_of(target) == {versions.current(): 100})
    with Store(target) as store:
        assert len(list(store.examples())) == 60
    with Store(target) as store:  # a version that would have forgotten topics
        for number, stored in enumerate(store.posts(limit=1000).posts):
            store.correct(stored.number, ["networking"] if number % 2 else [], "ann")
    serves = versions.current()
    dry = ended(port, post(port, "/v1/retrain", {"no_starter": True, "dry_run": True}))
    assert (dry["state"], dry["result"]["version"] in versions.names()) == ("done", False)
    refused = ended(port, post(port, "/v1/retrain", {"no_starter": True}))
    assert (refused["state"], refused["result"]["decision"]) == ("done", "refused"), "an answer, and no failure"
    assert "it no longer knows the topics" in refused["result"]["why"]
    assert (versions.current(), refused["result"]["version"] in versions.names()) == (serves, True)


def test_one_that_was_killed_before_it_could_say_what_it_had_done_says_so_the_next_time(
    store: Store, own_home: Path, target: Target
) -> None:
    home = {"home": own_home} if isinstance(target, str) else {}
    if isinstance(target, Path):
        (own_home / "models").rename(target.parent / "models")
    settings = settings_of(target, **home)
    fill(target, 60, corrected=60)
    store.add_job("retrain", {"no_starter": True, "force": "for a test"}, "REST", now=store.now())
    first = store.claim_job(["retrain"], store.now(), made.HOUR)
    assert first
    done = background._retrain(settings, store, first)
    second = store.claim_job(["retrain"], store.now() + 2 * made.HOUR, made.HOUR)
    assert second

    assert background._retrain(settings, store, second) == done
    assert done["decision"] == "forced"
    store.finish_job(second, "done", result=done)
    store.add_job("retrain", {"no_starter": True}, "REST", now=store.now() + made.HOUR)
    third = store.claim_job(["retrain"], store.now() + made.HOUR, made.HOUR)
    assert third
    assert background._retrain(settings, store, third)["decision"] == "same"


def test_what_fails_says_why_and_stops_nothing_else(start: Start, own_home: Path) -> None:
    fill(own_home / "topicwire.db", 3, corrected=3)
    _, port = start()

    failed = ended(port, post(port, "/v1/retrain", {"no_starter": True}))

    assert (failed["state"], failed["result"]) == ("failed", None)
    assert "examples" in failed["error"]
    assert ended(port, post(port, "/v1/retrain", {"no_starter": True}))["error"] == failed["error"]
    assert ask(port, "GET", "/readyz")[0] == 200


def test_killed_in_the_middle_it_is_done_by_the_next(start: Start, own_home: Path) -> None:
    """The server that was started again does so."""
    database = own_home / "topicwire.db"
    fill(database, 2_000, corrected=30, long=5)
    versions = Versions(own_home / "models")
    current = versions.current()
    server, port = start()
    until(lambda: 64 < job(port, 1)["progress"]["done"] < 1_500)
    family = processes_of(server.pid)
    server.kill()
    server.wait()

    until(lambda: not any(map(is_alive, family)))
    left = models_of(database)
    assert sum(left.values()) == 2_000
    assert left["v1"] > 0
    server, port = start()
    again = ended(port, 1)
    assert again["state"] == "done"
    assert "begun again" in [line["text"] for line in again["log"]]
    assert models_of(database) == {current: 2_000}

    number = post(port, "/v1/retrain", {"force": "whatever it is"})
    until(lambda: job(port, number)["progress"]["done"] >= 2)
    family = processes_of(server.pid)
    server.kill()
    server.wait()
    until(lambda: not any(map(is_alive, family)))
    assert versions.names() == [current]
    assert all_whole(versions)
    _, port = start()
    done = ended(port, number)
    assert done["state"] == "done"
    assert versions.current() == done["result"]["version"] != current
    assert all_whole(versions)
    with Store(database) as store:
        assert len(list(store.examples())) == 30
    until(lambda: models_of(database) == {versions.current(): 2_000})


def test_another_server_of_the_store_goes_on(start: Start, own_home: Path, target: Target, dialect: str) -> None:
    if dialect == "sqlite":
        pytest.skip("servers of several machines share a PostgreSQL")
    fill(target, 40, corrected=40)
    first, port = start(**environment_of(target))
    number = post(port, "/v1/retrain", {"dry_run": True})
    until(lambda: job(port, number)["progress"]["done"] >= 1)
    _, other = start(**environment_of(target))
    first.kill()
    first.wait()

    done = ended(other, number)

    assert (done["state"], done["log"][-1]["text"]) == ("done", "done")
    assert "begun again" in [line["text"] for line in done["log"]]


def test_a_job_is_stopped_and_gone_on_with(start: Start, own_home: Path) -> None:
    database = own_home / "topicwire.db"
    fill(database, 2_000, corrected=30, long=5)
    versions = Versions(own_home / "models")
    current = versions.current()
    server, port = start()
    until(lambda: 64 < job(port, 1)["progress"]["done"] < 1_500)
    assert ask(port, "DELETE", "/v1/jobs/1")[0] == 202
    assert ended(port, 1)["state"] == "stopped"
    part = models_of(database)
    assert 0 < part["v1"] < 2_000
    assert ended(port, post(port, "/v1/retag", {}))["result"] == {"version": current, "posts": part["v1"], "failed": []}

    number = post(port, "/v1/retrain", {})
    until(lambda: job(port, number)["progress"]["done"] >= 1)
    assert ask(port, "DELETE", f"/v1/jobs/{number}")[0] == 202
    assert ended(port, number)["state"] == "stopped"
    assert versions.names() == [current]

    number = post(port, "/v1/retrain", {})
    until(lambda: job(port, number)["progress"]["done"] >= 1)
    family = processes_of(server.pid)
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0
    assert not any(map(is_alive, family))
    with Store(database) as store:
        left = store.job(number)
    assert (left.state, left.lease, left.tries) == ("waiting", None, 0)
    assert left.log[-1].text == "left, since the server was stopped"


def test_the_process_that_works_is_started_again_when_it_dies(start: Start, own_home: Path) -> None:
    fill(own_home / "topicwire.db", 3, corrected=3)
    server, port = start()
    worked = until(lambda: background_of(server.pid))
    os.kill(worked, signal.SIGKILL)

    again = until(lambda: (found := background_of(server.pid)) and found != worked and found)

    assert again != worked
    assert ended(port, post(port, "/v1/retrain", {"no_starter": True}))["state"] == "failed"


def background_of(server: int) -> int | None:
    for number in processes_of(server) - {server}:
        try:
            if b"service.cli" in (command := Path(f"/proc/{number}/cmdline").read_bytes()) and b"--parent" in command:
                return number
        except OSError:
            continue
    return None


def test_a_child_that_crashes_costs_nobody_else_anything(start: Start, own_home: Path) -> None:
    fill(own_home / "topicwire.db", 40, corrected=40)
    server, port = start()
    number = post(port, "/v1/retrain", {"dry_run": True})
    until(lambda: job(port, number)["progress"]["done"] >= 1)
    [child] = [one for one in processes_of(background_of(server.pid) or 0) if one != background_of(server.pid)]
    os.kill(child, signal.SIGKILL)

    done = ended(port, number)

    assert done["state"] == "done"
    texts = [line["text"] for line in done["log"]]
    assert "its process ended without a result (-9); for want of memory, perhaps" in texts
    assert texts.count("begun again") == 1
