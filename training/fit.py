"""Labelled examples -> a model version.

Features (see `features`), and for each topic a linear classifier (see `linear`). Then, on scores that each example got from
a classifier that had seen neither it nor another of its origin (see `folds`): Platt's calibration (J. Platt, "Probabilistic
outputs for support vector machines", 1999) and a threshold. What the version stores is the product of
classifier and calibration, so the contributions of the terms and the intercept add up to the logit of the score that is
served.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from threadpoolctl import threadpool_limits

from model import text
from model.errors import ExampleError
from model.text import TOKENIZER
from model.version import Content, Floats
from training import card, drift, features
from training.examples import Example, digest, distinct
from training.folds import FOLDS, Ints, folds
from training.labels import labels_of
from training.linear import MeanOfThree
from training.starter import TopicInfo

SEED = 0
# Fewer examples of a topic than this, or fewer without it, cannot be learnt from and judged at once: one for each fold.
MIN_EXAMPLES = FOLDS
# What a wrong tag costs a reader, in tags that are missing. From 5/4 to 2 the F1 on real posts is the same within its noise.
COST_OF_WRONG = 1.32
# How much each example weighs in learning, beside one of the starter corpus. A person's: from 1 to 5 it makes no difference
# that shows; at 30 the few blogs that they are from drown what the corpus knows of others, and F1 on unknown blogs falls by
# three points. A category's, where a third are wrong and a fifth missing: 0.3 is half a point better than 1, and that than 3.
PERSON_WEIGHT = 3.0
WEAK_WEIGHT = 0.3
# The same for calibration and threshold, as long as people's examples together count no more than the others: the starter
# corpus is too easy to say how sure one may be of other posts, and some dozens of posts alone are too few. From 3 to 20 it
# hardly matters; of people's alone, 200 posts of few blogs give thresholds that lose a point on others.
PERSON_TRUST = 10.0


@dataclass(frozen=True)
class Fitted:
    """The scikit-learn objects behind a version, for whoever wants to compare: the test that holds both equal does."""

    vectorizer: TfidfVectorizer  # of lists of terms: words, and pairs with a space between
    classifiers: list[MeanOfThree]  # one a topic, uncalibrated
    calibrators: list[LogisticRegression]  # one a topic: uncalibrated logit -> calibrated logit


def fit(
    examples: Sequence[Example], topics: Sequence[TopicInfo], *, seed: int = SEED, parse: features.Parse = text.of_post
) -> tuple[Content, Fitted]:
    """Fit one version. The same examples, seed and libraries give the same bytes.

    `parse` is for whoever fits many times, see `features.once`. Raises ExampleError where there are too few examples of a
    topic.
    """
    examples = distinct(examples)
    if not topics:
        raise ExampleError("no example has a topic, so there is nothing to tell apart")
    labels = labels_of(examples, [topic.name for topic in topics])
    for topic, column in zip(topics, labels.T, strict=True):
        positive, negative = int(column.sum()), int((~column).sum())
        if min(positive, negative) < MIN_EXAMPLES:
            raise ExampleError(
                f"it has {positive} examples with and {negative} without it; at least {MIN_EXAMPLES} of each are needed",
                subject=f"topic {topic.name!r}",
            )
    # One thread: sums in another order would give other last bits, and so another version, on another machine.
    with threadpool_limits(1):
        texts = [parse(example.post) for example in examples]
        documents = [features.terms(parsed) for parsed in texts]
        vocabulary = features.vocabulary(documents)
        if not vocabulary:
            raise ExampleError("no example has a word that could be learnt")
        vectorizer = features.vectorizer(vocabulary).fit(documents)
        vectors = features.vectors(vectorizer, texts)
        weights, trust = _weights(examples), _trust(examples)
        fits = [
            _fit_topic(vectors, column, weights, trust, folds(examples, column[:, np.newaxis], seed), seed) for column in labels.T
        ]
    known = features.known_shares(texts)
    slopes = np.array([fit.calibrator.coef_[0, 0] for fit in fits])
    offsets = np.array([fit.calibrator.intercept_[0] for fit in fits])
    coefficients = np.stack([fit.classifier.coef_[0] for fit in fits], axis=1) * slopes
    intercepts = np.array([fit.classifier.intercept_[0] for fit in fits]) * slopes + offsets
    manifest = {
        "topics": [
            {
                "name": topic.name,
                "title": topic.title,
                "description": topic.description,
                "threshold": fit.threshold,
                "intercept": float(intercept),
                "calibration": {"slope": float(slope), "offset": float(offset)},
                "examples": int(column.sum()),
                "out_of_fold": fit.metrics,
            }
            for topic, fit, column, intercept, slope, offset in zip(
                topics, fits, labels.T, intercepts, slopes, offsets, strict=True
            )
        ],
        "text": {
            "tokenizer": TOKENIZER,
            "title_weight": features.TITLE_WEIGHT,
            "passage_words": features.PASSAGE_WORDS,
            "whole_share": features.WHOLE_SHARE,
            "lead_share": features.LEAD_SHARE,
            "known_share": features.known_share(known),
        },
        "provenance": {
            "examples": len(examples),
            "examples_without_topic": int((~labels.any(axis=1)).sum()),
            "examples_by_people": sum(example.by_person for example in examples),
            "examples_by_categories": sum(example.weak for example in examples),
            "examples_sha256": digest(examples),
            "seed": seed,
            "libraries": {name: installed(name) for name in ("numpy", "scikit-learn", "scipy", "topicwire")},
        },
        "metrics": {
            "out_of_fold_macro_f1": round(float(np.mean([fit.metrics["f1"] for fit in fits])), 4),
            "out_of_fold_mean_average_precision": round(float(np.mean([fit.metrics["average_precision"] for fit in fits])), 4),
        },
        "baseline": drift.baseline(
            known, [topic.name for topic in topics], np.stack([fit.scores for fit in fits], 1), [fit.threshold for fit in fits]
        ),
    }
    content = Content(
        manifest=manifest,
        vocabulary=vocabulary,
        idf=vectorizer.idf_,
        coefficients=coefficients,
        card=card.write(manifest),
        learnt=[example.said for example in examples],
    )
    return content, Fitted(vectorizer, [fit.classifier for fit in fits], [fit.calibrator for fit in fits])


@dataclass(frozen=True)
class _TopicFit:
    classifier: MeanOfThree
    calibrator: LogisticRegression
    threshold: float
    metrics: dict[str, float]
    scores: Floats  # [examples], calibrated and out of fold


def _weights(examples: Sequence[Example]) -> Floats:
    """[examples]: what each weighs in learning, 1 on average."""
    weights = np.array([PERSON_WEIGHT if one.by_person else WEAK_WEIGHT if one.weak else 1.0 for one in examples])
    return np.asarray(weights / weights.mean())


def _trust(examples: Sequence[Example]) -> Floats:
    """[examples]: what each weighs in calibration and threshold; those by people together no more than all others."""
    people = np.array([example.by_person for example in examples])
    others = len(people) - int(people.sum())
    return np.where(people, min(PERSON_TRUST, max(others / max(int(people.sum()), 1), 1.0)), 1.0)


def _fit_topic(vectors: Any, labels: NDArray[np.bool_], weights: Floats, trust: Floats, held: Ints, seed: int) -> _TopicFit:
    unseen = np.zeros(len(labels))
    for fold in np.unique(held):
        seen, apart = held != fold, held == fold
        unseen[apart] = MeanOfThree(seed).fit(vectors[seen], labels[seen], weights[seen]).decision_function(vectors[apart])
    calibrator = LogisticRegression(C=1e6, solver="lbfgs").fit(unseen[:, np.newaxis], labels, trust)
    scores = calibrator.predict_proba(unseen[:, np.newaxis])[:, 1]
    threshold = _threshold(labels, scores, trust)
    given = scores >= threshold
    hits = int((given & labels).sum())
    precision, recall = hits / max(int(given.sum()), 1), hits / int(labels.sum())
    metrics = {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * hits / (int(given.sum()) + int(labels.sum())), 4),
        "average_precision": round(float(average_precision_score(labels, scores)), 4),
    }
    return _TopicFit(MeanOfThree(seed).fit(vectors, labels, weights), calibrator, threshold, metrics, scores)


def _threshold(labels: NDArray[np.bool_], scores: Floats, trust: Floats) -> float:
    """The threshold that is best for the F-measure with `COST_OF_WRONG`, if the scores are probabilities.

    It follows from the best F-measure itself (Z. Lipton et al., "Optimal thresholding of classifiers to maximize F1
    measure", 2014: half of it, where both errors cost the same), and so does not hang on the few examples between which
    the highest point of a jagged curve lies.
    """
    squared_beta = 1 / COST_OF_WRONG
    precision, recall, _ = precision_recall_curve(labels, scores, sample_weight=trust)
    measure = (1 + squared_beta) * precision * recall / np.maximum(squared_beta * precision + recall, 1e-12)
    return round(float(measure.max()) / (1 + squared_beta), 4)
