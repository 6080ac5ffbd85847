"""Agreements: what is written, when it is in effect, what a court can confirm."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from fulian_mediation.codes import CLAUSE_MATTERS
from fulian_mediation.models import MediationAgreement
from fulian_mediation.queries import clauses_of, current_agreement
from fulian_mediation.service.agreements import can_be_confirmed, chosen_clause, effective_day

from fulian.testing.acts import advance, due_tasks, find_row, last_changes, last_event, open_tasks, refusal_of

from .conftest import AGREEMENT, SESSION, SIGNED, TODAY


def agreement_of(case_id: int) -> MediationAgreement:
    found = current_agreement(case_id)
    assert found is not None
    return found


def test_in_effect_from_the_last_signature_or_the_seal() -> None:
    """人民调解法第二十九条: 自各方当事人签名、盖章或者按指印，人民调解员签名并加盖人民调解委员会印章之日起生效."""
    days = [TODAY - timedelta(days=n) for n in range(4)]
    assert {effective_day(*order) for order in permutations(days)} == {TODAY}


def test_a_written_agreement_is_not_in_effect_before_it_is_signed(written: int) -> None:
    """人民调解法第二十九条."""
    assert find_row(written).stage == "agreement"
    agreement = agreement_of(written)
    assert (agreement.kind, agreement.effective_on) == ("written", None)
    due = due_tasks(written)
    assert due["sign_agreement"].title == "打印协议书，请双方签字"
    assert "record_follow_up" not in due


DAYS = ("applicant_signed_on", "respondent_signed_on", "mediator_signed_on", "sealed_on")


def days_of(case_id: int) -> tuple[date | None, ...]:
    agreement = agreement_of(case_id)
    return tuple(getattr(agreement, name) for name in DAYS)


@pytest.fixture
def written_earlier(accepted: int) -> int:
    """A case whose parties came to terms three days ago, and whose agreement was typed today."""
    advance(accepted, "record_session", **{**SESSION, "at": SESSION["at"] - timedelta(days=3)})
    advance(accepted, "write_agreement", **AGREEMENT)
    return accepted


def test_signing_brings_it_into_effect(written_earlier: int) -> None:
    """人民调解法第二十九条: the seal came last."""
    days = [TODAY - timedelta(days=n) for n in (3, 2, 2, 1)]
    advance(written_earlier, "sign_agreement", same_day=False, **dict(zip(DAYS, days, strict=True)))
    assert days_of(written_earlier) == tuple(days)
    assert agreement_of(written_earlier).effective_on == TODAY - timedelta(days=1)
    assert find_row(written_earlier).stage == "follow_up"
    due = due_tasks(written_earlier)
    assert "deadline" not in due
    assert due["record_follow_up"].due_on == date(2026, 12, 8)
    assert last_event(written_earlier).unseal("text") == (
        "甲方 2026-11-21、乙方 2026-11-22、调解员 2026-11-22 签字，2026-11-23 盖章。协议自 2026-11-23 起生效。"
    )


@pytest.mark.parametrize("name", list(DAYS))
def test_nobody_signs_tomorrow(written: int, name: str) -> None:
    days = {**dict.fromkeys(DAYS, TODAY), name: TODAY + timedelta(days=1)}
    assert refusal_of(advance, written, "sign_agreement", same_day=False, **days).field == name


@pytest.mark.parametrize("name", list(DAYS))
def test_nobody_signs_before_they_came_to_terms(written_earlier: int, name: str) -> None:
    days = {**dict.fromkeys(DAYS, TODAY), name: TODAY - timedelta(days=4)}
    refused = refusal_of(advance, written_earlier, "sign_agreement", same_day=False, **days)
    assert (refused.field, "2026-11-21 才谈成" in refused.message) == (name, True)


@pytest.mark.parametrize("name", list(DAYS[1:]))
def test_a_day_left_empty_is_asked_for(written: int, name: str) -> None:
    days = {**dict.fromkeys(DAYS, TODAY), name: None}
    assert refusal_of(advance, written, "sign_agreement", same_day=False, **days).field == name


def test_one_day_for_all_is_said_and_not_contradicted(written_earlier: int) -> None:
    yesterday = TODAY - timedelta(days=1)
    refused = refusal_of(advance, written_earlier, "sign_agreement", **{**SIGNED, "sealed_on": yesterday})
    assert refused.field == "sealed_on"
    advance(written_earlier, "sign_agreement", **SIGNED)
    assert days_of(written_earlier) == (TODAY,) * 4


def test_wrong_days_are_corrected_and_the_log_has_both(written_earlier: int) -> None:
    advance(written_earlier, "sign_agreement", **SIGNED)
    days = {**dict.fromkeys(DAYS, TODAY - timedelta(days=2)), "same_day": False}
    early = {**days, "sealed_on": TODAY - timedelta(days=9), "note": "写错了。"}
    assert refusal_of(advance, written_earlier, "correct_signing", **early).field == "sealed_on"
    advance(written_earlier, "correct_signing", **days, note="章早就盖了。")
    assert days_of(written_earlier) == (TODAY - timedelta(days=2),) * 4
    assert agreement_of(written_earlier).effective_on == TODAY - timedelta(days=2)
    assert [task.due_on for task in open_tasks(written_earlier)] == [date(2026, 12, 7)]
    changed = last_changes(written_earlier)
    assert {changed[name] for name in DAYS} == {("2026-11-24", "2026-11-22")}
    assert str(last_event(written_earlier).unseal("text")).endswith("章早就盖了。")


def test_an_oral_agreement_has_no_days_to_correct(mediated: int) -> None:
    advance(mediated, "record_oral_agreement", **AGREEMENT, agreed_on=TODAY)
    assert "书面" in refusal_of(advance, mediated, "correct_signing", **SIGNED, note="x").message


def test_an_oral_agreement_is_in_effect_at_once(accepted: int) -> None:
    """人民调解法第二十八、三十条: 口头调解协议自各方当事人达成协议之日起生效; its content is recorded."""
    agreed_on = TODAY - timedelta(days=1)
    advance(accepted, "record_session", **{**SESSION, "at": SESSION["at"] - timedelta(days=1)})
    before = {**AGREEMENT, "agreed_on": TODAY - timedelta(days=2)}
    assert refusal_of(advance, accepted, "record_oral_agreement", **before).field == "agreed_on"
    advance(accepted, "record_oral_agreement", **AGREEMENT, agreed_on=agreed_on)
    agreement = agreement_of(accepted)
    assert (agreement.kind, agreement.effective_on) == ("oral", agreed_on)
    assert len(clauses_of(agreement.id)) == 2
    assert find_row(accepted).stage == "follow_up"
    assert set(due_tasks(accepted)) == {"record_follow_up"}


def test_clauses_are_sealed_and_numbered(written: int) -> None:
    first, second = clauses_of(agreement_of(written).id)
    assert (first.number, first.matter, first.way, first.term) == (1, "payment", "transfer", "每月 5 日前")
    assert first.text is not None
    assert "抚养费".encode() not in first.text
    assert second.unseal("text") == "男方每周可以探望孩子一次。"
    text = last_event(written).unseal("text")
    assert text == "一、男方每月支付抚养费 1,200 元。\n二、男方每周可以探望孩子一次。"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text_2": "", "term_2": "每月"}, "text_2"),
        ({"matter_2": None}, "matter_2"),
    ],
)
def test_a_clause_is_whole(mediated: int, changed: dict[str, Any], field: str) -> None:
    assert refusal_of(advance, mediated, "write_agreement", **{**AGREEMENT, **changed}).field == field
    assert current_agreement(mediated) is None


def test_what_a_court_does_not_confirm() -> None:
    """民诉法解释第三百五十五条: not 身份关系 (marriage, parentage, adoption), not 物权确权."""
    assert {code: can_be_confirmed(code) for code, _label in CLAUSE_MATTERS} == {
        "payment": True,
        "care": True,
        "conduct": True,
        "status": False,
        "title": False,
        "other": True,
    }


def test_a_clause_is_added_and_changed_until_it_is_signed(written: int) -> None:
    clause = {"text_1": "双方有事好好商量。", "matter_1": "conduct", "way_1": None, "place_1": "", "term_1": ""}
    advance(written, "add_clause", **clause)
    advance(written, "change_clause", number=2, **{**clause, "text_1": "男方每周探望孩子两次。", "matter_1": "care"})
    clauses = clauses_of(agreement_of(written).id)
    assert [clause.number for clause in clauses] == [1, 2, 3]
    assert clauses[1].unseal("text") == "男方每周探望孩子两次。"
    assert last_event(written).unseal("text") == "第二条：男方每周探望孩子两次。"
    before, after = last_changes(written)["text_1"]
    assert ("可以探望孩子一次" in before, "探望孩子两次" in after) == (True, True)
    assert refusal_of(advance, written, "change_clause", number=4, **clause).field == "number"
    advance(written, "sign_agreement", **SIGNED)
    assert "阶段" in refusal_of(advance, written, "add_clause", **clause).message


def test_a_clause_is_changed_from_what_it_says(written: int) -> None:
    assert chosen_clause(find_row(written), {"number": "2"}) == {
        "number": 2,
        "text_1": "男方每周可以探望孩子一次。",
        "matter_1": "care",
        **dict.fromkeys(("way_1", "place_1", "term_1"), ""),
    }
    for asked in ({}, {"number": "3"}, {"number": "²"}):
        assert "哪一条" in refusal_of(chosen_clause, find_row(written), asked).message


def test_a_clause_goes_before_the_paper_is_signed(written: int) -> None:
    assert refusal_of(advance, written, "delete_clause", number=3, note="").field == "number"
    advance(written, "delete_clause", number=1, note="乙方不同意。")
    (left,) = clauses_of(agreement_of(written).id)
    assert (left.number, left.unseal("text")) == (1, "男方每周可以探望孩子一次。")
    assert last_event(written).unseal("text") == "删去第一条。乙方不同意。"
    assert "抚养费" in last_changes(written)["text_1"][0]
    assert refusal_of(advance, written, "delete_clause", number=1, note="").field == "number"
    advance(written, "sign_agreement", **SIGNED)
    assert "阶段" in refusal_of(advance, written, "delete_clause", number=1, note="").message


def test_a_clause_of_the_middle_goes_and_the_rest_moves_up(mediated: int) -> None:
    third = {"text_3": "双方有事好好商量。", "matter_3": "conduct"}
    advance(mediated, "write_agreement", **{**AGREEMENT, **third})
    advance(mediated, "delete_clause", number=2, note="")
    clauses = clauses_of(agreement_of(mediated).id)
    assert [(clause.number, clause.matter) for clause in clauses] == [(1, "payment"), (2, "conduct")]


def test_what_was_not_signed_is_given_up(written: int) -> None:
    advance(written, "discard_agreement", note="乙方要再想想。")
    assert current_agreement(written) is None
    assert find_row(written).stage == "mediation"
    assert due_tasks(written)["record_session"].title == "约定再次调解"
    advance(written, "write_agreement", **AGREEMENT)
    assert find_row(written).stage == "agreement"


def test_an_agreement_may_be_partial(mediated: int) -> None:
    """山东省多元化解纠纷促进条例第二十三条: an agreement on part of the dispute is allowed."""
    advance(mediated, "write_agreement", **{**AGREEMENT, "partial": True})
    assert agreement_of(mediated).partial
    assert str(last_event(mediated).unseal("text")).startswith("只就一部分达成协议。")
