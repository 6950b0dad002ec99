"""Labelled examples -> a model version.

TF-IDF over the words and the pairs of neighbouring words of title and body, and for each topic a linear classifier (see
`linear`). Then, on scores that each example got from a classifier that had not seen it: Platt's calibration (J. Platt,
"Probabilistic outputs for support vector machines", 1999) and a threshold. What the version stores is the product of
classifier and calibration, so the contributions of the terms and the intercept add up to the logit of the score that is
served.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version as installed
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, precision_recall_curve
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits

from model import text
from model.errors import ExampleError
from model.function_words import FUNCTION_WORDS
from model.text import TOKENIZER, Text
from model.versions import Content, Floats
from training import card, drift
from training.examples import Example, digest, distinct
from training.linear import MeanOfThree
from training.starter import TopicInfo

SEED = 0
FOLDS = 5
# Fewer examples of a topic than this, or fewer without it, cannot be learnt from and judged at once: one for each fold.
MIN_EXAMPLES = FOLDS
# How often the words of a title count. Once loses about two points of F1, five times gains nothing more.
TITLE_WEIGHT = 3
# A pair of words is learnt if so many examples have it. All pairs gain nothing more, and are six times as many.
PAIR_EXAMPLES = 2
# Of a long post: known words in a passage, about as many as a post of the starter corpus has, and the shares of the
# whole post and of its first passage in the mean.
PASSAGE_WORDS = 60
WHOLE_SHARE = 0.3
LEAD_SHARE = 0.2
# What a wrong tag costs a reader, in tags that are missing. From 5/4 to 2 the F1 on real posts is the same within its noise.
COST_OF_WRONG = 4 / 3
# A text that knows fewer of its words than nearly all examples do of theirs, by this factor, is in another language.
KNOWN_SLACK = 0.9
KNOWN_QUANTILE = 0.01


@dataclass(frozen=True)
class Fitted:
    """The scikit-learn objects behind a version, for whoever wants to compare: the test that holds both equal does."""

    vectorizer: TfidfVectorizer  # of lists of terms: words, and pairs with a space between
    classifiers: list[MeanOfThree]  # one a topic, uncalibrated
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
        texts = [text.of_post(example.post) for example in examples]
        documents = [terms(parsed) for parsed in texts]
        vocabulary = _vocabulary(documents)
        if not vocabulary:
            raise ExampleError("no example has a word that could be learnt")
        vectorizer = TfidfVectorizer(analyzer=_identity, vocabulary=vocabulary)
        features = vectorizer.fit_transform(documents)
        fits = [_fit_topic(features, column, seed) for column in labels.T]
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
            "title_weight": TITLE_WEIGHT,
            "passage_words": PASSAGE_WORDS,
            "whole_share": WHOLE_SHARE,
            "lead_share": LEAD_SHARE,
            "known_share": _known_share(texts),
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
        "baseline": drift.baseline(
            texts, [topic.name for topic in topics], np.stack([fit.scores for fit in fits], 1), [fit.threshold for fit in fits]
        ),
    }
    content = Content(
        manifest=manifest,
        vocabulary=vocabulary,
        idf=vectorizer.idf_,
        coefficients=coefficients,
        card=card.write(manifest),
    )
    return content, Fitted(vectorizer, [fit.classifier for fit in fits], [fit.calibrator for fit in fits])


def terms(parsed: Text) -> list[str]:
    """The terms of a text as they are counted: its words but for function words, and each two that then are neighbours;
    the title's several times."""
    return with_pairs(parsed.title_words) * TITLE_WEIGHT + with_pairs(parsed.words())


def with_pairs(words: Iterable[str]) -> list[str]:
    """Words but for function words, and then the pairs of neighbours that are left."""
    content = [word for word in words if word not in FUNCTION_WORDS]
    return content + [f"{first} {second}" for first, second in pairwise(content)]


def _vocabulary(documents: list[list[str]]) -> list[str]:
    """All words, sorted, then the pairs that are frequent enough, sorted by their words."""
    examples = Counter(term for document in documents for term in set(document))
    words = sorted(term for term in examples if " " not in term)
    pairs = sorted(tuple(term.split(" ")) for term, count in examples.items() if " " in term and count >= PAIR_EXAMPLES)
    return words + [" ".join(pair) for pair in pairs]


def _known_share(texts: list[Text]) -> float:
    """The share of its words that a text must know to be judged: by how many each example would know if it had not been
    learnt from, which are the words that another example has, and the function words."""
    words = [[*parsed.title_words, *parsed.words()] for parsed in texts]
    examples = Counter(word for row in words for word in set(row))
    shares = [np.mean([examples[word] > 1 or word in FUNCTION_WORDS for word in row]) for row in words if row]
    return round(KNOWN_SLACK * float(np.quantile(shares, KNOWN_QUANTILE)), 4)


@dataclass(frozen=True)
class _TopicFit:
    classifier: MeanOfThree
    calibrator: LogisticRegression
    threshold: float
    metrics: dict[str, float]
    scores: Floats  # [examples], calibrated and out of fold


def _fit_topic(features: Any, labels: NDArray[np.bool_], seed: int) -> _TopicFit:
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    classifier = MeanOfThree(seed)
    unseen = cross_val_predict(classifier, features, labels, cv=folds, method="decision_function")
    calibrator = LogisticRegression(C=1e6, solver="lbfgs").fit(unseen[:, np.newaxis], labels)
    scores = calibrator.predict_proba(unseen[:, np.newaxis])[:, 1]
    threshold = _threshold(labels, scores)
    given = scores >= threshold
    hits = int((given & labels).sum())
    precision, recall = hits / max(int(given.sum()), 1), hits / int(labels.sum())
    metrics = {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * hits / (int(given.sum()) + int(labels.sum())), 4),
        "average_precision": round(float(average_precision_score(labels, scores)), 4),
    }
    return _TopicFit(classifier.fit(features, labels), calibrator, threshold, metrics, scores)


def _threshold(labels: NDArray[np.bool_], scores: Floats) -> float:
    """The threshold that is best for the F-measure with `COST_OF_WRONG`, if the scores are probabilities.

    It follows from the best F-measure itself (Z. Lipton et al., "Optimal thresholding of classifiers to maximize F1
    measure", 2014: half of it, where both errors cost the same), and so does not hang on the few examples between which
    the highest point of a jagged curve lies.
    """
    squared_beta = 1 / COST_OF_WRONG
    precision, recall, _ = precision_recall_curve(labels, scores)
    measure = (1 + squared_beta) * precision * recall / np.maximum(squared_beta * precision + recall, 1e-12)
    return round(float(measure.max()) / (1 + squared_beta), 4)


def _identity(words: list[str]) -> list[str]:
    return words
