"""Stored posts tagged again by the version that serves, the newest first; and the command `retag`.

A transaction takes a few posts, so that pollers need not wait, and what is tagged stays so: who is ended, however that
happens, and begins again goes on where posts of another version are left. If another version is promoted meanwhile, it
goes on with that one, from the newest post on.
"""

import signal
import sys
from argparse import Namespace
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from model import summarizer
from model.errors import InputError, TopicwireError, VersionError
from model.versions import Versions
from service import batch, processes
from service.counted import counted
from service.settings import Settings
from service.store import Store, StoredPost

Say = Callable[[TopicwireError], None]
Progress = Callable[[int, int, str], None]


@dataclass
class Retagged:
    """What came of it, so far."""

    version: str = ""  # that tagged them; where another was promoted meanwhile, that one
    posts: int = 0  # tagged again; by two versions counts twice
    failed: list[int] = field(default_factory=list)  # numbers of posts that this version cannot tag: their answers stay


def retag(
    store: Store,
    versions: Versions,
    *,
    source: int | None = None,
    since: datetime | None = None,
    jobs: int = 1,
    say: Say = lambda error: None,
    progress: Progress = lambda done, steps, what: None,
) -> Retagged:
    """Tag posts again that another version than the current one has tagged: all, those of a source, or those placed since a
    moment. `say` hears of each that cannot be tagged. `progress` is called after each transaction with the posts that are
    done, of how many, and the version; what it raises ends the work. Raises StoreError, and VersionError where there is no
    current version."""
    result = Retagged()
    while (name := _current(versions)) != result.version:
        result.version, result.failed = name, []
        directory = versions.directory / versions.load(name).name
        left = store.outdated(name, source=source, since=since)
        done, steps = 0, store.count_outdated(name, source=source, since=since)
        progress(0, steps, name)
        while window := list(islice(left, batch.CHUNK * (1 if jobs == 1 else batch.WINDOW * jobs))):
            outcomes = batch.tag(
                (stored.tagged.post for stored in window),
                directory,
                jobs=jobs,
                sentences=summarizer.SENTENCES,
                max_words=summarizer.MAX_WORDS,
            )
            pairs = list(zip(window, outcomes, strict=True))
            for start in range(0, len(pairs), batch.CHUNK):
                chunk = pairs[start : start + batch.CHUNK]
                result.posts += _keep(store, chunk, result, say)
                done += len(chunk)
                progress(done, max(done, steps), name)
            if _current(versions) != name:
                break
    return result


def _keep(store: Store, chunk: Sequence[tuple[StoredPost, batch.Outcome]], result: Retagged, say: Say) -> int:
    for stored, outcome in chunk:
        if isinstance(outcome, TopicwireError):
            result.failed.append(stored.number)
            say(outcome)
    return store.retag([(stored, outcome) for stored, outcome in chunk if not isinstance(outcome, TopicwireError)])


def _current(versions: Versions) -> str:
    name = versions.current()
    if name is None:
        raise VersionError("no model version here yet; run `topicwire train`", subject=str(versions.directory))
    return name


def run(options: Namespace, settings: Settings, say: Say) -> bool:
    """The command. What it has done when it is ended stays done."""
    if not settings.has_store:
        raise InputError(
            "nothing is stored here yet; `topicwire sources add` and `topicwire poll`", subject=str(settings.database)
        )
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    from tqdm import tqdm

    told = 0
    with Store.open(settings) as store, tqdm(leave=False, unit=" posts", disable=not sys.stderr.isatty()) as bar:

        def tell(done: int, steps: int, version: str) -> None:
            nonlocal told
            told = done
            bar.total = steps
            bar.set_description(version)
            bar.update(done - bar.n)

        source = store.find_source(options.source).id if options.source else None
        jobs = processes.count(options.jobs)
        try:
            done = retag(store, Versions(settings.models), source=source, since=options.since, jobs=jobs, say=say, progress=tell)
        except (KeyboardInterrupt, SystemExit):
            bar.close()
            print(f"stopped; {counted(told, 'post')} tagged again; run again, it goes on with the others", file=sys.stderr)
            raise
    print(f"{counted(done.posts, 'post')} tagged again by {done.version}")
    return not done.failed
