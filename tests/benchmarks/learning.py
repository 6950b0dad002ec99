"""How many labelled posts it takes: the learning curve with the starter corpus, without it, and of fastText.

    python tests/benchmarks/learning.py POSTS [--by FIELD] [--fasttext PYTHON]

POSTS are labelled examples, as for `topicwire evaluate --curve`, which draws the same curve. FIELD says whose a post is. fastText
learns from the same posts, in another interpreter that has it (`pip install fasttext-wheel`): one against all for every
topic, words and pairs of words, and of three thresholds the one that is best for the posts that judge it, which flatters it.
"""

import argparse
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from model import text
from training import examples, starter
from training.curve import SEEDS, SIZES, learning_curve, split
from training.examples import Example

THRESHOLDS = (0.1, 0.3, 0.5)
# Run by the other interpreter: lines of {learn: [[text, topics]], judge: [text]} in, the topics' scores out.
FASTTEXT = """
import json, sys, tempfile, fasttext
fasttext.FastText.eprint = lambda *_: None
for line in sys.stdin:
    task = json.loads(line)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        for words, topics in task["learn"]:
            file.write(" ".join(f"__label__{topic}" for topic in topics or ["none"]) + " " + words + "\\n")
        file.flush()
        settings = {"loss": "ova", "epoch": 200, "lr": 0.5, "wordNgrams": 2, "dim": 50, "thread": 1, "seed": 1, "verbose": 0}
        model = fasttext.train_supervised(file.name, **settings)
    answers = []
    for words in task["judge"]:
        found = model.f.predict(words + "\\n", -1, 0.0, "strict")
        answers.append({label[9:]: score for score, label in found})
    print(json.dumps(answers), flush=True)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts")
    parser.add_argument("--by", metavar="FIELD", help="the field that says whose a post is")
    parser.add_argument("--fasttext", metavar="PYTHON", help="an interpreter that has fastText")
    options = parser.parse_args()
    with Path(options.posts).open("rb") as stream:
        posts = examples.read(stream, options.posts).good
    if options.by:
        posts = [post.by(options.by) for post in posts]
    topics = starter.topics()
    curve = learning_curve(posts, topics)
    print(f"{'labelled posts':16}{'with starter':>16}{'without':>16}")
    for point in curve:
        cells = [f"{one.value:.3f} ± {one.high - one.value:.3f}" if one else "-" for one in point[1:]]
        print(f"{point.posts:<16}" + "".join(f"{cell:>16}" for cell in cells))
    if options.fasttext:
        names = [topic.name for topic in topics]
        splits = [split(posts, names, seed) for seed in SEEDS]
        print(f"\n{'labelled posts':16}{'fastText':>16}")
        for size in SIZES[1:]:
            values = fasttext(options.fasttext, [(learnt[:size], judges) for learnt, judges in splits], names)
            print(f"{size:<16}{np.mean(values):>8.3f} ± {np.std(values):.3f}")


def fasttext(python: str, tasks: Sequence[tuple[Sequence[Example], Sequence[Example]]], names: Sequence[str]) -> list[float]:
    """Macro F1 of each task, by the threshold that is best for all of them."""
    lines = "".join(
        json.dumps({"learn": [[words(one), one.topics] for one in learnt], "judge": [words(one) for one in judges]}) + "\n"
        for learnt, judges in tasks
    )
    done = subprocess.run([python, "-c", FASTTEXT], input=lines, capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    found = [
        [
            float(np.mean([f1(topic, judges, answer, threshold) for topic in names]))
            for (_, judges), answer in zip(tasks, answers, strict=True)
        ]
        for threshold in THRESHOLDS
    ]
    return max(found, key=sum)


def f1(topic: str, judges: Sequence[Example], answers: Sequence[dict[str, float]], threshold: float) -> float:
    truth = np.array([topic in one.topics for one in judges])
    given = np.array([answer.get(topic, 0.0) >= threshold for answer in answers])
    return float(2 * (truth & given).sum() / max(truth.sum() + given.sum(), 1))


def words(example: Example) -> str:
    parsed = text.of_post(example.post)
    return " ".join([*parsed.title_words, *parsed.words()])


if __name__ == "__main__":
    main()
