"""The command line, as processes: what it writes, what it says, and how it ends."""

import gzip
import http.server
import json
import os
import pty
import select
import subprocess
import sys
import termios
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from model.errors import InputError
from model.versions import Versions
from service import inputs
from service.settings import Settings
from tests.conftest import DATA, SAMPLE, Run
from training import starter

POSTS = [
    {"id": 7, "title": "Pods", "text": "Kubernetes evicts pods from the node. It is the kubelet that does so."},
    {
        "title": "Bread",
        "html": "<p>Bread is baked in the morning and eaten in the evening.</p>",
        "link": "https://a.example/bread",
        "mine": [1],
    },
]
JSONL = "".join(json.dumps(post) + "\n" for post in POSTS).encode()


def rows(output: bytes) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A real server on loopback: the sample feed, a redirect to it, a redirect elsewhere, a loop, something large."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            target = {"/moved": "/feed", "/loop": "/loop", "/file": "file:///etc/passwd"}.get(self.path)
            if target:
                self.send_response(302)
                self.send_header("Location", target)
                self.end_headers()
            elif self.path == "/feed":
                self.answer(SAMPLE.read_bytes())
            elif self.path == "/packed":
                self.answer(gzip.compress(b"<rss>" + b" " * 3_000_000), {"Content-Encoding": "gzip"})
            else:
                self.send_error(404)

        def answer(self, body: bytes, headers: dict[str, str] | None = None) -> None:
            self.send_response(200)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_tag_writes_the_documented_form(run: Run) -> None:
    done = run("tag", SAMPLE)

    assert (done.returncode, done.stderr) == (0, b"")
    tagged = rows(done.stdout)
    assert [row["id"] for row in tagged] == [f"hs-{number}" for number in range(101, 107)]
    assert tagged[0]["published"] == "2026-05-04T08:30:00Z"
    assert tagged[0]["source"] == "Harbour Street Engineering"
    assert tagged[0]["topics"] == ["containers"]
    evidence = tagged[0]["evidence"]
    assert isinstance(evidence, dict)
    assert list(evidence) == ["containers"]


def test_tag_reads_anything_by_its_content_in_order(run: Run, tmp_path: Path) -> None:
    packed = tmp_path / "no-ending"
    packed.write_bytes(gzip.compress(JSONL))

    done = run("tag", SAMPLE, "-", packed, DATA / "feeds" / "jsonfeed11.json", stdin=JSONL)

    assert (done.returncode, done.stderr) == (0, b"")
    ids = [row["id"] for row in rows(done.stdout)]
    assert ids[:6] == [f"hs-{number}" for number in range(101, 107)]
    assert ids[6:] == [7, "https://a.example/bread", 7, "https://a.example/bread", "https://a.example/1", "https://a.example/s"]
    assert rows(done.stdout)[7]["mine"] == [1]
    assert "html" not in rows(done.stdout)[7]


BOMB = gzip.compress(b"<rss>" + b" " * 10_000_000) * 100  # a megabyte that unpacks to a thousand


@pytest.mark.parametrize(
    "command", [["tag"], ["sources", "add"], ["sources", "import"], ["train", "--no-starter"], ["evaluate"]], ids=" ".join
)
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (BOMB, "unpacked it is larger than 1,000,000 bytes (TOPICWIRE_MAX_FETCH_BYTES)"),
        (
            gzip.compress(JSONL)[:-9],
            "its gzip data is damaged: Compressed file ended before the end-of-stream marker was reached",
        ),
    ],
    ids=["bomb", "cut off"],
)
def test_gzip_files_that_cannot_be_unpacked(run: Run, tmp_path: Path, command: list[str], data: bytes, problem: str) -> None:
    packed = tmp_path / "packed.gz"
    packed.write_bytes(data)

    done = run(*command, packed, TOPICWIRE_MAX_FETCH_BYTES="1000000")

    assert done.returncode == 1
    assert f"topicwire: {packed}: {problem}\n" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_a_bomb_costs_no_memory(tmp_path: Path) -> None:
    packed = tmp_path / "bomb.gz"
    packed.write_bytes(BOMB)
    tracemalloc.start()
    with pytest.raises(InputError, match="unpacked it is larger than 1,000,000 bytes"):
        inputs.whole(str(packed), Settings(max_fetch_bytes=1_000_000))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 10_000_000


def test_jsonl_in_gzip_may_be_longer_than_what_is_read_whole(run: Run, tmp_path: Path) -> None:
    packed = tmp_path / "long.gz"
    packed.write_bytes(gzip.compress(JSONL * 50))

    assert len(rows(run("tag", packed, TOPICWIRE_MAX_FETCH_BYTES="100").stdout)) == 100


