"""Agreements: what is written, when it is in effect, what a court can confirm."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import permutations
from typing import Any

import pytest
from fulian_mediation.codes import CLAUSE_MATTERS
from fulian_mediation.models import MediationAgreement
from fulian_mediation.queries import clauses_of, current_agreement
from fulian_mediation.service.agreements import can_be_confirmed, effective_day

from fulian.testing.acts import advance, due_tasks, find_row, last_event, refusal_of

from .conftest import AGREEMENT, SIGNED, TODAY


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


def test_signing_brings_it_into_effect(written: int) -> None:
    """人民调解法第二十九条: the seal came last."""
    advance(
        written,
        "sign_agreement",
        **{**SIGNED, "applicant_signed_on": TODAY - timedelta(days=3), "sealed_on": TODAY - timedelta(days=1)},
    )
    agreement = agreement_of(written)
    assert agreement.respondent_signed_on == agreement.mediator_signed_on == TODAY - timedelta(days=3)
    assert agreement.effective_on == TODAY - timedelta(days=1)
    assert find_row(written).stage == "follow_up"
    due = due_tasks(written)
    assert "deadline" not in due
    assert due["record_follow_up"].due_on == date(2026, 12, 8)
    assert last_event(written).unseal("text") == "双方和调解员已签字，已盖章，协议自 2026-11-23 起生效。"


@pytest.mark.parametrize("name", list(SIGNED))
def test_nobody_signs_tomorrow(written: int, name: str) -> None:
    refused = refusal_of(advance, written, "sign_agreement", **{**SIGNED, name: TODAY + timedelta(days=1)})
    assert refused.field == name


def test_an_oral_agreement_is_in_effect_at_once(mediated: int) -> None:
    """人民调解法第二十八、三十条: 口头调解协议自各方当事人达成协议之日起生效; its content is recorded."""
    agreed_on = TODAY - timedelta(days=1)
    advance(mediated, "record_oral_agreement", **AGREEMENT, agreed_on=agreed_on)
    agreement = agreement_of(mediated)
    assert (agreement.kind, agreement.effective_on) == ("oral", agreed_on)
    assert len(clauses_of(agreement.id)) == 2
    assert find_row(mediated).stage == "follow_up"
    assert set(due_tasks(mediated)) == {"record_follow_up"}


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
    assert refusal_of(advance, written, "change_clause", number=4, **clause).field == "number"
    advance(written, "sign_agreement", **SIGNED)
    assert "阶段" in refusal_of(advance, written, "add_clause", **clause).message


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
