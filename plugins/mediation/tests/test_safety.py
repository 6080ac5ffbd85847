"""Severe violence stops mediation until the police know."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from fulian_mediation.queries import police_reports_of

from fulian.api import case_parties
from fulian.testing.acts import advance, close, due_tasks, find_row, last_event, may_read, raise_risk, refusal_of
from fulian.testing.world import NOW, VIOLENT, open_mediation

from .conftest import AGREEMENT, REPORT, SESSION, SIGNED, TODAY


@pytest.fixture
def severe(world: Flask) -> int:
    return open_mediation(data=VIOLENT).id


def test_no_session_before_the_report_and_none_after_it(severe: int) -> None:
    """山东省反家庭暴力条例第二十条: 不宜调解的，应当及时向公安机关报告."""
    refused = refusal_of(advance, severe, "record_session", **SESSION)
    assert "110" in refused.message
    assert "山东省反家庭暴力条例第二十条" in refused.message
    advance(severe, "report_police", **REPORT)
    refused = refusal_of(advance, severe, "record_session", **SESSION)
    assert "终止，转公安" in refused.message
    assert find_row(severe).stage == "accepted"


@pytest.mark.parametrize("outcome", ["10", "11", "12", "20", "30", "40", "41", "42", "50", "90"])
def test_nothing_is_closed_before_the_report(severe: int, outcome: str) -> None:
    """山东省反家庭暴力条例第二十条: a hard stop, not a warning."""
    assert "第二十条" in refusal_of(close, severe, outcome, transferred_to="法院", routes_told_on=TODAY).message


@pytest.mark.parametrize("outcome", ["10", "20", "30", "41", "42", "50", "90"])
def test_then_it_is_only_closed_as_handed_to_the_police(severe: int, outcome: str) -> None:
    """This house's rule on 山东省反家庭暴力条例第二十条."""
    advance(severe, "report_police", **REPORT)
    assert "终止，转公安" in refusal_of(close, severe, outcome, transferred_to="法院", routes_told_on=TODAY).message
    assert due_tasks(severe)["close"].title == "按“终止，转公安”办结"
    close(severe, "40")
    assert find_row(severe).outcome == "40"


def test_a_report_says_when_and_to_whom(severe: int) -> None:
    advance(severe, "report_police", **REPORT)
    (report,) = police_reports_of(severe)
    assert (report.reported_at, report.station, report.receipt) == (REPORT["at"], "柳园派出所", "3715021124001")
    assert last_event(severe).unseal("text") == "接报单位：柳园派出所。回执号：3715021124001。"
    assert "report_police" not in due_tasks(severe)
    assert refusal_of(advance, severe, "report_police", **{**REPORT, "at": NOW + timedelta(hours=1)}).field == "at"


def test_whatever_may_become_an_offence_is_reported_at_any_stage(signed: int) -> None:
    """人民调解法第二十五条: 对有可能引起治安案件、刑事案件的纠纷，应当及时向当地公安机关报告."""
    advance(signed, "report_police", **{**REPORT, "receipt": ""})
    assert last_event(signed).unseal("text") == "接报单位：柳园派出所。没有回执号。"
    assert "close" not in due_tasks(signed)


@pytest.mark.parametrize("code", ["record_session", "write_agreement", "sign_agreement"])
def test_a_risk_raised_to_red_stops_what_is_under_way(mediated: int, code: str) -> None:
    """山东省反家庭暴力条例第二十条 holds whenever the violence comes to light."""
    data = {"record_session": SESSION, "write_agreement": AGREEMENT, "sign_agreement": SIGNED}[code]
    if code == "sign_agreement":
        advance(mediated, "write_agreement", **AGREEMENT)
    raise_risk(mediated)
    assert "第二十条" in refusal_of(advance, mediated, code, **data).message


def test_a_risk_raised_to_red_protects_as_the_intake_does(accepted: int) -> None:
    """山东省反家庭暴力条例第二十条: restricted, the applicant hidden, the report due today, no session any more."""
    raise_risk(accepted, username="colleague")
    case = find_row(accepted)
    assert (case.restricted, case.next_step) == (True, "报告公安，记下回执")
    assert [party.hidden for party in case_parties(accepted)] == [True, False]
    assert [may_read(accepted, username) for username in ("mediator", "lead", "colleague")] == [True, True, False]
    due = due_tasks(accepted)
    assert set(due) == {"report_police", "deadline"}
    assert (due["report_police"].due_on, due["report_police"].legal) == (TODAY, True)
    assert last_event(accepted).unseal("text") == "设为受限案件；报告公安，记下回执"


def test_what_was_reported_before_is_not_asked_again(accepted: int) -> None:
    advance(accepted, "report_police", **REPORT)
    raise_risk(accepted)
    assert set(due_tasks(accepted)) == {"close", "deadline"}


@pytest.mark.parametrize(
    ("act", "data", "due"),
    [
        (None, {}, {"record_session", "deadline"}),
        ("record_session", SESSION, {"write_agreement", "deadline"}),
        ("write_agreement", AGREEMENT, {"sign_agreement", "deadline"}),
    ],
)
def test_a_risk_lowered_again_goes_on_where_it_was(
    accepted: int, act: str | None, data: dict[str, Any], due: set[str]
) -> None:
    if act == "write_agreement":
        advance(accepted, "record_session", **SESSION)
    if act is not None:
        advance(accepted, act, **data)
    raise_risk(accepted)
    assert set(due_tasks(accepted)) == {"report_police", "deadline"}
    raise_risk(accepted, "y")
    assert set(due_tasks(accepted)) == due
    assert find_row(accepted).restricted  # lifting that is an act of its own


def test_an_agreement_in_effect_is_watched_on_beside_the_report(signed: int) -> None:
    """人民调解法第三十一条; and it is closed as what it is once the police know."""
    raise_risk(signed)
    assert set(due_tasks(signed)) == {"report_police", "record_follow_up"}
    assert "110" in refusal_of(close, signed, "10").message
    advance(signed, "report_police", **REPORT)
    assert set(due_tasks(signed)) == {"record_follow_up"}
    close(signed, "10")
    assert find_row(signed).outcome == "10"


def test_raising_a_closed_case_restricts_it_and_asks_for_nothing(accepted: int) -> None:
    close(accepted, "90")
    raise_risk(accepted)
    assert find_row(accepted).restricted
    assert due_tasks(accepted) == {}
