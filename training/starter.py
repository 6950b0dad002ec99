"""The starter corpus and the default topics: the files of `corpus/`, which anyone may read and add to."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from model import strict_json
from model.errors import ExampleError
from training.examples import STARTER, Example, is_topic_name, read

CORPUS = Path(__file__).parent / "corpus"


class TopicInfo(NamedTuple):
    """One line of a topics file."""

    name: str
    title: str
    description: str


@cache
def topics() -> tuple[TopicInfo, ...]:
    """The default topics."""
    return read_topics(CORPUS / "topics.json")


def read_topics(path: Path) -> tuple[TopicInfo, ...]:
    """A topics file: a JSON list of {"name", "title", "description"}. Raises ExampleError."""
    try:
        rows = strict_json.loads(path.read_bytes())
        infos = tuple(
            TopicInfo(str(row["name"]), str(row.get("title", row["name"])), str(row.get("description", ""))) for row in rows
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ExampleError(
            f"it is no topics file, a JSON list of {{name, title, description}}: {error}", subject=str(path)
        ) from None
    wrong = [info.name for info in infos if not is_topic_name(info.name)]
    if wrong or not infos or len({info.name for info in infos}) < len(infos):
        raise ExampleError(
            f"its topics must have distinct names of a-z, 0-9, `-` and `_`: {', '.join(wrong)[:80]}", subject=str(path)
        )
    return infos


def examples() -> list[Example]:
    """The starter corpus, in the order of its files' names."""
    found: list[Example] = []
    for path in sorted(CORPUS.glob("*.jsonl")):
        with path.open("rb") as stream:
            got = read(stream, str(path))
        if got.faults:
            raise got.faults[0]
        found += [example._replace(who=STARTER) for example in got.good]
    return found
