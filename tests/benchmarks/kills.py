"""Training and promoting, killed at random moments: current must be one whole version each time, and nothing be left over.

    python -m tests.benchmarks.kills [--kills 100] [--seed 0]

A process makes a version, keeps a verdict on it and promotes it, again and again as `train` and `retrain` do, without the
fitting, which writes nothing; every fifth is `topicwire train` itself, and every fifth `topicwire retrain`. It is killed at a
moment drawn by chance, most of them while it writes. Then the version that serves is loaded, and the next start looked at.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from model.errors import TopicwireError
from model.tagger import Tagger
from model.versions import Versions
from service.serving import READY_POST
from tests import tiny

TOPICS = ("containers", "networking")
# Of whole commands: how long one takes to come to its writing is measured first, and the kills are spread around that.
COMMANDS = ("train", "retrain")


@dataclass
class Done:
    killed: int = 0
    left_over: int = 0  # kills that left a temporary name
    moved: int = 0  # kills after which another version served than before
    faults: list[str] = field(default_factory=list)


def run(home: Path, *, count: int, seed: int, commands: bool = False) -> Done:
    """So many kills, in a home of its own; with `commands`, two of five are of the command line."""
    chance = random.Random(seed)
    versions = Versions(home / "models", keep=5)
    versions.promote(versions.add(tiny.content({"pods": "containers"}, note="first")))
    examples = home / "examples.jsonl"
    write_examples(examples, 0)
    lasts = {command: seconds_of(home, command, examples) for command in COMMANDS} if commands else {}
    done = Done()
    while done.killed < count:
        command = {3: "train", 4: "retrain"}.get(done.killed % 5) if commands else None
        before = versions.current()
        if command:
            write_examples(examples, done.killed + 1)
            process = start(home, command, examples)
            time.sleep(lasts[command] * chance.uniform(0.8, 1.0))
        else:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.benchmarks.kills", "--write", str(home), "--seed", str(done.killed)],
                stdout=subprocess.PIPE,
            )
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.15))
        ended = process.poll() is not None
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if not ended:
            check(versions, before, done)
    return done


def check(versions: Versions, before: str | None, done: Done) -> None:
    done.killed += 1
    names = {path.name for path in versions.directory.rglob(".*")} - {".lock"}
    done.left_over += bool(names)
    try:
        version = versions.load()  # its checksums and all
        Tagger(version).tag([READY_POST])
        done.moved += version.name != before
        for name in versions.names():
            versions.load(name)
            verdict = versions.directory / name / "verdict.json"
            if verdict.exists():
                json.loads(verdict.read_text())
        history = versions.history()
        if before not in history:
            done.faults.append(f"{before} is no longer in the history")
        Versions(versions.directory).clean()  # what a start begins with
        left = {path.name for path in versions.directory.rglob(".*")} - {".lock"}
        if left:
            done.faults.append(f"left after the next start: {', '.join(sorted(left))}")
    except (TopicwireError, ValueError) as error:
        done.faults.append(str(error))


def write_for_ever(home: Path, seed: int) -> None:
    """Versions of some size, each judged and promoted, or refused."""
    versions = Versions(home / "models", keep=5)
    print("writing", flush=True)
    for number in range(1_000_000):
        content = tiny.content({"pods": TOPICS[number % 2]}, note=f"{seed} {number}", filler=20_000)
        with versions.writing():
            versions.add(content)
            versions.keep_verdict(content.name, {"decision": "promoted", "notes": ["x" * 10_000]})
            versions.promote(content.name)


def write_examples(path: Path, number: int) -> None:
    """Twelve of two topics, others each time."""
    rows = [
        {"title": f"{word} {number}", "text": f"{word} and flour {number} {row}", "topics": [topic]}
        for row in range(6)
        for word, topic in (("Bread", "bakery"), ("Cheese", "dairy"))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def start(home: Path, command: str, examples: Path) -> "subprocess.Popen[bytes]":
    more = ["--force", "a trial"] if command == "retrain" else []
    environment = os.environ | {"TOPICWIRE_HOME": str(home), "TOPICWIRE_KEEP_VERSIONS": "5"}
    arguments = [sys.executable, "-m", "service.cli", command, str(examples), "--no-starter", *more]
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def seconds_of(home: Path, command: str, examples: Path) -> float:
    began = time.monotonic()
    assert start(home, command, examples).wait() == 0
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.write:
        write_for_ever(options.write, options.seed)
    with tempfile.TemporaryDirectory() as home:
        done = run(Path(home), count=options.kills, seed=options.seed, commands=True)
    print(
        f"{done.killed} kills; after {done.left_over} of them something was left over, after {done.moved} another version served"
    )
    print(f"{len(done.faults)} faults" + "".join(f"\n  {fault}" for fault in done.faults))
    sys.exit(bool(done.faults))


if __name__ == "__main__":
    main()
