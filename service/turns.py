"""One thread at a time: what shares the interpreter gains nothing by working side by side."""

import threading
import time
from types import TracebackType

SLICE = 0.01  # seconds that a turn lasts at most while others wait, if who has it gives way


class Turns:
    """Whose turn it is. Python runs one thread at a time anyway, but changes it at every call of the HTML parser into Python
    and back, some hundred times a post: threads that tag side by side get half as much done as one after the other.

    Who gives way in between is not waited for by short work behind long. Not to be entered twice by one thread.
    """

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._next = threading.Lock()  # held by the one that waits for the turn: who gives it up stands behind that one
        self._whose: int | None = None
        self._began = 0.0

    def __enter__(self) -> None:
        with self._next:
            self._turn.acquire()
        self._whose, self._began = threading.get_ident(), time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._whose == threading.get_ident():  # not where the wait for the next turn was interrupted
            self._end()

    def give_way(self) -> None:
        """Let somebody else have a turn, if one waits, and this one has lasted."""
        if self._next.locked() and time.monotonic() - self._began > SLICE:
            self._end()
            self.__enter__()

    def _end(self) -> None:
        self._whose = None
        self._turn.release()
