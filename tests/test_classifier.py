"""The numbers: the same as scikit-learn's, and evidence that adds up to them."""

from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import expit

from model import feed, text
from model.classifier import Classifier
from model.function_words import FUNCTION_WORDS
from model.posts import Post
from model.tagger import GROUP, Tagger
from model.version import Version
from tests.conftest import SAMPLE
from training import starter
from training.features import LEAD_SHARE, PASSAGE_WORDS, TITLE_WEIGHT, WHOLE_SHARE, with_pairs
from training.fit import Fitted

# Words the model knows, words it does not, and what is no word at all.
KNOWN = sorted({word for example_ in starter.examples()[::7] for word in text.of_post(example_.post).words()})[:3000:3]
bodies = (
    st.text(max_size=200)
    | st.lists(st.sampled_from(KNOWN) | st.sampled_from(["the", "zzyzx", "42", "<b>", "&amp;"]), max_size=60).map(" ".join)
    | st.sampled_from(KNOWN).map(lambda word: word * 3 + " " + word * 1)
    | st.sampled_from(KNOWN).map(lambda word: f"{word} " * 5000)
    | st.lists(st.sampled_from(KNOWN), min_size=120, max_size=400).map(" ".join)
)


def expected_scores(fitted: Fitted, version: Version, post: Post) -> np.ndarray:
    """What scikit-learn itself answers, by its own methods from words to probability, passage by passage."""
    parsed = text.of_post(post)
    vocabulary = fitted.vectorizer.vocabulary_
    words = [*parsed.title_words, *parsed.words()]
    known = [word for word in words if word in vocabulary]
    unknown = [word for word in words if word not in vocabulary and word not in FUNCTION_WORDS]
    logits: np.ndarray | list[float]
    if not known or (len(words) - len(unknown) + 5) / (len(words) + 5) < version.known_share:
        logits = [classifier.intercept_[0] for classifier in fitted.classifiers]
    else:
        title = with_pairs(parsed.title_words) * TITLE_WEIGHT
        body = [word for word in parsed.words() if word not in FUNCTION_WORDS]
        # Every known word with the pair that it begins, so that a passage is a stretch of this list.
        begun = [[word, f"{word} {after}"] for word, after in pairwise([*body, ""]) if word in vocabulary]
        count = len(begun) // PASSAGE_WORDS
        passages = [begun[len(begun) * k // count : len(begun) * (k + 1) // count] for k in range(count)] if count > 1 else []
        features = fitted.vectorizer.transform([title + list(chain.from_iterable(part)) for part in [begun, *passages]])
        logits = []
        for classifier in fitted.classifiers:
            whole, *parts = classifier.decision_function(features)
            rest = 1 - WHOLE_SHARE - LEAD_SHARE
            logits.append(WHOLE_SHARE * whole + LEAD_SHARE * parts[0] + rest * np.mean(parts) if parts else whole)
    return np.array(
        [calibrator.predict_proba([[logit]])[0, 1] for calibrator, logit in zip(fitted.calibrators, logits, strict=True)]
    )


@given(title=st.text(max_size=60), body=bodies)
@example(title="", body="")
@example(title="Kubernetes", body="")
@settings(deadline=None)
def test_scores_are_those_of_scikit_learn(trained: tuple[Path, Fitted], version: Version, title: str, body: str) -> None:
    post = Post(id="x", title=title, html=body)

    judged = Classifier(version).classify(text.of_post(post))

    np.testing.assert_allclose(judged.scores, expected_scores(trained[1], version, post), rtol=0, atol=1e-9)
    intercepts = np.array([topic.intercept for topic in version.topics])
    np.testing.assert_allclose(judged.contributions.sum(axis=0) + intercepts, judged.logits, rtol=0, atol=1e-9)
    np.testing.assert_allclose(expit(judged.logits), judged.scores, rtol=0, atol=1e-12)


def test_scores_of_real_looking_posts_are_those_of_scikit_learn(trained: tuple[Path, Fitted], version: Version) -> None:
    classifier = Classifier(version)
    for post in feed.read(SAMPLE.read_bytes()).posts + [example_.post for example_ in starter.examples()[::5]]:
        np.testing.assert_allclose(
            classifier.classify(text.of_post(post)).scores, expected_scores(trained[1], version, post), rtol=0, atol=1e-9
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


# Each is full of words that decide a topic in English posts.
FOREIGN = {
    "German": "Der neue Ingress-Controller leitet den Verkehr an die Pods im Cluster weiter. Wir haben das Monitoring mit "
    "Prometheus und Grafana erweitert, damit der Service schneller auf Fehler reagiert. Die Container laufen in Kubernetes.",
    "Dutch": "We hebben in deze release de ingress controller vervangen. Het cluster draait nu op Kubernetes en de container "
    "images staan in een registry. De metrics gaan via OpenTelemetry naar Grafana en de logs naar Loki.",
    "French": "Notre nouvelle passerelle distribue le trafic vers les conteneurs du cluster Kubernetes. Les agents collectent "
    "les logs et les traces, puis le service les envoie vers Grafana. La configuration est simple.",
    "Spanish": "El agente de IA utiliza herramientas y memoria para resolver tareas. El modelo decide el siguiente paso y "
    "llama a la API del proveedor. En este tutorial explicamos la integración con Kafka y el despliegue en Kubernetes.",
    "Italian": "Il nuovo gateway instrada il traffico verso i container del cluster. Il team ha scelto Kafka per lo streaming "
    "degli eventi e Prometheus per le metriche. In questo articolo si vede la configurazione del service mesh.",
    "Portuguese": "O agente usa o modelo para chamar ferramentas e responder ao cliente. O cluster Kubernetes executa os "
    "containers e o Prometheus coleta as métricas de cada pod. Neste post mostramos o pipeline de dados com Kafka.",
    "Polish": "Nowy kontroler kieruje ruch do podów w klastrze Kubernetes. Metryki trafiają do Prometheusa, a logi do Loki.",
    "Swedish": "Vi har flyttat våra containrar till Kubernetes och mäter allt med Prometheus. Agenten samlar in loggar.",
    "Japanese": "新しいコントローラーは Kubernetes クラスターの Pod に転送します。OpenTelemetry と Prometheus で収集します。",
    "Russian": "Новый контроллер Kubernetes направляет трафик в поды кластера. Prometheus собирает метрики, Grafana рисует.",
}


@pytest.mark.parametrize("language", FOREIGN)
def test_a_text_in_a_language_it_did_not_learn_gets_no_topic(tagger: Tagger, language: str) -> None:
    tag = tagger.tag([Post(id="x", title="Kubernetes", text=FOREIGN[language])])[0]

    assert tag.topics == []
    assert max(tag.scores.values()) < min(topic.threshold for topic in tagger.version.topics)


@pytest.mark.parametrize("title", ["Kubernetes", "Xyzzy for Kubernetes pods", "frobnicate the kubelet, plugh the ingress"])
def test_a_few_unknown_words_do_not_make_a_text_foreign(tagger: Tagger, title: str) -> None:
    assert tagger.tag([Post(id="x", title=title, text="Pods and a deployment.")])[0].topics == ["containers"]


def test_pairs_of_words_are_evidence(version: Version) -> None:
    classifier = Classifier(version)
    judged = classifier.classify(text.of_post(Post(id="x", title="Load balancer", text="The load balancer drops packets.")))

    assert "load balancer" in dict(classifier.evidence(judged, "networking"))


def test_a_batch_answers_as_its_posts_do_alone(tagger: Tagger) -> None:
    posts = feed.read(SAMPLE.read_bytes()).posts

    assert tagger.tag(posts) == [tagger.tag([post])[0] for post in posts]


def test_many_posts_come_out_one_for_one_in_their_order(tagger: Tagger) -> None:
    posts = [Post(id=number, title=f"Post {number}", text="The kubelet evicts pods.") for number in range(2 * GROUP + 1)]

    assert [tag.post for tag in tagger.tag(iter(posts))] == posts
    assert [tag.post for tag in tagger.tag(iter(posts), classify=False, summarize=False)] == posts
    assert tagger.tag([]) == []


def test_where_time_is_limited_a_batch_ends_at_the_next_post(tagger: Tagger) -> None:
    asked = []

    def checkpoint() -> None:
        asked.append(True)
        if len(asked) == 3:
            raise TimeoutError

    with pytest.raises(TimeoutError):
        tagger.tag(feed.read(SAMPLE.read_bytes()).posts, checkpoint=checkpoint)
    assert len(asked) == 3


def test_evidence_is_what_sorting_all_terms_would_give(version: Version) -> None:
    classifier, terms = Classifier(version), version.terms
    posts = feed.read(SAMPLE.read_bytes()).posts + [example_.post for example_ in starter.examples()[::300]]
    for judged in (classifier.classify(text.of_post(post)) for post in posts):
        for topic, weights in zip(version.topics, judged.contributions.T.tolist(), strict=True):
            ordered = sorted(zip(judged.terms, weights, strict=True), key=lambda pair: -abs(pair[1]))
            for most in (1, 8, len(ordered)):
                expected = [(terms[row], round(weight, 4)) for row, weight in ordered[:most]]
                assert classifier.evidence(judged, topic.name, most) == expected
