"""The count of legal periods; each test names the article it is read from."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fulian.calendar import Term, add_days, add_months, add_working_days, is_working_day, legal_deadline

CONFIRMATION = Term("人民调解法第三十三条", days=30)
ORDER = Term("反家庭暴力法第三十条", months=6, rolls=False)
OBJECTION = Term("信访工作条例第二十三条", working_days=5, rolls=False)
PETITION = Term("信访工作条例第三十四条", days=60, rolls=False)

starts = st.dates(date(2004, 1, 1), date(2026, 6, 30))


def test_the_first_day_is_not_counted() -> None:
    """民法典第二百零一条: 开始的当日不计入，自下一日开始计算。"""
    assert add_days(date(2026, 11, 24), 1) == date(2026, 11, 25)
    assert add_days(date(2026, 11, 24), 30) == date(2026, 12, 24)
    assert legal_deadline(date(2026, 11, 2), CONFIRMATION).last_day == date(2026, 12, 2)


@pytest.mark.parametrize(
    ("start", "months", "last_day"),
    [
        (date(2026, 3, 15), 1, date(2026, 4, 15)),
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 31), 12, date(2027, 12, 31)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
    ],
)
def test_months_end_on_the_same_day_number_or_at_the_end_of_the_month(start: date, months: int, last_day: date) -> None:
    """民法典第二百零二条: 到期月的对应日为期间的最后一日；没有对应日的，月末日为期间的最后一日。"""
    assert add_months(start, months) == last_day


def test_a_last_day_on_a_holiday_moves_behind_it() -> None:
    """民法典第二百零三条: 最后一日是法定休假日的，以法定休假日结束的次日为期间的最后一日。"""
    deadline = legal_deadline(date(2026, 9, 3), CONFIRMATION)  # 3 October, in the holiday until the 7th
    assert (deadline.last_day, deadline.rolled, deadline.known) == (date(2026, 10, 8), True, True)
    assert deadline.article == "人民调解法第三十三条"


def test_a_last_day_on_a_make_up_saturday_stays() -> None:
    """民法典第二百零三条: a Saturday on which people work is no 休假日."""
    deadline = legal_deadline(date(2026, 9, 10), CONFIRMATION)
    assert (deadline.last_day, deadline.rolled) == (date(2026, 10, 10), False)


def test_a_protection_order_ends_on_its_day_even_on_a_holiday() -> None:
    """反家庭暴力法第三十条: 人身安全保护令的有效期不超过六个月，自作出之日起生效。"""
    deadline = legal_deadline(date(2026, 4, 3), ORDER)
    assert (deadline.last_day, deadline.rolled) == (date(2026, 10, 3), False)


def test_petitions_are_counted_in_plain_days() -> None:
    """信访工作条例第三十四条: 应当自受理之日起60日内办结: plain days, holidays included."""
    assert legal_deadline(date(2026, 8, 3), PETITION).last_day == date(2026, 10, 2)


def test_an_objection_is_counted_in_working_days() -> None:
    """信访工作条例第二十三条: 自收到该转送、交办的信访事项之日起5个工作日内提出异议."""
    assert legal_deadline(date(2026, 9, 28), OBJECTION).last_day == date(2026, 10, 10)
    assert legal_deadline(date(2026, 11, 20), OBJECTION).last_day == date(2026, 11, 27)


def test_a_deadline_in_a_year_without_published_holidays_says_so() -> None:
    assert not legal_deadline(date(2098, 12, 20), CONFIRMATION).known
    assert legal_deadline(date(2098, 12, 20), PETITION).known  # plain days need no calendar
    assert not legal_deadline(date(2098, 12, 20), OBJECTION).known


@given(starts, st.integers(1, 400))
def test_a_rolled_deadline_is_the_first_working_day_from_the_counted_day(start: date, days: int) -> None:
    last_day = legal_deadline(start, Term("民法典第二百零三条", days=days)).last_day
    counted = start + timedelta(days=days)
    assert is_working_day(last_day)
    between = (counted + timedelta(days=step) for step in range((last_day - counted).days))
    assert not any(is_working_day(day) for day in between)


@given(starts, st.integers(0, 60))
def test_working_days_are_counted_one_by_one(start: date, n: int) -> None:
    last_day = add_working_days(start, n)
    counted = sum(is_working_day(start + timedelta(days=step)) for step in range(1, (last_day - start).days + 1))
    assert counted == n
    assert n == 0 or is_working_day(last_day)


@given(starts, st.integers(0, 240))
def test_months_never_skip_a_month(start: date, n: int) -> None:
    end = add_months(start, n)
    assert (end.year * 12 + end.month) - (start.year * 12 + start.month) == n
    assert end.day <= start.day


@pytest.mark.parametrize(
    "wrong",
    [
        {"article": "民法典"},
        {"article": "民法典", "days": 1, "months": 1},
        {"article": "民法典", "days": 0},
        {"article": "", "days": 1},
    ],
)
def test_a_term_has_one_length_and_an_article(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a term"):
        Term(**wrong)  # type: ignore[arg-type]


def test_working_days_are_not_counted_backwards() -> None:
    with pytest.raises(ValueError, match="forwards"):
        add_working_days(date(2026, 11, 24), -1)
