"""Which example has which topic, as arrays have it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.examples import Example

Bools = NDArray[np.bool_]


def labels_of(examples: Sequence[Example], topics: Sequence[str]) -> Bools:
    """[examples, topics]: whether a person, or whoever labelled it, gave the example the topic."""
    labels = np.array([[topic in example.topics for topic in topics] for example in examples], dtype=bool)
    return labels.reshape(len(examples), len(topics))  # also of no examples
