"""Changing a case's own fields."""

from __future__ import annotations

from dataclasses import dataclass

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.service.held import add_event, check_version, hold_case
from fulian.db import db
from fulian.errors import Refused

RISKS = {"": "未评", "r": "红", "o": "橙", "y": "黄", "b": "蓝"}
SUMMARY_LENGTH = 500


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
    saved = CaseEdit(case.summary, case.risk)
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
    add_event(case, "edited", f"更正：{'、'.join(changed) or '无改动'}", "", by, state=True)
    held.changed()
    record(
        by,
        "case.edited",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        before=_words(saved),
        after=_words(edit),
    )
