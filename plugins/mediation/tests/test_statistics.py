"""Accepted, closed, and the rate of success with its base."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from fulian_mediation import statistics
from fulian_mediation.programme import PROGRAMME
from fulian_mediation.statistics import STATISTICS

from fulian.api import Period, db
from fulian.testing.acts import advance, close
from fulian.testing.world import LIUYUAN, NOW, ZHENXING, open_mediation

from .conftest import AGREEMENT, REPORT, SESSION, TODAY

OCTOBER = datetime(2026, 10, 20, 2, tzinfo=UTC)
# from the first to the last instant of October and November in Shanghai
PERIOD = Period(datetime(2026, 9, 30, 16, tzinfo=UTC), datetime(2026, 11, 30, 16, tzinfo=UTC))


def counted(code: str, period: Period = PERIOD, base: bool = False) -> dict[tuple[int, str], int]:
    statistic = next(known for known in STATISTICS if known.code == code)
    select = statistic.of if base else statistic.select
    assert select is not None
    return {(org_id, month): n for org_id, month, n in db.session.execute(select(period))}


@pytest.fixture
def cases(world: Flask) -> None:
    """October: one. November: four at 柳园街道 (one succeeded, one failed, one never ours), one at 振兴街道."""
    old = open_mediation(now=OCTOBER).id
    advance(old, "report_police", **REPORT)
    close(old, "40")
    for result, outcome in (("reached", "11"), ("failed", "20")):
        case_id = open_mediation().id
        advance(case_id, "record_session", **{**SESSION, "result": result})
        if outcome == "11":
            advance(case_id, "record_oral_agreement", **AGREEMENT, agreed_on=TODAY)
        close(case_id, outcome, routes_told_on=TODAY)
    close(open_mediation().id, "50")
    open_mediation()
    open_mediation("other_mediator")


def test_accepted(cases: None) -> None:
    assert counted("accepted") == {(LIUYUAN, "2026-10"): 1, (LIUYUAN, "2026-11"): 3, (ZHENXING, "2026-11"): 1}


def test_closed(cases: None) -> None:
    assert counted("closed") == {(LIUYUAN, "2026-11"): 3}


def test_success_is_divided_by_closed_cases(cases: None) -> None:
    """Of the cases that ended in a month, how many ended with a whole agreement: never more than all of them."""
    assert counted("success") == {(LIUYUAN, "2026-11"): 1}
    assert counted("success", base=True) == counted("closed") == {(LIUYUAN, "2026-11"): 3}
    assert STATISTICS[0].label == "调解成功率（成功 ÷ 办结）"


def test_the_base_is_a_setting(cases: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """黄石: 842 ÷ 869 accepted."""
    monkeypatch.setattr(statistics, "setting", lambda *_args: statistics.ACCEPTED)
    assert counted("success", base=True) == counted("accepted")
    assert "success_base" in {setting.code for setting in PROGRAMME.settings}


def test_months_are_those_of_shanghai(world: Flask) -> None:
    last_evening = datetime(2026, 10, 31, 15, 59, tzinfo=UTC)
    open_mediation(now=last_evening)
    open_mediation(now=last_evening + timedelta(minutes=1))
    assert counted("accepted") == {(LIUYUAN, "2026-10"): 1, (LIUYUAN, "2026-11"): 1}


def test_nothing_outside_the_period(cases: None) -> None:
    later = Period(PERIOD.end, PERIOD.end + timedelta(days=31))
    assert counted("accepted", later) == {}
    assert later.start > NOW
