"""What the starter corpus is worth: judged by labelled posts that it was not written for.

    python tests/benchmarks/corpus.py POSTS [--plot curve.svg]

POSTS are labelled examples, as for `topicwire evaluate`. Two tables: the learning curve (a model from a part of the corpus,
drawn at random, several times) and what leaving out each tenth changes.
"""

import argparse
from collections.abc import Iterator, Sequence
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
    options = parser.parse_args()
    with Path(options.posts).open("rb") as stream:
        judges = examples.read(stream, options.posts).good
    corpus = starter.examples()
    print(f"{len(corpus)} posts of the starter corpus, judged by {len(judges)} labelled posts")
    print(f"\n{'learnt from':>16}" + "".join(f"{title:>18}" for title in SHOWN.values()))
    for part in PARTS:
        drawn = [judged(drawing, judges) for drawing in drawings(corpus, part)]
        print(f"{round(part * len(corpus)):16}" + "".join(f"{spread(drawn, name):>18}" for name in SHOWN))
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


if __name__ == "__main__":
    main()
