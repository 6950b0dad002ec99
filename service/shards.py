"""Inputs tagged one by one into files of a directory: a shard in, a shard out, by whichever process or machine takes it.

out/posts.jsonl        the tagged posts of archive/posts.jsonl.gz, there whole or not at all
out/.posts.jsonl.done  of what it was made, and how: who runs the same again need not make it again
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version as installed
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from model import strict_json
from model.errors import InputError, PostError, TopicwireError
from model.posts import TaggedPost
from service import batch, formats, output, places, processes
from service.fetch import is_url
from service.pieces import pieces
from service.streams import STDIN, is_remote, shown

# How often a shard is tried before it is given up.
TRIES = 3
# Faults of a shard that are named; of the others it is said how many there are, since they all wait in memory.
NAMED = 1000

# Bytes of an input that take longer to tag than processes take to start.
LARGE = 1_000_000

_ENDINGS = (".gz", ".jsonl", ".ndjson", ".json", ".xml", ".rss", ".atom", ".rdf", ".feed", ".parquet")
_MADE = {"jsonfeed": "json", "table": "txt"}


class Shard(NamedTuple):
    """One input, and where its output goes."""

    name: str
    output: str


@dataclass(frozen=True)
class Job:
    """What is to be done with every shard."""

    order: batch.Order
    model: str  # the version's name
    to: str


@dataclass
class Done:
    """What came of a shard."""

    shard: Shard
    posts: int = 0
    faults: int = 0  # lines and posts that are not in its output
    named: tuple[TopicwireError, ...] = ()  # the first of them
    warnings: tuple[TopicwireError, ...] = ()
    failed: TopicwireError | None = None  # why there is no output


def shards(names: Iterable[str], directory: str, to: str) -> list[Shard]:
    """The shard of each input, called as the input is. Raises InputError where two would have one output, or where an output
    would take the place of an input."""
    directory = places.directory(directory)
    found: dict[str, Shard] = {}
    inputs = set[str]()
    for name in names:
        if name == STDIN:
            raise InputError("it has no name to call an output by; write it to one file", subject=shown(name))
        place = name if is_url(name) or is_remote(name) else str(Path(name).absolute())
        shard = Shard(place, f"{directory}{_stem(name)}.{_MADE.get(to, to)}")
        other = found.setdefault(shard.output, shard)
        if other.name != place:
            raise InputError(f"its output would be {shard.output}, as that of {other.name}; rename one of them", subject=name)
        inputs.add(places.same(place))
    for shard in found.values():
        if places.same(shard.output) in inputs:
            raise InputError("it would take the place of an input; choose another directory", subject=shard.output)
    return list(found.values())


def _stem(name: str) -> str:
    base = PurePosixPath(urlsplit(name).path if is_url(name) else name).name
    if is_url(name) and not base:
        base = urlsplit(name).hostname or ""
    while base.lower().endswith(_ENDINGS) and (shorter := base.rpartition(".")[0]):
        base = shorter
    return base


def tag_shard(job: Job, shard: Shard) -> Done:
    """Make a shard's output, unless it is there already, of the same input by the same version in the same way. What cannot
    be read as an input is an answer; OSError, or whatever else a store raises, is worth another try."""
    try:
        return _tag_shard(job, shard)
    except TopicwireError as error:
        return Done(shard, failed=error.about(shown(shard.name)))
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:  # these do not pass
        problem = InputError(f"it cannot be read: {error.strerror or error}", subject=str(error.filename or shown(shard.name)))
        return Done(shard, failed=problem)


def _tag_shard(job: Job, shard: Shard) -> Done:
    made_of = _made_of(job, shard)
    mark = _mark(shard)
    was = places.kept(mark)
    if made_of and isinstance(was, dict) and was.items() >= made_of.items() and was.get("bytes") == places.size(shard.output):
        return Done(shard, int(was["posts"]), int(was["faults"]), tuple(map(PostError, was["named"])))
    done = Done(shard)
    named: list[TopicwireError] = []
    warnings: list[TopicwireError] = []

    def tagged() -> Iterator[TaggedPost]:
        for piece in pieces(shard.name, job.order.settings):
            for finding in batch.tag_piece(job.order, piece):
                if isinstance(finding, batch.Warned):
                    warnings.append(finding.error)
                elif isinstance(finding, TopicwireError):
                    done.faults += 1
                    named.extend([finding] * (len(named) < NAMED))
                else:
                    done.posts += 1
                    yield finding

    size = 0
    with output.whole(shard.output) as stream:
        for written in formats.FORMATS[job.to](tagged()):
            size += stream.write(written)
    told = {"bytes": size, "posts": done.posts, "faults": done.faults, "named": [str(fault) for fault in named]}
    with output.whole(mark) as stream:
        stream.write(strict_json.dumps_pretty(made_of | told))
    done.named, done.warnings = tuple(named), tuple(warnings)
    return done


def _made_of(job: Job, shard: Shard) -> dict[str, Any]:
    """What an output depends on; nothing where nobody can tell whether the input is another by now, as of what is fetched."""
    stamp = "" if is_url(shard.name) else places.stamp(shard.name)
    if not stamp:
        return {}
    return {
        "input": stamp,
        "model": job.model,
        "sentences": job.order.sentences,
        "max_words": job.order.max_words,
        "to": job.to,
        "topicwire": installed("topicwire"),
    }


def _mark(shard: Shard) -> str:
    directory, _, name = shard.output.rpartition("/")
    return f"{directory}/.{name}.done"


def locally(job: Job, shards: Sequence[Shard], jobs: int) -> Iterator[Done]:
    """What comes of all shards, as they are done by processes of this machine."""
    for shard, answer in processes.as_done(partial(tag_shard, job), shards, jobs, tries=TRIES, patience=patience(shards)):
        yield answer if isinstance(answer, Done) else given_up(shard, answer)


def patience(shards: Sequence[Shard]) -> float | None:
    """None, that a few small shards start no processes; 0 where the first, which would be done without them, is work for long."""
    if len(shards) > 1 and not is_url(shards[0].name):
        with suppress(OSError, InputError):  # it will be said of the shard itself
            return 0.0 if (places.size(shards[0].name) or 0) > LARGE else None
    return None


def given_up(shard: Shard, error: object) -> Done:
    """A shard that no try has brought to its end."""
    problem = str(error) or type(error).__name__
    return Done(shard, failed=InputError(f"it was given up after {TRIES} tries: {problem}", subject=shown(shard.name)))
