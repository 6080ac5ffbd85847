"""How dates, numbers and masked values are written (the house's manual of words). Dates are Shanghai's."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
# Since its last summer time ended in 1991 a day of Asia/Shanghai has begun at 16 o'clock UTC: counting from there is
# four times as fast as asking the zone, and a list asks a hundred times.
_COUNTED_FROM, _FIRST_DAY = datetime(1991, 12, 31, 16, tzinfo=UTC), date(1992, 1, 1).toordinal()
NOTHING = "—"
SOON_DAYS = 7
LAST_MINUTE = "23:59"
WEEKDAYS = "一二三四五六日"
WHOLE_ID = 15  # the old identity number; the present one has 18 (GB 11643)


class Due(NamedTuple):
    """How near a term is: `state` late, today, soon or "" (for the classes st-… and t-…), `text` the words."""

    state: str
    text: str


def today() -> date:
    """The date in Shanghai."""
    return datetime.now(SHANGHAI).date()


def local_day(value: date | datetime) -> date:
    """The Shanghai date of an instant; a plain date is one already."""
    if not isinstance(value, datetime):
        return value
    days = (value - _COUNTED_FROM).days
    return date.fromordinal(_FIRST_DAY + days) if days >= 0 else value.astimezone(SHANGHAI).date()


def day(value: date | datetime | None, year: int | None = None) -> str:
    """11月24日, or 2025年3月6日 outside the current year; — for None. `year` is that year, where it is known."""
    return NOTHING if value is None else _written(local_day(value), today().year if year is None else year)


@lru_cache(4096)  # a list names the same few days again and again
def _written(at: date, year: int) -> str:
    return f"{at.month}月{at.day}日" if at.year == year else f"{at.year}年{at.month}月{at.day}日"


def clock(value: datetime | None) -> str:
    """14:30; — for None."""
    return NOTHING if value is None else f"{value.astimezone(SHANGHAI):%H:%M}"


def moment(value: datetime | None) -> str:
    """11月24日 14:30; — for None."""
    return NOTHING if value is None else f"{day(value)} {clock(value)}"


def whole_day(value: date | datetime) -> str:
    """2026年11月24日 星期二."""
    at = local_day(value)
    return f"{at.year}年{at.month}月{at.day}日 星期{WEEKDAYS[at.weekday()]}"


def due_of(value: date | datetime | None, at: datetime | None = None) -> Due:
    """How near a term is: 逾期 3 天, 今天 14:30, 还有 5 天, further ones as the date; — for None.

    An instant in the last minute of a day means that whole day; an hour of today that has passed is overdue. `at` is
    now in Shanghai's time, where whoever draws many terms knows it.
    """
    if value is None:
        return Due("", NOTHING)
    at = at or datetime.now(SHANGHAI)
    on = local_day(value)
    days = on.toordinal() - at.toordinal()
    if days != 0:
        return _due_in(days, on, at.year)
    if not isinstance(value, datetime) or clock(value) == LAST_MINUTE:
        return Due("today", "今天")
    return Due("late", f"{clock(value)} 已过") if value < at else Due("today", f"今天 {clock(value)}")


@lru_cache(4096)
def _due_in(days: int, on: date, year: int) -> Due:
    if days < 0:
        return Due("late", f"逾期 {-days} 天")
    return Due("soon", f"还有 {days} 天") if days <= SOON_DAYS else Due("", _written(on, year))


def number(value: int | Decimal | None) -> str:
    """2,301, −3 with a real minus; — for None."""
    return NOTHING if value is None else f"{value:,}".replace("-", "−")


def percent(part: int, whole: int) -> str:
    """78.7%; — where there is no base."""
    return f"{100 * part / whole:.1f}%" if whole else NOTHING


def mask_id(value: str | None) -> str:
    """371599********0026: place and last four of an identity number, less of other documents; — for None."""
    if not value:
        return NOTHING
    if len(value) >= WHOLE_ID:
        return f"{value[:6]}{'*' * (len(value) - 10)}{value[-4:]}"
    return f"{value[:1]}{'*' * max(len(value) - 3, 4)}{value[-2:] if len(value) > 6 else ''}"


def mask_phone(value: str | None) -> str:
    """138****5512; — for None."""
    if not value:
        return NOTHING
    return f"{value[:-8]}****{value[-4:]}" if len(value) > 8 else f"****{value[-2:] if len(value) > 6 else ''}"


FILTERS = {
    "day": day,
    "clock": clock,
    "moment": moment,
    "whole_day": whole_day,
    "number": number,
    "mask_id": mask_id,
    "mask_phone": mask_phone,
}
