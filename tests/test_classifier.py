"""The numbers: the same as scikit-learn's, and evidence that adds up to them."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit

from model import feed, text
from model.classifier import Classifier
from model.posts import Post
from model.tagger import Tagger
from model.versions import Version
from tests.conftest import SAMPLE
from training import starter
from training.fit import PASSAGE_WORDS, TITLE_WEIGHT, WHOLE_SHARE, Fitted, learnt_words

# Words the model knows, words it does not, and what is no word at all.
KNOWN = sorted({word for example_ in starter.examples()[::7] for word in learnt_words(example_)})[:3000:3]
bodies = (
    st.text(max_size=200)
    | st.lists(st.sampled_from(KNOWN) | st.sampled_from(["the", "zzyzx", "42", "<b>", "&amp;"]), max_size=60).map(" ".join)
    | st.sampled_from(KNOWN).map(lambda word: word * 3 + " " + word * 1)
    | st.sampled_from(KNOWN).map(lambda word: f"{word} " * 5000)
)


def expected_scores(fitted: Fitted, post: Post) -> np.ndarray:
    """What scikit-learn itself answers, by its own methods from words to probability, passage by passage."""
    parsed = text.of_post(post)
    title = parsed.title_words * TITLE_WEIGHT
    known = [word for word in parsed.words() if word in fitted.vectorizer.vocabulary_]
    count = len(known) // PASSAGE_WORDS
    passages = [known[len(known) * k // count : len(known) * (k + 1) // count] for k in range(count)] if count > 1 else []
    features = fitted.vectorizer.transform([title + known, *(title + passage for passage in passages)])
    scores = []
    for classifier, calibrator in zip(fitted.classifiers, fitted.calibrators, strict=True):
        whole, *parts = classifier.decision_function(features)
        logit = WHOLE_SHARE * whole + (1 - WHOLE_SHARE) * np.mean(parts) if parts else whole
        scores.append(calibrator.predict_proba([[logit]])[0, 1])
    return np.array(scores)


@given(title=st.text(max_size=60), body=bodies)
@example(title="", body="")
@example(title="Kubernetes", body="")
@settings(deadline=None)
def test_scores_are_those_of_scikit_learn(trained: tuple[Path, Fitted], version: Version, title: str, body: str) -> None:
    post = Post(id="x", title=title, html=body)

    judged = Classifier(version).classify(text.of_post(post))

    np.testing.assert_allclose(judged.scores, expected_scores(trained[1], post), rtol=0, atol=1e-9)
    intercepts = np.array([topic.intercept for topic in version.topics])
    np.testing.assert_allclose(judged.contributions.sum(axis=0) + intercepts, judged.logits, rtol=0, atol=1e-9)
    np.testing.assert_allclose(expit(judged.logits), judged.scores, rtol=0, atol=1e-12)


def test_scores_of_real_looking_posts_are_those_of_scikit_learn(trained: tuple[Path, Fitted], version: Version) -> None:
    classifier = Classifier(version)
    for post in feed.read(SAMPLE.read_bytes()).posts + [example_.post for example_ in starter.examples()[::5]]:
        np.testing.assert_allclose(
            classifier.classify(text.of_post(post)).scores, expected_scores(trained[1], post), rtol=0, atol=1e-9
        )


def test_the_sample_feed_is_tagged_as_its_readers_would(tagger: Tagger) -> None:
    tagged = tagger.tag(feed.read(SAMPLE.read_bytes()).posts)

    assert {tag.post.id: tag.topics[:1] for tag in tagged} == {
        "hs-101": ["containers"],
        "hs-102": ["ai-agents"],
        "hs-103": ["integration"],
        "hs-104": ["networking"],
        "hs-105": ["observability"],
        "hs-106": [],
    }


def test_evidence_names_the_strongest_terms_first(version: Version) -> None:
    classifier = Classifier(version)
    judged = classifier.classify(
        text.of_post(Post(id="x", title="Kubernetes pods", text="The kubelet evicts pods. Bread is good."))
    )

    evidence = classifier.evidence(judged, "containers")

    assert "pods" in dict(evidence)
    assert [abs(weight) for _, weight in evidence] == sorted((abs(weight) for _, weight in evidence), reverse=True)


@pytest.mark.parametrize("body", ["", "   ", "zzyzx qwghlm", "12 34 56", "。。。", "<p></p>"])
def test_a_text_without_a_known_word_gets_no_topic(tagger: Tagger, body: str) -> None:
    tag = tagger.tag([Post(id="x", html=body)])[0]

    assert tag.topics == []
    assert set(tag.scores) == {topic.name for topic in tagger.version.topics}
    assert tag.summary == []


def test_a_batch_answers_as_its_posts_do_alone(tagger: Tagger) -> None:
    posts = feed.read(SAMPLE.read_bytes()).posts

    assert tagger.tag(posts) == [tagger.tag([post])[0] for post in posts]
