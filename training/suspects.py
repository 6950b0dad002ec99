"""Examples whose labels a classifier that had not seen them contradicts: for a second look, not for deletion.

Confident learning (C. Northcutt, L. Jiang and I. Chuang, "Confident learning: estimating uncertainty in dataset labels",
2021), topic by topic: each example is scored out of fold, and how sure that is, is measured by the mean score of the
examples that have the label, so that a topic the classifier is never sure about is not doubted as a whole. Folds do not keep
a source together: to be contradicted by the other posts of its own source is what gives a wrong label away.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from threadpoolctl import threadpool_limits

from model import text
from model.classifier import EVIDENCE_TERMS
from model.errors import ExampleError
from model.version import Floats
from training.examples import Example, distinct
from training.features import terms, vectorizer, vocabulary
from training.fit import MIN_EXAMPLES, SEED
from training.folds import FOLDS
from training.labels import Bools, labels_of
from training.linear import MeanOfThree


@dataclass(frozen=True, slots=True)
class Doubt:
    """One topic that an example has, or lacks, against the classifier's word."""

    topic: str
    labelled: bool  # whether the example has the topic
    score: float  # of the topic, calibrated, by a classifier that had not seen the example
    usual: float  # mean such score of the examples labelled like this one
    evidence_for: list[tuple[str, float]]  # terms that spoke for the topic, with what they added to the score's logit
    evidence_against: list[tuple[str, float]]


@dataclass(frozen=True, slots=True)
class Suspect:
    example: Example
    doubt: float  # of its most doubtful topic; above 0 the classifier is surer of the other label, as sure as it usually is
    doubts: list[Doubt]  # the topics it would label otherwise, the worst first; [] = none, so this is no suspect

    def to_dict(self) -> dict[str, Any]:
        post = self.example.post
        return {
            "id": post.id,
            "title": post.title,
            "link": post.link,
            "source": post.source,
            "topics": list(self.example.topics),
            "doubt": self.doubt,
            "doubts": [asdict(doubt) for doubt in self.doubts],
        }


def suspects(examples: Sequence[Example], beside: Sequence[Example] = (), *, seed: int = SEED) -> list[Suspect]:
    """All examples, the most doubtful first. Those `beside` are learnt from as well, and not judged.

    Topics with too few examples to learn from are passed over; raises ExampleError where no topic has enough.
    """
    examples = distinct(examples)
    judged = len(examples)
    seen = {example.content for example in examples}
    everything = [*examples, *(example for example in distinct(beside) if example.content not in seen)]
    topics = sorted({topic for example in everything for topic in example.topics})
    labels = labels_of(everything, topics)
    enough = [column for column in range(len(topics)) if _has_enough(labels[:, column])]
    if not enough:
        raise ExampleError(f"no topic has {MIN_EXAMPLES} examples with it and as many without, so there is nothing to judge by")
    with threadpool_limits(1):
        documents = [terms(text.of_post(example.post)) for example in everything]
        names = vocabulary(documents)
        features = vectorizer(names).fit_transform(documents)
        unseen = [_OutOfFold(features, labels[:, column], judged, seed) for column in enough]
    doubts = np.stack([one.doubts for one in unseen], axis=1)
    found = []
    for row in np.argsort(-doubts.max(axis=1), kind="stable").tolist():
        worst = [at for at in np.argsort(-doubts[row], kind="stable").tolist() if doubts[row, at] > 0]
        named = [unseen[at].doubt(row, topics[enough[at]], names) for at in worst]
        found.append(Suspect(examples[row], round(float(doubts[row].max()), 4), named))
    return found


class _OutOfFold:
    """One topic as classifiers see it that had not seen the example.

    What is usual is taken from the judged examples, the first `own`, if there are enough of either label: those beside them
    may be posts of another kind, as short as the starter corpus, of which a classifier is sure in another way.
    """

    def __init__(self, features: Any, labels: Bools, own: int, seed: int) -> None:
        self._features, self._labels = features, labels
        self._fold = np.zeros(len(labels), dtype=np.int64)
        self._classifiers = []
        logits = np.zeros(len(labels))
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(features, labels)
        for fold, (learnt, judged) in enumerate(folds):
            classifier = MeanOfThree(seed).fit(features[learnt], labels[learnt])
            logits[judged] = classifier.decision_function(features[judged])
            self._fold[judged] = fold
            self._classifiers.append(classifier)
        usual = slice(own if _has_enough(labels[:own]) else None)
        self._calibrator = LogisticRegression(C=1e6, solver="lbfgs").fit(logits[usual, np.newaxis], labels[usual])
        self.scores: Floats = self._calibrator.predict_proba(logits[:, np.newaxis])[:, 1]
        self._usual = {label: float(self.scores[usual][labels[usual] == label].mean()) for label in (True, False)}
        # How much surer than usual of the topic, less how much surer than usual of its absence.
        lean = (self.scores - self._usual[True]) - (self._usual[False] - self.scores)
        self.doubts: Floats = np.where(labels, -lean, lean)[:own]

    def doubt(self, row: int, topic: str, vocabulary: Sequence[str]) -> Doubt:
        """What speaks for and against one example's label."""
        label = bool(self._labels[row])
        slope = self._calibrator.coef_[0, 0]
        weights = self._features[row].multiply(self._classifiers[self._fold[row]].coef_[0] * slope).tocoo()
        signed = sorted(zip(weights.data.tolist(), weights.col.tolist(), strict=True), key=lambda one: (-abs(one[0]), one[1]))
        sides = ([one for one in signed if one[0] > 0], [one for one in signed if one[0] < 0])
        for_, against = ([(vocabulary[term], round(by, 4)) for by, term in side[:EVIDENCE_TERMS]] for side in sides)
        score, usual = float(self.scores[row]), self._usual[label]
        return Doubt(topic, label, round(score, 4), round(usual, 4), for_, against)


def _has_enough(labels: Bools) -> bool:
    return min(int(labels.sum()), int((~labels).sum())) >= MIN_EXAMPLES