def test_a_json_feed_over_several_lines_and_one_on_one_line_are_feeds(run: Run) -> None:
    feed = json.loads((DATA / "feeds" / "jsonfeed11.json").read_bytes())
    for document in (json.dumps(feed, indent=2), json.dumps(feed)):
        assert len(rows(run("tag", "-", stdin=document.encode()).stdout)) == 2


def test_what_a_stream_is_does_not_depend_on_its_first_piece(home: Path) -> None:
    """A pipe may bring a line in pieces, and an extra field may be called like one of JSON Feed's."""
    command = [sys.executable, "-m", "service.cli", "tag", "-"]
    row = json.dumps({"text": "Pods.", "items": [1], "version": "https://jsonfeed.org/version/1"}).encode()
    for pieces, posts in [([b"\n", JSONL], 2), ([JSONL[:5], JSONL[5:]], 2), ([row], 1), ([b'{"items": ', b"[]}"], 0)]:
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | {"TOPICWIRE_HOME": str(home)}
        ) as process:
            assert process.stdin
            assert process.stdout
            for piece in pieces:
                process.stdin.write(piece)
                process.stdin.flush()
                time.sleep(0.2)
            process.stdin.close()
            assert len(process.stdout.read().splitlines()) == posts


@pytest.mark.parametrize(
    ("arguments", "stdin", "message"),
    [
        (["serve", "--port", "99999"], b"", "TOPICWIRE_PORT: it must be a whole number of at least 0 and at most 65535"),
        (["train", "-", "--no-starter"], b'{"text": "a", "topics": []}', "no example has a topic"),
        (["tag", str(SAMPLE), "-o", "/dev/full"], b"", "No space left on device"),
    ],
)
def test_faults_are_one_line(run: Run, arguments: list[str], stdin: bytes, message: str) -> None:
    done = run(*arguments, stdin=stdin)

    assert done.returncode == 1
    assert done.stderr.count(b"\n") == 1
    assert message in done.stderr.decode()


def test_one_bad_input_is_named_and_the_others_are_written(run: Run, tmp_path: Path) -> None:
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(JSONL + b'{"title": "no body"}\n{"cut": ' + b"\n" + JSONL)
    page = DATA / "feeds" / "refused" / "web-page.html"
    missing = tmp_path / "missing.xml"

    done = run("tag", page, bad, missing, SAMPLE, tmp_path)

    assert done.returncode == 1
    assert len(rows(done.stdout)) == 2 + 2 + 6
    assert done.stderr.decode().splitlines() == [
        f"topicwire: {page}: it is a web page, not a feed; the page names this feed: /feed.xml",
        f"topicwire: {bad}:3: a post has its body in `html` or in `text`, this has neither",
        f"topicwire: {bad}:4: it is no JSON: Expecting value (line 1, column 9)",
        f"topicwire: {missing}: it cannot be read: No such file or directory",
        f"topicwire: {tmp_path}: it cannot be read: Is a directory",
    ]


def test_a_warning_names_what_was_wrong_with_a_feed(run: Run) -> None:
    path = DATA / "feeds" / "bare-ampersand.xml"

    done = run("tag", path)

    assert done.returncode == 0
    assert done.stderr.decode().startswith(
        f"topicwire: warning: {path}: it is not well-formed XML: not well-formed (invalid token)"
    )


