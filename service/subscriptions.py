"""The commands `sources` and `poll`. Each says whether all of it could be done, and hands `say` what could not."""

import random
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from model.errors import FeedError, InputError, StoreError, TopicwireError, VersionError
from model.versions import Versions
from service import inputs, opml, output
from service.counted import counted
from service.fetch import fetch, is_url
from service.poller import Poller, Round
from service.sandbox import Sandbox
from service.settings import Settings
from service.store import NewSource, Source, Store

Say = Callable[[TopicwireError], None]
_MANY = 1_000  # new posts in a round, after which what the database knows of its tables is no longer so
_RETRY = 60.0  # seconds after which a round that could not be done is tried again, where rounds are not shorter anyway
_ENDED = 128 + signal.SIGTERM  # exit code of what was ended politely
# Rounds are this much longer by chance at the most, as a share, so that pollers of many machines do not march in step.
_JITTER = 0.1


def add(options: Namespace, settings: Settings, say: Say) -> bool:
    """Subscribe to each address; one that cannot be does not keep the others from it."""
    failed = False
    with Store.open(settings) as store, Sandbox() as sandbox:
        for address in options.address:
            try:
                if is_url(address):
                    found = _feeds_at(address, settings, sandbox, everything=options.all)
                else:
                    found, faults = _listed(address, settings, say)
                    failed |= faults > 0
                for source in found:
                    title, folder = options.title or source.title_override, options.folder or source.folder
                    _tell(*store.add_source(replace(source, title_override=title, folder=folder)))
            except TopicwireError as error:
                failed = True
                say(error.about(address))
    return not failed


def import_(options: Namespace, settings: Settings, say: Say) -> bool:
    """Subscribe to a whole list. An entry that is no feed costs itself only."""
    listed, faults = _of_opml(inputs.whole(options.file, settings), inputs.shown(options.file), say)
    with Store.open(settings) as store:
        outcomes = store.add_sources(listed)
    new = sum(is_new for _, is_new in outcomes)
    print(f"{counted(new, 'source')} added, {len(outcomes) - new} were there already")
    return not faults


def export(options: Namespace, settings: Settings, say: Say) -> bool:
    with Store.open(settings) as store:
        listed = [opml.Subscription(source.url, source.name, source.folder, source.site) for source in store.sources()]
    with output.whole(options.output) as stream:
        stream.write(opml.write(listed, "topicwire"))
    return True


def show(options: Namespace, settings: Settings, say: Say) -> bool:
    with Store.open(settings) as store:
        for source in store.sources():
            polled = f"{source.polled:%Y-%m-%d %H:%M}" if source.polled else "never"
            state = "gone" if source.state == "gone" else f"failed {source.failures} times" if source.failures else "well"
            folder = f"  [{source.folder}]" if source.folder else ""
            print(f"{source.id:5}  {source.name}{folder}\n       {source.url}\n       polled {polled}; {state}")
    return True


def remove(options: Namespace, settings: Settings, say: Say) -> bool:
    failed = False
    with Store.open(settings) as store:
        for given in options.source:
            try:
                source = store.find_source(given)
                gone = store.remove_source(source.id)
                print(f"{source.name}: removed, with {counted(gone.posts, 'post')}; {gone.examples} corrected stay as examples")
            except TopicwireError as error:
                failed = True
                say(error.about(given))
    return not failed


def poll(options: Namespace, settings: Settings, say: Say) -> bool:
    """One round, or rounds for ever; then one that cannot be done is named, and tried again."""
    ended = False

    def end(*_: object) -> None:
        nonlocal ended
        ended = True
        sys.exit(_ENDED)

    signal.signal(signal.SIGTERM, end)
    chance = random.Random()  # noqa: S311 - spreads polls, guards nothing
    versions = Versions(settings.models)
    version: str | None = None
    while True:
        began, pause = time.monotonic(), options.every
        try:
            version = _version(versions, version, say)
            failures = _round(versions.directory / version, options, settings, chance)
        except (StoreError, VersionError) as error:
            if not options.every:
                raise
            failures, pause = [error], min(options.every, _RETRY)
        finally:
            if ended:  # a driver that connects may take the exception for a fault of its own
                sys.exit(_ENDED)
        for failure in failures:
            say(failure)
        if not options.every:
            return not failures
        time.sleep(max(pause * (1 + _JITTER * chance.random()) - (time.monotonic() - began), 1))


