"""What a measurement is, and how two ways are measured: in turns, in CPU time and in wall-clock time."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Prepare = Callable[[], Any]  # makes what a way is given; not timed
Work = Callable[[Any], object]  # timed


@dataclass(frozen=True)
class Way:
    """One way of doing something: what it is called, and how it is done."""

    name: str
    prepare: Prepare
    work: Work


@dataclass(frozen=True)
class Row:
    """One line of the table: `ours` and `theirs` measured in the same rounds, or a figure of ours alone."""

    group: str
    name: str
    unit: str  # of the figures: ms, ms/post, MB, requests/s, ...
    ours: list[float]
    against: str = ""
    theirs: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)  # ratios in wall-clock time, where that was measured as well
    ours_over_theirs: bool = False  # the ratio is ours / theirs, as of floors and bare processes; else theirs / ours
    wanted: str = ""  # as ">= 40"
    note: str = ""

    @property
    def ratios(self) -> list[float]:
        pairs = zip(self.ours, self.theirs, strict=True) if self.theirs else ()
        return [one / other if self.ours_over_theirs else other / one for one, other in pairs]

    @property
    def holds(self) -> bool | None:
        """Whether the median is as wanted; None where nothing is."""
        if not self.wanted:
            return None
        sign, number = self.wanted.split()
        value = median(self.ratios or self.ours)
        return value >= float(number) if sign == ">=" else value <= float(number)

    def cells(self) -> list[str]:
        ratios = self.ratios
        return [
            self.name,
            f"{_short(median(self.ours))} {self.unit}",
            f"{self.against} {_short(median(self.theirs))} {self.unit}" if self.theirs else self.against,
            f"**{_short(median(ratios))}** ({_short(min(ratios))}–{_short(max(ratios))})" if ratios else _spread(self.ours),
            _short(median(self.wall)) if self.wall else "",
            {None: "", True: f"{self.wanted}: holds", False: f"{self.wanted}: does **not** hold"}[self.holds],
        ]


HEADINGS = ["what", "topicwire", "against", "ratio (lowest–highest)", "by wall clock", "wanted"]


def in_turns(rounds: int, *ways: Way) -> tuple[list[list[float]], list[list[float]]]:
    """CPU and wall-clock milliseconds: for each way those of every round, after one to warm up."""
    cpu: list[list[float]] = [[] for _ in ways]
    wall: list[list[float]] = [[] for _ in ways]
    for number in range(rounds + 1):
        for index, way in enumerate(ways):
            given = way.prepare()
            gc.collect()  # the garbage of what ran before is not this way's work
            began, start = time.perf_counter(), time.process_time()
            way.work(given)
            spent, passed = time.process_time() - start, time.perf_counter() - began
            if number:
                cpu[index].append(1000 * spent)
                wall[index].append(1000 * passed)
    return cpu, wall


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _spread(values: list[float]) -> str:
    return f"({_short(min(values))}–{_short(max(values))})" if len(values) > 1 else ""
