"""Labelled examples -> a model version.

TF-IDF over the words of title and body, and for each topic a logistic regression on features that are weighted by how
much more frequent they are with the topic than without it (log-count ratios: S. Wang and C. Manning, "Baselines and
Bigrams", 2012). Then, on scores that each example got from a model that had not seen it: Platt's calibration (J. Platt,
"Probabilistic outputs for support vector machines", 1999) and the threshold with the best F0.5. What the version stores
is the product of ratios, regression and calibration, so the contributions of the words and the intercept add up to the
logit of the score that is served.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from threadpoolctl import threadpool_limits

from model import text
from model.errors import ExampleError
from model.function_words import FUNCTION_WORDS
from model.text import TOKENIZER
from model.versions import Content, Floats
from training import card
from training.examples import Example, digest, distinct
from training.starter import TopicInfo

SEED = 0
FOLDS = 5
# Fewer examples of a topic than this, or fewer without it, cannot be learnt from and judged at once: one for each fold.
MIN_EXAMPLES = FOLDS
# How often the words of a title count. Once loses about two points of F1, five times gains nothing more.
TITLE_WEIGHT = 3
# Of a long post: known words in a passage, about as many as a post of the starter corpus has, and the share of the
# whole post in the mean.
PASSAGE_WORDS = 60
WHOLE_SHARE = 0.3
# Inverse strength of regularization. Anything from 1 to 10 does equally well.
C = 3.0
# Added to each term's weight before ratios are taken: what a term that was never seen with the topic has.
SMOOTHING = 0.1
# Weighs precision twice as high as recall: a wrong tag costs a reader more than one that is missing, and scores of long
# posts are a little higher than those of the short ones that thresholds are chosen on.
BETA = 0.5


class LogCountRatio(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Weighs each feature by |log| of the ratio of its shares with and without the topic."""

    def fit(self, features: Any, labels: NDArray[np.bool_]) -> "LogCountRatio":
        labels = np.asarray(labels, dtype=bool)  # cross-validation hands over 0 and 1, which would be row numbers
        with_topic = np.asarray(features[labels].sum(axis=0)).ravel() + SMOOTHING
        without = np.asarray(features[~labels].sum(axis=0)).ravel() + SMOOTHING
        self.ratio_ = np.abs(np.log((with_topic / with_topic.sum()) / (without / without.sum())))
        return self

    def transform(self, features: Any) -> Any:
        return features.multiply(self.ratio_).tocsr()


@dataclass(frozen=True)
class Fitted:
    """The scikit-learn objects behind a version, for whoever wants to compare: the test that holds both equal does."""

    vectorizer: TfidfVectorizer
    classifiers: list[Pipeline]  # one a topic: ratios and regression, uncalibrated
    calibrators: list[LogisticRegression]  # one a topic: uncalibrated logit -> calibrated logit


def fit(examples: Sequence[Example], topics: Sequence[TopicInfo], *, seed: int = SEED) -> tuple[Content, Fitted]:
    """Fit one version. The same examples, seed and libraries give the same bytes.

    Raises ExampleError where there are too few examples of a topic.
    """
    examples = distinct(examples)
    if not topics:
        raise ExampleError("no example has a topic, so there is nothing to tell apart")
    labels = np.array([[topic.name in example.topics for topic in topics] for example in examples], dtype=bool)
    labels = labels.reshape(len(examples), len(topics))
    for topic, column in zip(topics, labels.T, strict=True):
        positive, negative = int(column.sum()), int((~column).sum())
        if min(positive, negative) < MIN_EXAMPLES:
            raise ExampleError(
                f"it has {positive} examples with and {negative} without it; at least {MIN_EXAMPLES} of each are needed",
                subject=f"topic {topic.name!r}",
            )
    # One thread: sums in another order would give other last bits, and so another version, on another machine.
    with threadpool_limits(1):
        vectorizer = TfidfVectorizer(analyzer=_identity)
        documents = [learnt_words(example) for example in examples]
        if not any(documents):
            raise ExampleError("no example has a word that could be learnt")
        features = vectorizer.fit_transform(documents)
        fits = [_fit_topic(features, column, seed) for column in labels.T]
    slopes = np.array([fit.calibrator.coef_[0, 0] for fit in fits])
    offsets = np.array([fit.calibrator.intercept_[0] for fit in fits])
    coefficients = np.stack([fit.classifier[1].coef_[0] * fit.classifier[0].ratio_ for fit in fits], axis=1) * slopes
    intercepts = np.array([fit.classifier[1].intercept_[0] for fit in fits]) * slopes + offsets
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
            "title_weight": TITLE_WEIGHT,
            "passage_words": PASSAGE_WORDS,
            "whole_share": WHOLE_SHARE,
        },
        "provenance": {
            "examples": len(examples),
            "examples_without_topic": int((~labels.any(axis=1)).sum()),
            "examples_sha256": digest(examples),
            "seed": seed,
            "libraries": {name: installed(name) for name in ("numpy", "scikit-learn", "scipy", "topicwire")},
        },
        "metrics": {
            "out_of_fold_macro_f1": round(float(np.mean([fit.metrics["f1"] for fit in fits])), 4),
            "out_of_fold_mean_average_precision": round(float(np.mean([fit.metrics["average_precision"] for fit in fits])), 4),
        },
    }
    content = Content(
        manifest=manifest,
        vocabulary=[str(term) for term in vectorizer.get_feature_names_out()],
        idf=vectorizer.idf_,
        coefficients=coefficients,
        card=card.write(manifest),
    )
    return content, Fitted(vectorizer, [fit.classifier for fit in fits], [fit.calibrator for fit in fits])


def learnt_words(example: Example) -> list[str]:
    """The words of an example as they are counted: the title's several times, function words left out."""
    parsed = text.of_post(example.post)
    return [word for word in (*parsed.title_words * TITLE_WEIGHT, *parsed.words()) if word not in FUNCTION_WORDS]


@dataclass(frozen=True)
class _TopicFit:
    classifier: Pipeline
    calibrator: LogisticRegression
    threshold: float
    metrics: dict[str, float]


def _fit_topic(features: Any, labels: NDArray[np.bool_], seed: int) -> _TopicFit:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    classifier = make_pipeline(LogCountRatio(), LogisticRegression(C=C, solver="liblinear", random_state=seed))
    unseen = cross_val_predict(classifier, features, labels, cv=folds, method="decision_function")
    calibrator = LogisticRegression(C=1e6, solver="lbfgs").fit(unseen[:, np.newaxis], labels)
    scores = calibrator.predict_proba(unseen[:, np.newaxis])[:, 1]
    threshold = _best_threshold(labels, scores)
    given = scores >= threshold
    hits = int((given & labels).sum())
    precision, recall = hits / max(int(given.sum()), 1), hits / int(labels.sum())
    metrics = {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * hits / (int(given.sum()) + int(labels.sum())), 4),
        "average_precision": round(float(average_precision_score(labels, scores)), 4),
    }
    return _TopicFit(classifier.fit(features, labels), calibrator, threshold, metrics)


def _best_threshold(labels: NDArray[np.bool_], scores: Floats) -> float:
    """The score from which on giving the topic has the best F-measure, halfway to the next score below it."""
    precision, recall, thresholds = precision_recall_curve(labels, scores)
    measure = (1 + BETA**2) * precision * recall / np.maximum(BETA**2 * precision + recall, 1e-12)
    best = int(np.argmax(measure[:-1]))
    below = scores[scores < thresholds[best]].max(initial=0.0)
    return round(float(thresholds[best] + below) / 2, 4)


def _identity(words: list[str]) -> list[str]:
    return words
