"""Changing a case's own fields."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import update

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.models import OPEN_STATUSES, Case, Party
from fulian.cases.service.access import protect_case
from fulian.cases.service.held import add_event, add_tasks, check_version, finish_tasks, hold_case, refresh_due
from fulian.db import db
from fulian.errors import Refused
from fulian.programmes.loader import find_programme

RISKS = {"": "未评", "r": "红", "o": "橙", "y": "黄", "b": "蓝"}
SUMMARY_LENGTH = 500
RAISED = "风险等级调高"  # why a case became restricted by an edit


@dataclass(frozen=True)
class CaseEdit:
    """What of a case may be edited by hand."""

    summary: str
    risk: str | None


def _words(edit: CaseEdit) -> dict[str, str]:
    """The fields under the labels of the form, as the log and the page of two versions show them."""
    return {"一句话说清": edit.summary, "风险等级": RISKS.get(edit.risk or "", "")}


def edit_case(case_id: int, version: int, edit: CaseEdit, by: Actor) -> None:
    """Save a case's own fields. Raises Stale with both versions where somebody saved in between."""
    held = hold_case(case_id, by, "cases.edit")
    case = held.case
    saved, was_restricted = CaseEdit(case.summary, case.risk), case.restricted
    check_version(case, version, _words(saved), _words(edit))
    if not edit.summary.strip():
        raise Refused("请用一句话说清是什么事。", "summary")
    if len(edit.summary) > SUMMARY_LENGTH:
        raise Refused(f"最多 {SUMMARY_LENGTH} 个字，请写短一些，细节记在经过里。", "summary")
    if (edit.risk or "") not in RISKS:
        raise Refused("请从列出的风险等级里选。", "risk")
    if case.restricted and edit.risk is None and case.risk is not None:
        raise Refused("受限案件的风险等级不能改成“未评”。", "risk")
    case.summary, case.risk = edit.summary.strip(), edit.risk or None
    case.version += 1
    db.session.flush()
    changed = [name for name, text in _words(edit).items() if text != _words(saved)[name]]
    follows = _reassess(case, saved.risk, by)
    add_event(case, "edited", f"更正：{'、'.join(changed) or '无改动'}", follows, by, state=True)
    held.changed()
    record(
        by,
        "case.edited",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        before={**_words(saved), "restricted": was_restricted},
        after={**_words(edit), "restricted": case.restricted},
    )


def _reassess(case: Case, before: str | None, by: Actor) -> str:
    """Do what the programme asks for where the risk was changed, in words; a case that has ended gets no tasks."""
    programme = find_programme(case.programme)
    found = programme.reassess(case, before, by) if programme is not None and case.risk != before else None
    if found is None:
        return ""
    said = []
    hide = update(Party).where(Party.case_id == case.id, Party.role.in_(found.hidden))
    db.session.execute(hide.values(hidden=True), execution_options={"synchronize_session": False})
    if found.restricted and not case.restricted:
        protect_case(case, RAISED, by)
        said.append("设为受限案件")
    if case.status in OPEN_STATUSES:
        finish_tasks(case, found.drops, by, result="dropped")
        add_tasks(case, found.tasks, by)
        refresh_due(case)
        said += [task.title for task in found.tasks]
    return "；".join(said)
