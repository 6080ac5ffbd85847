"""Going back on an end: a closed case is reopened, one that was entered by mistake is void (作废), or not after all."""

from __future__ import annotations

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.counting import measured_cells
from fulian.cases.models import Case, Event
from fulian.cases.service.held import (
    add_event,
    bring_back_tasks,
    check_version,
    finish_tasks,
    hold_case,
    hold_closed_case,
    programme_of,
    refresh_due,
    state_of,
)
from fulian.cases.statistics import count, event_cells
from fulian.db import db
from fulian.errors import Refused
from fulian.programmes.programme import Programme, Stage

REASON_LENGTH = 200
VOID = "void"
STATUS_WORDS = {"open": "在办", "waiting": "等待", "closed": "已办结", "void": "已作废"}


def stages_to_return_to(programme: Programme, case: Case) -> tuple[Stage, ...]:
    """The stages in which a closed case can be gone on with: the one it was in, and those before it."""
    codes = [stage.code for stage in programme.stages]
    return programme.stages[: codes.index(case.stage) + 1] if case.stage in codes else ()


def reopen_case(case_id: int, version: int, stage: str, reason: str, by: Actor) -> None:
    """Go on with a closed case in `stage`; what its closing dropped is due again, on the days it was due.

    The outcome goes, the line of the closing stays; the closing still counts in its month, and the reopening in this
    one. Raises what `hold_closed_case` raises, Stale, and Refused at the field that is wrong.
    """
    held = hold_closed_case(case_id, by, "cases.reopen")
    case = held.case
    programme = programme_of(case)
    outcome, closed_at = case.outcome, case.closed_at
    check_version(case, version, {"结果": programme.outcome_label(outcome)}, {"回到": programme.stage_label(stage)})
    if stage not in {known.code for known in stages_to_return_to(programme, case)}:
        raise Refused("请从列出的阶段里选：只能回到办结时的阶段，或它以前的。", "stage")
    text = checked_reason(reason)
    case.status, case.stage, case.outcome, case.closed_at = "open", stage, None, None
    case.version += 1
    db.session.flush()
    if closed_at is not None:
        bring_back_tasks(case, closed_at)
    add_event(case, "reopened", f"重新办理：回到“{programme.stage_label(stage)}”"[:60], text, by, state=True)
    refresh_due(case)
    held.changed()
    count(event_cells(held.scopes, "reopened", by.now, state_of(case)))
    _record(case, "case.reopened", {"status": "closed", "outcome": outcome}, {"stage": stage, "reason": text}, by)


def void_case(case_id: int, version: int, reason: str, by: Actor) -> None:
    """Make a case void: out of the statistics and of what is due; its number and its history are kept.

    Raises NotFound, Forbidden, Stale, or Refused without a reason or where it is void already.
    """
    held = hold_case(case_id, by, "cases.void")
    case = held.case
    check_version(case, version, {"状态": STATUS_WORDS[case.status]}, {"状态": "作废"})
    text = checked_reason(reason)
    before = case.status
    count(measured_cells(case, held.scopes), -1)
    case.status = VOID
    case.version += 1
    db.session.flush()
    finish_tasks(case, None, by, result="dropped")
    add_event(case, VOID, "作废", text, by, state=True)
    refresh_due(case)
    held.changed()
    _record(case, "case.voided", {"status": before}, {"reason": text}, by)


def restore_case(case_id: int, version: int, reason: str, by: Actor) -> None:
    """Take back that a case is void: it is what it was before, also in the statistics and in what is due.

    Raises NotFound, Forbidden, Stale, or Refused without a reason or where the case is not void.
    """
    held = hold_case(case_id, by, "cases.void", void=True)
    case = held.case
    if case.status != VOID:
        raise Refused("这件案件没有作废，不用恢复。")
    check_version(case, version, {"状态": STATUS_WORDS[case.status]}, {"状态": "撤销作废"})
    text = checked_reason(reason)
    last = select(Event).where(Event.case_id == case.id, Event.status.is_not(None)).order_by(Event.id.desc())
    voided = db.session.execute(last.where(Event.status == VOID).limit(1)).scalar_one()
    before = db.session.execute(last.where(Event.status != VOID).limit(1)).scalar_one()
    case.status = before.status or "open"
    case.version += 1
    db.session.flush()
    bring_back_tasks(case, voided.recorded_at)
    add_event(case, "restored", "撤销作废", text, by, state=True)
    refresh_due(case)
    held.changed()
    count(measured_cells(case, held.scopes))
    _record(case, "case.restored", {"status": VOID}, {"reason": text}, by)


def checked_reason(reason: str) -> str:
    """The reason without the space around it. Raises Refused where it is empty or too long."""
    text = reason.strip()
    if not text:
        raise Refused("请写明理由。", "reason")
    if len(text) > REASON_LENGTH:
        raise Refused(f"理由最多 {REASON_LENGTH} 个字，请写短一些。", "reason")
    return text


def _record(case: Case, act: str, before: dict[str, object], after: dict[str, object], by: Actor) -> None:
    record(
        by,
        act,
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        before=before,
        after={"status": case.status, **after},
    )
