"""Changing a case's own fields, its handler, or all the open work of one colleague."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update

from fulian.accounts.queries import account_names, find_account, may_handle
from fulian.accounts.service import disable_account
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.models import OPEN_STATUSES, Case, Party, Task
from fulian.cases.service.held import add_event, check_version, hold_case
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.people.service import link_person, unlink_person

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


def assign_handler(case_id: int, version: int, handler_id: int, reason: str, by: Actor) -> None:
    """Give a case and its open tasks to another handler. Raises Refused for somebody who may not handle it."""
    held = hold_case(case_id, by, "cases.assign")
    case = held.case
    names = account_names([case.handler_id, handler_id])
    check_version(case, version, {"经办人": names[case.handler_id]}, {"经办人": names.get(handler_id, "")})
    before = case.handler_id
    _give(case, handler_id, reason, by)
    record(
        by,
        "case.assigned",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        before={"handler": names[before]},
        after={"handler": names[handler_id], "reason": reason.strip()},
    )


def _give(case: Case, handler_id: int, reason: str, by: Actor) -> None:
    if not reason.strip():
        raise Refused("请写明为什么换经办人。", "reason")
    if handler_id == case.handler_id:
        raise Refused("她就是现在的经办人，请另选一位。", "handler_id")
    if not may_handle(handler_id, case.org_id, case.programme, by.now):
        raise Refused("这位同事不能办这个组织的案件，请另选一位。", "handler_id")
    old = case.handler_id
    case.handler_id = handler_id
    case.version += 1
    db.session.execute(
        update(Task)
        .where(Task.case_id == case.id, Task.account_id == old, Task.done_at.is_(None))
        .values(account_id=handler_id),
        execution_options={"synchronize_session": False},
    )
    if case.restricted:  # its persons are linked to the handler's account only
        for party in db.session.execute(select(Party).where(Party.case_id == case.id)).scalars():
            unlink_person(source="party", source_id=party.id)
            link_person(party.person_id, account_id=handler_id, source="party", source_id=party.id)
    db.session.flush()
    names = account_names([old, handler_id])
    add_event(case, "handler", f"换经办人：{names[old]} → {names[handler_id]}"[:60], reason.strip(), by)


def open_cases_of(account_id: int) -> list[int]:
    """Ids of the cases that an account handles and that are not ended, in the order in which they are locked."""
    return list(
        db.session.execute(
            select(Case.id).where(Case.handler_id == account_id, Case.status.in_(OPEN_STATUSES)).order_by(Case.id)
        ).scalars()
    )


def hand_over(account_id: int, heir_id: int | None, reason: str, by: Actor, *, confirmed: bool = False) -> int:
    """Disable an account and give its open cases and tasks to `heir_id` in the same act; returns how many cases.

    `confirmed` where one of the three administrators asked for it and another one confirms. Raises Refused where there
    are open cases and nobody takes them, or one of them cannot go to her.
    """
    cases = open_cases_of(account_id)
    if cases and heir_id is None:
        raise Refused(f"她还有 {len(cases)} 件在办案件，请选谁来接。", "heir_id")
    if find_account(account_id) is None:
        raise NotFound
    for case_id in cases:
        case = db.session.execute(select(Case).where(Case.id == case_id).with_for_update()).scalar_one()
        _give(case, heir_id or 0, reason, by)
    disable_account(account_id, by, reason=reason, handed_over=len(cases), confirmed=confirmed)
    return len(cases)
