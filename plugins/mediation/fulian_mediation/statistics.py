"""Numbers of mediation: accepted, closed, and the rate of success with its base in sight."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, case, func, literal, select

from fulian.api import Case, Period, Statistic, county_units, local_date, setting, start_of_day
from fulian_mediation.codes import CODE, NOT_OURS, ORAL_AGREEMENT, WRITTEN_AGREEMENT

# By closed cases, so that both numbers are of the same cases; 黄石市司法局 divides by accepted ones (842 of 869), whose
# end may lie in another month: a setting, therefore.
ACCEPTED, CLOSED = "accepted", "closed"
SUCCESS_BASE = CLOSED

SUCCESS = (WRITTEN_AGREEMENT, ORAL_AGREEMENT)


def accepted(period: Period) -> Select[Any]:
    """Cases accepted in the period. One that turned out not to be ours, or was a mistake, was never accepted."""
    return _counted(Case.opened_at, period)


def closed(period: Period) -> Select[Any]:
    """Cases closed in the period."""
    return _counted(Case.closed_at, period, Case.status == "closed")


def succeeded(period: Period) -> Select[Any]:
    """Cases closed in the period with a whole agreement, written or oral."""
    return _counted(Case.closed_at, period, Case.status == "closed", Case.outcome.in_(SUCCESS))


def success_base(period: Period) -> Select[Any]:
    """What success is divided by: closed cases, or accepted ones in a unit whose setting success_base says so."""
    by_opening = [unit.id for unit in county_units() if setting(CODE, "success_base", unit.id) == ACCEPTED]
    counts_at: Any = case((Case.county_id.in_(by_opening), Case.opened_at), (Case.status == "closed", Case.closed_at))
    return _counted(counts_at, period)


STATISTICS = (
    Statistic("success", "调解成功率（成功 ÷ 办结）", "%", succeeded, of=success_base),
    Statistic("accepted", "受理", "件", accepted),
    Statistic("closed", "办结", "件", closed),
)


def _counted(at: Any, period: Period, *conditions: ColumnElement[bool]) -> Select[Any]:
    """Rows (org_id, month, n) of the cases whose moment `at` lies in the period, by its month in Shanghai."""
    month = _month(at, period).label("month")
    rows: Any = (
        select(Case.org_id, month, func.count().label("n"))
        .where(
            Case.programme == CODE,
            Case.status != "void",
            Case.outcome.is_distinct_from(NOT_OURS),
            at >= period.start,
            at < period.end,
            *conditions,
        )
        .group_by(Case.org_id, month)
    )
    return cast("Select[Any]", rows)


def _month(at: Any, period: Period) -> ColumnElement[str]:
    """2026-11 of an instant in the period, in plain SQL, since the databases have no function in common."""
    ends = _month_ends(period)
    if len(ends) == 1:
        return literal(ends[0][0])
    return case(*((at < end, label) for label, end in ends[:-1]), else_=ends[-1][0])


def _month_ends(period: Period) -> list[tuple[str, datetime]]:
    """Each month that the period touches, with the instant at which it ends."""
    day = local_date(period.start).replace(day=1)
    ends = []
    while start_of_day(day) < period.end:
        after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        ends.append((f"{day:%Y-%m}", start_of_day(after)))
        day = after
    return ends
