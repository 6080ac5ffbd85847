"""Local dates and working days: Shanghai's zone, the State Council's holidays and make-up days (调休)."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import chinese_calendar
from chinese_calendar.constants import holidays

SHANGHAI = ZoneInfo("Asia/Shanghai")

# The State Council announces a year's holidays in the autumn before it; the library ends with the last one it has.
FIRST_KNOWN_YEAR: int = min(holidays).year
LAST_KNOWN_YEAR: int = max(holidays).year

_SATURDAY = 5
# 全国年节及纪念日放假办法 (2024) 第二条: (month, day) of the holidays that do not follow the moon
_FIXED_HOLIDAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})


def local_date(moment: datetime) -> date:
    """The date in Shanghai at a moment with time zone. Raises ValueError for one without."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return moment.astimezone(SHANGHAI).date()


def start_of_day(day: date) -> datetime:
    """The first instant of a local date in Shanghai, with that zone."""
    return datetime.combine(day, time.min, SHANGHAI)


def end_of_day(day: date) -> datetime:
    """The last second of a local date in Shanghai, with that zone: what is due on the day turns overdue after it."""
    return datetime.combine(day, time(23, 59, 59), SHANGHAI)


def today(now: datetime) -> date:
    """Today in Shanghai, where `now` is the use case's clock (`Actor.now`)."""
    return local_date(now)


def month_of(moment: datetime) -> str:
    """The month in Shanghai at a moment with time zone, as 2026-11. Raises ValueError for one without."""
    return f"{local_date(moment):%Y-%m}"


def is_known(year: int) -> bool:
    """Whether the holidays of this year are published; otherwise days are only guessed, and a page says so."""
    return FIRST_KNOWN_YEAR <= year <= LAST_KNOWN_YEAR


def is_working_day(day: date) -> bool:
    """Whether people work on this day: no weekend or holiday, or a make-up day (调休上班).

    In a year not known (`is_known`), Monday to Friday but for the holidays with a fixed date.
    """
    if is_known(day.year):
        return bool(chinese_calendar.is_workday(day))
    return day.weekday() < _SATURDAY and (day.month, day.day) not in _FIXED_HOLIDAYS


def next_working_day(day: date) -> date:
    """This day if it is a working day, else the first one after it."""
    while not is_working_day(day):
        day += timedelta(days=1)
    return day
