"""The same model by scikit-learn's own methods: what a version's scores are equal to, and what they are measured against."""

from itertools import chain, pairwise

import numpy as np
from numpy.typing import NDArray

from model.function_words import FUNCTION_WORDS
from model.text import Text
from training.features import LEAD_SHARE, PASSAGE_WORDS, TITLE_WEIGHT, WHOLE_SHARE, with_pairs
from training.fit import Fitted


def scores(fitted: Fitted, texts: list[Text]) -> NDArray[np.float64]:
    """[texts, topics], for English texts: TfidfVectorizer over all texts and their passages at once, then each topic's
    classifier and calibrator."""
    vocabulary = fitted.vectorizer.vocabulary_
    documents: list[list[str]] = []
    begins = []
    for parsed in texts:
        title = with_pairs(parsed.title_words) * TITLE_WEIGHT
        body = [word for word in parsed.words() if word not in FUNCTION_WORDS]
        begun = [[word, f"{word} {after}"] for word, after in pairwise([*body, ""]) if word in vocabulary]
        count = len(begun) // PASSAGE_WORDS
        passages = [begun[len(begun) * k // count : len(begun) * (k + 1) // count] for k in range(count)] if count > 1 else []
        begins.append(len(documents))
        documents += [title + list(chain.from_iterable(part)) for part in [begun, *passages]]
    features = fitted.vectorizer.transform(documents)
    parts = np.diff([*begins, len(documents)])
    shares = np.repeat((1 - WHOLE_SHARE - LEAD_SHARE) / np.maximum(parts - 1, 1), parts)
    whole = np.array(begins)
    shares[whole] = np.where(parts > 1, WHOLE_SHARE, 1)
    shares[whole[parts > 1] + 1] += LEAD_SHARE
    columns = []
    for classifier, calibrator in zip(fitted.classifiers, fitted.calibrators, strict=True):
        logits = np.add.reduceat(classifier.decision_function(features) * shares, begins)
        columns.append(calibrator.predict_proba(logits[:, np.newaxis])[:, 1])
    return np.column_stack(columns)
