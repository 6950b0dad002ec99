"""Promotions under load: many clients ask without a break while versions are promoted and rolled back in turns.

    python -m tests.benchmarks.promotions [--clients 16] [--promotions 50] [--workers 2]

Prints how many requests there were, how many failed, how many answers did not fit the version that they name, and the
longest time from a promotion to the moment when every answer came from the new version.
"""

import argparse
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
from pathlib import Path

from model.version import Content, Version
from model.versions import Versions
from tests.conftest import free_port
from training import starter
from training.fit import fit

BODY = json.dumps({"posts": [{"text": "Kubernetes evicts pods from nodes that run out of memory."}]}).encode()
QUIET = 0.5  # seconds between two promotions after the workers have followed


def with_other_scores(version: Version) -> Content:
    """The same version, less sure of everything: its answers tell it apart."""
    return Content(version.manifest, version.terms, version.idf, version.coefficients / 2, "# less sure\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--promotions", type=int, default=50)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="promotions-"))
    versions = Versions(home / "models")
    versions.promote(versions.add(fit(starter.examples(), starter.topics())[0]))
    first = versions.load()
    names = [first.name, versions.add(with_other_scores(first))]
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", str(options.workers)],
        env=os.environ | {"TOPICWIRE_HOME": str(home), "TOPICWIRE_CONCURRENCY": str(options.clients)},
        stderr=(home / "log").open("wb"),
    )
    try:
        _wait(port)
        _run(port, versions, names, options)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(60)
        errors = [line for line in (home / "log").read_text().splitlines() if '"level": "info"' not in line]
        print(f"lines of the log that are no information: {len(errors)}", *errors[:5], sep="\n")
        shutil.rmtree(home)


def _run(port: int, versions: Versions, names: list[str], options: argparse.Namespace) -> None:
    expected = {name: _scores_of(versions, name) for name in names}
    failures: Counter[str] = Counter()
    # (when it was asked, when it was answered, the version that it names)
    answered: list[tuple[float, float, str]] = []
    inconsistent = 0
    over = threading.Event()

    def client() -> None:
        nonlocal inconsistent
        while not over.is_set():
            began = time.monotonic()
            try:
                status, body = _ask(port)
            except OSError as error:
                failures[type(error).__name__] += 1
                continue
            if status != 200:
                failures[str(status)] += 1
                continue
            answer = json.loads(body)
            answered.append((began, time.monotonic(), answer["model"]))
            inconsistent += answer["results"][0]["scores"] != expected[answer["model"]]

    clients = [threading.Thread(target=client) for _ in range(options.clients)]
    for thread in clients:
        thread.start()
    promoted: list[tuple[float, str]] = []
    for turn in range(options.promotions):
        time.sleep(QUIET)
        if turn % 2:
            name, _ = versions.rollback()
        else:
            versions.promote(name := names[1])
        promoted.append((time.monotonic(), name))
    time.sleep(QUIET)
    over.set()
    for thread in clients:
        thread.join()
    slowest = 0.0
    for (at, name), (until, _) in zip(promoted, [*promoted[1:], (time.monotonic(), "")], strict=True):
        late = [began for began, _, model in answered if at < began < until and model != name]
        slowest = max(slowest, max((began - at for began in late), default=0.0))
    print(f"{len(answered) + failures.total()} requests, {failures.total()} failed {dict(failures) or ''}")
    print(f"{inconsistent} answers that do not fit the version they name; {len(promoted)} promotions and rollbacks")
    print(f"the last request answered by the version before began {slowest * 1000:.0f} ms after a promotion")


def _scores_of(versions: Versions, name: str) -> dict[str, float]:
    from model.posts import post_from_dict
    from model.tagger import Tagger

    return Tagger(versions.load(name)).tag([post_from_dict(json.loads(BODY)["posts"][0])])[0].scores


def _ask(port: int) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/v1/classify", BODY, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _wait(port: int) -> None:
    for _ in range(300):
        try:
            if _ask(port)[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the service is not ready after 30 s")


if __name__ == "__main__":
    main()
