"""The spans that the workbench counts in: months and days as they begin in Shanghai."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from fulian.cases.queries.workbench import SOON_DAYS, due_span, month_start

NOON = datetime(2026, 11, 24, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai
MIDNIGHT = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # the 25th begins


def test_a_month_begins_at_midnight_in_shanghai() -> None:
    december = datetime(2026, 11, 30, 16, 0, tzinfo=UTC)
    assert month_start(december) == december
    assert month_start(december - timedelta(seconds=1)) == datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    assert month_start(datetime(2026, 12, 31, 15, 59, tzinfo=UTC)) == december


def test_what_is_due_is_counted_in_one_span_only() -> None:
    assert due_span("late", NOON) == (None, NOON)
    assert due_span("today", NOON) == (NOON, MIDNIGHT)
    assert due_span("soon", NOON) == (MIDNIGHT, MIDNIGHT + timedelta(days=SOON_DAYS))
    assert due_span("", NOON) == (None, None)
