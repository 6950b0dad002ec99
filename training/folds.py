"""Folds: what is learnt from and what it is judged by, apart. Posts of one origin stay together, so that what a blog says
twice, and how it says it, is not learnt from one copy and rewarded for the other."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from training.examples import Example

FOLDS = 5

Ints = NDArray[np.int64]


def folds(examples: Sequence[Example], labels: NDArray[np.bool_], seed: int, *, most: int = FOLDS) -> Ints:
    """[examples]: the number of the fold that each example is held out in, from labels [examples, topics].

    Every fold gets its part of each topic, and no origin is in two; but where that would leave a fold less than half of a
    topic's examples to learn from (all posts of a topic from one blog), each post goes for itself. The starter corpus has
    no origins: none of its posts is like another.
    """
    kinds = _kinds(labels)
    starter = np.array([example.is_starter for example in examples], dtype=bool)
    found = np.zeros(len(examples), dtype=np.int64)
    found[starter] = _alone(kinds[starter], seed, most)
    rest = np.flatnonzero(~starter)
    names = np.array([example.origin for example in examples if not example.is_starter])
    origins = np.unique(names, return_inverse=True)[1]
    if most <= len(set(names)) < len(names):
        chosen = StratifiedGroupKFold(most, shuffle=True, random_state=seed)
        # A kind of which there is less than one for each fold goes with the most frequent: scikit-learn would warn of it.
        counts = np.bincount(kinds[rest])
        shared = np.where(counts[kinds[rest]] < most, counts.argmax(), kinds[rest])
        for number, (_, held) in enumerate(chosen.split(rest, shared, origins)):
            found[rest[held]] = number
        if _leaves_enough(labels, found, most):
            return found
    found[rest] = _alone(kinds[rest], seed, most)
    return found


def _kinds(labels: NDArray[np.bool_]) -> Ints:
    """[examples]: each one's rarest topic as a number, and the one after the last for none."""
    order = np.argsort(labels.sum(axis=0), kind="stable")
    first = labels[:, order].argmax(axis=1)
    return np.asarray(np.where(labels.any(axis=1), order[first], labels.shape[1]), dtype=np.int64)


def _alone(kinds: Ints, seed: int, most: int) -> Ints:
    found = np.zeros(len(kinds), dtype=np.int64)
    if len(kinds) and min(np.unique(kinds, return_counts=True)[1]) >= most:
        chosen = StratifiedKFold(most, shuffle=True, random_state=seed)
        for number, (_, held) in enumerate(chosen.split(kinds, kinds)):
            found[held] = number
        return found
    # scikit-learn refuses what has fewer than one for each fold; dealt out like cards, they go as far as they can.
    shuffled = np.random.default_rng(seed).permutation(len(kinds))
    found[shuffled[np.argsort(kinds[shuffled], kind="stable")]] = np.arange(len(kinds)) % most
    return found


def _leaves_enough(labels: NDArray[np.bool_], found: Ints, most: int) -> bool:
    both = np.hstack([labels, ~labels])
    return all((2 * both[found != number].sum(axis=0) >= both.sum(axis=0)).all() for number in range(most))
