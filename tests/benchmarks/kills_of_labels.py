"""Correcting and bringing in examples, killed at random moments: what was acknowledged is there, once, and nothing by half.

    python -m tests.benchmarks.kills_of_labels [--kills 100] [--seed 0]

`topicwire serve` runs with two workers, and four clients write without a break: two correct posts, two bring in examples. Beside
them `topicwire examples import` brings in a file after the other. At a moment drawn by chance all of them are killed. Then the
database is looked through, and after the next start the clients send once more, with its Idempotency-Key, what was not answered.
"""

import argparse
import contextlib
import http.client
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from model.versions import Versions
from service.store import Store
from tests import tiny
from tests.conftest import free_port
from tests.store import made

POSTS = 40  # that are corrected, half of them by each of two clients
BATCH = 20  # examples of one request
FILE = 300  # examples of one file
TOPICS = (["containers"], ["networking"], [])


@dataclass
class Done:
    killed: int = 0
    corrections: int = 0  # acknowledged
    requests: int = 0  # of examples, acknowledged
    files: int = 0  # brought in, acknowledged
    cut: int = 0  # requests and files that were not answered
    cut_done: int = 0  # of these, done all the same
    answered_again: int = 0  # of requests that were not answered, those whose answer came to the second
    faults: list[str] = field(default_factory=list)


