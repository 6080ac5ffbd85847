"""Periods and deadlines as the law counts them.

民法典 201: the day on which a period begins is not counted. 202: a period of months ends on the day with the same
number, or on the last day of a month that has none. 203: where the last day is a 法定休假日, the day after that holiday
is the last. 204: unless a law says otherwise. 信访工作条例 counts its periods in plain days, so a term of it is made
with `rolls=False`.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

from fulian.calendar.days import is_known, is_working_day, next_working_day

_MONTHS_OF_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Term:
    """How long a deadline is, by exactly one of `days`, `months` and `working_days`, and the `article` that says so.

    `rolls`: a last day on a holiday moves to the next working day (民法典 203); False where the law counts plain days.
    Raises ValueError for none or several lengths, a length below one, or no article.
    """

    article: str
    days: int | None = None
    months: int | None = None
    working_days: int | None = None
    rolls: bool = True

    def __post_init__(self) -> None:
        lengths = [length for length in (self.days, self.months, self.working_days) if length is not None]
        if len(lengths) != 1 or lengths[0] < 1:
            raise ValueError("a term has exactly one length, of at least one")
        if not self.article:
            raise ValueError("a term names its article")


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day on which something may be done in time, and why.

    `rolled`: a holiday moved it. `known`: the holidays of all years it touches are published; False means the day may
    still move, and a page says so.
    """

    last_day: date
    article: str
    rolled: bool
    known: bool


def add_days(start: date, n: int) -> date:
    """The last day of a period of `n` days from `start`, itself not counted (民法典 201); n may be negative."""
    return start + timedelta(days=n)


def add_months(start: date, n: int) -> date:
    """The last day of a period of `n` months from `start` (民法典 202): the same day number, else the month's end."""
    index = start.year * _MONTHS_OF_A_YEAR + start.month - 1 + n
    year, month = divmod(index, _MONTHS_OF_A_YEAR)
    return date(year, month + 1, min(start.day, monthrange(year, month + 1)[1]))


def add_working_days(start: date, n: int) -> date:
    """The `n`-th working day after `start`, which is not counted (民法典 201); `start` itself for 0.

    Raises ValueError for a negative n.
    """
    if n < 0:
        raise ValueError("working days are counted forwards")
    day = start
    while n:
        day += timedelta(days=1)
        n -= is_working_day(day)
    return day


def legal_deadline(start: date, term: Term) -> Deadline:
    """When a term that begins on `start` (a local date) ends, with its article; the day itself is still in time."""
    if term.days is not None:
        counted = add_days(start, term.days)
    elif term.months is not None:
        counted = add_months(start, term.months)
    else:
        counted = add_working_days(start, term.working_days or 0)
    last_day = next_working_day(counted) if term.rolls else counted
    depends_on_holidays = term.rolls or term.working_days is not None
    known = not depends_on_holidays or all(is_known(year) for year in range(start.year, last_day.year + 1))
    return Deadline(last_day, term.article, last_day != counted, known)
