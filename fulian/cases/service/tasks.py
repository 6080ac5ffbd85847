"""What is due in a case: laid down by hand, done, or left."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date
from fulian.cases.models import Case, Task
from fulian.cases.queries.steps import CLOSE, CLOSING
from fulian.cases.service.held import SENT_BEFORE, add_event, hold_case, refresh_due, task_row
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.programmes.loader import find_programme
from fulian.programmes.programme import PlannedTask


def add_task(case_id: int, title: str, due_on: date, due_at: datetime | None, submission_id: str, by: Actor) -> int:
    """Add a task by hand; never conflicts with an edit of the case. A doubled submit adds one.

    Raises Refused for a day in the past or an empty title, NotFound out of scope.
    """
    held = hold_case(case_id, by, "cases.edit", needs_open=True)
    if not title.strip():
        raise Refused("请写明要办什么，例如“走访老人住处”。", "title")
    if due_on < local_date(by.now):
        raise Refused("这一天已经过去了，请选今天或以后的日子。", "due_on")
    saved = select(Task.id, Task.case_id).where(Task.submission_id == submission_id)
    doubled = db.session.execute(saved).one_or_none()
    if doubled is not None and doubled.case_id != case_id:
        raise Refused(SENT_BEFORE)
    if doubled is not None:
        return int(doubled.id)
    planned = PlannedTask("own", title.strip(), due_on, due_at)
    task = Task(**task_row(held.case, planned, by), submission_id=submission_id or None)
    db.session.add(task)
    db.session.flush()
    refresh_due(held.case)
    record(
        by,
        "task.added",
        "task",
        task.id,
        county_id=held.case.county_id,
        case_id=case_id,
        after={"title": task.title, "due_on": due_on.isoformat()},
    )
    return task.id


def finish_task(case_id: int, task_id: int, note: str, by: Actor, submission_id: str = "") -> None:
    """Tick a task off, with a line of history.

    Raises NotFound, Refused for a limit and for one that a transition or the closing does, Repeated where this filling
    of the form was saved before.
    """
    held = hold_case(case_id, by, "cases.edit", submission_id=submission_id)
    task = db.session.execute(select(Task).where(Task.id == task_id, Task.case_id == case_id)).scalar_one_or_none()
    if task is None:
        raise NotFound
    if task.done_at is not None:
        raise Refused("这项待办已经办完了，不必再记。")
    _check_own(held.case, task)
    task.done_at, task.done_by, task.result = by.now, by.account_id, "done"
    db.session.flush()
    add_event(held.case, "task", f"办完：{task.title}"[:60], note.strip(), by, submission_id=submission_id)
    refresh_due(held.case)
    record(
        by,
        "task.finished",
        "task",
        task.id,
        county_id=held.case.county_id,
        case_id=case_id,
        before={"done_at": ""},
        after={"done_at": by.now.isoformat(), "title": task.title},
    )


def _check_own(case: Case, task: Task) -> None:
    """What an act of the programme does is done by that act, where it may start now; a limit ends with the case."""
    programme = find_programme(case.programme)
    step = programme.transition(task.kind) if programme is not None else None
    if step is not None and case.stage in step.from_:
        raise Refused(f"这项待办要用“{step.label}”来办，登记以后它自然了结。")
    if task.kind == CLOSE:
        raise Refused(f"这项待办要用“{CLOSING}”来办，办结以后它自然了结。")
    if task.legal:
        raise Refused("期限不能直接勾掉：办结案件，或双方同意延期后，它自然了结。")
