"""The gate lets through what is as good, refuses what is worse beyond noise, and says when it cannot tell."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from training import gate
from training.labels import Bools

NAMES = ["a", "b"]
DRAW = np.random.default_rng(0)
TRUTH = DRAW.random((200, 2)) < 0.4


def wrong(share: float, columns: tuple[int, ...] = (0, 1)) -> Bools:
    """The truth with a share of it turned around."""
    turned = np.zeros(TRUTH.shape, dtype=bool)
    turned[:, columns] = (np.random.default_rng(1).random(TRUTH.shape) < share)[:, columns]
    return TRUTH ^ turned


def compare(candidate: Bools, current: Bools | None, slack: float = 0.0, posts: int = 200) -> gate.Comparison:
    old = None if current is None else current[:posts]
    return gate.compare(NAMES, TRUTH[:posts], candidate[:posts], old, NAMES, slack=slack, seed=0)


def test_figures_are_those_of_scikit_learn_and_the_difference_is_theirs() -> None:
    candidate, current = wrong(0.1), wrong(0.2)

    compared = compare(candidate, current).to_dict()

    for column, name in enumerate(NAMES):
        row = compared["topics"][name]
        assert row["posts"] == TRUTH[:, column].sum()
        assert row["candidate"]["value"] == pytest.approx(f1_score(TRUTH[:, column], candidate[:, column]), abs=1e-4)
        assert row["current"]["value"] == pytest.approx(f1_score(TRUTH[:, column], current[:, column]), abs=1e-4)
    figures, difference = compared["macro_f1"], compared["difference"]
    assert difference["value"] == pytest.approx(figures["candidate"]["value"] - figures["current"]["value"], abs=2e-4)
    assert difference["low"] < difference["value"] < difference["high"]
    assert compared["held_out"] == 200


def test_what_is_worse_is_refused_and_what_is_as_good_or_better_is_not() -> None:
    assert gate.objections(compare(wrong(0.1), wrong(0.1)), None) == []
    assert gate.objections(compare(wrong(0.05), wrong(0.2)), None) == []
    worse = gate.objections(compare(wrong(0.3), wrong(0.05)), None)
    assert [sentence.split(" falls")[0] for sentence in worse] == ["macro F1", "F1 of a", "F1 of b"]


def test_one_topic_that_falls_is_enough() -> None:
    compared = compare(wrong(0.3, (1,)), wrong(0.02))

    assert [name for name, row in compared.topics.items() if row.falls] == ["b"]
    assert any(sentence.startswith("F1 of b falls from") for sentence in gate.objections(None, compared))


def test_a_small_fall_is_borne_where_it_is_allowed_for() -> None:
    small, none = wrong(0.02), TRUTH

    assert compare(small, none).all.falls
    assert not compare(small, none, slack=0.05).all.falls


def test_as_good_a_candidate_is_seldom_refused() -> None:
    """Of equally good ones, that err in other places, no more than one in twenty by each rule, but for chance."""
    refused = 0
    for seed in range(40):
        draw = np.random.default_rng(seed)
        candidate, current = (TRUTH ^ (draw.random(TRUTH.shape) < 0.1) for _ in range(2))
        refused += bool(gate.objections(compare(candidate, current), None))
    assert refused <= 6


def test_too_few_posts_are_said_to_be_and_how_many_it_takes() -> None:
    assert gate.missing(compare(wrong(0.1), wrong(0.1), posts=12)) == gate.FEWEST - 12
    noisy = compare(wrong(0.4), TRUTH ^ (np.random.default_rng(5).random(TRUTH.shape) < 0.4), posts=40)
    assert noisy.all.difference
    assert noisy.all.difference.high - noisy.all.difference.low > 2 * gate.TELLABLE
    assert gate.missing(noisy) > 20
    assert gate.missing(compare(wrong(0.1), wrong(0.1))) == 0


def test_a_topic_without_posts_or_unknown_to_current_is_not_compared() -> None:
    truth = TRUTH.copy()
    truth[:, 1] = False
    compared = gate.compare(NAMES, truth, TRUTH, TRUTH, NAMES, slack=0, seed=0)
    assert compared.topics["b"] == gate.Row(0, None, None, None, False)

    compared = gate.compare(NAMES, TRUTH, TRUTH, TRUTH, ["a"], slack=0, seed=0)
    assert compared.topics["b"].current is None
    assert compared.all.candidate == compared.topics["a"].candidate

    assert gate.compare(NAMES, truth[:, :] & False, TRUTH, TRUTH, NAMES, slack=0, seed=0).all.difference is None


def test_labels_of_something_are_told_from_labels_of_nothing() -> None:
    scores = TRUTH * 0.5 + DRAW.random(TRUTH.shape) * 0.8
    shuffled = [TRUTH[np.random.default_rng(seed).permutation(200)] for seed in range(20)]

    assert gate.says_something(TRUTH, scores, seed=0)
    assert gate.says_something(TRUTH[:20], scores[:20], seed=0)
    assert sum(gate.says_something(labels, scores, seed=0) for labels in shuffled) == 0
    assert gate.says_something(TRUTH[:10], scores[10:20], seed=0), "too few to say"
    assert gate.says_something(np.ones((50, 2), dtype=bool), scores[:50], seed=0), "all alike"
