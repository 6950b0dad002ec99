"""One topic's linear classifier: the mean of three that err in different ways.

All three are linear in the same features, so their mean is one row of coefficients, and costs nothing when it is used:

    naive Bayes          the log-count ratios themselves: how much more frequent a term is with the topic than without it.
                         Ranks long posts of unknown blogs best; its scores alone are far too sure
    logistic regression  on the features as they are: knows which terms repeat each other
    the same, weighted   on the features multiplied by the size of their ratios (S. Wang and C. Manning, "Baselines and
                         Bigrams", 2012): trusts the terms that tell topics apart

Each is divided by the standard deviation of its answers, so that none outvotes the others.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from model.version import Floats

# Inverse strength of regularization. Anything from 1 to 10 does equally well.
C = 3.0
# Added to each term's weight before ratios are taken: what a term that was never seen with the topic has.
SMOOTHING = 0.02


class MeanOfThree(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Has what scikit-learn's linear classifiers of two classes have: `coef_` [1, terms], `intercept_` [1] and
    `decision_function`."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, features: Any, labels: NDArray[np.bool_], sample_weight: Floats | None = None) -> "MeanOfThree":
        """Learn from sparse features [examples, terms] and the labels of one topic [examples], each example as often as
        its weight says."""
        labels = np.asarray(labels, dtype=bool)  # cross-validation hands over 0 and 1, which would be row numbers
        weights = np.ones(len(labels)) if sample_weight is None else sample_weight
        counted = features.multiply(weights[:, np.newaxis]).tocsr()
        ratios = _shares(counted[labels]) - _shares(counted[~labels])
        sizes = np.abs(ratios)
        plain = self._regression().fit(features, labels, weights)
        weighted = self._regression().fit(features.multiply(sizes).tocsr(), labels, weights)
        members = [
            (ratios, 0.0),
            (plain.coef_[0], plain.intercept_[0]),
            (weighted.coef_[0] * sizes, weighted.intercept_[0]),
        ]
        # Where all examples look the same there is nothing to divide by, and nothing to tell apart either.
        spreads = [float(np.std(features @ row)) or 1.0 for row, _ in members]
        self.classes_ = np.array([False, True])
        self.coef_: Floats = np.mean([[row / spread] for (row, _), spread in zip(members, spreads, strict=True)], axis=0)
        self.intercept_: Floats = np.mean([[at / spread] for (_, at), spread in zip(members, spreads, strict=True)], axis=0)
        return self

    def decision_function(self, features: Any) -> Floats:
        """[examples]: how far each is on the topic's side; not calibrated."""
        return np.asarray(features @ self.coef_[0] + self.intercept_[0])

    def predict(self, features: Any) -> NDArray[np.bool_]:
        """[examples]: whether each is on the topic's side."""
        return self.decision_function(features) >= 0

    def _regression(self) -> LogisticRegression:
        return LogisticRegression(C=C, solver="liblinear", random_state=self.seed)


def _shares(features: Any) -> Floats:
    """[terms]: the logarithm of each term's share of the features' sum, smoothed."""
    sums = np.asarray(features.sum(axis=0)).ravel() + SMOOTHING
    return np.asarray(np.log(sums / sums.sum()))
