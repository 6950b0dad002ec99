"""The service as it is run: real processes, a real port, several workers."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from model.version import Content, Version
from model.versions import Versions
from tests.conftest import SAMPLE, Run, free_port

Start = Callable[..., tuple["subprocess.Popen[bytes]", int]]


@pytest.fixture
def start(home: Path) -> Iterator[Start]:
    """Start `topicwire serve` on a free port and wait until it is ready."""
    started: list[subprocess.Popen[bytes]] = []

    def start_(**environment: str) -> tuple["subprocess.Popen[bytes]", int]:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-m", "service.cli", "serve", "--port", str(port), "--workers", "2"],
            stderr=subprocess.PIPE,
            env=os.environ | {"TOPICWIRE_HOME": str(home)} | environment,
        )
        started.append(process)
        for _ in range(300):
            try:
                if ask(port, "GET", "/readyz")[0] == 200:
                    return process, port
            except OSError:
                assert process.poll() is None, process.communicate()[1].decode()
            time.sleep(0.1)
        raise AssertionError("the service is not ready after 30 s")

    yield start_
    for process in started:
        process.kill()
        process.communicate()


def ask(
    port: int, method: str, path: str, body: bytes | None = None, content_type: str = "application/json"
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, {"Content-Type": content_type} if body is not None else {})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_an_address_that_is_taken_is_named_at_once(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"

        done = run("serve", "--port", address.rpartition(":")[2])

    problem = "it cannot be listened on: Address already in use; choose another with --host or --port"
    assert (done.returncode, done.stderr.decode()) == (1, f"topicwire: {address}: {problem}\n")


def test_rest_answers_as_the_command_line_and_the_metrics_count_over_workers(start: Start, run: Run) -> None:
    offline = [json.loads(line) for line in run("tag", SAMPLE).stdout.splitlines()]
    process, port = start()

    answers = [ask(port, "POST", "/v1/tag", SAMPLE.read_bytes(), "application/rss+xml") for _ in range(20)]

    assert {status for status, _ in answers} == {200}
    assert all(json.loads(body)["results"] == offline for _, body in answers)
    for _ in range(4):  # whichever worker answers
        metrics = ask(port, "GET", "/metrics")[1].decode()
        assert 'topicwire_requests_total{method="POST",route="/v1/tag",status="200"} 20.0' in metrics
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    lines = [json.loads(line) for line in log.splitlines()]
    assert process.returncode == 0
    assert sum(line.get("path") == "/v1/tag" and line["status"] == 200 and line["posts"] == 6 for line in lines) == 20


def test_requests_in_flight_are_answered_when_it_stops(start: Start) -> None:
    process, port = start(TOPICWIRE_MAX_BYTES="50000000", TOPICWIRE_MAX_SECONDS="60")
    text = "Kubernetes evicts pods from nodes that run out of memory, and the scheduler finds another. " * 1500
    body = json.dumps({"posts": [{"id": number, "text": text} for number in range(80)]}).encode()
    answers: list[tuple[int, bytes]] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(port, "POST", "/v1/tag", body))) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert not answers, "the requests are still being worked on"

    process.send_signal(signal.SIGTERM)
    for thread in threads:
        thread.join()

    assert [status for status, _ in answers] == [200] * 3
    assert all(len(json.loads(body)["results"]) == 80 for _, body in answers)
    assert process.wait(60) == 0


def test_more_than_it_can_work_on_is_refused_while_health_is_answered(start: Start) -> None:
    _, port = start(TOPICWIRE_CONCURRENCY="1", TOPICWIRE_MAX_BYTES="50000000", TOPICWIRE_MAX_SECONDS="60")
    body = json.dumps({"posts": [{"text": "Pods come and go. " * 9000} for _ in range(60)]}).encode()
    answers: list[tuple[int, bytes]] = []
    threads = [threading.Thread(target=lambda: answers.append(ask(port, "POST", "/v1/tag", body))) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.3)
    assert ask(port, "GET", "/healthz")[0] == 200
    for thread in threads:
        thread.join()

    statuses = [status for status, _ in answers]
    assert set(statuses) == {200, 503}
    assert all(b"too many requests are being worked on" in body for status, body in answers if status == 503)


def test_a_body_of_unknown_length_over_the_limit_is_refused_and_a_stalled_one_keeps_nobody_waiting(start: Start) -> None:
    _, port = start(TOPICWIRE_CONCURRENCY="1", TOPICWIRE_MAX_BYTES="100000", TOPICWIRE_MAX_SECONDS="3")
    head = b"POST /v1/classify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port)) as stalled, socket.create_connection(("127.0.0.1", port)) as chunked:
        stalled.sendall(head + b'Content-Length: 1000\r\n\r\n{"posts"')
        chunk = b'{"posts": [], "x": "' + b"x" * 150_000
        chunked.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + b"%x\r\n%s\r\n0\r\n\r\n" % (len(chunk), chunk))

        assert b" 413 " in chunked.recv(100)
        assert ask(port, "POST", "/v1/classify", b'{"posts": []}')[0] == 200
        stalled.settimeout(30)
        assert b" 408 " in stalled.recv(100)


def test_it_says_why_it_cannot_start(run: Run, tmp_path: Path) -> None:
    done = run("serve", TOPICWIRE_HOME=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.decode() == f"topicwire: {tmp_path}/models: no model version here yet; run `topicwire train`\n"


def test_workers_share_the_store_each_with_a_connection_of_its_own(start: Start, tmp_path: Path, home: Path) -> None:
    (tmp_path / "models").symlink_to(home / "models")
    process, port = start(TOPICWIRE_HOME=str(tmp_path))
    answers: list[int] = []
    bodies = [b'{"url": "https://a.example/%d"}' % number for number in range(8)]  # as many as one worker takes at once
    threads = [
        threading.Thread(target=lambda body=body: answers.append(ask(port, "POST", "/v1/sources", body)[0])) for body in bodies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == [201] * 8
    for _ in range(6):  # whichever worker answers
        assert len(json.loads(ask(port, "GET", "/v1/sources")[1])["sources"]) == 8
        assert ask(port, "GET", "/wires/all.atom")[0] == 200
        assert 'topicwire_sources{state="active"} 8.0' in ask(port, "GET", "/metrics")[1].decode()
    assert ask(port, "HEAD", "/wires/all.rss") == (200, b"")
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in log


def test_promotions_under_load_fail_no_request_and_mix_no_versions(start: Start, tmp_path: Path, home: Path) -> None:
    shutil.copytree(home / "models", tmp_path / "models")
    versions = Versions(tmp_path / "models")
    first = versions.load()
    # The same model with another title of its topics: the topics' answer shows which version it is of.
    names = [first.name, versions.add(renamed(first))]
    titles = {name: [topic.title for topic in versions.load(name).topics] for name in names}
    # Nobody reads its log meanwhile, and a full pipe would stop it.
    _, port = start(TOPICWIRE_HOME=str(tmp_path), TOPICWIRE_LOG_LEVEL="warning")
    answers: list[tuple[int, bytes]] = []
    over = threading.Event()

    def client() -> None:
        while not over.is_set():
            answers.append(ask(port, "GET", "/v1/topics"))

    clients = [threading.Thread(target=client) for _ in range(4)]
    for thread in clients:
        thread.start()
    try:
        for turn in range(10):
            wanted = names[(turn + 1) % 2]
            versions.promote(wanted)
            in_a_row, tries = 0, 0
            while in_a_row < 8:  # whichever worker answers
                named = json.loads(ask(port, "GET", "/healthz")[1])["model"]
                in_a_row, tries = (in_a_row + 1 if named == wanted else 0), tries + 1
                assert tries < 2000, "a worker does not follow"
    finally:
        over.set()
        for thread in clients:
            thread.join()

    assert {status for status, _ in answers} == {200}
    shown = [json.loads(body) for _, body in answers]
    assert {answer["model"] for answer in shown} == set(names)
    assert all([topic["title"] for topic in answer["topics"]] == titles[answer["model"]] for answer in shown)


def renamed(version: Version) -> Content:
    manifest = dict(version.manifest)
    manifest["topics"] = [topic | {"title": f"{topic['title']}, renamed"} for topic in manifest["topics"]]
    return Content(manifest, version.terms, version.idf, version.coefficients, "# renamed\n")
