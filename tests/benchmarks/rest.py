"""The service under gunicorn, one worker, over connections that are kept: against a handler that only parses the body."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from statistics import mean, median, quantiles
from typing import NamedTuple

import generated
from rows import Row

POSTS, WORDS = 16, 400  # that are sent in turn, and of each: 4 kB in the mean
ANNIF = 15.0  # ms of CPU time that Annif's `suggest` takes for posts of this size, the less of two measurements
PARSES_ONLY = """
import json, sys
from flask import Flask, Response, request
from gunicorn.app.base import BaseApplication
from dataclasses import replace
from service import server, settings
app = Flask("parses")
@app.post("/v1/classify")
def classify():
    json.loads(request.get_data())
    return Response(b"{}", content_type="application/json")
class Server(BaseApplication):
    def load_config(self):
        for name, value in server.options(replace(settings.read(), port=int(sys.argv[1]), workers=1)).items():
            self.cfg.set(name, value)
    def load(self):
        return app
Server().run()
"""


class Answers(NamedTuple):
    seconds: float  # from the first request to the last answer
    each: list[float]  # seconds of each request that was answered 200
    refused: int  # answered 503
    cpu: float  # ms of the worker in all


class Client:
    """Bodies that are sent in turn, to one server."""

    def __init__(self, port: int, worker: int, bodies: list[bytes]) -> None:
        self.port, self.worker, self.bodies = port, worker, bodies

    def send(self, requests: int, concurrency: int) -> Answers:
        clock = (~self.worker << 3) | 2  # the CPU clock of another process, as clock_getcpuclockid(3) makes it
        each: list[float] = []
        refused = 0

        def one(count: int) -> int:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            no = 0
            for body in islice(cycle(self.bodies), count):
                start = time.perf_counter()
                connection.request("POST", "/v1/classify", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                answer.read()
                if answer.status == 503:
                    no += 1
                elif answer.status == 200:
                    each.append(time.perf_counter() - start)
                else:
                    raise SystemExit(f"a request was answered {answer.status}")
            connection.close()
            return no

        before, start = time.clock_gettime(clock), time.perf_counter()
        with ThreadPoolExecutor(concurrency) as threads:
            refused = sum(threads.map(one, [requests // concurrency] * concurrency))
        return Answers(time.perf_counter() - start, each, refused, 1000 * (time.clock_gettime(clock) - before))


@contextmanager
def serving(command: list[str], home: Path, port: int) -> Iterator[int]:
    """A server process; gives its worker's process id once it answers."""
    process = subprocess.Popen(
        command, env=os.environ | {"TOPICWIRE_HOME": str(home)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                # The server has another child, which works on jobs: a program of its own, no fork.
                workers = [int(child) for child in children if _command(child) == _command(process.pid)]
                if workers:
                    break
            except OSError:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise SystemExit(f"{command[1]} does not listen") from None
            time.sleep(0.1)
        yield workers[0]
    finally:
        process.terminate()
        process.wait(60)


def _command(process: int | str) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


def measure(home: Path, rounds: int, requests: int) -> list[Row]:
    bodies = [json.dumps({"posts": [json.loads(line)]}).encode() for line in generated.lines(POSTS, WORDS)]
    ours_port, bare_port = _free_port(), _free_port()
    rows = []
    with (
        serving(
            [sys.executable, "-m", "service.cli", "serve", "--workers", "1", "--port", str(ours_port)], home, ours_port
        ) as ours_,
        serving([sys.executable, "-c", PARSES_ONLY, str(bare_port)], home, bare_port) as bare_,
    ):
        ours, bare = Client(ours_port, ours_, bodies), Client(bare_port, bare_, bodies)
        for concurrency in (1, 8, 32):
            measured = [(ours.send(requests, concurrency), bare.send(requests, concurrency)) for _ in range(rounds + 1)][1:]
            name = f"/v1/classify, {mean(map(len, bodies)) / 1000:.1f} kB, concurrency {concurrency}"
            rates = [[len(answers.each) / answers.seconds for answers in side] for side in zip(*measured, strict=True)]
            rows.append(
                Row(
                    "REST",
                    name,
                    "requests/s",
                    rates[0],
                    "parses the body only",
                    rates[1],
                    ours_over_theirs=True,
                    wanted=">= 0.35" if concurrency == 1 else "",
                )
            )
            if concurrency == 1:
                cpu = [answers.cpu / requests for answers, _ in measured]
                theirs = [answers.cpu / requests for _, answers in measured]
                rows.append(Row("REST", "CPU time a request", "ms", cpu, "Annif's suggest", [ANNIF] * len(cpu), wanted=">= 8"))
                rows.append(Row("REST", "CPU time a request", "ms", cpu, "parses the body only", theirs, ours_over_theirs=True))
            each = [seconds for answers, _ in measured for seconds in answers.each]
            refused = sum(answers.refused for answers, _ in measured) / (rounds * requests)
            rows.append(Row("REST", f"the same, p50, {refused:.0%} refused", "ms", [1000 * median(each)]))
            rows.append(Row("REST", f"the same, p99, {refused:.0%} refused", "ms", [1000 * quantiles(each, n=100)[-1]]))
        rows += _memory(ours_)
    return rows


def _memory(worker: int) -> list[Row]:
    """What a worker has for itself, beyond what it shares with the others."""
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{worker}/smaps_rollup").read_text().splitlines()[1:])
    size = {name: int(value.split()[0]) / 1000 for name, value in lines.items()}
    own = size["Private_Clean"] + size["Private_Dirty"]
    shared = size["Shared_Clean"] + size["Shared_Dirty"]
    return [
        Row("memory", "a worker's own, after the requests above", "MB", [own], wanted="<= 40"),
        Row("memory", "shared with the others", "MB", [shared]),
    ]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
