"""Promotions under load: many clients ask without a break while versions are promoted and rolled back in turns.

    python -m tests.benchmarks.promotions [--clients 16] [--promotions 50] [--servers 2] [--workers 2]

All servers share one TOPICWIRE_HOME. Prints how many requests there were, how many failed, how many answers did not fit the
version that they name, and for each worker the longest time from a promotion to the last request that it answered by the version
before, and whether it has answered by the new one after each promotion.
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from model.version import Content, Version
from model.versions import Versions
from tests.conftest import free_port
from training import starter
from training.fit import fit

BODY = json.dumps({"posts": [{"text": "Kubernetes evicts pods from nodes that run out of memory."}]}).encode()
PROMISED = 2.0  # seconds until every worker follows
QUIET = 2.5  # seconds between two promotions: what takes longer than is promised is seen
KEPT = 25  # requests of one connection, which are all answered by one worker


def with_other_scores(version: Version) -> Content:
    """The same version, less sure of everything: its answers tell it apart."""
    return Content(version.manifest, version.terms, version.idf, version.coefficients / 2, "# less sure\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--promotions", type=int, default=50)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--workers", type=int, default=2, help="of each server")
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="promotions-"))
    versions = Versions(home / "models")
    versions.promote(versions.add(fit(starter.examples(), starter.topics())[0]))
    first = versions.load()
    names = [first.name, versions.add(with_other_scores(first))]
    ports = [free_port() for _ in range(options.servers)]
    servers = [
        subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", str(options.workers)],
            env=os.environ | {"TOPICWIRE_HOME": str(home), "TOPICWIRE_CONCURRENCY": str(options.clients)},
            stderr=(home / f"log-{port}").open("wb"),
        )
        for port in ports
    ]
    try:
        for port in ports:
            _wait(port)
        _run(dict(zip(ports, servers, strict=True)), versions, names, options)
    finally:
        for server in servers:
            server.send_signal(signal.SIGTERM)
        for server in servers:
            server.wait(60)
        lines = [line for log in home.glob("log-*") for line in log.read_text().splitlines()]
        errors = [line for line in lines if '"level": "info"' not in line]
        print(f"lines of the logs that are no information: {len(errors)}", *errors[:5], sep="\n")
        shutil.rmtree(home)


class Answered(NamedTuple):
    began: float  # when it was asked
    version: str  # that it names
    worker: int  # its process


def _run(
    servers: Mapping[int, "subprocess.Popen[bytes]"], versions: Versions, names: list[str], options: argparse.Namespace
) -> None:
    expected = {name: _scores_of(versions, name) for name in names}
    failures: Counter[str] = Counter()
    answered: list[Answered] = []
    inconsistent = 0
    over = threading.Event()

    def client(port: int) -> None:
        nonlocal inconsistent
        while not over.is_set():
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            worker = 0
            try:
                for _ in range(KEPT):
                    began = time.monotonic()
                    status, body = _ask(connection)
                    if status != 200:
                        failures[str(status)] += 1
                        continue
                    worker = worker or _worker(connection, port, servers[port].pid)
                    answer = json.loads(body)
                    answered.append(Answered(began, answer["model"], worker))
                    inconsistent += answer["results"][0]["scores"] != expected[answer["model"]]
            except (OSError, http.client.HTTPException) as error:
                failures[type(error).__name__] += 1
            finally:
                connection.close()

    ports = list(servers)
    clients = [threading.Thread(target=client, args=(ports[n % len(ports)],)) for n in range(options.clients)]
    for thread in clients:
        thread.start()
    promoted: list[tuple[float, float, str]] = []  # when it began, when it was done, the version
    for turn in range(options.promotions):
        time.sleep(QUIET)
        began = time.monotonic()
        if turn % 2:
            name, _ = versions.rollback()
        else:
            versions.promote(name := names[1])
        promoted.append((began, time.monotonic(), name))
    time.sleep(QUIET)
    ended = time.monotonic()
    over.set()
    for thread in clients:
        thread.join()
    print(f"{len(answered) + failures.total()} requests, {failures.total()} failed {dict(failures) or ''}")
    print(f"{inconsistent} answers that do not fit the version they name; {len(promoted)} promotions and rollbacks")
    workers = {worker for server in servers.values() for worker in _workers(server.pid)}
    print(f"{len(workers)} workers of {len(servers)} servers; these have answered: {workers == {one.worker for one in answered}}")
    for worker in sorted(workers):
        slowest, followed, first = 0.0, 0, 0.0
        own = [one for one in answered if one.worker == worker]
        for (_, at, name), until in zip(promoted, [*(one[0] for one in promoted[1:]), ended], strict=True):
            since = [one for one in own if at < one.began < until]
            slowest = max([slowest, *(one.began - at for one in since if one.version != name)])
            new = [one.began - at for one in since if one.version == name]
            followed += bool(new) and new[0] < PROMISED
            first = max([first, *new[:1]])
        print(
            f"  {worker}: {len(own)} answers; of {len(promoted)} promotions it followed {followed} within {PROMISED:g} s, "
            f"{first * 1000:.0f} ms at the latest; by the one before it answered until {slowest * 1000:.0f} ms after one"
        )


def _workers(server: int) -> list[int]:
    """The processes that accept connections of a server."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    return [int(child) for child in children if b"\0serve\0" in Path(f"/proc/{child}/cmdline").read_bytes() + b"\0"]


def _worker(connection: http.client.HTTPConnection, port: int, server: int) -> int:
    """The process that has the other end of a connection."""
    ours = connection.sock.getsockname()[1]
    ends = f":{port:04X}", f":{ours:04X}"
    rows = map(str.split, Path("/proc/net/tcp").read_text().splitlines())
    socket = next(f"socket:[{row[9]}]" for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1]))
    for worker in _workers(server):
        for descriptor in Path(f"/proc/{worker}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                if str(descriptor.readlink()) == socket:
                    return worker
    raise LookupError(f"nobody has the other end of port {ours}")


def _scores_of(versions: Versions, name: str) -> dict[str, float]:
    from model.posts import post_from_dict
    from model.tagger import Tagger

    return Tagger(versions.load(name)).tag([post_from_dict(json.loads(BODY)["posts"][0])])[0].scores


def _ask(connection: http.client.HTTPConnection) -> tuple[int, bytes]:
    connection.request("POST", "/v1/classify", BODY, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    return answer.status, answer.read()


def _wait(port: int) -> None:
    for _ in range(300):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            if _ask(connection)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise SystemExit("the service is not ready after 30 s")


if __name__ == "__main__":
    main()
