"""How fast topicwire is: against the naive way, a floor, other libraries and bare processes, as ratios.

    python tests/benchmarks/bench.py [FEED ...] [--posts 20] [--rounds 5] [--only stages,rest] [--long] [--write]

CPU time of one machine says little about another; the ratio of two ways on the same posts in the same minute says more.
All pairs are measured in turns, on one thread each. `--write` keeps the table and the plot beside this file.
"""

import argparse
import os
import platform
import sys
import tempfile
from importlib.metadata import version as installed
from pathlib import Path

import generated
import naive
import plot
import processes
import rest
import stages
from rows import HEADINGS, Row
from threadpoolctl import threadpool_limits

from model import feed
from model.versions import Versions
from training import starter
from training.fit import fit

LIBRARIES = (
    "topicwire feedparser lxml beautifulsoup4 numpy scikit-learn sumy fasttext-numpy2-wheel selectolax flask gunicorn".split()
)
GROUPS = ("stages", "classify", "start", "jobs", "growth", "training", "rest")
HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare topicwire's speed with that of other ways.")
    parser.add_argument("feed", nargs="*", type=Path, metavar="FEED", help="feed files, beside the generated ones")
    parser.add_argument("--posts", type=int, nargs="+", default=[20, 400], help="posts of the generated feeds (default: 20 400)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each, after one warm-up (default: %(default)s)")
    parser.add_argument("--only", default=",".join(GROUPS), help="what to measure (default: %(default)s)")
    parser.add_argument("--long", action="store_true", help="a million posts and 100,000 examples as well: half an hour or more")
    parser.add_argument("--requests", type=int, default=960, help="requests of a round (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help=f"keep the results in {HERE.name}/results.md and results.svg")
    options = parser.parse_args()
    only = options.only.split(",")
    if strange := sorted(set(only) - set(GROUPS)):
        parser.error(f"--only knows {', '.join(GROUPS)}, not {strange[0]}")
    # Given feeds come first; a file's name may say where it is from, which concerns nobody.
    feeds = {f"a feed given, {number}": path.read_bytes() for number, path in enumerate(options.feed, 1)}
    feeds |= {f"{posts} posts, generated": generated.feed(posts) for posts in options.posts}
    rows: list[Row] = []
    print(about(), flush=True)
    with tempfile.TemporaryDirectory() as directory, threadpool_limits(1):
        home = Path(directory)
        versions = Versions(home / "models")
        content, fitted = fit(starter.examples(), starter.topics())
        versions.promote(versions.add(content))
        version, pipeline = versions.load(), naive.fit(starter.examples())

        def add(found: list[Row]) -> None:
            rows.extend(found)
            print(table(found), flush=True)

        for label, data in feeds.items():
            if "stages" in only:
                few = 1 if len(feed.read(data).posts) > 100 else options.rounds  # the naive way takes a minute for so many
                add(stages.measure(data, f"{label}: {stages.describe(data)}", version, pipeline, few))
        if "classify" in only:
            posts = feed.read(generated.feed(100)).posts
            add(stages.classify(posts, version, fitted, pipeline, starter.examples(), options.rounds))
        if "rest" in only:
            add(rest.measure(home, options.rounds, options.requests))
        if "start" in only:
            add(processes.starts(home, generated.feed(20), 2 * options.rounds))
        if "jobs" in only:
            add(processes.jobs(home, options.rounds))
        if "growth" in only:
            add(processes.growth(home, options.long))
        if "training" in only:
            add(processes.training(options.long))
    if options.write:
        (HERE / "results.md").write_text(f"{INTRODUCTION}\n{about()}\n\n{table(rows)}", encoding="utf-8")
        plot.write(rows, HERE / "results.svg")
    failed = [row.name for row in rows if row.holds is False]
    print(f"{len(failed)} of {sum(row.holds is not None for row in rows)} targets are missed: {'; '.join(failed) or 'none'}")


INTRODUCTION = """# What `make bench` measured

Medians of rounds in turns; CPU time unless it says otherwise. What is measured against what, and how, is in the scripts
of this folder.

![ratios](results.svg)
"""


def about() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    libraries = ", ".join(f"{name} {installed(name)}" for name in LIBRARIES)
    return f"{cpu}, {os.cpu_count()} cores, {memory:.0f} GB; {platform.system()}; Python {platform.python_version()}; {libraries}"


def table(rows: list[Row]) -> str:
    """The rows as Markdown, a table a group."""
    text = ""
    for group in dict.fromkeys(row.group for row in rows):
        text += f"\n## {group}\n\n| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}\n"
        for row in rows:
            if row.group == group:
                text += f"| {' | '.join(row.cells())} |{f' {row.note}' if row.note else ''}\n"
    return text


if __name__ == "__main__":
    sys.exit(main())
