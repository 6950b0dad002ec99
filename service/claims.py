"""The sources that a poller has claimed: a short lease, renewed while the poller lives.

A poller that ends, however it ends, holds nothing for longer than a lease. One that was halted for longer than that has
lost what it held: it asks nobody any more on its account, and the store takes nothing from it, see `Polls.record_poll`.
So each claim is stored once at most, and a source is asked by two only where one was halted while it waited for an answer.
"""

import contextlib
import threading
from datetime import UTC, datetime, timedelta
from typing import Self

from model.errors import LeaseError, StoreError
from service.store import Source, Store

LEASE = timedelta(seconds=30)  # how long the sources of a poller that was killed have to wait
RENEWED_EVERY = 5.0  # seconds: a store that is busy for a while costs no lease


class Claims:
    """What one poller holds, in one round. Safe to share between threads; a context manager, which gives back what is left."""

    def __init__(self, store: Store, *, lease: timedelta = LEASE, renewed_every: float = RENEWED_EVERY) -> None:
        self._store = store
        self._lease = lease
        self._renewed_every = renewed_every
        self._ahead = store.now() - datetime.now(UTC)  # of the store's clock to ours
        self._lock = threading.Lock()
        self._held: dict[int, tuple[Source, datetime]] = {}  # by number, with the end of the lease
        self._ended = threading.Event()
        self._renewing = threading.Thread(target=self._renew, name="renew", daemon=True)

    def __enter__(self) -> Self:
        self._renewing.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._renewing.join()
        if self._held:
            with contextlib.suppress(StoreError):  # then their leases run out
                self._store.release_sources([source for source, _ in self._held.values()])

    def now(self) -> datetime:
        """By the store's clock."""
        return datetime.now(UTC) + self._ahead

    def take(self, limit: int, due: datetime) -> list[Source]:
        """Claim sources that were due at a moment. Raises StoreError."""
        now = self.now()
        taken = self._store.claim_due_sources(now, limit, self._lease, due=due)
        with self._lock:
            self._held |= {source.id: (source, now + self._lease) for source in taken}
        return taken

    def check(self, source: Source) -> None:
        """Raises LeaseError where the lease may have run out, so that another poller may be asking that source."""
        with self._lock:
            lost = not self._is_held(source) or self._held[source.id][1] <= self.now()
        if lost:
            raise LeaseError("this poller was halted for so long that another may have taken it over", subject=source.url)

    def done(self, source: Source) -> None:
        """It is recorded, or lost."""
        with self._lock:
            if self._is_held(source):
                del self._held[source.id]

    def _is_held(self, source: Source) -> bool:
        # One that was lost can have been claimed again by ourselves: that is another claim.
        return source.id in self._held and self._held[source.id][0] is source

    def _renew(self) -> None:
        while not self._ended.wait(self._renewed_every):
            now = self.now()
            with self._lock:
                held = [source for source, until in self._held.values() if until > now]
            if not held:
                continue
            try:
                self._store.renew_sources(held, now, self._lease)
            except StoreError:
                continue  # there is time for more tries
            with self._lock:
                self._held |= {source.id: (source, now + self._lease) for source in held if self._is_held(source)}
