"""How much CPU time topicwire takes for a feed, against `naive.py`: both in one process, in turns, as ratios.

    python tests/benchmarks/bench.py [FEED] [--posts 20] [--rounds 5]

CPU time of one machine says little about another; the ratio of two ways on the same posts in the same minute says more.
Each stage does its own work and no more: its input is made anew, untimed, before every run, so that nothing a `Text`
has cached in an earlier stage or round is counted as free. Both sides run on one thread. Fitting is not timed.
"""

import argparse
import gc
import html
import os
import platform
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version as installed
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import naive
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from model import feed, strict_json, summarizer, text
from model.classifier import Classifier
from model.tagger import Tagger
from model.versions import Version, Versions
from training import starter
from training.fit import fit

COLD_RUNS = 7
LIBRARIES = ("topicwire", "feedparser", "lxml", "beautifulsoup4", "numpy", "scikit-learn", "sumy")
WORDS = (80, 1_300, 7_500)  # of the generated posts: the fewest, the median, the most

Prepare = Callable[[], Any]  # makes what a stage is given; not timed
Work = Callable[[Any], object]  # timed


class Stage(NamedTuple):
    name: str
    naive: tuple[Prepare, Work]
    ours: tuple[Prepare, Work]


def stages(data: bytes, pipeline: Pipeline, version: Version) -> list[Stage]:
    classifier, tagger, most = Classifier(version), Tagger(version), naive.SENTENCES

    def strings() -> list[tuple[str, str]]:
        return [(entry.get("title", ""), naive.html_to_text(naive.body(entry))) for entry in naive.read(data)]

    def texts() -> list[text.Text]:
        return [text.of_post(post) for post in feed.read(data).posts]

    def whole(given: bytes) -> object:
        return tagger.tag(feed.read(given).posts, sentences=most)

    return [
        # Bytes -> entries or posts. feedparser also sanitizes the HTML; topicwire, which never shows it, does not.
        Stage("read the feed", (lambda: data, naive.read), (lambda: data, feed.read)),
        # HTML -> one string; for us, blocks and their kinds. No sentence or word is split yet.
        Stage(
            "HTML to text",
            (lambda: naive.read(data), lambda given: [naive.html_to_text(naive.body(entry)) for entry in given]),
            (lambda: feed.read(data).posts, lambda given: [text.of_post(post) for post in given]),
        ),
        # Text -> scores. Both sides split words here. Evidence is left out: the naive way has none.
        Stage(
            "classify",
            (strings, lambda given: [naive.classify(pipeline, title, body) for title, body in given]),
            (texts, lambda given: [classifier.classify(parsed) for parsed in given]),
        ),
        # Text -> sentences of the summary. Both sides split sentences and words here.
        Stage(
            "summarize",
            (strings, lambda given: [naive.summarize(body) for _, body in given]),
            (texts, lambda given: [summarizer.summarize(parsed, sentences=most) for parsed in given]),
        ),
        # Bytes -> everything. Ours splits words once for both uses, and chooses topics and evidence as well.
        Stage("the whole job", (lambda: data, lambda given: naive.tag(pipeline, given)), (lambda: data, whole)),
    ]


def milliseconds(prepare: Prepare, work: Work) -> float:
    given = prepare()
    gc.collect()  # the garbage of what ran before is not this side's work
    start = time.process_time()
    work(given)
    return 1000 * (time.process_time() - start)


def cold_starts(home: Path, data: bytes) -> Iterator[tuple[str, list[float]]]:
    """CPU milliseconds of whole processes, in turns, after one warm-up."""
    post = feed.read(data).posts[0]
    body = {"text": post.text} if post.html is None else {"html": post.html}
    (home / "post.jsonl").write_bytes(strict_json.dumps({"title": post.title, **body}) + b"\n")
    environment = os.environ | {"TOPICWIRE_HOME": str(home)}
    commands = {
        "python -c pass": ["-c", "pass"],
        "topicwire --help": ["-m", "service.cli", "--help"],
        "topicwire tag, one post": ["-m", "service.cli", "tag", str(home / "post.jsonl")],
    }

    def run(arguments: list[str]) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], env=environment, stdout=subprocess.DEVNULL, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)

    rounds = [[run(arguments) for arguments in commands.values()] for _ in range(1 + COLD_RUNS)]
    return ((name, [measured[index] for measured in rounds[1:]]) for index, name in enumerate(commands))


