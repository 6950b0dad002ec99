"""Work on several processes of this machine: in order, in constant memory, and only once there is enough of it.

joblib's own loop hands out work however slowly its outcomes are taken, so it is its pool of processes that is used here.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future
from typing import Any, TypeVar

from model.errors import InputError

Item = TypeVar("Item")
Result = TypeVar("Result")

# Seconds of work that are worth starting processes for; see tests/benchmarks/processes.py.
PATIENCE = 0.5
# Items that a process is given ahead, so that it never waits for the next one.
AHEAD = 4


def count(jobs: int) -> int:
    """How many processes: so many, or if 0 as many as this process may use cores."""
    if jobs:
        return jobs
    from joblib import cpu_count  # it knows of affinity and of the limits of containers

    return int(cpu_count())


def in_order(
    work: Callable[[Item], Iterable[Result]], items: Iterable[Item], jobs: int, *, patience: float = PATIENCE
) -> Iterator[Result]:
    """What comes of each item, in the order of the items.

    `patience` is how many seconds this process works alone. If items come more slowly than they are done, it goes on alone:
    others would only wait, too. Of the items that others work on a few are in memory. Raises InputError if one of
    those is ended from outside.
    """
    waiting = iter(items)
    if jobs != 1:
        yield from _alone(work, waiting, patience)
    if jobs == 1 or (processes := count(jobs)) == 1:
        for item in waiting:
            yield from work(item)
        return
    ahead: deque[Future[list[Result]]] = deque()
    executor = pool(processes)
    try:
        for item in waiting:
            ahead.append(executor.submit(_listed, work, item))
            if len(ahead) == AHEAD * processes:
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()
    except BrokenExecutor as error:
        raise InputError(f"one of {processes} processes was ended from outside; {ENDED}") from error
    finally:
        for future in ahead:
            future.cancel()


ENDED = "if it was for want of memory, try fewer --jobs"


def pool(processes: int) -> Any:
    """The processes, which stay for a while when there is nothing to do. Broken ones are replaced."""
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(max_workers=processes, timeout=60)


def _alone(work: Callable[[Item], Iterable[Result]], items: Iterator[Item], patience: float) -> Iterator[Result]:
    """By this process, for as long as others are not worth their start."""
    worked = waited = 0.0
    while patience and (worked < patience or worked < waited):
        began = time.perf_counter()
        try:
            item = next(items)
        except StopIteration:
            return
        got = time.perf_counter()
        yield from work(item)
        waited, worked = waited + got - began, worked + time.perf_counter() - got


def _listed(work: Callable[[Item], Iterable[Result]], item: Item) -> list[Result]:
    return list(work(item))
