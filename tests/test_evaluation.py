"""The figures are those of scikit-learn, and the worst mistakes come first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    f1_score,
    precision_recall_curve,
    precision_score,
    recall_score,
)

from model.errors import ExampleError
from model.posts import Post
from model.tagger import Tagger
from training import starter
from training.evaluation import _PER_TOPIC, Point, _curve, _reliability, _wilson, evaluate
from training.examples import Example

EXAMPLES = starter.examples()[::6]


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0])), min_size=1, max_size=30)
)
def test_figures_are_those_of_scikit_learn(rows: list[tuple[bool, bool, float]]) -> None:
    truth, given_, scores = (np.array(column) for column in zip(*rows, strict=True))
    expected = {
        "precision": precision_score(truth, given_, zero_division=0),
        "recall": recall_score(truth, given_, zero_division=0),
        "f1": f1_score(truth, given_, zero_division=0),
        "average_precision": average_precision_score(truth, scores) if truth.any() else 0.0,
        "brier": brier_score_loss(truth, scores, labels=[False, True]),
    }

    for name, value in expected.items():
        assert _PER_TOPIC[name](truth, given_, scores) == pytest.approx(value, abs=1e-12), name


SCORED = st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.05, 0.25, 0.33, 0.7, 0.99, 1.0])), min_size=1, max_size=30)


@given(SCORED)
def test_a_curve_is_that_of_scikit_learn(rows: list[tuple[bool, float]]) -> None:
    truth, scores = (np.array(column) for column in zip(*rows, strict=True))
    if not truth.any():
        assert _curve(truth, scores) == []
        return
    precision, recall, thresholds = precision_recall_curve(truth, scores)

    expected = list(zip(thresholds, precision, recall, strict=False))[::-1]  # its last point, (1, 0), is of no score

    assert np.array(_curve(truth, scores)) == pytest.approx(np.array(expected), abs=6e-5)


@given(SCORED)
def test_bins_are_those_of_scikit_learn_and_make_up_the_ece(rows: list[tuple[bool, float]]) -> None:
    truth, scores = (np.array(column) for column in zip(*rows, strict=True))
    shares, means = calibration_curve(truth, scores, n_bins=10) if len(set(truth)) == 2 else (None, None)

    bins = _reliability(truth, scores)

    assert sum(one.scores for one in bins) == len(rows)
    assert all(
        one.low <= one.mean <= one.high and one.share.low <= one.share.value <= one.share.high for one in bins if one.scores
    )
    if shares is not None:
        assert [one.share.value for one in bins if one.scores] == pytest.approx(shares, abs=6e-5)
        assert [one.mean for one in bins if one.scores] == pytest.approx(means, abs=6e-5)
    error = sum(one.scores * abs(one.share.value - one.mean) for one in bins) / len(rows)
    assert error == pytest.approx(_PER_TOPIC["ece"](truth, truth, scores), abs=2e-4)


def test_the_interval_of_a_share() -> None:
    # Wilson's own formula by hand for 1 of 10, and the ends of the scale.
    assert (_wilson(1, 10).low, _wilson(1, 10).high) == pytest.approx((0.0179, 0.4042), abs=1e-4)
    assert (_wilson(0, 0).low, _wilson(0, 0).high) == (0, 1)
    assert _wilson(3, 3).high == 1
    assert _wilson(3, 3).low < 0.5


def test_what_is_served_is_a_point_of_the_curve(tagger: Tagger) -> None:
    judged = evaluate(tagger, EXAMPLES, draws=5)

    for topic in tagger.version.topics:
        figures, curve = judged.topics[topic.name], judged.curves[topic.name]
        served = min((point for point in curve if point.threshold >= topic.threshold), key=lambda point: point.threshold)
        assert served[1:] == (figures["precision"].value, figures["recall"].value)
        assert curve[-1].recall == 1
    assert isinstance(curve[0], Point)
    assert sum(one.scores for one in judged.reliability) == len(EXAMPLES) * len(tagger.version.topics)


def test_two_topics_rightly_given_confuse_nothing(tagger: Tagger) -> None:
    text = "The kubelet evicts pods of a deployment; the resolver asks over IPv6, and the firewall drops its packet."
    both = Example(Post(id="1", title="Kubernetes pods and DNS", text=text), ("containers", "networking"))
    judged = evaluate(tagger, [both], draws=5)

    assert {row: {k: v for k, v in cells.items() if v} for row, cells in judged.confusion.items() if any(cells.values())} == {
        "networking": {"networking": 1},
        "containers": {"containers": 1},
    }
    assert judged.counts == {"ai-agents": 0, "networking": 1, "containers": 1, "observability": 0, "integration": 0, "none": 0}


def test_the_diagonal_is_recall(tagger: Tagger) -> None:
    judged = evaluate(tagger, EXAMPLES, draws=5)

    for name, row in judged.topics.items():
        assert judged.confusion[name][name] / judged.counts[name] == pytest.approx(row["recall"].value, abs=6e-5)


def test_ece_of_a_score_that_can_be_believed_is_none() -> None:
    truth, scores = np.array([True, False, True, True, True, False]), np.array([0.5, 0.5, 0.75, 0.75, 0.75, 0.75])

    assert _PER_TOPIC["ece"](truth, truth, scores) == pytest.approx(0)
    assert _PER_TOPIC["ece"](truth, truth, 1 - truth) == pytest.approx(1)


def test_the_same_seed_gives_the_same_intervals(tagger: Tagger) -> None:
    first, second, other = (evaluate(tagger, EXAMPLES, seed=seed, draws=50) for seed in (0, 0, 1))

    assert first == second
    assert first.overall != other.overall
    assert first.overall["macro_f1"].low <= first.overall["macro_f1"].value <= first.overall["macro_f1"].high


def test_wrong_labels_lower_the_figures_and_are_the_worst_mistakes(tagger: Tagger) -> None:
    pods = Example(Post(id="wrong", title="Kubernetes pods", text="The kubelet evicts pods of a deployment."), ("networking",))

    right, wrong = evaluate(tagger, EXAMPLES, draws=5), evaluate(tagger, [*EXAMPLES, pods], draws=5)

    assert wrong.overall["macro_f1"].value < right.overall["macro_f1"].value
    assert wrong.mistakes[0].id == "wrong"
    assert (wrong.mistakes[0].expected, wrong.mistakes[0].given) == (["networking"], ["containers"])
    assert wrong.confusion["networking"]["containers"] == right.confusion["networking"]["containers"] + 1


def test_what_cannot_be_judged_is_said(tagger: Tagger) -> None:
    with pytest.raises(ExampleError, match="there is no labelled post"):
        evaluate(tagger, [])
    with pytest.raises(ExampleError, match="has no topic 'knitting'"):
        evaluate(tagger, [Example(Post(id="x", text="x"), ("knitting",))])
