"""The version that serves, as `current` names it, followed while requests go on."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from flask import g

from model.posts import Post, TaggedPost
from model.tagger import Tagger
from model.versions import Versions
from service import metrics
from service.turns import Turns

RETRY_SECONDS = 1.0
# What a version is tried on before it serves, and /readyz classifies.
READY_POST = Post(id="ready", title="Are we ready?", text="A pod behind an ingress answers, and its metrics say so.")

_log = logging.getLogger("topicwire")


class Serving:
    """Which tagger answers. Every request that asks looks at the pointer first, some microseconds, rather than a thread
    now and then: so there is nothing to start in each worker, and what begins after a promotion is answered by the new
    version. A version that cannot be loaded leaves the one before serving, and is tried again from time to time.

    Safe to share between threads, and with processes that are forked. A tagger that is given stays. Raises VersionError
    where there is no version to begin with.
    """

    def __init__(self, versions: Versions, tagger: Tagger | None = None) -> None:
        self.versions = versions
        self._follows = tagger is None
        self._seen = versions.pointer()  # before loading: what changes meanwhile is seen by the first request
        self._tagger = tagger or Tagger(versions.load())
        self._again = float("inf")  # when to try once more what could not be loaded
        self._loading = threading.Lock()
        self._turns = Turns()
        metrics.MODEL.labels(self._tagger.version.name).set(1)

    def now(self) -> Tagger:
        """The tagger of this request: the same from its first asking to its end, so that it is answered by one version."""
        if "tagger" not in g:
            if self._follows:
                self._follow()
            g.tagger = self._tagger
        tagger: Tagger = g.tagger
        return tagger

    def tag(self, posts: Sequence[Post], checkpoint: Callable[[], None] = lambda: None, **what: Any) -> list[TaggedPost]:
        """Tag by the tagger of this request, in turn with other threads. `checkpoint` and the rest are `Tagger.tag`'s."""

        def between() -> None:
            self._turns.give_way()
            checkpoint()

        tagger = self.now()
        with self._turns:
            return tagger.tag(posts, checkpoint=between, **what)

    def _follow(self) -> None:
        pointer = self.versions.pointer()
        if pointer == self._seen and time.monotonic() < self._again:
            return
        if not self._loading.acquire(blocking=False):
            return  # somebody loads it already; nobody waits
        try:
            self._load(pointer)
        finally:
            self._loading.release()

    def _load(self, pointer: bytes) -> None:
        before = self._tagger.version.name
        try:
            version = self.versions.load()
            if version.name != before:
                tagger = Tagger(version)
                tagger.tag([READY_POST])
                self._tagger = tagger
        except Exception as error:  # whatever is wrong with it, the one before is not
            if pointer != self._seen:  # once, not each time it is tried
                _log.error("%s; %s serves on", error, before)
            metrics.RELOADS.labels("failed").inc()
            self._again = time.monotonic() + RETRY_SECONDS
        else:
            self._again = float("inf")
            if version.name != before:
                metrics.MODEL.labels(before).set(0)
                metrics.MODEL.labels(version.name).set(1)
                metrics.RELOADS.labels("done").inc()
                _log.info("%s serves now, after %s", version.name, before)
        self._seen = pointer
