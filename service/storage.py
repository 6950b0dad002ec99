"""The store as a server needs it: opened when it is first asked for, by every worker for itself."""

import os
import threading
from typing import TYPE_CHECKING

from service.settings import Settings

if TYPE_CHECKING:
    from service.store import Store


class Storage:
    """Safe to share between threads, and with processes that are forked: no connection crosses a fork. SQLAlchemy, which
    takes long to import, is imported where there is something to do for it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
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

    @property
    def exists(self) -> bool:
        """Whether anything can be stored yet; to ask makes no database."""
        return bool(self._settings.database_url) or self._settings.database.exists()

    def close(self) -> None:
        """Close what this process has opened; to ask again opens it again."""
        opened = self._opened.pop(os.getpid(), None)
        if opened is not None:
            opened.close()
