"""The script that anyone would write from the four libraries' front pages: what `bench.py` measures topicwire against.

feedparser reads, BeautifulSoup turns HTML into text, scikit-learn classifies, sumy summarizes; all with their defaults,
one post after the other.
"""

import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any

import feedparser
import numpy as np
from bs4 import BeautifulSoup
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MultiLabelBinarizer
from sumy.nlp.stemmers import Stemmer
from sumy.parsers.plaintext import PlaintextParser
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.utils import get_stop_words

from training.examples import Example

SENTENCES = 3


class _Tokenizer:
    """Stands in for sumy's Tokenizer("english"), which is NLTK's punkt: its data would have to be downloaded, and a
    benchmark that needs the network cannot be repeated. sumy takes any object with these two methods. Both are much
    cheaper than NLTK's, so what this measures is kinder to the naive way than the real thing would be.
    """

    _sentence_end = re.compile(r"(?<=[.!?])\s+")
    _word = re.compile(r"[^\W\d_][^\W\d_'-]*")

    def to_sentences(self, paragraph: str) -> list[str]:
        return self._sentence_end.split(paragraph.strip())

    def to_words(self, sentence: str) -> list[str]:
        return self._word.findall(sentence)


def fit(examples: Iterable[Example]) -> Pipeline:
    """The same examples as topicwire learns from; a post's text is its title and its body."""
    texts, topics = [], []
    for example in examples:
        post = example.post
        texts.append(f"{post.title} {html_to_text(post.html) if post.html is not None else post.text}")
        topics.append(example.topics)
    steps = [("tfidf", TfidfVectorizer(stop_words="english")), ("topics", OneVsRestClassifier(LogisticRegression()))]
    return Pipeline(steps).fit(texts, MultiLabelBinarizer().fit_transform(topics))


def read(data: bytes) -> list[Any]:
    """BytesIO, since bytes or a string might be taken for a file name or a URL."""
    return list(feedparser.parse(BytesIO(data)).entries)


def body(entry: Any) -> str:
    """The entry's HTML, sanitized by feedparser."""
    return str(entry.content[0].value if "content" in entry else entry.get("summary", ""))


def html_to_text(html: str) -> str:
    return str(BeautifulSoup(html, "html.parser").get_text(" "))


def classify(pipeline: Pipeline, title: str, text: str) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = pipeline.predict_proba([f"{title} {text}"])[0]
    return probabilities


def summarize(text: str) -> list[str]:
    document = PlaintextParser.from_string(text, _Tokenizer()).document
    summarizer = LexRankSummarizer(Stemmer("english"))
    summarizer.stop_words = get_stop_words("english")
    return [str(sentence) for sentence in summarizer(document, SENTENCES)]


def tag(pipeline: Pipeline, data: bytes) -> list[tuple[NDArray[np.float64], list[str]]]:
    """The whole job: every post with its probabilities and its summary."""
    tagged = []
    for entry in read(data):
        text = html_to_text(body(entry))
        tagged.append((classify(pipeline, entry.get("title", ""), text), summarize(text)))
    return tagged