def test_the_same_input_gives_the_same_bytes_however_it_is_run(run: Run, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_bytes(
        b"".join(json.dumps(POSTS[0] | {"id": number, "title": f"Pods {number}"}).encode() + b"\n" for number in range(200))
    )

    outputs = {
        run("tag", many, SAMPLE, "--jobs", jobs, PYTHONHASHSEED=seed).stdout
        for jobs, seed in [("1", "0"), ("1", "7"), ("2", "1")]
    }

    assert len(outputs) == 1
    assert outputs.pop().count(b"\n") == 206


def test_an_output_file_appears_whole_or_not_at_all(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(b"before")

    assert run("tag", SAMPLE, "-o", out, "--model", "000000000000").returncode == 1
    assert out.read_bytes() == b"before"
    done = run("tag", SAMPLE, "-o", out)

    assert (done.returncode, done.stdout) == (0, b"")
    assert len(rows(out.read_bytes())) == 6
    assert [path.name for path in tmp_path.iterdir()] == ["out.jsonl"]
    refused = run("tag", SAMPLE, "-o", tmp_path / "no" / "dir")
    assert refused.stderr.decode() == f"topicwire: {tmp_path / 'no' / 'dir'}: it cannot be written: No such file or directory\n"


def test_an_output_does_not_take_the_place_of_an_input(run: Run, tmp_path: Path) -> None:
    posts = tmp_path / "posts.jsonl"
    posts.write_bytes(b'{"title": "A new ingress controller", "text": "It routes traffic to pods."}\n')
    before = posts.read_bytes()

    done = run("tag", str(SAMPLE), str(tmp_path / "*.jsonl"), "-o", f"{tmp_path}/./posts.jsonl")

    assert done.returncode == 1
    assert b"posts.jsonl: it would take the place of an input; choose another name" in done.stderr
    assert posts.read_bytes() == before


def test_a_progress_bar_is_shown_on_a_terminal_only(home: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "service.cli", "tag", str(SAMPLE), "-o", str(tmp_path / "out.jsonl")]
    shown = {}
    for terminal in (True, False):
        reader, writer = pty.openpty() if terminal else os.pipe()
        if terminal:
            termios.tcsetwinsize(writer, (24, 80))
        with subprocess.Popen(command, stderr=writer, env=os.environ | {"TOPICWIRE_HOME": str(home)}) as process:
            assert process.wait(60) == 0
        # A terminal forgets what was written when its last writer closes it; a pipe does not end before.
        if not terminal:
            os.close(writer)
        ready, _, _ = select.select([reader], [], [], 10)
        shown[terminal] = os.read(reader, 10_000) if ready else b"nothing"
        if terminal:
            os.close(writer)
        os.close(reader)

    assert b"posts" in shown[True]
    assert shown[False] == b""


def test_a_reader_that_has_seen_enough_is_no_error(home: Path, tmp_path: Path) -> None:
    many = tmp_path / "many.jsonl"
    many.write_bytes(JSONL * 500)
    command = [sys.executable, "-m", "service.cli", "tag", str(many)]
    environment = os.environ | {"TOPICWIRE_HOME": str(home)}

    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        said = process.stderr.read()

    assert (process.returncode, said) == (0, b"")


LOOPBACK = {"TOPICWIRE_ALLOW_ADDRESSES": "127.0.0.1"}


def test_tag_fetches_an_explicit_url(run: Run, site: str) -> None:
    done = run("tag", f"{site}/moved", **LOOPBACK)

    assert (done.returncode, len(rows(done.stdout))) == (0, 6)


def test_an_address_that_is_not_public_is_fetched_from_by_the_setting_that_the_refusal_names(run: Run, site: str) -> None:
    refused = run("tag", f"{site}/feed")

    assert (refused.returncode, refused.stdout) == (1, b"")
    said, _, remedy = refused.stderr.decode().strip().partition("; if you trust it, set ")
    assert said == f"topicwire: {site}/feed: 127.0.0.1 is not a public address"
    assert dict([remedy.split("=")]) == LOOPBACK


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/nothing", "its server answered 404"),
        ("/loop", "it redirects more than 5 times (TOPICWIRE_MAX_FETCH_REDIRECTS)"),
        ("/file", "it redirects to 'file', which is not followed"),
        ("/packed", "it is larger than 1,000,000 bytes (TOPICWIRE_MAX_FETCH_BYTES)"),
    ],
)
def test_what_cannot_be_fetched_is_named(run: Run, site: str, path: str, message: str) -> None:
    done = run("tag", f"{site}{path}", TOPICWIRE_MAX_FETCH_BYTES="1000000", **LOOPBACK)

    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == f"topicwire: {site}{path}: {message}\n"


def test_a_server_that_is_not_there_is_named(run: Run) -> None:
    done = run("tag", "http://127.0.0.1:9/feed", **LOOPBACK)

    assert done.returncode == 1
    assert done.stderr.decode().startswith("topicwire: http://127.0.0.1:9/feed: it cannot be fetched: Connection refused")


