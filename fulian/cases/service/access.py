"""Restricted cases: who may read them, and opening one in an emergency (break-glass)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, delete, false, insert, or_, select

from fulian.accounts.roles import PERMISSIONS
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.models import Case, CaseAccess, CaseToken
from fulian.cases.rows import access_copy, access_rows, token_rows
from fulian.cases.service.held import HeldCase, add_event, hold_case
from fulian.cases.service.listing import end_all_referrals, facts_of, relink, relist
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.scope import in_scope
from fulian.people.models import PersonToken

BREAK_GLASS_HOURS = 24  # one emergency, not a standing right
REASON_LENGTH = 200


def restrict_case(case_id: int, version: int, reason: str, by: Actor) -> None:
    """Make a case restricted: its list rows, tokens and persons' links to organisations go, access by role stays."""
    held = _held(case_id, version, reason, by, "cases.restrict")
    case = held.case
    if case.restricted:
        raise Refused("这件案件已经是受限案件。")
    case.version += 1
    protect_case(case, reason.strip(), by)
    _tell(case, "restricted", "设为受限案件", reason, by)


def protect_case(case: Case, reason: str, by: Actor) -> None:
    """Take a held case that is not restricted out of lists and searches; who may read it from now on, and why."""
    case.restricted = True
    end_all_referrals(case, by)
    relist(case)
    db.session.execute(delete(CaseToken).where(CaseToken.case_id == case.id))
    relink(case)
    db.session.execute(insert(CaseAccess), access_rows(facts_of(case), reason, by.now, by.account_id))


def lift_restriction(case_id: int, version: int, reason: str, by: Actor) -> None:
    """Give a restricted case back to the ordinary lists of its organisation and those above: a lead or admin does."""
    held = _held(case_id, version, reason, by, "cases.unrestrict")
    case = held.case
    if not case.restricted:
        raise Refused("这件案件本来就不受限。")
    case.restricted = False
    case.version += 1
    db.session.execute(delete(CaseAccess).where(CaseAccess.case_id == case.id, CaseAccess.kind == "role"))
    row = facts_of(case)
    relist(case)
    persons = relink(case)
    tokens: dict[int, set[str]] = {person_id: set() for person_id in persons}
    for token, person_id in db.session.execute(
        select(PersonToken.token, PersonToken.person_id).where(PersonToken.person_id.in_(persons))
    ):
        tokens[person_id].add(token)
    db.session.execute(insert(CaseToken), token_rows(row, tokens))
    _tell(case, "unrestricted", "取消受限", reason, by)


def break_glass(number: str, reason: str, by: Actor) -> int:
    """Open a restricted case inside one's area for 24 hours, by its exact number and with a reason; returns its id.

    Raises NotFound alike for no such number and for one outside the viewer's area. The case's lead and county admin
    see it in the case's history.
    """
    if not by.may("cases.break_glass"):
        raise Forbidden("您没有紧急查看的权限。")
    if not reason.strip():
        raise Refused("请写明为什么必须现在看，例如“当事人正受伤害，公安要求配合”。", "reason")
    if len(reason.strip()) > REASON_LENGTH:
        raise Refused(f"事由最多 {REASON_LENGTH} 个字，请写短一些。", "reason")
    case = db.session.execute(
        select(Case).where(Case.number == number.strip(), Case.restricted.is_(True), _area(by)).with_for_update()
    ).scalar_one_or_none()
    if case is None:
        raise NotFound
    db.session.add(
        CaseAccess(
            **access_copy(facts_of(case)),
            kind="break_glass",
            account_id=by.account_id,
            starts_at=by.now,
            ends_at=by.now + timedelta(hours=BREAK_GLASS_HOURS),
            reason=reason.strip(),
            granted_by=by.account_id,
        )
    )
    db.session.flush()
    add_event(case, "access", f"紧急查看：{by.name}"[:60], reason.strip(), by)
    record(
        by,
        "case.break_glass",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        after={"reason": reason.strip(), "hours": BREAK_GLASS_HOURS},
    )
    return case.id


def _area(by: Actor) -> ColumnElement[bool]:
    """Where she may open a restricted case: in the reach of those grants that give it, each for its own programme."""
    arms = []
    for held in by.grants:
        if held.role in PERMISSIONS["cases.break_glass"]:
            reach = in_scope(replace(by, grants=(held,)), Case.org_id, Case.county_id)
            arms.append(reach if held.programme is None else and_(reach, Case.programme == held.programme))
    return or_(*arms) if arms else false()


def _held(case_id: int, version: int, reason: str, by: Actor, permission: str) -> HeldCase:
    held = hold_case(case_id, by, permission, void=True)
    if held.case.version != version:
        raise Refused("您打开之后有人改过这件案件，请刷新后再试。")
    if not reason.strip():
        raise Refused("请写明理由。", "reason")
    if len(reason.strip()) > REASON_LENGTH:
        raise Refused(f"理由最多 {REASON_LENGTH} 个字，请写短一些。", "reason")
    return held


def _tell(case: Case, kind: str, title: str, reason: str, by: Actor) -> None:
    db.session.flush()
    add_event(case, kind, title, reason.strip(), by)
    record(
        by,
        f"case.{kind}",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        before={"restricted": not case.restricted},
        after={"restricted": case.restricted, "reason": reason.strip()},
    )
