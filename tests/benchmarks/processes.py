"""Whole processes: how soon a command is there, two processes against one, memory as posts come in, and training."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import generated
from rows import Row

from model import feed, strict_json
from training import starter
from training.fit import fit

COMMAND = [sys.executable, "-m", "service.cli"]
WORDS = 150  # of the posts of an archive
ARCHIVE = 50_000  # posts for one process and two: so many that starting the second is little of it
SMALL, LARGE = 10_000, 1_000_000


class Spent(NamedTuple):
    """What a process has taken, its children included."""

    cpu: float  # ms
    wall: float  # ms
    peak: float  # MB


# A process begins with the memory of the one that starts it, as far as the kernel counts its peak: this one has little.
STARTS = """
import json, os, sys, time
nowhere = os.open(os.devnull, os.O_WRONLY)
began = time.perf_counter()
child = os.posix_spawn(
    sys.argv[1], sys.argv[1:], os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, nowhere, stream) for stream in (1, 2)]
)
_, status, usage = os.wait4(child, 0)
passed = time.perf_counter() - began
print(json.dumps([usage.ru_utime + usage.ru_stime, passed, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]))
"""


def run(arguments: list[str], home: Path, given: Iterable[bytes] = ()) -> Spent:
    process = subprocess.Popen(
        [sys.executable, "-S", "-c", STARTS, *arguments],
        env=os.environ | {"TOPICWIRE_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    for line in given:
        process.stdin.write(line)
    process.stdin.close()
    cpu, wall, peak, code = json.loads(process.stdout.read())
    process.wait()
    if code:
        raise SystemExit(f"{' '.join(arguments)} ended with {code}")
    return Spent(1000 * cpu, 1000 * wall, peak / 1000)


def starts(home: Path, data: bytes, rounds: int) -> list[Row]:
    """Each command with nothing, or one post, to do, against a Python with nothing to do; in turns, after one warm-up."""
    post = feed.read(data).posts[0]
    body = {"text": post.text} if post.html is None else {"html": post.html}
    (home / "post.jsonl").write_bytes(strict_json.dumps({"title": post.title, **body}) + b"\n")
    (home / "one.xml").write_bytes(generated.feed(1))
    commands = {
        "--help": ["--help"],
        "tag, one post": ["tag", str(home / "post.jsonl")],
        "tag, a feed of one post": ["tag", str(home / "one.xml")],
        "tag --help": ["tag", "--help"],
        "models": ["models"],
        "train --if-missing": ["train", "--if-missing"],
        "sources": ["sources"],
        "export": ["export"],
        "evaluate --help": ["evaluate", "--help"],
        "serve --help": ["serve", "--help"],
    }
    wanted = {"--help": "<= 4", "tag, one post": "<= 12"}
    every = [[sys.executable, "-c", "pass"], *([*COMMAND, *arguments] for arguments in commands.values())]
    measured = [[run(arguments, home).cpu for arguments in every] for _ in range(1 + rounds)][1:]
    bare = [row[0] for row in measured]
    return [
        Row(
            "start",
            f"topicwire {name}",
            "ms",
            [row[index] for row in measured],
            "python -c pass",
            bare,
            ours_over_theirs=True,
            wanted=wanted.get(name, ""),
        )
        for index, name in enumerate(commands, 1)
    ]


def jobs(home: Path, rounds: int) -> list[Row]:
    """An archive by one process and by two: by wall clock, which is what the second one is for."""
    archive = home / "archive.jsonl"
    archive.write_bytes(b"".join(generated.lines(ARCHIVE, WORDS)))
    measured = [
        [run([*COMMAND, "tag", str(archive), "--jobs", str(count)], home).wall for count in (1, 2)] for _ in range(rounds)
    ]
    one, two = ([row[index] for row in measured] for index in (0, 1))
    return [
        Row("processes", f"{ARCHIVE:,} posts, two processes", "ms", two, "one process", one, wanted=">= 1.8", note="wall clock")
    ]


def growth(home: Path, long: bool) -> list[Row]:
    """An archive that never ends, by one process: memory at its peak, CPU time a post less that of starting."""
    rows = []
    per_post: dict[int, float] = {}
    peaks: dict[int, float] = {}
    start = run([*COMMAND, "tag", "-"], home, generated.lines(1, WORDS)).cpu
    for count in (1_000, SMALL, 100_000, LARGE) if long else (1_000, SMALL):
        spent = run([*COMMAND, "tag", "-"], home, generated.lines(count, WORDS))
        per_post[count], peaks[count] = (spent.cpu - start) / count, spent.peak
        rows.append(Row("growth", f"{count:,} posts of {WORDS} words, a post", "ms", [per_post[count]]))
        rows.append(Row("growth", f"{count:,} posts of {WORDS} words, memory at the peak", "MB", [peaks[count]]))
    for what, unit, measured in (("a post of", "ms", per_post), ("memory at", "MB", peaks)) if long else ():
        rows.append(
            Row(
                "growth",
                f"{what} {LARGE:,}",
                unit,
                [measured[LARGE]],
                f"{what} {SMALL:,}",
                [measured[SMALL]],
                ours_over_theirs=True,
                wanted="<= 1.1",
            )
        )
    return rows


def training(long: bool) -> list[Row]:
    """Fitting, thresholds and calibration included, from examples to a version's content."""
    rows = []
    for count in (1_000, 10_000, 100_000) if long else (1_000, 10_000):
        given = generated.examples(count)
        began, start = time.perf_counter(), time.process_time()
        fit(given, starter.topics())
        spent, passed = time.process_time() - start, time.perf_counter() - began
        rows.append(Row("training", f"train on {count:,} examples", "s", [spent], note=f"{passed:.1f} s"))
    return rows
