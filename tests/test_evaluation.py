"""The figures are those of scikit-learn, and the worst mistakes come first."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, brier_score_loss, f1_score, precision_score, recall_score

from model.errors import ExampleError
from model.posts import Post
from model.tagger import Tagger
from training import starter
from training.evaluation import _PER_TOPIC, evaluate
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
