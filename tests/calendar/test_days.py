from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from fulian import calendar
from fulian.calendar import is_known, is_working_day, local_date, month_of, next_working_day, today


def test_the_day_begins_at_midnight_in_shanghai() -> None:
    assert local_date(datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)) == date(2026, 11, 30)
    assert local_date(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == date(2026, 12, 1)
    assert today(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == date(2026, 12, 1)
    assert month_of(datetime(2026, 11, 30, 15, 59, tzinfo=UTC)) == "2026-11"
    assert month_of(datetime(2026, 11, 30, 16, 0, tzinfo=UTC)) == "2026-12"


def test_the_ends_of_a_day_belong_to_it() -> None:
    day = date(2026, 11, 30)
    assert calendar.start_of_day(day) == datetime(2026, 11, 29, 16, 0, tzinfo=UTC)
    assert calendar.end_of_day(day) == datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    assert local_date(calendar.start_of_day(day)) == local_date(calendar.end_of_day(day)) == day


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        local_date(datetime(2026, 11, 30))  # noqa: DTZ001 (the point of the test)


# 国务院办公厅关于2026年部分节假日安排的通知
@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 24), True),
        (date(2026, 11, 28), False),
        (date(2026, 2, 17), False),  # 春节, a Tuesday
        (date(2026, 2, 14), True),  # a Saturday made up for 春节
        (date(2026, 2, 28), True),
        (date(2026, 9, 20), True),  # a Sunday made up for 国庆
        (date(2026, 10, 7), False),
        (date(2026, 10, 8), True),
        (date(2026, 10, 10), True),
    ],
)
def test_working_days_know_make_up_days(day: date, works: bool) -> None:
    assert is_working_day(day) is works


def test_the_calendar_covers_this_year_and_says_where_it_ends() -> None:
    assert calendar.LAST_KNOWN_YEAR >= 2026
    assert is_known(2026)
    assert not is_known(calendar.LAST_KNOWN_YEAR + 1)
    assert not is_known(calendar.FIRST_KNOWN_YEAR - 1)


def test_in_an_unknown_year_weekends_and_fixed_holidays_are_free() -> None:
    year = 2099
    assert not is_known(year)
    assert not is_working_day(date(year, 1, 1))  # 元旦, a Thursday
    assert is_working_day(date(year, 1, 2))
    assert not is_working_day(date(year, 1, 3))


def test_next_working_day() -> None:
    assert next_working_day(date(2026, 10, 1)) == date(2026, 10, 8)
    assert next_working_day(date(2026, 10, 8)) == date(2026, 10, 8)
