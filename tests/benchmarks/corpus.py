"""What the starter corpus is worth: judged by labelled posts that it was not written for.

    python tests/benchmarks/corpus.py POSTS [--plot curve.svg]

POSTS are labelled examples, as for `topicwire evaluate`. Two tables: the learning curve (a model from a part of the corpus,
drawn at random, several times) and what leaving out each tenth changes. A plot needs `pip install -e '.[plot]'`.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from model.tagger import Tagger
from model.versions import Versions
from training import examples, starter
from training.evaluation import Evaluation, evaluate
from training.examples import Example
from training.fit import fit

PARTS = (0.10, 0.25, 0.50, 1.00)
DRAWS = 5
SHOWN = {"macro_f1": "macro F1", "mean_average_precision": "mAP", "none_f1": "none F1", "ece": "ECE"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts")
    parser.add_argument("--plot", metavar="FILE", help="draw the learning curve, as SVG")
    options = parser.parse_args()
    with Path(options.posts).open("rb") as stream:
        judges = examples.read(stream, options.posts).good
    corpus = starter.examples()
    print(f"{len(corpus)} posts of the starter corpus, judged by {len(judges)} labelled posts")
    print(f"\n{'learnt from':>16}" + "".join(f"{title:>18}" for title in SHOWN.values()))
    curve = {}
    for part in PARTS:
        curve[round(part * len(corpus))] = drawn = [judged(drawing, judges) for drawing in drawings(corpus, part)]
        print(f"{round(part * len(corpus)):16}" + "".join(f"{spread(drawn, name):>18}" for name in SHOWN))
    if options.plot:
        plot(curve, options.plot)
    order = np.random.default_rng(0).permutation(len(corpus))
    left = [
        judged([corpus[index] for index in np.setdiff1d(order, order[tenth::10])], judges).overall["macro_f1"].value
        for tenth in range(10)
    ]
    whole = judged(corpus, judges).overall["macro_f1"].value
    print("\nmacro F1 without each tenth, and what that changes")
    print("  ".join(f"{value:.3f} ({value - whole:+.3f})" for value in left))


def drawings(corpus: Sequence[Example], part: float) -> Iterator[list[Example]]:
    """The corpus drawn to a part of it, several times; the whole once."""
    for seed in range(DRAWS if part < 1 else 1):
        chosen = np.random.default_rng(seed).permutation(len(corpus))[: round(part * len(corpus))]
        yield [corpus[index] for index in sorted(chosen)]


def judged(learnt: Sequence[Example], judges: Sequence[Example]) -> Evaluation:
    content, _ = fit(learnt, starter.topics())
    with TemporaryDirectory() as home:
        versions = Versions(Path(home))
        return evaluate(Tagger(versions.load(versions.add(content))), judges, draws=0)


def spread(drawn: Sequence[Evaluation], name: str) -> str:
    values = [evaluation.overall[name].value for evaluation in drawn]
    return f"{np.mean(values):.3f} ± {np.std(values):.3f}" if len(values) > 1 else f"{values[0]:.3f}"


def plot(curve: Mapping[int, Sequence[Evaluation]], file: str) -> None:
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "topicwire"  # the same figures, the same bytes
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6.4, 4))
    for name in ("mean_average_precision", "macro_f1", "none_f1"):
        values = [[evaluation.overall[name].value for evaluation in drawn] for drawn in curve.values()]
        means, spreads = [np.mean(row) for row in values], [np.std(row) for row in values]
        axes.errorbar(list(curve), means, yerr=spreads, marker="o", capsize=3, label=SHOWN[name])
    axes.set(xscale="log", xlabel="posts learnt from", ylim=(0.6, 1))
    axes.set_xticks(list(curve), [f"{posts:,}" for posts in curve])
    axes.minorticks_off()
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.savefig(file, bbox_inches="tight", metadata={"Date": None})


if __name__ == "__main__":
    main()
