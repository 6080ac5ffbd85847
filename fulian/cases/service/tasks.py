"""What is due in a case: laid down by hand, done, or left."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date
from fulian.cases.models import Task
from fulian.cases.service.held import SENT_BEFORE, add_event, hold_case, refresh_due, task_row
from fulian.db import db
from fulian.errors import NotFound, Refused
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


def finish_task(case_id: int, task_id: int, note: str, by: Actor) -> None:
    """Tick a task off, with a line of history. Raises NotFound, or Refused for one that a transition does."""
    held = hold_case(case_id, by, "cases.edit")
    task = db.session.execute(select(Task).where(Task.id == task_id, Task.case_id == case_id)).scalar_one_or_none()
    if task is None:
        raise NotFound
    if task.done_at is not None:
        raise Refused("这项待办已经办完了，不必再记。")
    if task.legal:
        raise Refused("法定期限不能直接勾掉：办结案件，或双方同意延期后，它自然了结。")
    task.done_at, task.done_by, task.result = by.now, by.account_id, "done"
    db.session.flush()
    add_event(held.case, "task", f"办完：{task.title}"[:60], note.strip(), by)
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
