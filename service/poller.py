"""Asking sources for news, politely: claim, fetch, read, tag, record.

A source that fails is named and asked again later; it never stops the others. Nothing of a poll is stored before all of
it is, so that a poller may end at any moment: what it had claimed is free again within seconds, see `claims`.
"""

import contextlib
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import urllib3  # noqa: F401 - here, before eight threads import it at the same time, which fails

from model import summarizer
from model.errors import LeaseError, NotStoredError, PostError, StoreError, TopicwireError
from model.pace import Pace
from model.posts import Post
from service import schedule, stories
from service.claims import Claims
from service.fetch import Response, fetch
from service.sandbox import Sandbox
from service.settings import Settings
from service.store import CountOf, Poll, PolledPost, Source, Store, Validators, content_hash
from service.store.records import Outcome

# Sources that are asked at the same time, and of those, how many of one host.
AT_ONCE = 8
PER_HOST = 2
# Sources that are claimed at most, so that threads find work while the store is asked for more.
CLAIMED = 4 * AT_ONCE
# Polls that brought nothing are recorded together: so many, or what there is after so many seconds.
TOGETHER = 32
TOGETHER_SECONDS = 1.0
COUNTED_EVERY = 10.0  # seconds: what a poller that is killed has not told the store yet
_LOST = "it was removed, or another poller has taken it over, so that this poll was not stored"
STAGES = ("fetch", "read", "tag", "store")


@dataclass
class Round:
    """What came of asking all sources that were due."""

    outcomes: Counter[str] = field(default_factory=Counter)  # fetched, unchanged, failed, gone
    new: int = 0
    changed: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STAGES, 0.0))  # of each stage, summed over threads
    topics: Counter[str] = field(default_factory=Counter)  # of the posts that are new or changed; "none": those without
    warnings: Counter[str] = field(default_factory=Counter)  # of feeds that could be read, by kind
    failures: list[TopicwireError] = field(default_factory=list)  # each naming its source

    @property
    def sources(self) -> int:
        return self.outcomes.total()

    def counts(self) -> dict[tuple[CountOf, str], float]:
        """What the store adds up for metrics."""
        counted: dict[CountOf, Mapping[str, float]] = {
            "polls": self.outcomes,
            "seconds": self.seconds,
            "posts": self.topics,
            "warnings": self.warnings,
        }
        return {(name, label): value for name, values in counted.items() for label, value in values.items()}


