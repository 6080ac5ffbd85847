"""A case taken hold of for a change: looked up in scope, its opening and its row locked, its state remembered."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, or_, select, update

from fulian.audit.actor import Actor
from fulian.calendar import end_of_day
from fulian.cases.models import EVENTS, OPEN_STATUSES, TASKS, Case, CaseAccess, CaseScope, Event, Task
from fulian.cases.scope import sees
from fulian.cases.statistics import State, move_now, stat_scopes
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused, Stale
from fulian.orgs.queries import OrgRef, ancestors
from fulian.prepared import PreparedChange
from fulian.programmes.loader import find_programme, hook_results, installed
from fulian.programmes.programme import PlannedTask, Programme, RecordedEvent
from fulian.programmes.service import require_open
from fulian.sealing.columns import new_seal_id, seal_text

EVENT_HOOK = "fulian_event_recorded"
SENT_BEFORE = "这份表单已经用在别的案件上。请回到案件页，重新打开再填。"


class Repeated(Exception):
    """The same submission was saved before: nothing was written now. The view shows what it saved then.

    `event_id` is the line of history that it wrote, where it was an act on a case.
    """

    def __init__(self, event_id: int | None = None) -> None:
        super().__init__()
        self.event_id = event_id


@dataclass
class HeldCase:
    """A locked case, and what it was like before."""

    case: Case
    before: State
    above: tuple[OrgRef, ...] = field(default=())

    @property
    def scopes(self) -> tuple[int, ...]:
        """The organisations whose statistics count it."""
        if not self.above:
            self.above = ancestors(self.case.org_id)
        return stat_scopes(self.above)

    def changed(self) -> None:
        """Its status, stage, outcome or risk may have changed: move the open-now cells and the list rows along."""
        after = state_of(self.case)
        move_now(self.scopes, self.before, after)
        if after.status != self.before.status:
            _repeat(self.case, status=after.status)


def state_of(case: Case) -> State:
    """What the statistics know of the case now."""
    return State(case.programme, case.status, case.stage, case.outcome, case.risk)


def hold_case(
    case_id: int,
    by: Actor,
    permission: str,
    *,
    needs_open: bool = False,
    void: bool = False,
    submission_id: str = "",
) -> HeldCase:
    """Lock a case for a change. Raises NotFound out of scope, Forbidden where the viewer may only read it.

    `needs_open`: the programme must be open in its unit (its opening is locked first) and the case not ended. A void
    case is only read, but for the acts that say `void`. Raises Repeated where this submission has written its line
    already, also where the case has ended since: the answer was lost, and it was sent once more.
    """
    held = _lock_case(case_id, by, permission, opening=needs_open)
    if submission_id:
        _check_new(case_id, submission_id)
    ended = refusal_of_end(held.case)
    if ended is not None and (needs_open or (held.case.status == "void" and not void)):
        raise ended
    return held


def refusal_of_end(case: Case) -> Refused | None:
    """Why a case that has ended cannot be gone on with; None where it has not."""
    if case.status == "void":
        return Refused("这件案件已经作废，只能查看。作废错了，请项目负责人或县级管理员撤销作废。")
    if case.status not in OPEN_STATUSES:
        return Refused("这件案件已经办结，不能再办理。要接着办，请项目负责人或县级管理员“重新办理”。")
    return None


def _check_new(case_id: int, submission_id: str) -> None:
    written = select(Event.id, Event.case_id).where(Event.submission_id == submission_id)
    before = db.session.execute(written).one_or_none()
    if before is not None and before.case_id != case_id:
        raise Refused(SENT_BEFORE)
    if before is not None:
        raise Repeated(before.id)


def hold_closed_case(case_id: int, by: Actor, permission: str) -> HeldCase:
    """Lock a case that was closed, in a unit where its programme is open. Raises what `hold_case` raises."""
    held = _lock_case(case_id, by, permission, opening=True)
    if held.case.status != "closed":
        raise Refused("这件案件没有办结，不用重新办理。")
    return held


def _lock_case(case_id: int, by: Actor, permission: str, *, opening: bool) -> HeldCase:
    seen = db.session.execute(
        select(Case.county_id, Case.programme, sees(by, permission).label("may")).where(Case.id == case_id, sees(by))
    ).one_or_none()
    if seen is None:
        raise NotFound
    if not seen.may or not by.may(permission):
        raise Forbidden("这件案件您可以看，但不能改。需要改动请找经办人或项目负责人。")
    if opening:
        require_open(seen.county_id, seen.programme, by.now)
    case = db.session.execute(
        select(Case).where(Case.id == case_id).with_for_update().execution_options(populate_existing=True)
    ).scalar_one()
    return HeldCase(case, state_of(case))


def check_version(case: Case, version: int, saved: dict[str, str], mine: dict[str, str]) -> None:
    """Raise Stale where somebody saved the case since `version` was read."""
    if case.version != version:
        raise Stale("您打开之后，有人改过这件案件。请看两份内容，再决定用哪一份。", saved, mine)


def programme_of(case: Case) -> Programme:
    """The case's programme. Raises Refused where its plugin is not installed."""
    programme = find_programme(case.programme)
    if programme is None:
        raise Refused("本项目的功能暂时没有装上，案件只能查看。请找系统管理员。")
    return programme


