"""Work on several processes of this machine: in order, in constant memory, and only once there is enough of it.

joblib's own loop hands out work however slowly its outcomes are taken, so it is its pool of processes that is used here.
"""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from model.errors import InputError

if TYPE_CHECKING:
    from concurrent.futures import Future

Item = TypeVar("Item")
Result = TypeVar("Result")
Answer = TypeVar("Answer")

# Seconds of work that are worth starting processes for: about what that takes, so that what is soon done costs twice as much at
# worst; see tests/benchmarks/cluster.py.
PATIENCE = 0.3
# Items that a process is given ahead, so that it never waits for the next one.
AHEAD = 4
# Items a process that may be done, or worked on, while the one that comes first is not: as many as one does while another starts.
KEPT = 16


def count(jobs: int) -> int:
    """How many processes: so many, or if 0 as many as this process may use cores."""
    if jobs:
        return jobs
    from joblib import cpu_count  # it knows of affinity and of the limits of containers

    return int(cpu_count())


def in_order(
    work: Callable[[Item], Iterable[Result]], items: Iterable[Item], jobs: int, *, patience: float | None = None
) -> Iterator[Result]:
    """What comes of each item, in the order of the items.

    This process works on them, and after `patience` seconds (PATIENCE if it is not given) so many others that they are `jobs`
    together. If items come more slowly than they are done, it goes on alone: others would only wait, too. Of the items that
    are worked on a few are in memory. Raises InputError if one of the others is ended from outside.
    """
    waiting = iter(items)
    if jobs != 1 and (yield from _alone(work, waiting, PATIENCE if patience is None else patience)):
        return
    if jobs == 1 or (processes := count(jobs)) == 1:
        for item in waiting:
            yield from work(item)
        return
    from concurrent.futures import BrokenExecutor  # only now: a few posts need none

    others = processes - 1
    executor = pool(others)
    started: Future[None] = executor.submit(_nothing)
    ahead: deque[Future[list[Result]]] = deque()
    try:
        # While others are busy, and while they start, this process is as well: it waits only for what it needs next.
        for item in waiting:
            if started.done() and sum(not future.done() for future in ahead) < AHEAD * others:
                ahead.append(executor.submit(_listed, work, item))
            else:
                ahead.append(_done(work, item))
            while ahead and (ahead[0].done() or len(ahead) == KEPT * processes):
                yield from ahead.popleft().result()
        while ahead:
            yield from ahead.popleft().result()
    except BrokenExecutor as error:
        raise InputError(f"one of {processes} processes was ended from outside; {ENDED}") from error
    finally:
        for future in ahead:
            future.cancel()


def as_done(
    work: Callable[[Item], Answer], items: Sequence[Item], jobs: int, *, tries: int, patience: float | None = None
) -> Iterator[tuple[Item, Answer | BaseException]]:
    """Each item with what comes of it, as they are done; or with the error that it ended with so many times. `patience` as
    above. A process that is ended from outside costs no item: those that it may have been for are tried once more, one
    at a time, so that none falls with another."""
    left, suspects = deque(items), deque[Item]()
    end = time.perf_counter() + (PATIENCE if patience is None else patience)
    while left and (jobs == 1 or time.perf_counter() < end):
        yield (item := left.popleft()), _tried(partial(work, item), tries)
    if left and (processes := count(jobs)) > 1:
        from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, wait

        running: dict[Future[Answer | BaseException], Item] = {}
        try:
            while left or running:
                while left and len(running) <= processes:
                    item = left.popleft()
                    running[pool(processes).submit(_tried, partial(work, item), tries)] = item
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    item = running.pop(future)
                    if isinstance(future.exception(), BrokenExecutor):
                        suspects.append(item)
                    else:
                        yield item, future.result()
        finally:
            for future in running:
                future.cancel()
        for item in suspects:
            yield item, _tried(partial(_by_another, processes, work, item), tries)
    for item in left:
        yield item, _tried(partial(work, item), tries)


def _by_another(processes: int, work: Callable[[Item], Answer], item: Item) -> Answer:
    answer: Answer = pool(processes).submit(work, item).result()
    return answer


def _tried(work: Callable[[], Answer], tries: int) -> Answer | BaseException:
    for _ in range(tries):
        try:
            return work()
        except Exception as error:
            last = error
    return last


ENDED = "if it was for want of memory, try fewer --jobs"


def pool(processes: int) -> Any:
    """The processes, which stay for a while when there is nothing to do. Broken ones are replaced."""
    from joblib.externals.loky import get_reusable_executor

    return get_reusable_executor(max_workers=processes, timeout=60)


def _alone(work: Callable[[Item], Iterable[Result]], items: Iterator[Item], patience: float) -> Generator[Result, None, bool]:
    """By this process, for as long as others are not worth their start; whether that was all."""
    worked = waited = 0.0
    while patience and (worked < patience or worked < waited):
        began = time.perf_counter()
        try:
            item = next(items)
        except StopIteration:
            return True
        got = time.perf_counter()
        yield from work(item)
        waited, worked = waited + got - began, worked + time.perf_counter() - got
    return False


def _nothing() -> None:
    pass


def _done(work: Callable[[Item], Iterable[Result]], item: Item) -> "Future[list[Result]]":
    """What this process has made of an item, in the form of what others will make of theirs."""
    from concurrent.futures import Future

    future: Future[list[Result]] = Future()
    try:
        future.set_result(_listed(work, item))
    except Exception as error:
        future.set_exception(error)
    return future


def _listed(work: Callable[[Item], Iterable[Result]], item: Item) -> list[Result]:
    return list(work(item))
