"""Closing: each outcome has its conditions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from fulian_mediation.programme import PROGRAMME
from fulian_mediation.queries import find_detail

from fulian.testing.acts import advance, close, find_row, refusal_of

from .conftest import AGREEMENT, REPORT, SESSION, SIGNED, TODAY

# What was agreed → the one outcome that fits (人民调解法第二十九、三十条).
AGREED = [
    ("written", False, "10"),
    ("oral", False, "11"),
    ("written", True, "12"),
    ("oral", True, "12"),
]


def agree(case_id: int, kind: str, partial: bool) -> None:
    data = {**AGREEMENT, "partial": partial}
    if kind == "oral":
        advance(case_id, "record_oral_agreement", **data, agreed_on=TODAY)
    else:
        advance(case_id, "write_agreement", **data)
        advance(case_id, "sign_agreement", **SIGNED)


@pytest.mark.parametrize(("kind", "partial", "fits"), AGREED)
def test_an_agreement_decides_the_outcome(mediated: int, kind: str, partial: bool, fits: str) -> None:
    agree(mediated, kind, partial)
    for outcome in {"10", "11", "12"} - {fits}:
        assert refusal_of(close, mediated, outcome).field == "outcome"
    close(mediated, fits)
    assert (find_row(mediated).status, find_row(mediated).outcome) == ("closed", fits)


@pytest.mark.parametrize("outcome", ["10", "11", "12"])
def test_no_success_without_an_agreement(mediated: int, outcome: str) -> None:
    assert "还没有协议" in refusal_of(close, mediated, outcome).message


def test_no_success_before_it_is_signed(written: int) -> None:
    """人民调解法第二十九条: not signed, not sealed, not in effect."""
    assert "没有生效" in refusal_of(close, written, "10").message


def test_a_failure_brings_the_duty_to_tell_other_ways(accepted: int) -> None:
    """人民调解法第二十六条: 告知当事人可以依法通过仲裁、行政、司法等途径维护自己的权利."""
    assert "还没有调解过" in refusal_of(close, accepted, "20").message
    advance(accepted, "record_session", **{**SESSION, "result": "failed"})
    refused = refusal_of(close, accepted, "20")
    assert refused.field == "routes_told_on"
    assert "人民调解法第二十六条" in refused.message
    tomorrow = TODAY + timedelta(days=1)
    assert refusal_of(close, accepted, "20", routes_told_on=tomorrow).field == "routes_told_on"
    close(accepted, "20", routes_told_on=TODAY, routes_told_by="")
    detail = find_detail(accepted)
    assert (detail.routes_told_on, detail.routes_told_by) == (TODAY, "李秀英")


def test_who_told_may_be_another(accepted: int) -> None:
    advance(accepted, "record_session", **{**SESSION, "result": "failed"})
    close(accepted, "20", routes_told_on=TODAY, routes_told_by="王海燕")
    assert find_detail(accepted).routes_told_by == "王海燕"


@pytest.mark.parametrize("outcome", ["41", "42"])
def test_a_case_handed_on_says_where(accepted: int, outcome: str) -> None:
    assert refusal_of(close, accepted, outcome).field == "transferred_to"
    close(accepted, outcome, transferred_to="东昌府区人民法院")
    assert find_detail(accepted).transferred_to == "东昌府区人民法院"


def test_handed_to_the_police_needs_the_report(accepted: int) -> None:
    """人民调解法第二十五条."""
    assert "报告公安" in refusal_of(close, accepted, "40").message
    advance(accepted, "report_police", **REPORT)
    close(accepted, "40")


def test_what_was_mediated_was_ours(mediated: int) -> None:
    assert refusal_of(close, mediated, "50").field == "outcome"


@pytest.mark.parametrize("outcome", ["50", "90"])
def test_not_ours_and_other(accepted: int, outcome: str) -> None:
    close(accepted, outcome)
    assert find_row(accepted).outcome == outcome


def test_the_outcomes() -> None:
    codes: dict[str, Any] = {outcome.code: outcome for outcome in PROGRAMME.outcomes}
    assert list(codes) == ["10", "11", "12", "20", "30", "40", "41", "42", "50", "90"]
    assert [code for code, outcome in codes.items() if outcome.good] == ["10", "11"]
    assert [code for code, outcome in codes.items() if not outcome.counts] == ["50"]


@pytest.mark.parametrize("outcome", ["20", "30", "41", "42", "50"])
def test_an_agreement_in_effect_is_no_failure(signed: int, outcome: str) -> None:
    """人民调解法第三十一条: it binds both; what became of it stands in the visits."""
    refused = refusal_of(close, signed, outcome, routes_told_on=TODAY, transferred_to="东昌府区人民法院")
    assert (refused.field, "已经生效" in refused.message) == ("outcome", True)
    close(signed, "10")