def test_without_a_version_the_remedy_is_named(run: Run, tmp_path: Path) -> None:
    done = run("tag", SAMPLE, TOPICWIRE_HOME=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.decode() == f"topicwire: {tmp_path}/models: no model version here yet; run `topicwire train`\n"


def test_the_length_of_summaries_can_be_chosen(run: Run) -> None:
    def sizes(*arguments: str) -> list[tuple[int, int]]:
        summaries = [json.loads(line)["summary"] for line in run("tag", SAMPLE, *arguments).stdout.splitlines()]
        return [(len(summary), len(" ".join(summary).split())) for summary in summaries]

    assert max(sizes())[0] == 3
    assert {count for count, _ in sizes("--sentences", "1")} == {1}
    assert max(sizes("--sentences", "10", "--max-words", "500"))[0] > 3
    assert max(words for _, words in sizes("--max-words", "25")) <= 25


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["tag"],
        ["tag", "x", "--jobs", "-1"],
        ["tag", "x", "--to", "pdf"],
        ["tag", "x", "--sentences", "0"],
        ["tag", "x", "--sentences", "11"],
        ["tag", "x", "--max-words", "0"],
        ["models", "promote"],
    ],
)
def test_wrong_usage_is_2(run: Run, arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TOPICWIRE_PORT", "http", "TOPICWIRE_PORT: it must be a whole number of at least 0 and at most 65535, not 'http'"),
        ("TOPICWIRE_MAX_SECONDS", "-1", "TOPICWIRE_MAX_SECONDS: it must be a number of at least 0.001, not '-1'"),
        ("TOPICWIRE_LOG_LEVEL", "loud", "TOPICWIRE_LOG_LEVEL: it must be debug, info, warning or error"),
        (
            "TOPICWIRE_ALLOW_ADDRESSES",
            "127.0.0.1, home",
            "TOPICWIRE_ALLOW_ADDRESSES: it must be addresses or networks, such as 127.0.0.1 or 10.0.0.0/8, not 'home'",
        ),
        ("TOPICWIRE_MAX_POST", "3", "warning: TOPICWIRE_MAX_POST: there is no such setting, it is ignored"),
    ],
)
def test_settings_are_checked(run: Run, name: str, value: str, message: str) -> None:
    assert message in run("models", **{name: value}).stderr.decode()


def test_train_learns_and_models_go_back_and_forth(run: Run, tmp_path: Path) -> None:
    home = {"TOPICWIRE_HOME": str(tmp_path)}
    examples = tmp_path / "bakery.jsonl"
    examples.write_text(
        "".join(
            json.dumps({"title": f"{word} {number}", "text": f"{word} and flour {number}", "topics": [topic]}) + "\n"
            for number in range(6)
            for word, topic in (("Bread", "bakery"), ("Cheese", "dairy"))
        )
        + "broken\n"
    )

    first = run("train", **home)
    again = run("train", "--if-missing", **home)
    mine = run("train", examples, "--no-starter", **home)

    assert (first.returncode, again.returncode, again.stdout) == (0, 0, b"")
    assert mine.returncode == 1, "one row was broken"
    assert mine.stderr.decode() == f"topicwire: {examples}:13: it is no JSON: Expecting value (line 1, column 1)\n"
    assert "learnt 2 topics from 12 examples" in mine.stdout.decode()
    listed = run("models", **home).stdout.decode().splitlines()
    assert [line[0] for line in listed] == [" ", "*", " "], "a line of titles first"
    tagged = rows(run("tag", "-", stdin=b'{"title": "Bread", "text": "Bread and flour"}', **home).stdout)
    assert tagged[0]["topics"] == ["bakery"]
    assert b"bakery" in run("models", "show", **home).stdout
    old = Versions(tmp_path / "models").history()[1]
    assert run("models", "rollback", **home).stdout.decode() == f"{old} serves again\n"
    assert run("models", "promote", old, **home).returncode == 0
    assert run("models", "rollback", **home).returncode == 1


def test_train_with_too_few_examples_says_how_many_it_takes(run: Run, tmp_path: Path) -> None:
    examples = tmp_path / "few.csv"
    examples.write_text("title,text,topics\nA,a,rare\nB,b,\n")

    done = run("train", examples, TOPICWIRE_HOME=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"topicwire: topic 'rare': it has 1 examples with and {len(starter.examples()) + 1} without it; "
        "at least 5 of each are needed\n"
    )
    assert not (tmp_path / "models").exists()


def test_evaluate_prints_a_table_or_json(run: Run, tmp_path: Path) -> None:
    gold = tmp_path / "gold.jsonl"
    tagged = rows(run("tag", SAMPLE).stdout)
    gold.write_text(
        "".join(
            json.dumps({"title": row["title"], "text": " ".join(row["summary"]), "topics": topics}) + "\n"  # type: ignore[arg-type]
            for row, topics in zip(tagged, [["containers"], ["ai-agents"], ["integration"], ["networking"], [], []], strict=True)
        )
    )

    table = run("evaluate", gold).stdout.decode()
    judged = json.loads(run("evaluate", gold, "--json").stdout)

    assert judged["posts"] == 6
    assert judged["topics"]["observability"]["precision"]["value"] == 0
    assert judged["mistakes"][0]["title"] == "Fewer alerts, better sleep"
    assert judged["macro_f1"]["low"] <= judged["macro_f1"]["value"] <= judged["macro_f1"]["high"]
    assert "Fewer alerts, better sleep" in table
    assert "expected none; given observability" in table
    strange = run("evaluate", "-", stdin=b'{"title": "a", "text": "b", "topics": ["knitting"]}')
    assert "has no topic 'knitting'" in strange.stderr.decode()
