"""Whether `topicwire label-next` is worth it: macro F1 after so many labels, chosen by it, by its parts, or at random.

    python tests/benchmarks/labelling.py POSTS [--no-starter] [--split source|post] [--seeds 5] [--most 150] [--batch 10]

POSTS are labelled examples, each with its `source`, or `repo`. Some sources are there to choose from, and the others judge.
A batch is chosen, its labels are told, a version is fitted, and by this the next batch is chosen. With the starter corpus
the first batch is chosen by the starter version; without it no version can be fitted at first, so it begins with posts at
random until each topic has enough. The last table is the answer: how many labels each order needs for what random order
reaches with 30, 60, … of them, on the curves averaged over the seeds.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model import text
from model.classifier import Classification, Classifier
from model.text import Text
from model.version import Version
from model.versions import Versions
from training import examples, starter
from training.examples import Example
from training.fit import MIN_EXAMPLES, fit
from training.uncertainty import choose, uncertainty

TOPICS = [topic.name for topic in starter.topics()]
POOL = 0.6  # of the posts, those to choose from
RANDOM_ORDERS = 3  # for each seed: what the others are compared with should be the less noisy side

Order = Callable[[list[Classification], Version, int, np.random.Generator], list[int]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts")
    parser.add_argument("--no-starter", action="store_true")
    parser.add_argument("--split", choices=("source", "post"), default="source")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--most", type=int, default=150)
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--orders", nargs="+", default=list(ORDERS), choices=list(ORDERS))
    options = parser.parse_args()
    with Path(options.posts).open("rb") as stream:
        posts = examples.read(stream, options.posts).good
    texts = [text.of_post(example.post) for example in posts]
    counts = list(range(0, options.most + 1, options.batch))
    curves: dict[str, list[list[float]]] = {name: [] for name in options.orders}
    for seed in range(options.seeds):
        pool, judges = split(posts, options.split, seed)
        for name in options.orders:
            for again in range(RANDOM_ORDERS if name == "random" else 1):
                begin = cold_start(posts, pool, seed) if options.no_starter else []
                rng = np.random.default_rng([seed, again])
                known = [] if options.no_starter else starter.examples()
                curves[name].append(curve(ORDERS[name], posts, texts, known, pool, judges, begin, counts, rng))
            print(f"seed {seed} {name:22}" + " ".join(f"{value:.3f}" for value in curves[name][-1]), flush=True)
    report(curves, counts)


def split(posts: Sequence[Example], by: str, seed: int) -> tuple[list[int], list[int]]:
    """Rows to choose from, and rows that judge; no source on both sides, or any post on either."""
    rng = np.random.default_rng(seed)
    keys = [
        str(post.post.source or post.post.extra.get("repo")) if by == "source" else str(row) for row, post in enumerate(posts)
    ]
    pool: list[int] = []
    for key in rng.permutation(sorted(set(keys))):
        if len(pool) < POOL * len(posts):
            pool += [row for row, one in enumerate(keys) if one == key]
    return pool, sorted(set(range(len(posts))) - set(pool))


def cold_start(posts: Sequence[Example], pool: Sequence[int], seed: int) -> list[int]:
    """The fewest posts at random with enough examples of each topic; the same for every order."""
    shuffled = np.random.default_rng([seed, 99]).permutation(pool).tolist()
    for size in range(1, len(shuffled) + 1):
        labels = [posts[row].topics for row in shuffled[:size]]
        if all(min(sum(t in ls for ls in labels), sum(t not in ls for ls in labels)) >= MIN_EXAMPLES for t in TOPICS):
            return shuffled[:size]
    raise SystemExit("there are too few posts of a topic to begin with")


def curve(
    order: Order,
    posts: Sequence[Example],
    texts: Sequence[Text],
    known: Sequence[Example],
    pool: Sequence[int],
    judges: Sequence[int],
    begin: Sequence[int],
    counts: Sequence[int],
    rng: np.random.Generator,
) -> list[float]:
    """Macro F1 on the judges after each number of labels, those it began with not counted."""
    labelled, found = list(begin), []
    for count, following in zip(counts, [*counts[1:], None], strict=True):
        if len(labelled) < len(begin) + count:
            raise SystemExit(f"{len(pool)} posts are too few to choose from; ask for fewer with --most")
        version = fitted([*known, *(posts[row] for row in labelled)])
        classifier = Classifier(version)
        found.append(macro_f1(classifier, [posts[row] for row in judges], [texts[row] for row in judges]))
        if following is None:
            break
        left = [row for row in pool if row not in set(labelled)]
        judged = [] if order is at_random else [classifier.classify(texts[row]) for row in left]
        if order is at_random:
            labelled += rng.permutation(left)[: following - count].tolist()
        else:
            labelled += [left[index] for index in order(judged, version, following - count, rng)]
    return found


def fitted(learnt: Sequence[Example]) -> Version:
    content, _ = fit(learnt, starter.topics())
    with TemporaryDirectory() as home:
        versions = Versions(Path(home))
        return versions.load(versions.add(content))


def macro_f1(classifier: Classifier, judges: Sequence[Example], texts: Sequence[Text]) -> float:
    answers = [classifier.topics(classifier.classify(one)) for one in texts]
    given = np.array([[name in answer for name in TOPICS] for answer in answers])
    truth = np.array([[name in example.topics for name in TOPICS] for example in judges])
    return float(np.mean(2 * (given & truth).sum(axis=0) / np.maximum(given.sum(axis=0) + truth.sum(axis=0), 1)))


def report(curves: dict[str, list[list[float]]], counts: Sequence[int]) -> None:
    means = {name: np.mean(drawn, axis=0) for name, drawn in curves.items()}
    print(f"\n{'macro F1':22}" + "".join(f"{count:>7}" for count in counts) + "   mean")
    for name, values in means.items():
        print(f"{name:22}" + "".join(f"{value:7.3f}" for value in values) + f"{values[1:].mean():7.3f}")
    if "random" not in means:
        return
    print("\nmean over all numbers of labels, less that of random order, seed by seed")
    seeds = len(next(iter(drawn for name, drawn in curves.items() if name != "random"), []))
    base = np.array(curves["random"]).reshape(seeds or 1, -1, len(counts)).mean(axis=1)
    for name, drawn in curves.items():
        if name != "random":
            gains = (np.array(drawn) - base)[:, 1:].mean(axis=1)
            print(
                f"{name:22}{gains.mean():+.3f} ± {gains.std(ddof=1) / len(gains) ** 0.5:.3f}   "
                + " ".join(f"{g:+.3f}" for g in gains)
            )
    wanted = [count for count in counts if count and count % 30 == 0]
    print(f"\n{'labels needed':22}" + "".join(f"{count:>7}" for count in wanted))
    for name, values in means.items():
        print(f"{name:22}" + "".join(f"{needed(means['random'][counts.index(c)], values, counts):>7}" for c in wanted))


def needed(target: float, values: NDArray[np.float64], counts: Sequence[int]) -> str:
    """The first number of labels, interpolated, from which a curve is as high."""
    for at in range(len(counts)):
        if values[at] >= target:
            if at == 0:
                return "0"
            share = (target - values[at - 1]) / (values[at] - values[at - 1])
            return f"{counts[at - 1] + share * (counts[at] - counts[at - 1]):.0f}"
    return f">{counts[-1]}"


def closeness(judged: list[Classification], version: Version) -> NDArray[np.float64]:
    """[posts, topics]: 1 at the threshold, 0 at a score of 0 or 1."""
    thresholds = np.array([topic.threshold for topic in version.topics])
    scores = np.array([one.scores for one in judged])
    return 1 - np.where(scores < thresholds, (thresholds - scores) / thresholds, (scores - thresholds) / (1 - thresholds))


def vectors(judged: list[Classification]) -> Any:
    """[posts, posts]: cosine of the posts' terms, each weighted by what it adds to any topic."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.metrics.pairwise import cosine_similarity

    rows = [dict(zip(one.terms, np.linalg.norm(one.contributions, axis=1).tolist(), strict=True)) for one in judged]
    return cosine_similarity(DictVectorizer().fit_transform(rows))


