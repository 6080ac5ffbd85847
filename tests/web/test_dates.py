from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import time_machine

from fulian.web import dates


@pytest.fixture(autouse=True)
def _a_tuesday() -> object:
    with time_machine.travel(datetime(2026, 11, 24, 1, 0, tzinfo=UTC), tick=False):
        yield


def test_dates_are_those_of_shanghai() -> None:
    late_evening = datetime(2026, 11, 23, 16, 5, tzinfo=UTC)  # already the 24th there
    assert dates.day(late_evening) == "11月24日"
    assert dates.moment(late_evening) == "11月24日 00:05"
    assert dates.day(date(2025, 3, 6)) == "2025年3月6日"
    assert dates.whole_day(late_evening) == "2026年11月24日 星期二"
    assert dates.clock(datetime(2026, 11, 24, 6, 30, tzinfo=UTC)) == "14:30"
    assert (dates.day(None), dates.moment(None), dates.clock(None)) == ("—", "—", "—")


@pytest.mark.parametrize(
    ("at", "state", "text"),
    [
        (date(2026, 11, 21), "late", "逾期 3 天"),
        (date(2026, 11, 24), "today", "今天"),
        (datetime(2026, 11, 24, 6, 30, tzinfo=UTC), "today", "今天 14:30"),
        (datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC), "today", "今天"),
        (datetime(2026, 11, 24, 0, 30, tzinfo=UTC), "late", "08:30 已过"),
        (datetime(2026, 11, 24, 16, 30, tzinfo=UTC), "soon", "还有 1 天"),
        (date(2026, 12, 1), "soon", "还有 7 天"),
        (date(2026, 12, 12), "", "12月12日"),
        (date(2027, 1, 2), "", "2027年1月2日"),
        (None, "", "—"),
    ],
)
def test_terms(at: date | None, state: str, text: str) -> None:
    assert dates.due_of(at) == (state, text)


def test_numbers() -> None:
    assert [dates.number(n) for n in (0, 2301, -3, None)] == ["0", "2,301", "−3", "—"]
    assert (dates.percent(787, 1000), dates.percent(0, 4), dates.percent(3, 0)) == ("78.7%", "0.0%", "—")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("371599199203060026", "371599********0026"),
        ("371599920306002", "371599*****6002"),
        ("E12345678", "E******78"),
        ("123", "1****"),
        ("", "—"),
        (None, "—"),
    ],
)
def test_masked_identity_numbers(value: str | None, shown: str) -> None:
    assert dates.mask_id(value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("13812345512", "138****5512"),
        ("06358234567", "063****4567"),
        ("8234567", "****67"),
        ("110", "****"),
        (None, "—"),
    ],
)
def test_masked_phones(value: str | None, shown: str) -> None:
    assert dates.mask_phone(value) == shown
