"""What a version is made from: which examples, the starter corpus or none of it, which topics, which seed."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model import text
from model.errors import ExampleError
from model.version import Content, Version
from training import features, starter
from training.examples import Example, distinct, is_topic_name
from training.fit import SEED, fit
from training.starter import TopicInfo


@dataclass(frozen=True)
class Recipe:
    """The same recipe gives the same version."""

    examples: Sequence[Example]  # every post once
    topics: Sequence[TopicInfo]
    seed: int = SEED

    def fit(self, parse: features.Parse = text.of_post) -> Content:
        return fit(self.examples, self.topics, seed=self.seed, parse=parse)[0]

    def without(self, held: Collection[str]) -> "Recipe":
        """The same, but not learnt from the posts of these contents."""
        return replace(self, examples=[example for example in self.examples if example.content not in held])


@dataclass(frozen=True)
class Choice:
    """What the user says of it."""

    with_starter: bool = True
    # Topic of the starter corpus -> the user's own. If there is any, posts of the corpus that have another topic are left
    # out: nobody said whether they have one of the user's.
    mapping: Mapping[str, str] | None = None
    topics_file: Path | None = None
    new_topics: Collection[str] = ()  # that neither the corpus nor the current version knows, and that are no slip
    seed: int = SEED


def make(given: Sequence[Example], choice: Choice, current: Version | None = None) -> Recipe:
    """Put a recipe together. Raises ExampleError for topics that nobody has named."""
    base, topics = _starter(choice)
    examples = distinct([*base, *given])
    if choice.topics_file is not None:
        topics = starter.read_topics(choice.topics_file)
    served = [TopicInfo(topic.name, topic.title, topic.description) for topic in current.topics] if current else []
    known = {topic.name: topic for topic in [*served, *topics]}
    found = Counter(name for example in examples for name in example.topics)
    named = {*(topic.name for topic in topics), *choice.new_topics}
    if choice.topics_file is None:
        named |= known.keys() if known else found.keys()
    for name in sorted(found.keys() - named):
        where = f"{choice.topics_file} does not list it" if choice.topics_file else "no version and no corpus here knows it"
        remedy = "" if choice.topics_file else f", or pass --new-topic {name} if it is one"
        raise ExampleError(f"{where}; correct the {found[name]} examples that have it{remedy}", subject=f"topic {name!r}")
    order = [topic.name for topic in topics]
    order += sorted(found.keys() - set(order))
    return Recipe(examples, [known.get(name, TopicInfo(name, name, "")) for name in order], choice.seed)


def _starter(choice: Choice) -> tuple[Sequence[Example], Sequence[TopicInfo]]:
    if not choice.with_starter:
        return [], []
    if not choice.mapping:
        return starter.examples(), starter.topics()
    titles = {topic.name: topic for topic in starter.topics()}
    for old, new in choice.mapping.items():
        if old not in titles or not is_topic_name(new):
            raise ExampleError(f"its topics are {', '.join(titles)}", subject=f"--map {old}={new}: the starter corpus")
    examples = [
        example._replace(topics=tuple(sorted({choice.mapping[name] for name in example.topics})))
        for example in starter.examples()
        if choice.mapping.keys() >= set(example.topics)
    ]
    names = list(dict.fromkeys(choice.mapping.values()))
    return examples, [titles.get(name, TopicInfo(name, name, "")) for name in names]