def _version(versions: Versions, last: str | None, say: Say) -> str:
    """The name of the version to tag by: one that was promoted meanwhile, or where that cannot be read, the last one."""
    try:
        return versions.load().name
    except VersionError as error:
        if last is None:
            raise
        say(error)
        return versions.load(last).name


def _round(version: Path, options: Namespace, settings: Settings, chance: random.Random) -> list[TopicwireError]:
    """Ask the sources that are due, and forget what is not to be kept; returns what failed."""
    began = time.monotonic()
    with Store.open(settings) as store, Sandbox(version, processes=2) as sandbox:
        if options.now:
            _hurry(store)
        result = Poller(store, sandbox, settings, chance=chance).round()
        print(_summary(result, time.monotonic() - began), flush=True)
        if result.new >= _MANY:
            store.analyze()
        now = store.now()
        if settings.keep_days and (count := store.delete_posts_before(now - timedelta(days=settings.keep_days))):
            print(f"{counted(count, 'post')} older than {counted(settings.keep_days, 'day')} deleted", flush=True)
        store.delete_polls_before(now - timedelta(days=settings.keep_polls_days))
    return result.failures


def _summary(result: Round, seconds: float) -> str:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in sorted(result.outcomes.items())) or "none was due"
    stages = ", ".join(f"{stage} {spent:.1f}" for stage, spent in result.seconds.items())
    return (
        f"{counted(result.sources, 'source')} ({outcomes}): {counted(result.new, 'post')} new, {result.changed} changed; "
        f"{seconds:.1f} s (in all threads: {stages})"
    )


def _hurry(store: Store) -> None:
    now = datetime.now(UTC)
    for source in store.sources(state="active"):
        if source.next_poll > now:
            store.update_source(source.id, next_poll=now)


def _feeds_at(url: str, settings: Settings, sandbox: Sandbox, *, everything: bool) -> list[NewSource]:
    """The feed at a URL, or those of the page there."""
    response = fetch(url, settings)
    if response.status != 200:
        raise InputError(f"the server answered {response.status}")
    address = response.permanent_url or url
    try:
        feed = sandbox.read(response.body, response.url)
    except FeedError as error:
        found = sandbox.feeds_of_page(response.body, response.url)
        if not found:
            raise InputError(f"it is no feed ({error.problem}) and names none") from None
        if len(found) > 1 and not everything:
            listed = "".join(f"\n  {one.url}  {one.title}" for one in found)
            raise InputError(f"it names {len(found)} feeds; add one of them, or all with --all:{listed}") from None
        return [NewSource(one.url, title=one.title, site=response.url) for one in found]
    return [NewSource(address, title=feed.title, site=feed.link)]


def _listed(name: str, settings: Settings, say: Say) -> tuple[list[NewSource], int]:
    """The subscriptions of a file, OPML or one URL a line, and how many of its entries are none."""
    if name != inputs.STDIN and not Path(name).exists():
        raise InputError("it is no http(s) URL, and no file that can be read: there is none of this name")
    data = inputs.whole(name, settings)
    if data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _of_opml(data, name, say)
    return [NewSource(line) for line in data.decode("utf-8", "replace").split() if not line.startswith("#")], 0


def _of_opml(data: bytes, name: str, say: Say) -> tuple[list[NewSource], int]:
    """The subscriptions of a list, and how many of its entries are none."""
    got = opml.read(data, name)
    for fault in got.faults:
        say(fault)
    listed = [NewSource(one.url, title_override=one.title or None, folder=one.folder, site=one.site) for one in got.good]
    return listed, len(got.faults)


def _tell(source: Source, new: bool) -> None:
    print(f"{source.id:5}  {source.name}: " + ("added" if new else "was there already"))
