"""How dates, numbers and masked values are written (the house's manual of words). Dates are Shanghai's."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")
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
    return value.astimezone(SHANGHAI).date() if isinstance(value, datetime) else value


def day(value: date | datetime | None) -> str:
    """11月24日, or 2025年3月6日 outside the current year; — for None."""
    if value is None:
        return NOTHING
    at = local_day(value)
    return f"{at.month}月{at.day}日" if at.year == today().year else f"{at.year}年{at.month}月{at.day}日"


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


def due_of(value: date | datetime | None) -> Due:
    """How near a term is: 逾期 3 天, 今天 14:30, 还有 5 天, further ones as the date; — for None.

    An instant in the last minute of a day means that whole day; an hour of today that has passed is overdue.
    """
    if value is None:
        return Due("", NOTHING)
    at = datetime.now(SHANGHAI)
    days = (local_day(value) - at.date()).days
    if days < 0:
        return Due("late", f"逾期 {-days} 天")
    if days == 0:
        if not isinstance(value, datetime) or clock(value) == LAST_MINUTE:
            return Due("today", "今天")
        return Due("late", f"{clock(value)} 已过") if value < at else Due("today", f"今天 {clock(value)}")
    return Due("soon", f"还有 {days} 天") if days <= SOON_DAYS else Due("", day(value))


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
