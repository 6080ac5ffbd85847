"""Times taken inside one run, as ratios: absolute milliseconds move by 40 % from one run to the next."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Work = Callable[[], Any]
Clock = Callable[[], float]


@dataclass(frozen=True)
class Result:
    """A line of the table. `ratio` is judged against `limit`: at most, or (`at_least`) at least; None: information."""

    goal: str
    database: str
    what: str
    figure: str
    ratio: float
    limit: float | None
    at_least: bool = False

    @property
    def verdict(self) -> str:
        """met, missed, or – where the line is information."""
        if self.limit is None:
            return "–"
        met = self.ratio >= self.limit if self.at_least else self.ratio <= self.limit
        return "met" if met else "missed"


def times_of(works: Sequence[Work], rounds: int, clock: Clock = time.perf_counter) -> list[float]:
    """The median time of each of `works`, taken in turn, so that all of them meet the same moments of the machine."""
    taken: list[list[float]] = [[] for _ in works]
    for work in works:
        work()
    for _ in range(rounds):
        for work, times in zip(works, taken, strict=True):
            start = clock()
            work()
            times.append(clock() - start)
    return [statistics.median(times) for times in taken]


def table_of(results: Sequence[Result]) -> str:
    """The results as one table."""
    head = ("goal", "database", "what", "figure", "ratio", "limit", "verdict")
    rows = [head, *(_cells(result) for result in results)]
    widths = [max(_width(row[place]) for row in rows) for place in range(len(head))]
    lines = ["  ".join(_padded(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _cells(result: Result) -> tuple[str, ...]:
    sign = "≥" if result.at_least else "≤"
    limit = (
        "" if result.limit is None else f"{sign} {result.limit:.2f}" if result.at_least else f"{sign} {result.limit:g}"
    )
    return (result.goal, result.database, result.what, result.figure, f"{result.ratio:.2f}", limit, result.verdict)


def _width(text: str) -> int:
    return sum(2 if "\u2e80" <= ch <= "\uffef" else 1 for ch in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
