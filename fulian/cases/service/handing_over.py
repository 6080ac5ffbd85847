"""Giving cases to another handler: one, a colleague's row by row, or all with the end of her account or post."""

from __future__ import annotations

from datetime import date

from sqlalchemy import exists, select, update

from fulian.accounts.models import Grant
from fulian.accounts.queries import account_names, find_account, may_handle
from fulian.accounts.service import disable_account
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.models import OPEN_STATUSES, Case, Party, Task
from fulian.cases.scope import sees
from fulian.cases.service.held import add_event, check_version, hold_case
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.people.service import end_post, link_person, unlink_person


def assign_handler(case_id: int, version: int, handler_id: int, reason: str, by: Actor) -> None:
    """Give a case and its open tasks to another handler. Raises Refused for somebody who may not handle it."""
    held = hold_case(case_id, by, "cases.assign")
    case = held.case
    names = account_names([case.handler_id, handler_id])
    check_version(case, version, {"经办人": names[case.handler_id]}, {"经办人": names.get(handler_id, "")})
    _assign(case, handler_id, reason, by)


def pass_on(case_id: int, from_id: int, heir_id: int, reason: str, by: Actor) -> None:
    """Give one open case of a colleague, with its tasks, to `heir_id`: a row of her handover, logged by itself.

    Raises NotFound out of scope, Forbidden where the actor may only read it, Refused where it has ended or is no longer
    hers, or where the heir may not handle it.
    """
    case = hold_case(case_id, by, "cases.assign").case
    if case.handler_id != from_id:
        raise Refused("这件案件已经不由她经办，没有再转。")
    if case.status not in OPEN_STATUSES:
        raise Refused("这件案件已经办结，不用交接。")
    _assign(case, heir_id, reason, by)


def _assign(case: Case, handler_id: int, reason: str, by: Actor) -> None:
    before = case.handler_id
    _give(case, handler_id, reason, by)
    names = account_names([before, handler_id])
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


def stranded_cases(post_id: int, by: Actor) -> tuple[list[int], int]:
    """What is left without anybody who may handle it when a post ends, and with it the roles that hang on it.

    Returns the ids of the open cases that the actor sees and hands over with the end of the post, and how many there
    are that she does not see: those are given on by whoever may.
    """
    mine = exists().where(Grant.account_id == Case.handler_id, Grant.post_id == post_id, Grant.ended_at.is_(None))
    rows = db.session.execute(
        select(Case.id, Case.handler_id, Case.org_id, Case.programme, sees(by).label("seen"))
        .where(mine, Case.status.in_(OPEN_STATUSES))
        .order_by(Case.id)
    ).all()
    left = [row for row in rows if not may_handle(row.handler_id, row.org_id, row.programme, by.now, besides=post_id)]
    return [row.id for row in left if row.seen], sum(not row.seen for row in left)


def end_post_and_hand_over(
    post_id: int, version: int, ends_on: date, end_change: str, heir_id: int | None, by: Actor
) -> int:
    """End a post and give the open cases that would be left without a handler to `heir_id`; returns how many.

    Raises what `end_post` raises, and Refused where nobody takes such cases, or one cannot go to her.
    """
    cases, _unseen = stranded_cases(post_id, by)
    end_post(post_id, version, ends_on, end_change, by, handed_over=len(cases))
    if cases and heir_id is None:
        raise Refused(f"她还有 {len(cases)} 件在办案件，请选谁来接。", "heir_id")
    for case_id in cases:
        case = db.session.execute(select(Case).where(Case.id == case_id).with_for_update()).scalar_one()
        _give(case, heir_id or 0, f"{end_change}，{ends_on.isoformat()} 离任", by)
    return len(cases)
