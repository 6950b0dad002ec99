"""The whole way, for a batch of posts: text, classification, summary. One post is a batch of one."""

from collections.abc import Callable, Iterable

from model import summarizer, text
from model.classifier import Classifier
from model.posts import Post, TaggedPost
from model.version import Version


class Tagger:
    """Tags posts by one model version. Holds no state between calls; safe to share between threads.

    `checkpoint` is called before each post: where time is limited it raises, and the batch ends there.
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
        tagged = []
        for post in posts:
            if checkpoint is not None:
                checkpoint()
            parsed = text.of_post(post)
            summary = summarizer.summarize(parsed, sentences=sentences, max_words=max_words) if summarize else []
            if classify:
                judged = self._classifier.classify(parsed)
                topics = self._classifier.topics(judged)
                scores = self._classifier.scores(judged)
                evidence = {topic: self._classifier.evidence(judged, topic) for topic in topics}
            else:
                topics, scores, evidence = [], {}, {}
            tagged.append(TaggedPost(post, topics, scores, evidence, summary, self.version.name))
        return tagged