class Client:
    """One that writes for ever, and remembers what it was told."""

    def __init__(self, name: str, done: Done) -> None:
        self.name, self.done = name, done
        self.sent = 0
        self.pending: tuple[str, str, Any, str] | None = None  # method, path, body, key
        self.acknowledged: list[tuple[str, Any]] = []  # path, body
        self.unanswered: list[tuple[str, Any]] = []

    def request(self) -> tuple[str, str, Any]:
        raise NotImplementedError

    def write(self, port: int, over: threading.Event) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            if self.pending:  # of before the kill
                self.again(connection)
            while not over.is_set():
                self.sent += 1
                method, path, body = self.request()
                self.pending = method, path, body, f"{self.name}-{self.sent}"
                status, said = self.send(connection)
                if status != 200:
                    self.done.faults.append(f"{path}: {status} {said[:200]!r}")
                self.acknowledged.append((path, body))
                self.pending = None

    def again(self, connection: http.client.HTTPConnection) -> None:
        assert self.pending
        _, path, body, _ = self.pending
        status, said = self.send(connection)
        if status == 200:
            self.acknowledged.append((path, body))
            self.done.answered_again += 1
        elif status == 409:  # begun, and undone by the kill; it may be begun anew when its lease has ended
            self.unanswered.append((path, body))
        else:
            self.done.faults.append(f"{path} again: {status} {said[:200]!r}")
        self.pending = None

    def send(self, connection: http.client.HTTPConnection) -> tuple[int, bytes]:
        assert self.pending
        method, path, body, key = self.pending
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        connection.request(method, path, json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read()


class Corrector(Client):
    def request(self) -> tuple[str, str, Any]:
        own = range(int(self.name[-1]), POSTS, 2)
        return "PUT", f"/v1/posts/post-{own[self.sent % len(own)]}/topics", {"topics": TOPICS[self.sent // len(own) % 3]}


class Teacher(Client):
    def request(self) -> tuple[str, str, Any]:
        return "POST", "/v1/examples", {"examples": rows(f"{self.name}-{self.sent}", BATCH)}


def rows(batch: str, count: int) -> list[dict[str, Any]]:
    return [
        {"id": f"{batch}-{n}", "title": f"{batch} {n}", "text": "pods " * 50, "topics": ["containers"], "batch": batch}
        for n in range(count)
    ]


class Importer:
    """Brings in a file after the other."""

    def __init__(self, home: Path, done: Done) -> None:
        self.home, self.done = home, done
        self.process: subprocess.Popen[bytes] | None = None
        self.number = 0
        self.acknowledged: list[str] = []

    def write(self, over: threading.Event) -> None:
        while not over.is_set():
            self.number += 1
            batch = f"file-{self.number}"
            path = self.home / "given.jsonl"
            path.write_text("".join(json.dumps(row) + "\n" for row in rows(batch, FILE)))
            self.process = started(self.home, "examples", "import", str(path))
            if self.process.wait() == 0:
                self.acknowledged.append(batch)
                self.done.files += 1
            elif self.process.returncode != -signal.SIGKILL:
                self.done.faults.append(f"examples import ended with {self.process.returncode}")


def started(home: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "service.cli", *arguments],
        env=os.environ | {"TOPICWIRE_HOME": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=(home / "log").open("ab"),
        start_new_session=True,
    )


def run(home: Path, *, count: int, seed: int) -> Done:
    """So many kills, in a home of its own."""
    chance, done = random.Random(seed), Done()
    versions = Versions(home / "models")
    versions.promote(versions.add(tiny.content({"pods": "containers"})))
    with Store(home / "topicwire.db") as store:
        posts = [made.tagged(made.post(f"post-{number}"), "containers") for number in range(POSTS)]
        made.record(store, made.source(store), posts)
    clients = [
        Corrector("corrector-0", done),
        Corrector("corrector-1", done),
        Teacher("teacher-0", done),
        Teacher("teacher-1", done),
    ]
    importer = Importer(home, done)
    while done.killed < count:
        port, over = free_port(), threading.Event()
        server = started(home, "serve", "--port", str(port), "--workers", "2")
        wait(port)
        threads = [threading.Thread(target=client.write, args=(port, over)) for client in clients]
        threads.append(threading.Thread(target=importer.write, args=(over,)))
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.1, 2.5))
        kill(server)
        over.set()
        if importer.process:
            kill(importer.process)
        server.wait()
        for thread in threads:
            thread.join()
        done.killed += 1
        check(home, clients, importer, done)
    done.corrections = sum(len(client.acknowledged) for client in clients[:2])
    done.requests = sum(len(client.acknowledged) for client in clients[2:])
    return done


def kill(process: "subprocess.Popen[bytes]") -> None:
    with contextlib.suppress(ProcessLookupError):  # it has just ended by itself
        os.killpg(process.pid, signal.SIGKILL)  # its workers, too


def check(home: Path, clients: list[Client], importer: Importer, done: Done) -> None:
    with contextlib.closing(sqlite3.connect(home / "topicwire.db")) as connection:
        if (found := connection.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
            done.faults.append(f"integrity_check: {found[:3]}")
        if broken := connection.execute("PRAGMA foreign_key_check").fetchall():
            done.faults.append(f"foreign_key_check: {broken[:3]}")
    with Store(home / "topicwire.db") as store:
        counted: dict[str, int] = {}
        for example in (one for one in store.all_examples() if "batch" in one.post.extra):
            counted[example.post.extra["batch"]] = counted.get(example.post.extra["batch"], 0) + 1
        said = [(one.post.id, list(one.topics), one.until is None) for one in store.corrections(history=True)]
    for batch, number in counted.items():
        if number != (FILE if batch.startswith("file-") else BATCH):
            done.faults.append(f"{batch} is there by half: {number}")
    known = set(importer.acknowledged)
    for client in clients[2:]:
        known |= {body["examples"][0]["batch"] for _, body in client.acknowledged}
        pending = {body["examples"][0]["batch"] for _, body in client.unanswered}
        if undone := pending & counted.keys():
            done.faults.append(f"answered that it is worked on, and done: {undone}")
    if missing := known - counted.keys():
        done.faults.append(f"acknowledged and not there: {missing}")
    for client in clients[:2]:
        told: dict[str, list[list[str]]] = {}
        for path, body in client.acknowledged:
            told.setdefault(path.split("/")[3], []).append(sorted(body["topics"]))
        last = None if client.pending is None else (client.pending[1].split("/")[3], sorted(client.pending[2]["topics"]))
        for name, expected in told.items():
            found = [topics for post, topics, _ in said if post == name]
            holds = [topics for post, topics, held in said if post == name and held]
            more = [[last[1]]] if last and last[0] == name else []
            if found not in (expected, *(expected + one for one in more)) or holds != found[-1:]:
                done.faults.append(f"{name}: {len(expected)} corrections acknowledged, {len(found)} there, {len(holds)} hold")
    cut = [client.pending for client in clients if client.pending]
    done.cut += len(cut)
    done.cut_done += sum(pending[2]["examples"][0]["batch"] in counted for pending in cut if "examples" in pending[2])


def wait(port: int) -> None:
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise SystemExit("the service is not ready after 30 s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        done = run(Path(home), count=options.kills, seed=options.seed)
    print(f"{done.killed} kills of the service and of `examples import`; acknowledged were {done.corrections} corrections,")
    print(f"{done.requests} requests of {BATCH} examples, and {done.files} files of {FILE}")
    print(f"{done.cut} requests were cut off, {done.cut_done} of these, of examples, when they had been done;")
    print(f"sent again after the start {done.answered_again} were answered, the others told that they were worked on")
    print(f"{len(done.faults)} faults" + "".join(f"\n  {fault}" for fault in done.faults[:20]))
    sys.exit(bool(done.faults))


if __name__ == "__main__":
    main()
