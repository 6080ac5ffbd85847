"""What the rules of cases refuse, each by its sentence and its field: without one of them a test here turns red."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulian.cases.models import Case, Task
from fulian.cases.service import (
    NewParty,
    OpenCase,
    add_task,
    edit_case,
    finish_task,
    lift_restriction,
    open_case,
    restrict_case,
)
from fulian.cases.service.editing import SUMMARY_LENGTH, CaseEdit
from fulian.db import transact
from fulian.errors import Refused
from fulian.people.service import PersonData
from fulian.testing.acts import refusal_of
from fulian.testing.world import ACCOUNTS, LIUYUAN, PEACEFUL, actor, open_mediation

MEDIATOR = "mediator"


def refused(use_case: Any, *args: Any) -> Refused:
    return refusal_of(transact, use_case, *args)


def version(session: Session, case_id: int) -> int:
    return session.execute(select(Case.version).where(Case.id == case_id)).scalar_one()


def test_what_is_restricted_is_not_restricted_again(session: Session) -> None:
    case_id = open_mediation().id
    transact(restrict_case, case_id, 1, "当事人害怕", actor(MEDIATOR))
    again = refused(restrict_case, case_id, version(session, case_id), "当事人害怕", actor(MEDIATOR))
    assert "已经是受限" in again.message


def test_what_is_not_restricted_is_not_lifted(session: Session) -> None:
    case_id = open_mediation().id
    assert "本来就不受限" in refused(lift_restriction, case_id, 1, "已无危险", actor("lead")).message


@pytest.mark.parametrize("act", [restrict_case, lift_restriction])
@pytest.mark.parametrize(
    ("at", "reason", "field"), [(9, "当事人害怕", None), (1, " ", "reason"), (1, "长" * 201, "reason")]
)
def test_restricting_needs_the_newest_version_and_a_reason(
    session: Session, act: Any, at: int, reason: str, field: str | None
) -> None:
    case_id = open_mediation().id
    if act is lift_restriction:
        transact(restrict_case, case_id, 1, "当事人害怕", actor(MEDIATOR))
        at += 1
    found = refused(act, case_id, at, reason, actor("lead"))
    assert found.field == field
    assert ("刷新" in found.message) == (field is None)


@pytest.mark.parametrize(
    ("summary", "risk", "field"),
    [("", "y", "summary"), ("长" * (SUMMARY_LENGTH + 1), "y", "summary"), ("改过。", "x", "risk")],
)
def test_a_wrong_edit_is_refused_at_its_field(session: Session, summary: str, risk: str, field: str) -> None:
    case_id = open_mediation().id
    assert refused(edit_case, case_id, 1, CaseEdit(summary, risk), actor(MEDIATOR)).field == field
    assert version(session, case_id) == 1


def test_the_risk_of_a_restricted_case_stays_assessed(session: Session) -> None:
    case_id = open_mediation(threatened="yes").id
    assert refused(edit_case, case_id, 1, CaseEdit("改过。", None), actor(MEDIATOR)).field == "risk"


def opening(**changed: Any) -> OpenCase:
    parties = (
        NewParty("applicant", person=PersonData(name="赵春梅", sex="2")),
        NewParty("respondent", person=PersonData(name="孙建国", sex="1")),
    )
    return OpenCase(**{
        "programme": "mediation", "org_id": LIUYUAN, "submission_id": "s-1", "parties": parties, "data": PEACEFUL,
        **changed,
    })  # fmt: skip


def test_who_works_elsewhere_handles_no_case_here(session: Session) -> None:
    foreign = opening(handler_id=ACCOUNTS["sibling"][0])
    assert refused(open_case, foreign, actor(MEDIATOR)).field == "handler_id"
    assert transact(open_case, opening(handler_id=ACCOUNTS["colleague"][0]), actor(MEDIATOR)).id


def test_a_role_that_the_programme_does_not_know_is_refused(session: Session) -> None:
    known = opening().parties
    stranger = NewParty("witness", person=PersonData(name="王五", sex="1"))
    assert "不属于这个项目" in refused(open_case, opening(parties=(*known, stranger)), actor(MEDIATOR)).message
    twice = refused(open_case, opening(parties=(*known, known[0])), actor(MEDIATOR))
    assert (twice.field, "最多" in twice.message) == ("applicant-name", True)


def test_a_task_that_is_done_is_not_done_again(session: Session) -> None:
    case_id = open_mediation().id
    transact(add_task, case_id, "走访", date(2026, 11, 27), None, "t-1", actor(MEDIATOR))
    task_id = session.execute(select(Task.id).where(Task.kind == "own")).scalar_one()
    transact(finish_task, case_id, task_id, "", actor(MEDIATOR))
    assert "已经办完" in refused(finish_task, case_id, task_id, "", actor(MEDIATOR)).message
