"""The store as a server needs it: opened when it is first asked for, by every worker for itself."""

import logging
import os
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from model.errors import StoreError, VersionError
from service import metrics
from service.settings import Settings

if TYPE_CHECKING:
    from service.store import Store, Week

COUNTED_EVERY = timedelta(seconds=30)  # for metrics: what takes its time to count

_log = logging.getLogger("topicwire")


class Storage:
    """Safe to share between threads, and with processes that are forked: no connection crosses a fork. SQLAlchemy, which
    takes long to import, is imported where there is something to do for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._week_lock = threading.Lock()
        self._week: tuple[datetime, Week] | None = None
        # By process: one that a parent has opened is kept, since to let go of it would be to close its files.
        self._opened: dict[int, Store] = {}

    def store(self) -> "Store":
        """Raises StoreError; the next one who asks tries again."""
        opened = self._opened.get(os.getpid())
        if opened is None:
            with self._lock:
                opened = self._opened.get(os.getpid())
                if opened is None:
                    from service.store import Store

                    opened = self._opened[os.getpid()] = Store.open(self._settings)
        return opened

    def figures(self) -> metrics.Stored | None:
        """The store's metrics; None where nothing has been stored yet, since to ask would be to make a database."""
        if not self._settings.has_store:
            return None
        try:
            store, now = self.store(), datetime.now(UTC)
            current = self._current()
            outdated = None if current is None else store.count_outdated(current)
            return metrics.Stored(store.figures(now), self._week_of(store, now), outdated)
        except StoreError as error:  # the other metrics are wanted all the more
            _log.error("the store failed: %s", error)
            return metrics.Stored(None)

    def _week_of(self, store: "Store", now: datetime) -> "Week":
        """Counted now and then only: all scores of a week are read for it. Who asks meanwhile hears what it was."""
        with self._week_lock:
            if self._week is None or now - self._week[0] > COUNTED_EVERY:
                self._week = now, store.week(now)
            return self._week[1]

    def _current(self) -> str | None:
        from model.versions import Versions

        try:
            return Versions(self._settings.models).current()
        except VersionError:  # who loads it says what is wrong
            return None

    def close(self) -> None:
        """Close what this process has opened; to ask again opens it again."""
        opened = self._opened.pop(os.getpid(), None)
        if opened is not None:
            opened.close()
