"""The command `tag`: inputs -> tagged posts, in one stream."""

import signal
import sys
from argparse import Namespace
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TypeVar

from model import summarizer
from model.errors import TopicwireError
from model.posts import TaggedPost
from model.versions import Versions
from service import batch, formats, output
from service.pieces import Report
from service.places import expand
from service.settings import Settings

Item = TypeVar("Item", TaggedPost, bytes)


def run(options: Namespace, settings: Settings, say: Report) -> bool:
    """Returns whether all went well."""
    # So that what is half written is cleaned up when somebody ends us politely.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    versions = Versions(settings.models, keep=settings.keep_versions)
    order = batch.Order(
        versions.directory / versions.load(options.model).name,
        options.sentences or summarizer.SENTENCES,
        options.max_words or summarizer.MAX_WORDS,
        settings,
    )
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

    names = chain.from_iterable(map(expand, options.input))
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
