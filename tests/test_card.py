"""The card says of the manifest what a person has to know, and the same each time."""

from model.version import Version
from training import card


def topic(name: str, examples: int, precision: float, recall: float, f1: float) -> dict[str, object]:
    scores = {"precision": precision, "recall": recall, "f1": f1, "average_precision": 0.9}
    return {"name": name, "title": name.title(), "examples": examples, "threshold": 0.5, "out_of_fold": scores}


def test_it_names_the_weakest_topics_and_those_of_few_examples(version: Version) -> None:
    topics = [topic("wool", 200, 0.97, 0.95, 0.96), topic("yarn", 12, 0.9, 0.62, 0.73), topic("lace", 80, 0.8, 0.9, 0.85)]

    weak = card.write({**version.manifest, "topics": topics}).partition("## Where it is weak\n\n")[2]

    assert weak.splitlines()[:3] == [
        "- Yarn (`yarn`), F1 0.73: of 100 posts that have it 38 are missed, and of 100 given it 10 don't have it.",
        "- Lace (`lace`), F1 0.85: of 100 posts that have it 10 are missed, and of 100 given it 20 don't have it.",
        "- Few examples to learn from, and so figures that may be off: Yarn (12).",
    ]


def test_the_card_of_a_version_is_what_its_manifest_gives(version: Version) -> None:
    text = card.write(version.manifest)

    assert text == card.write(version.manifest)
    assert all(f"| {topic.title} (`{topic.name}`) |" in text for topic in version.topics)
    assert f"{version.manifest['provenance']['examples']} labelled examples" in text