def generated(count: int) -> bytes:
    """An RSS feed, the same everywhere: sentences of the starter corpus, with a vendor feed's lengths and markup."""
    rng = random.Random(0)
    examples = starter.examples()
    least, middle, most = WORDS
    places = [index / max(count - 1, 1) for index in range(count)]  # from the shortest post to the longest
    lengths = [least * (middle / least) ** (2 * at) if at < 0.5 else middle * (most / middle) ** (2 * at - 1) for at in places]
    rng.shuffle(lengths)
    items = ""
    for number, length in enumerate(lengths):
        subject = rng.choice(examples)
        # Its own topics' sentences first, then the others'; none twice unless all are used up.
        pool = sorted(rng.sample(examples, len(examples)), key=lambda example: example.topics != subject.topics)
        found = cycle([piece for example in pool for block in text.of_post(example.post).blocks for piece in text.sentences(block)])
        body = ""
        while length > 0:
            block = _block(rng, found)
            body += block + "\n"
            length -= len(re.sub("<[^>]*>", " ", block).split())
        link = f"<link>https://www.example.com/blog/{number}</link><pubDate>Mon, 01 Jun 2026 12:00:00 GMT</pubDate>"
        title = f"<title>{html.escape(subject.post.title)}</title>"
        items += f"<item>{title}{link}<description>{html.escape(body)}</description></item>\n"
    return f'<?xml version="1.0"?>\n<rss version="2.0"><channel><title>Blog</title>\n{items}</channel></rss>\n'.encode()


def _block(rng: random.Random, found: Iterator[str]) -> str:
    kind = rng.choices(("p", "h2", "ul", "pre", "table"), (60, 14, 14, 7, 5))[0]
    pieces = [html.escape(piece, quote=False) for piece in islice(found, 1 if kind == "h2" else rng.randint(2, 4))]
    words = " ".join(pieces).split()
    if kind == "h2":
        return f"<h2>{' '.join(words[:6])}</h2>"
    if kind == "p":
        at = rng.randrange(len(words))
        words[at] = f'<a href="https://www.example.com/docs/{rng.randrange(9999)}/">{words[at]}</a>'
        return f"<p>{' '.join(words)}</p>"
    line = {"ul": "<li>{1}</li>", "table": "<tr><td>{0}</td><td>{1}</td></tr>", "pre": "kubectl get {0} --output=yaml"}[kind]
    return f"<{kind}>" + "\n".join(line.format(piece.split()[0], piece) for piece in pieces) + f"</{kind}>"


def describe(data: bytes) -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines() if Path("/proc/cpuinfo").exists() else []
    cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
    posts = feed.read(data).posts
    sizes = [sum(len(block.text.split()) for block in text.of_post(post).blocks) for post in posts]
    if not posts or len(posts) != len(naive.read(data)):
        sys.exit("Nothing to compare: both ways must find the same number of posts in the feed, and at least one.")
    return (
        f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}\n"
        f"{', '.join(f'{name} {installed(name)}' for name in LIBRARIES)}\n"
        f"{len(posts)} posts, {len(data) / 1000:.0f} kB; words: {min(sizes):,} to {max(sizes):,}, median {median(sizes):,.0f}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare topicwire's CPU time with the naive way's.")
    parser.add_argument("feed", nargs="?", type=Path, metavar="FEED", help="a feed file (default: one is generated)")
    parser.add_argument("--posts", type=int, default=20, help="posts of the generated feed (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each stage, after one warm-up (default: %(default)s)")
    options = parser.parse_args()
    data = options.feed.read_bytes() if options.feed else generated(options.posts)
    print(describe(data))
    with tempfile.TemporaryDirectory() as directory, threadpool_limits(1):
        versions = Versions(Path(directory) / "models")
        versions.promote(versions.add(fit(starter.examples(), starter.topics())[0]))
        pipeline = naive.fit(starter.examples())
        print(f"{'CPU time':26}{'naive ms':>10}{'ours ms':>10}{'naive/ours':>12}  min..max of {options.rounds} rounds")
        for stage in stages(data, pipeline, versions.load()):
            rounds = [(milliseconds(*stage.naive), milliseconds(*stage.ours)) for _ in range(1 + options.rounds)][1:]
            theirs, ours = zip(*rounds, strict=True)
            ratios = [one / other for one, other in rounds]
            print(f"{stage.name:26}{median(theirs):10.1f}{median(ours):10.1f}{median(ratios):12.1f}", end="")
            print(f"  {min(ratios):.1f}..{max(ratios):.1f}")
        for name, runs in cold_starts(Path(directory), data):
            print(f"{name:36}{median(runs):10.1f}{'':12}  {min(runs):.1f}..{max(runs):.1f} ms (cold start, {COLD_RUNS} runs)")


if __name__ == "__main__":
    main()
