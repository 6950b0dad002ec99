"""The same model by scikit-learn's own methods: what a version's scores are equal to, and what they are measured against."""

import numpy as np
from numpy.typing import NDArray

from model.text import Text
from training.features import vectors
from training.fit import Fitted


def scores(fitted: Fitted, texts: list[Text]) -> NDArray[np.float64]:
    """[texts, topics], for English texts: TfidfVectorizer over all texts and their passages at once, then each topic's
    classifier and calibrator."""
    features = vectors(fitted.vectorizer, texts)
    columns = []
    for classifier, calibrator in zip(fitted.classifiers, fitted.calibrators, strict=True):
        logits = classifier.decision_function(features)
        columns.append(calibrator.predict_proba(logits[:, np.newaxis])[:, 1])
    return np.column_stack(columns)