_add_event = PreparedChange(insert(EVENTS).returning(EVENTS.c.id))
_add_task = PreparedChange(insert(TASKS))


def add_event(
    case: Case,
    kind: str,
    title: str,
    text: str,
    by: Actor,
    *,
    at: datetime | None = None,
    party_id: int | None = None,
    state: bool = False,
    submission_id: str = "",
) -> int:
    """Write a line of history; `state` repeats the case's status, stage, outcome and risk for the statistics.

    Tells the plugins (`fulian_event_recorded`), each in a savepoint. Returns the event's id.
    """
    values = event_row(case, kind, title, text, by, at=at, party_id=party_id, state=state)
    values["submission_id"] = submission_id or None
    ((event_id,),) = _add_event.run(values)
    if getattr(installed().manager.hook, EVENT_HOOK).get_hookimpls():
        told = RecordedEvent(event_id, case.id, case.county_id, case.programme, kind, at or by.now)
        hook_results(EVENT_HOOK, event=told)
    return int(event_id)


def event_row(
    case: Case,
    kind: str,
    title: str,
    text: str,
    by: Actor,
    *,
    at: datetime | None = None,
    party_id: int | None = None,
    state: bool = False,
) -> dict[str, Any]:
    """The row of a line of history, its text sealed."""
    seal_id = new_seal_id()
    return {
        "case_id": case.id,
        "county_id": case.county_id,
        "kind": kind,
        "title": title,
        "text": seal_text("event", "text", seal_id, text) if text else None,
        "seal_id": seal_id,
        "party_id": party_id,
        "at": at or by.now,
        "recorded_at": by.now,
        "account_id": by.account_id,
        "actor_name": by.name,
        "status": case.status if state else None,
        "stage": case.stage if state else None,
        "outcome": case.outcome if state else None,
        "risk": case.risk if state else None,
        "submission_id": None,
    }


def add_tasks(case: Case, planned: Sequence[PlannedTask], by: Actor) -> list[dict[str, Any]]:
    """Lay down planned tasks for the case's handler; returns their rows."""
    rows = [task_row(case, task, by) for task in planned]
    _add_task.run(*rows)
    return rows


def task_row(case: Case, task: PlannedTask, by: Actor) -> dict[str, Any]:
    """The row of a planned task; without an hour it is due at the end of its day in Shanghai."""
    return {
        "case_id": case.id,
        "county_id": case.county_id,
        "account_id": case.handler_id,
        "kind": task.kind,
        "title": task.title,
        "due_on": task.due_on,
        "due_at": task.due_at or end_of_day(task.due_on),
        "timed": task.due_at is not None,
        "legal": task.legal,
        "article": task.article,
        "created_at": by.now,
    }


def finish_tasks(
    case: Case, kinds: Sequence[str] | None, by: Actor, result: str = "done", *, ids: Collection[int] = ()
) -> None:
    """End the open tasks of these kinds (None: all), and those with these ids."""
    query = update(Task).where(Task.case_id == case.id, Task.done_at.is_(None))
    if kinds is not None:
        query = query.where(or_(Task.kind.in_(kinds), Task.id.in_(ids)))
    db.session.execute(
        query.values(done_at=by.now, done_by=by.account_id, result=result),
        execution_options={"synchronize_session": False},
    )


def bring_back_tasks(case: Case, dropped_at: datetime) -> None:
    """Make due again, for the case's handler, what was dropped when the case ended at this instant."""
    dropped = update(Task).where(Task.case_id == case.id, Task.result == "dropped", Task.done_at == dropped_at)
    db.session.execute(
        dropped.values(done_at=None, done_by=None, result=None, account_id=case.handler_id),
        execution_options={"synchronize_session": False},
    )


_next_task = (
    select(Task.due_at, Task.title)
    .where(Task.case_id == bindparam("of"), Task.done_at.is_(None))
    .order_by(Task.due_at, Task.id)
    .limit(1)
)


def refresh_due(case: Case) -> None:
    """Repeat the earliest open task on the case and on its list rows."""
    found = db.session.execute(_next_task, {"of": case.id}).one_or_none()
    due_at, title = (found.due_at, found.title) if found is not None else (None, None)
    if (case.due_at, case.next_step) == (due_at, title):
        return
    case.due_at, case.next_step = due_at, title
    _repeat(case, due_at=due_at)


def _repeat(case: Case, **changed: Any) -> None:
    """Write what changed of a case to the rows by which it is listed."""
    for rows in (CaseScope, CaseAccess):
        follow = update(rows).where(rows.case_id == case.id).values(**changed)
        db.session.execute(follow, execution_options={"synchronize_session": False})


def open_task_count(account_id: int) -> int:
    """How many open tasks an account has."""
    return db.session.execute(
        select(func.count()).select_from(Task).where(Task.account_id == account_id, Task.done_at.is_(None))
    ).scalar_one()
