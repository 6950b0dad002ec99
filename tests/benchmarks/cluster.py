"""What a Dask cluster takes beside processes of this machine, and what two processes save, on the same files.

    python tests/benchmarks/cluster.py [--files 20] [--posts 500] [--words 150] [--rounds 3] [--start]

The files are generated. A real scheduler and two real workers on loopback; each way is timed whole, from the command's start to
its end, in turns, by the clock and by CPU time. `--start` says how long work must be for more processes to be worth their start.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import generated
import psutil

from model.versions import Versions
from service import processes
from training import starter
from training.fit import fit

COMMAND = [sys.executable, "-m", "service.cli", "tag"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--posts", type=int, default=500, help="of a file (default: %(default)s)")
    parser.add_argument("--words", type=int, default=150, help="of a post (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--start", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        versions = Versions(home / "models")
        content, _ = fit(starter.examples(), starter.topics())
        versions.promote(versions.add(content))
        os.environ["TOPICWIRE_HOME"] = directory
        if options.start:
            start(home, options.words)
            return
        count = options.files * options.posts
        lines = list(generated.lines(count, options.words))
        (home / "in").mkdir()
        for number in range(options.files):
            path = home / "in" / f"part-{number:04}.jsonl"
            path.write_bytes(b"".join(lines[number * options.posts : (number + 1) * options.posts]))
        (home / "all.jsonl").write_bytes(b"".join(lines))
        feeds = [home / f"feed-{number}.xml" for number in range(count // 50)]
        for path in feeds[:1]:
            path.write_bytes(generated.feed(50))
        for path in feeds[1:]:
            path.hardlink_to(feeds[0])
        with cluster(home) as (address, dask):
            pattern = str(home / "in" / "*.jsonl")
            ways: dict[str, Callable[[], list[str]]] = {
                "one process, one stream": lambda: [str(home / "all.jsonl"), "--jobs", "1", "-o", str(home / "out.jsonl")],
                "two processes, one stream": lambda: [str(home / "all.jsonl"), "--jobs", "2", "-o", str(home / "out.jsonl")],
                "one process, feeds": lambda: [*map(str, feeds), "--jobs", "1", "-o", str(home / "out.jsonl")],
                "two processes, feeds": lambda: [*map(str, feeds), "--jobs", "2", "-o", str(home / "out.jsonl")],
                "one process, files": lambda: [pattern, "--jobs", "1", "-o", f"{tempfile.mkdtemp(dir=home)}/"],
                "two processes, files": lambda: [pattern, "--jobs", "2", "-o", f"{tempfile.mkdtemp(dir=home)}/"],
                "two Dask workers, files": lambda: [pattern, "--cluster", address, "-o", f"{tempfile.mkdtemp(dir=home)}/"],
            }
            spent: dict[str, list[float]] = {name: [] for name in ways}
            taken: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(options.rounds):
                for name, arguments in ways.items():
                    given = arguments()
                    began, before = time.perf_counter(), _cpu(dask)
                    subprocess.run([*COMMAND, *given], check=True)
                    spent[name].append(time.perf_counter() - began)
                    taken[name].append(_cpu(dask) - before)
        print(
            f"{count} posts of {options.words} words in {options.files} files; {len(feeds)} feeds of 50; {os.cpu_count()} cores"
        )
        for name, seconds in spent.items():
            cpu = 1e6 * median(taken[name]) / count
            print(
                f"{name:28}{median(seconds):8.2f} s, CPU time {cpu:6.0f} us a post   ({_all(seconds)}; CPU {_all(taken[name])})"
            )
        # On a machine that others use as well, CPU time says what the clock would where cores are free.
        print("\nby the clock, by CPU time")
        for what in ("one stream", "feeds", "files"):
            one, two = f"one process, {what}", f"two processes, {what}"
            by_cpu = _ratios([2 * each for each in taken[one]], taken[two])
            print(f"two processes against one, {what + ':':12} {_ratios(spent[one], spent[two])}, {by_cpu}; wanted >= 1.8")
        over, under = "two Dask workers, files", "two processes, files"
        by_cpu = _ratios(taken[over], taken[under])
        print(f"Dask against processes, files:         {_ratios(spent[over], spent[under])}, {by_cpu}; wanted <= 1.15")


def _cpu(dask: Sequence[psutil.Process]) -> float:
    """Seconds of CPU time that commands have taken, with their processes, and the cluster."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime + sum(sum(process.cpu_times()[:2]) for process in dask)


def _all(seconds: list[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in seconds)


def _ratios(over: list[float], under: list[float]) -> str:
    ratios = [one / other for one, other in zip(over, under, strict=True)]
    return f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"


def start(home: Path, words: int) -> None:
    """Two processes against one as the input gets longer, where the two are started at once."""
    began = time.perf_counter()
    pool = processes.pool(2)
    for future in [pool.submit(_load) for _ in range(2)]:
        future.result()
    print(f"two processes are there after {time.perf_counter() - began:.2f} s", end="")
    pool.shutdown()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f", and have taken {usage.ru_utime + usage.ru_stime:.2f} s of CPU time")
    at_once = "import sys; from service import cli, processes; processes.PATIENCE = 0; sys.exit(cli.main(sys.argv[1:]))"
    for count in (200, 500, 1000, 2000, 4000):
        path = home / "some.jsonl"
        path.write_bytes(b"".join(generated.lines(count, words)))
        seconds: dict[int, list[float]] = {1: [], 2: []}
        for _ in range(3):
            for jobs in (1, 2):
                began = time.perf_counter()
                arguments = ["tag", str(path), "--jobs", str(jobs), "-o", str(home / "out.jsonl")]
                subprocess.run([sys.executable, "-c", at_once, *arguments], check=True)
                seconds[jobs].append(time.perf_counter() - began)
        print(f"{count:6} posts: one {median(seconds[1]):.2f} s, two from the start {median(seconds[2]):.2f} s")


def _load() -> None:
    import model.tagger  # noqa: F401
    import service.batch  # noqa: F401


@contextmanager
def cluster(home: Path) -> Iterator[tuple[str, list[psutil.Process]]]:
    """The address of a scheduler with two workers of one thread, and all three."""
    with (home / "dask.log").open("wb") as log:

        def run(kind: str, *arguments: str) -> "subprocess.Popen[bytes]":
            command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
            return subprocess.Popen([*command, "--scheduler-file", str(told)], stdout=log, stderr=log)

        told = home / "address"
        worker = ("worker", "--nthreads", "1", "--no-nanny", "--local-directory", str(home / "dask"))
        running = [run("scheduler", "--port", "0"), run(*worker), run(*worker)]
        try:
            while (home / "dask.log").read_bytes().count(b"Registered to") < 2:
                time.sleep(0.1)
            yield str(json.loads(told.read_bytes())["address"]), [psutil.Process(process.pid) for process in running]
        finally:
            for process in reversed(running):
                process.terminate()
                process.wait()


if __name__ == "__main__":
    main()
