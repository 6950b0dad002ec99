"""Asking sources for news, politely: claim, fetch, read, tag, record.

A source that fails is named and asked again later; it never stops the others. Nothing of a poll is stored before all of
it is, so that a poller may end at any moment: what it had claimed is free again when its lease runs out.
"""

import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import urllib3  # noqa: F401 - here, before eight threads import it at the same time, which fails

from model import summarizer
from model.errors import LeaseError, NotStoredError, PostError, TopicwireError
from model.feed import Feed, Pace
from model.posts import Post
from service import schedule, stories
from service.fetch import Response, fetch
from service.sandbox import Sandbox
from service.settings import Settings
from service.store import Poll, PolledPost, Source, Store, Validators, content_hash
from service.store.records import Outcome

# Sources that are asked at the same time, and of those, how many of one host.
AT_ONCE = 8
PER_HOST = 2
STAGES = ("fetch", "read", "tag", "store")


@dataclass
class Round:
    """What came of asking all sources that were due."""

    outcomes: Counter[str] = field(default_factory=Counter)  # fetched, unchanged, failed, gone
    new: int = 0
    changed: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))  # of each stage, summed over threads
    failures: list[TopicwireError] = field(default_factory=list)  # each naming its source

    @property
    def sources(self) -> int:
        return self.outcomes.total()


class Poller:
    """Asks sources of one store, and tags their posts by one version. Several may share a store."""

    def __init__(self, store: Store, sandbox: Sandbox, settings: Settings, *, chance: random.Random | None = None) -> None:
        self._store = store
        self._sandbox = sandbox
        self._settings = settings
        self._chance = chance or random.Random()  # noqa: S311 - spreads polls, guards nothing
        self._hosts: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(PER_HOST))
        self._lock = threading.Lock()
        # Longer than any poll takes: two limits' worth of fetching, for a redirect answered at the last moment, and the rest.
        self._lease = timedelta(seconds=2 * settings.max_fetch_seconds + 120)

    def round(self, reported: Callable[[Source, Poll], None] = lambda source, poll: None) -> Round:
        """Ask every source that is due now, once. `reported` hears of each as it is done, from any thread."""
        result = Round()
        began = _now()
        waiting: dict[Future[None], Source] = {}
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="poll") as threads:
            try:
                while True:
                    claimed = self._store.claim_due_sources(began, 2 * AT_ONCE - len(waiting), self._lease)
                    waiting |= {threads.submit(self._ask, source, result, reported): source for source in claimed}
                    if not waiting:
                        return result
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        del waiting[future]
                        future.result()
            except BaseException:  # we are to stop, or the store fails: what has not begun is free for others at once
                self._store.release_sources([source for future, source in waiting.items() if future.cancel()])
                raise

    def _ask(self, source: Source, result: Round, reported: Callable[[Source, Poll], None]) -> None:
        began = time.monotonic()
        with self._lock:  # two threads must not make two semaphores of one host
            host = self._hosts[urlsplit(source.url).netloc.lower()]
        with host:
            poll, problems = self._poll(source, result, began)
        try:
            with self._timed(result, "store"):
                recorded = self._store.record_poll(poll)
        except (NotStoredError, LeaseError) as error:  # removed, or taken over by another poller: it is theirs now
            with self._lock:
                result.failures.append(error.about(source.url))
            return
        with self._lock:
            result.outcomes[poll.outcome] += 1
            result.new += recorded.new
            result.changed += recorded.changed
            result.failures += problems
        reported(source, poll)

    def _poll(self, source: Source, result: Round, began: float) -> tuple[Poll, list[TopicwireError]]:
        """How a source answers, and what was wrong with it."""
        response = None
        try:
            with self._timed(result, "fetch"):
                response = fetch(source.url, self._settings, etag=source.etag, last_modified=source.last_modified)
            if response.status == 304:
                return self._answered(source, response, began, None, []), []
            if response.status == 410:
                error = TopicwireError(
                    "its publisher has taken it down for good (410); it is not asked again", subject=source.url
                )
                return self._poll_of(source, "gone", began, _now(), status=410), [error]
            if response.status != 200:
                raise TopicwireError(f"the server answered {response.status}")
            with self._timed(result, "read"):
                feed = self._sandbox.read(response.body, response.url)
            tagged, problems = self._tagged(source, feed.posts, result)
            return self._answered(source, response, began, feed, tagged, whole=not problems), problems
        except TopicwireError as error:
            error.about(source.url)
            next_poll = schedule.after_failure(_now(), response, source.failures + 1, self._chance)
            status = response.status if response else None
            return self._poll_of(source, "failed", began, next_poll, status=status, error=error.problem), [error]

    def _tagged(self, source: Source, posts: list[Post], result: Round) -> tuple[list[PolledPost], list[TopicwireError]]:
        """The new and changed posts, tagged; what could not be tagged is left for the next poll."""
        with self._timed(result, "store"):
            known = self._store.known(source.id, [post.id for post in posts])
            fresh = [
                (post, link)
                for post, link in zip(posts, stories.canonicals(posts), strict=True)
                if known.get(post.id) != content_hash(post)
            ]
        with self._timed(result, "tag"):
            bodies = [post for post, _ in fresh]
            outcomes = self._sandbox.tag(bodies, sentences=summarizer.SENTENCES, max_words=summarizer.MAX_WORDS)
        tagged, problems = [], []
        for outcome, (_, link) in zip(outcomes, fresh, strict=True):
            if isinstance(outcome, PostError):
                problems.append(TopicwireError(str(outcome), subject=source.url))
            else:
                tagged.append(PolledPost(outcome, canonical=link))
        return tagged, problems

    def _answered(
        self, source: Source, response: Response, began: float, feed: Feed | None, posts: list[PolledPost], *, whole: bool = True
    ) -> Poll:
        pace = feed.pace if feed else Pace()
        poll = self._poll_of(
            source,
            "fetched" if feed else "unchanged",
            began,
            schedule.after_answer(_now(), response, pace, self._chance),
            status=response.status,
            moved=response.permanent_url,
        )
        if feed is None:
            return poll
        # Without validators all of it comes again, and with it the posts that could not be tagged.
        validators = Validators(response.etag, response.last_modified) if whole else Validators()
        return replace(poll, posts=posts, validators=validators, title=feed.title or None, site=feed.link)

    def _poll_of(self, source: Source, outcome: Outcome, began: float, next_poll: datetime, **rest: Any) -> Poll:
        seconds = time.monotonic() - began
        return Poll(source.id, source.lease, _now(), outcome, seconds, next_poll, **rest)

    @contextmanager
    def _timed(self, result: Round, stage: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                result.seconds[stage] += time.monotonic() - began


def _now() -> datetime:
    return datetime.now(UTC)
