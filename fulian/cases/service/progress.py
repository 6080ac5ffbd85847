"""Moving a case on, and closing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.service.held import (
    add_event,
    add_tasks,
    check_version,
    finish_tasks,
    hold_case,
    programme_of,
    refresh_due,
    state_of,
)
from fulian.cases.statistics import count, event_cells
from fulian.db import db
from fulian.errors import NotFound, Refused

SHOWN_LENGTH = 60


def advance_case(
    case_id: int, version: int, code: str, data: Mapping[str, Any], by: Actor, submission_id: str = ""
) -> None:
    """Do the transition `code` of the case's programme with the values of its form.

    Raises NotFound for a case out of scope or an unknown transition, Refused where the stage does not allow it, a guard
    forbids it or the programme is not open, Stale where the case was saved since `version` was read, Repeated where
    this filling of the form (`submission_id`) was done before.
    """
    held = hold_case(case_id, by, "cases.edit", needs_open=True, submission_id=submission_id)
    case = held.case
    programme = programme_of(case)
    transition = programme.transition(code)
    if transition is None:
        raise NotFound
    check_version(case, version, {"阶段": programme.stage_label(case.stage)}, _shown(transition.form, data))
    if case.stage not in transition.from_:
        raise Refused(f"现在是“{programme.stage_label(case.stage)}”阶段，不能{transition.label}。")
    refusal = transition.guard(case, data, by)
    if refusal is not None:
        raise refusal
    before = {"stage": case.stage, "risk": case.risk or "", **transition.facts(case)}
    kinds = transition.completes if transition.finishes is not None else (transition.code, *transition.completes)
    ids = transition.finishes(case, data) if transition.finishes is not None else ()
    title = transition.title(case) if transition.title is not None else transition.label
    case.stage = transition.to or case.stage
    case.version += 1
    transition.apply(case, data, by)
    db.session.flush()
    finish_tasks(case, kinds, by, ids=ids)
    add_tasks(case, transition.tasks(case, data, by), by)
    line = (transition.code, title[:SHOWN_LENGTH], transition.text(data), by)
    add_event(case, *line, at=data.get("at"), state=True, submission_id=submission_id)
    refresh_due(case)
    held.changed()
    record(
        by,
        f"case.{transition.code}",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        before=before,
        after={"stage": case.stage, "risk": case.risk or "", **_filled(data), **transition.facts(case)},
    )


def close_case(
    case_id: int, version: int, outcome: str, data: Mapping[str, Any], by: Actor, submission_id: str = ""
) -> None:
    """Close a case with a coded outcome of its programme; `data` has `note` and the values of the closing's own form.

    Raises what `advance_case` raises. Open tasks that are left are dropped with the closing.
    """
    held = hold_case(case_id, by, "cases.edit", needs_open=True, submission_id=submission_id)
    case = held.case
    programme = programme_of(case)
    check_version(
        case, version, {"阶段": programme.stage_label(case.stage)}, {"结果": programme.outcome_label(outcome)}
    )
    if outcome not in {known.code for known in programme.outcomes}:
        raise Refused("请从列出的结果里选一个。", "outcome")
    values = {**data, "outcome": outcome}
    refusal = programme.closing.guard(case, values, by)
    if refusal is not None:
        raise refusal
    before = {"status": case.status, "outcome": ""}
    case.status, case.outcome, case.closed_at = "closed", outcome, by.now
    case.version += 1
    programme.closing.apply(case, values, by)
    db.session.flush()
    finish_tasks(case, None, by, result="dropped")
    line = ("closed", f"办结：{programme.outcome_label(outcome)}", str(data.get("note") or ""), by)
    add_event(case, *line, state=True, submission_id=submission_id)
    refresh_due(case)
    held.changed()
    count(event_cells(held.scopes, "closed", by.now, state_of(case)))
    record(
        by,
        "case.closed",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        before=before,
        after={"status": "closed", "outcome": outcome, **_filled(data)},
    )


def _filled(data: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in data.items() if value not in (None, "", [], ()) and name != "version"}


def _shown(form: type[Any], data: Mapping[str, Any]) -> dict[str, str]:
    """What was typed, field by field, under the labels of the form."""
    shown = {}
    for name, value in _filled(data).items():
        field = getattr(form, name, None)
        label = (getattr(field, "args", None) or (name,))[0]
        shown[str(label)] = value
    return shown