def at_random(judged: list[Classification], version: Version, size: int, rng: np.random.Generator) -> list[int]:
    return rng.permutation(len(judged))[:size].tolist()


def margin(judged: list[Classification], version: Version, size: int, rng: np.random.Generator) -> list[int]:
    return np.argsort(-closeness(judged, version).max(axis=1), kind="stable")[:size].tolist()


def entropy(judged: list[Classification], version: Version, size: int, rng: np.random.Generator) -> list[int]:
    return most_uncertain(judged)[:size]


def most_uncertain(judged: list[Classification]) -> list[int]:
    return sorted(range(len(judged)), key=lambda row: -uncertainty(judged[row].scores.tolist()))


def diverse(judged: list[Classification], version: Version, size: int, rng: np.random.Generator) -> list[int]:
    """The most uncertain, times its distance to the nearest one chosen."""
    similar, worth = vectors(judged), np.array([uncertainty(one.scores.tolist()) for one in judged])
    chosen: list[int] = []
    distance = np.ones(len(worth))
    for _ in range(min(size, len(worth))):
        value = worth * distance
        value[chosen] = -1
        chosen.append(int(value.argmax()))
        distance = np.minimum(distance, 1 - similar[chosen[-1]])
    return chosen


def apart(judged: list[Classification], version: Version, size: int, rng: np.random.Generator) -> list[int]:
    """The most uncertain; one that is much like one chosen waits."""
    similar = vectors(judged)
    return waiting(judged, size, lambda row, chosen: any(similar[row, other] >= 0.8 for other in chosen))


def balanced(judged: list[Classification], version: Version, size: int, rng: np.random.Generator) -> list[int]:
    """The most uncertain; one whose most doubtful topic has had its share waits."""
    topic = [int(np.abs(one.scores - 0.5).argmin()) for one in judged]
    share = -(-size // len(version.topics))
    return waiting(judged, size, lambda row, chosen: sum(topic[other] == topic[row] for other in chosen) >= share)


def waiting(judged: list[Classification], size: int, waits: Callable[[int, list[int]], bool]) -> list[int]:
    chosen: list[int] = []
    later: list[int] = []
    for row in most_uncertain(judged):
        (later if waits(row, chosen) else chosen).append(row)
    return (chosen + later)[:size]


def label_next(judged: list[Classification], version: Version, size: int, rng: np.random.Generator) -> list[int]:
    return choose(judged, size)


ORDERS: dict[str, Order] = {
    "label-next": label_next,
    "random": at_random,
    "margin": margin,
    "entropy": entropy,
    "diverse": diverse,
    "apart": apart,
    "balanced": balanced,
}

if __name__ == "__main__":
    main()
