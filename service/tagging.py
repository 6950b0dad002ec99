"""The command `tag`: inputs -> tagged posts, in one stream or in a file for each input."""

import signal
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import TypeVar

from model import summarizer
from model.errors import InputError, PostError, TopicwireError
from model.posts import TaggedPost
from model.versions import Versions
from service import batch, formats, output
from service.parquet import must_have
from service.pieces import Report
from service.places import expand, same
from service.settings import Settings
from service.streams import STDIN, shown

Item = TypeVar("Item", TaggedPost, bytes)


def run(options: Namespace, settings: Settings, say: Report) -> bool:
    """Returns whether all went well."""
    # So that what is half written is cleaned up when somebody ends us politely.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    versions = Versions(settings.models, keep=settings.keep_versions)
    model = versions.load(options.model).name
    order = batch.Order(
        versions.directory / model,
        options.sentences or summarizer.SENTENCES,
        options.max_words or summarizer.MAX_WORDS,
        settings,
    )
    if options.to == "parquet":
        must_have()
    name = options.output or ""
    if options.cluster and not name:
        raise InputError("it writes a file for each input, into a directory; say where: -o out/", subject="--cluster")
    if options.cluster or name.endswith("/") or (name and Path(name).is_dir()):
        return _to_directory(options, order, model, say)
    return _to_one(options, order, say)


def _to_one(options: Namespace, order: batch.Order, say: Report) -> bool:
    good = True

    def good_ones(findings: Iterator[Item | TopicwireError | batch.Warned]) -> Iterator[Item]:
        nonlocal good
        for finding in findings:
            if isinstance(finding, batch.Warned):
                warn(str(finding.error))
            elif isinstance(finding, TopicwireError):
                good = False
                say(finding)
            else:
                yield finding

    names = list(chain.from_iterable(map(expand, options.input)))
    if (taken := options.output or STDIN) != STDIN and same(taken) in map(same, names):
        raise InputError("it would take the place of an input; choose another name", subject=taken)
    written: Iterable[bytes]
    if options.to == "jsonl":
        written = _with_progress(good_ones(batch.tag_to_jsonl(names, order, jobs=options.jobs)), options.output)
    else:
        tagged = good_ones(batch.tag_inputs(names, order, jobs=options.jobs))
        written = formats.FORMATS[options.to](_with_progress(tagged, options.output))
    with output.whole(options.output) as stream:
        for piece in written:
            stream.write(piece)
    return good


def _to_directory(options: Namespace, order: batch.Order, model: str, say: Report) -> bool:
    from tqdm import tqdm

    from service import shards

    job = shards.Job(order, model, options.to)
    names = chain.from_iterable(map(expand, options.input))
    chosen = shards.shards(names, options.output, options.to)
    if options.cluster:
        from service import cluster

        answers = cluster.tag(job, chosen, options.cluster, warn)
    else:
        answers = shards.locally(job, chosen, options.jobs)
    good = True
    with tqdm(total=len(chosen), unit=" files", leave=False, disable=not sys.stderr.isatty()) as bar:
        for done in answers:
            for warning in done.warnings:
                warn(str(warning))
            for fault in done.named:
                say(fault)
            if unnamed := done.faults - len(done.named):
                say(PostError(f"{unnamed:,} more posts are left out", subject=shown(done.shard.name)))
            if done.failed:
                say(done.failed)
            good = good and not done.failed and not done.faults
            bar.update()
    return good


def _with_progress(tagged: Iterator[Item], name: str | None) -> Iterable[Item]:
    """A progress bar if somebody sits there to see it, and sees nothing else."""
    if not sys.stderr.isatty() or (name in (None, "-") and sys.stdout.isatty()):
        return tagged
    from tqdm import tqdm

    bar: Iterable[Item] = tqdm(tagged, unit=" posts", leave=False)
    return bar


def warn(message: str) -> None:
    """As errors are said, but of what cost nothing."""
    print(f"topicwire: warning: {message}", file=sys.stderr)
