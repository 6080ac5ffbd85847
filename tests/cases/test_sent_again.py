"""A form sent once more, because its answer was lost, writes nothing again: also where the case has moved on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulian.audit.models import AuditEntry
from fulian.cases.models import Case, Event, Task
from fulian.cases.service import Repeated, add_note, add_task, advance_case, close_case, finish_task
from fulian.db import transact
from fulian.errors import NotFound, Refused, Stale
from fulian.testing.world import NOW, actor, open_mediation

SAID = {"side": "respondent", "answer": "refused", "said_on": date(2026, 11, 24), "note": ""}
Act = Callable[[int, str], Any]


def note(case_id: int, sent: str) -> Any:
    return transact(add_note, case_id, "", "电话联系过。", NOW, None, actor("mediator"), sent)


def willingness(case_id: int, sent: str) -> Any:
    return transact(advance_case, case_id, 1, "record_willingness", SAID, actor("mediator"), sent)


def closing(case_id: int, sent: str) -> Any:
    return transact(close_case, case_id, 1, "90", {"note": "双方和好。"}, actor("mediator"), sent)


ACTS = pytest.mark.parametrize("act", [note, willingness, closing])


def written(session: Session) -> tuple[int, int]:
    """How many lines of history and entries of the log there are."""
    counts = (session.execute(select(func.count()).select_from(model)).scalar_one() for model in (Event, AuditEntry))
    return next(counts), next(counts)


@ACTS
def test_the_second_time_nothing_is_written(session: Session, act: Act) -> None:
    case_id = open_mediation().id
    act(case_id, "sent-1")
    before = written(session)
    line = session.execute(select(Event.id).where(Event.submission_id == "sent-1")).scalar_one()
    with pytest.raises(Repeated) as repeated:
        act(case_id, "sent-1")
    assert repeated.value.event_id == line
    assert written(session) == before


@ACTS
def test_another_filling_is_another_act(session: Session, act: Act) -> None:
    case_id = open_mediation().id
    act(case_id, "sent-1")
    if act is note:
        act(case_id, "sent-2")
        assert session.execute(select(func.count()).where(Event.kind == "note")).scalar_one() == 2
    else:
        with pytest.raises((Stale, Refused)):
            act(case_id, "sent-2")


@ACTS
def test_a_form_of_one_case_is_not_sent_to_another(session: Session, act: Act) -> None:
    act(open_mediation().id, "sent-1")
    other = open_mediation().id
    with pytest.raises(Refused, match="别的案件"):
        act(other, "sent-1")
    assert session.execute(select(Case.version).where(Case.id == other)).scalar_one() == 1


def test_who_may_not_read_the_case_learns_nothing(session: Session) -> None:
    case_id = open_mediation().id
    note(case_id, "sent-1")
    with pytest.raises(NotFound):
        transact(add_note, case_id, "", "不该写", NOW, None, actor("sibling"), "sent-1")


def test_a_task_is_done_once(session: Session) -> None:
    case_id = open_mediation().id
    transact(add_task, case_id, "走访", date(2026, 11, 27), None, "t-1", actor("mediator"))
    task_id = session.execute(select(Task.id).where(Task.kind == "own")).scalar_one()
    transact(finish_task, case_id, task_id, "老人在家。", actor("mediator"), "sent-1")
    with pytest.raises(Repeated):
        transact(finish_task, case_id, task_id, "老人在家。", actor("mediator"), "sent-1")
    with pytest.raises(Refused, match="已经办完"):
        transact(finish_task, case_id, task_id, "老人在家。", actor("mediator"), "sent-2")
