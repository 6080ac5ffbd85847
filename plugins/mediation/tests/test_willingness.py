"""The will of the parties decides whether there is mediation at all."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from fulian_mediation.queries import latest_willingness

from fulian.api import case_parties
from fulian.testing.acts import advance, close, due_tasks, find_row, open_tasks, refusal_of
from fulian.testing.world import open_mediation

from .conftest import AGREEMENT, SESSION, SIGNED, TODAY


def say(case_id: int, side: str, answer: str, on: date = TODAY) -> None:
    advance(case_id, "record_willingness", side=side, answer=answer, said_on=on, note="")


@pytest.mark.parametrize("side", ["applicant", "respondent"])
def test_a_clear_refusal_bars_a_session(accepted: int, side: str) -> None:
    """人民调解法第十七条: 当事人一方明确拒绝调解的，不得调解; 山东省多元化解纠纷促进条例第二十二条."""
    say(accepted, side, "refused")
    refused = refusal_of(advance, accepted, "record_session", **SESSION)
    assert "人民调解法第十七条" in refused.message
    assert {"applicant": "甲方", "respondent": "乙方"}[side] in refused.message
    assert find_row(accepted).stage == "accepted"


def test_a_clear_refusal_bars_an_agreement(mediated: int) -> None:
    """人民调解法第十七条: a party may say no after a session too (第二十三条)."""
    say(mediated, "respondent", "refused")
    assert "第十七条" in refusal_of(advance, mediated, "write_agreement", **AGREEMENT).message
    oral = {**AGREEMENT, "agreed_on": TODAY}
    assert "第十七条" in refusal_of(advance, mediated, "record_oral_agreement", **oral).message


def test_a_clear_refusal_bars_signing(written: int) -> None:
    """人民调解法第十七、二十三条: what was written is not signed against somebody's will."""
    say(written, "applicant", "refused")
    assert "第十七条" in refusal_of(advance, written, "sign_agreement", **SIGNED).message


def test_who_refused_may_agree_again(accepted: int) -> None:
    say(accepted, "respondent", "refused")
    assert due_tasks(accepted)["close"].title == "按“当事人拒绝”办结"
    say(accepted, "respondent", "agreed")
    due = due_tasks(accepted)
    assert "close" not in due
    assert due["record_session"].title == "第一次调解"
    advance(accepted, "record_session", **SESSION)


def test_the_same_word_again_changes_nothing(accepted: int) -> None:
    say(accepted, "respondent", "agreed")
    assert len(open_tasks(accepted)) == 2


def test_who_is_still_not_reached_is_asked_again(world: Flask) -> None:
    case_id = open_mediation(respondent_willing="unreached").id
    say(case_id, "respondent", "unreached")
    assert sorted(task.kind for task in open_tasks(case_id)) == ["deadline", "record_willingness"]


def test_the_newest_word_holds_whenever_it_is_recorded(accepted: int) -> None:
    say(accepted, "respondent", "refused", TODAY - timedelta(days=3))
    respondent = case_parties(accepted)[1]
    assert latest_willingness(accepted)[respondent.id].answer == "agreed"


def test_nobody_is_mediated_without_a_yes_of_both(world: Flask) -> None:
    """人民调解法第三条: 在当事人自愿、平等的基础上进行调解."""
    case_id = open_mediation(respondent_willing="unreached").id
    assert "第三条" in refusal_of(advance, case_id, "record_session", **SESSION).message
    say(case_id, "respondent", "agreed")
    advance(case_id, "record_session", **SESSION)
    assert find_row(case_id).stage == "mediation"


def test_nobody_said_it_tomorrow(accepted: int) -> None:
    refused = refusal_of(say, accepted, "respondent", "agreed", TODAY + timedelta(days=1))
    assert refused.field == "said_on"


def test_a_refused_case_is_closed_as_refused(accepted: int) -> None:
    """人民调解法第十七条: outcome 30, which needs the refusal on record."""
    assert "登记意愿" in refusal_of(close, accepted, "30").message
    say(accepted, "respondent", "refused")
    close(accepted, "30")
    case = find_row(accepted)
    assert (case.status, case.outcome) == ("closed", "30")
