"""The whole way, for a batch of posts: text, classification, summary. One post is a batch of one."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from model import summarizer, text
from model.classifier import Classifier
from model.posts import Post, TaggedPost
from model.version import Version

# Posts that go through a stage together. Each stage has the processor's cache to itself for a while, which makes all of them
# quicker by a tenth; what waits between two is little memory.
GROUP = 32

T = TypeVar("T")


class Tagger:
    """Tags posts by one model version. Holds no state between calls; safe to share between threads.

    `checkpoint` is called before each post, in each stage: where time is limited it raises, and the batch ends there.
    """

    def __init__(self, version: Version) -> None:
        self.version = version
        self._classifier = Classifier(version)

    def tag(
        self,
        posts: Iterable[Post],
        *,
        classify: bool = True,
        summarize: bool = True,
        sentences: int = summarizer.SENTENCES,
        max_words: int = summarizer.MAX_WORDS,
        checkpoint: Callable[[], None] | None = None,
    ) -> list[TaggedPost]:
        """The posts in their order, each with scores, topics and evidence if `classify`, and a summary if `summarize`."""

        def each(things: Iterable[T]) -> Iterator[T]:
            for thing in things:
                if checkpoint is not None:
                    checkpoint()
                yield thing

        tagged: list[TaggedPost] = []
        waiting = iter(posts)
        while group := list(islice(waiting, GROUP)):
            texts = [text.of_post(post) for post in each(group)]
            summaries: list[list[str]] = [[] for _ in group]
            if summarize:
                summaries = [summarizer.summarize(one, sentences=sentences, max_words=max_words) for one in each(texts)]
            answers: list[_Answer] = [([], {}, {}) for _ in group]
            if classify:
                answers = [self._answer(one) for one in each(texts)]
            tagged += [
                TaggedPost(post, *answer, summary, self.version.name)
                for post, answer, summary in zip(group, answers, summaries, strict=True)
            ]
        return tagged

    def _answer(self, parsed: text.Text) -> "_Answer":
        judged = self._classifier.classify(parsed)
        topics = self._classifier.topics(judged)
        evidence = {topic: self._classifier.evidence(judged, topic) for topic in topics}
        return topics, self._classifier.scores(judged), evidence


_Answer = tuple[list[str], dict[str, float], dict[str, list[tuple[str, float]]]]  # topics, scores, evidence