class Poller:
    """Asks sources of one store, and tags their posts by one version. Several may share a store."""

    def __init__(self, store: Store, sandbox: Sandbox, settings: Settings, *, chance: random.Random | None = None) -> None:
        self._store = store
        self._sandbox = sandbox
        self._settings = settings
        self._chance = chance or random.Random()  # noqa: S311 - spreads polls, guards nothing
        self._hosts: defaultdict[str, threading.Semaphore] = defaultdict(lambda: threading.Semaphore(PER_HOST))
        self._lock = threading.Lock()

    def round(self, reported: Callable[[Source, Poll], None] = lambda source, poll: None) -> Round:
        """Ask every source that is due now, once. `reported` hears of each as it is done, from any thread."""
        result = Round()
        waiting: set[Future[tuple[Source, Poll] | None]] = set()
        unchanged: list[tuple[Source, Poll]] = []
        recorded, more = time.monotonic(), True
        with (
            Claims(self._store) as claims,
            self._counting(result) as count,
            ThreadPoolExecutor(AT_ONCE, thread_name_prefix="poll") as threads,
        ):
            began = claims.now()
            try:
                while True:
                    if more and len(waiting) <= CLAIMED // 2:
                        wanted = CLAIMED - len(waiting)
                        claimed = claims.take(wanted, due=began)
                        more = len(claimed) == wanted
                        waiting |= {threads.submit(self._ask, source, claims, result, reported) for source in claimed}
                    done, waiting = wait(waiting, timeout=TOGETHER_SECONDS, return_when=FIRST_COMPLETED)
                    unchanged += filter(None, (future.result() for future in done))
                    if len(unchanged) >= TOGETHER or not waiting or time.monotonic() - recorded > TOGETHER_SECONDS:
                        self._record_unchanged(unchanged, claims, result, reported)
                        unchanged, recorded = [], time.monotonic()
                    if not waiting and not more:
                        return result
                    count()
            except BaseException:  # we are to stop, or the store fails: what has not begun is free for others at once
                for future in waiting:
                    future.cancel()
                raise

    def _record_unchanged(
        self, unchanged: list[tuple[Source, Poll]], claims: Claims, result: Round, reported: Callable[[Source, Poll], None]
    ) -> None:
        if not unchanged:
            return
        with self._timed(result, "store"):
            lost = self._store.record_unchanged([poll for _, poll in unchanged])
        for source, poll in unchanged:
            claims.done(source)
            with self._lock:
                if poll in lost:
                    result.failures.append(StoreError(_LOST, subject=source.url))
                else:
                    result.outcomes[poll.outcome] += 1
            if poll not in lost:
                reported(source, poll)

    def _ask(
        self, source: Source, claims: Claims, result: Round, reported: Callable[[Source, Poll], None]
    ) -> tuple[Source, Poll] | None:
        """Ask a source and record what came of it; a poll that brought nothing is returned, to be recorded with others."""
        with self._lock:  # two threads must not make two semaphores of one host
            host = self._hosts[urlsplit(source.url).netloc.lower()]
        try:
            with host:
                claims.check(source)
                poll, problems = self._poll(source, claims, result)
            if not problems and _brought_nothing(source, poll):
                return source, poll
            try:
                with self._timed(result, "store"):
                    recorded = self._store.record_poll(poll)
            except (NotStoredError, LeaseError):
                raise
            except StoreError as error:  # what this source brought is not taken; that it failed may be, or the store is down
                problems.append(error.about(source.url))
                poll = self._failed(source, claims, time.monotonic() - poll.seconds, error)
                recorded = self._store.record_poll(poll)
        except (NotStoredError, LeaseError) as error:  # removed, or taken over by another poller: it is theirs now
            with self._lock:
                result.failures.append(error.about(source.url))
            claims.done(source)
            return None
        claims.done(source)
        with self._lock:
            result.outcomes[poll.outcome] += 1
            result.new += recorded.new
            result.changed += recorded.changed
            result.topics.update(topic for post in poll.posts for topic in post.tagged.topics or ["none"])
            result.failures += problems
        reported(source, poll)
        return None

    def _poll(self, source: Source, claims: Claims, result: Round) -> tuple[Poll, list[TopicwireError]]:
        """How a source answers, and what was wrong with it."""
        began = time.monotonic()
        response = None
        try:
            with self._timed(result, "fetch"):
                response = fetch(source.url, self._settings, etag=source.etag, last_modified=source.last_modified)
            if response.status == 304:
                return self._answered(source, claims, response, began), []
            if response.status == 410:
                gone = TopicwireError("its publisher has taken it down for good (410); it is not asked again", subject=source.url)
                return _poll_of(source, "gone", claims.now(), began, claims.now(), status=410), [gone]
            if response.status != 200:
                raise TopicwireError(f"the server answered {response.status}")
            with self._timed(result, "read"):
                feed = self._sandbox.read(response.body, response.url)
            with self._lock:
                result.warnings.update(warning.kind for warning in feed.warnings)
            tagged, problems = self._tagged(source, feed.posts, result)
            poll = self._answered(source, claims, response, began, feed.pace)
            # Without validators all of it comes again, and with it the posts that could not be tagged.
            validators = Validators(response.etag, response.last_modified) if not problems else Validators()
            poll = replace(poll, outcome="fetched", posts=tagged, validators=validators, title=feed.title or None, site=feed.link)
            return poll, problems
        except TopicwireError as error:
            return self._failed(source, claims, began, error, response), [error.about(source.url)]
        except Exception as error:  # a mistake of ours, but it must not cost the sources beside it
            mistake = TopicwireError(f"it cannot be polled ({type(error).__name__}: {error})", subject=source.url)
            return self._failed(source, claims, began, mistake, response), [mistake]

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

    def _answered(self, source: Source, claims: Claims, response: Response, began: float, pace: Pace | None = None) -> Poll:
        """An answer of 200 or 304. That a feed has not changed means that it asks for the same pace as before."""
        now = claims.now()
        next_poll = schedule.after_answer(now, response, source.pace if pace is None else pace, self._chance)
        status, moved = response.status, response.permanent_url
        return _poll_of(source, "unchanged", now, began, next_poll, status=status, moved=moved, pace=pace)

    def _failed(
        self, source: Source, claims: Claims, began: float, error: TopicwireError, response: Response | None = None
    ) -> Poll:
        now = claims.now()
        next_poll = schedule.after_failure(now, response, source.failures + 1, self._chance)
        status = response.status if response else None
        return _poll_of(source, "failed", now, began, next_poll, status=status, error=error.problem)

    @contextmanager
    def _counting(self, result: Round) -> Iterator[Callable[[], None]]:
        """Hand over to the store what has been counted, now and then and at the end."""
        handed: dict[tuple[CountOf, str], float] = {}
        last = time.monotonic()

        def hand_over() -> None:
            nonlocal last
            with self._lock:
                counted = result.counts()
            fresh = {what: value - handed.get(what, 0) for what, value in counted.items() if value != handed.get(what, 0)}
            if fresh:
                self._store.add_counts(fresh)
            handed.update(counted)
            last = time.monotonic()

        def now_and_then() -> None:
            if time.monotonic() - last > COUNTED_EVERY:
                with contextlib.suppress(StoreError):  # the next time will do
                    hand_over()

        try:
            yield now_and_then
        finally:
            try:
                hand_over()
            except StoreError as error:
                result.failures.append(error)

    @contextmanager
    def _timed(self, result: Round, stage: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                result.seconds[stage] += time.monotonic() - began


def _brought_nothing(source: Source, poll: Poll) -> bool:
    """Whether a poll that did not fail leaves all that is known of its source as it was."""
    return (
        poll.outcome in ("fetched", "unchanged")
        and not poll.posts
        and poll.validators in (None, Validators(source.etag, source.last_modified))
        and poll.title in (None, source.title)
        and poll.site in (None, source.site)
        and poll.pace in (None, source.pace)
        and poll.moved is None
    )


def _poll_of(source: Source, outcome: Outcome, at: datetime, began: float, next_poll: datetime, **rest: Any) -> Poll:
    return Poll(source.id, source.lease, at, outcome, time.monotonic() - began, next_poll, **rest)
