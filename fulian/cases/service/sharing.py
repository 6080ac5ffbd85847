"""Sharing a case with another organisation and transferring it: asked on a legal basis, answered there, taken back."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, false, or_, select, update

from fulian.accounts.queries import account_names, may_handle
from fulian.accounts.roles import PERMISSIONS
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.counting import measured_cells
from fulian.cases.models import OPEN_STATUSES, Case, CaseAccess, Party, Referral, Task
from fulian.cases.scope import sees
from fulian.cases.service.held import add_event, hold_case, state_of
from fulian.cases.service.listing import SHARE, link_reader, live_referrals, relink, relist
from fulian.cases.service.moving import change_county
from fulian.cases.service.reopening import checked_reason
from fulian.cases.statistics import count, now_cells, stat_scopes
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.models import Organisation
from fulian.orgs.queries import ancestors, find_org
from fulian.orgs.scope import in_scope
from fulian.people.service import record_consent, unlink_person
from fulian.programmes.queries import is_open
from fulian.programmes.service import require_open

TRANSFER = "transfer"
KINDS: Mapping[str, str] = {SHARE: "共享", TRANSFER: "转办"}
LAW_LENGTH = 120
# A restricted case is read by these, in the county unit itself, beside its handler.
RESTRICTED_READERS = frozenset({"programme_lead", "county_admin"})


def receives(by: Actor) -> ColumnElement[bool]:
    """A condition on `Referral` joined with `Case`: was it sent to an organisation for which the viewer may answer?

    A caseworker answers for her own organisation, a lead and a county admin for their area; what concerns a restricted
    case is answered by the lead and the county admin of the unit alone.
    """
    arms = []
    for held in by.grants:
        if held.role not in PERMISSIONS["cases.receive"]:
            continue
        one = Actor(by.account_id, by.name, by.county_id, by.now, grants=(held,))
        reach = in_scope(one, Referral.to_org_id, Referral.to_county_id)
        if not (held.role in RESTRICTED_READERS and held.level == "county"):
            reach = and_(reach, Case.restricted.is_(False))
        arms.append(reach if held.programme is None else and_(reach, Case.programme == held.programme))
    return or_(*arms) if arms else false()


def ask_referral(
    case_id: int, kind: str, to_org_id: int, reason: str, by: Actor, *, consented: bool = False, law: str = ""
) -> int:
    """Ask another organisation to share in a case or to take it over; returns the referral's id.

    `consented`: every party agreed to it by itself, knowing to whom, what for and what (PIPL 23); else `law` names the
    duty. Raises what `hold_case` raises, and Refused at the field that is wrong.
    """
    case = hold_case(case_id, by, "cases.share", needs_open=kind == TRANSFER).case
    if kind not in KINDS:
        raise Refused("请选择共享还是转办。", "kind")
    to_county_id = _check_receiver(case, kind, to_org_id, by)
    text = checked_reason(reason)
    if not consented and not law.strip():
        raise Refused("没有当事人的单独同意，要写明依据哪部法律的哪一条。", "law")
    if len(law.strip()) > LAW_LENGTH:
        raise Refused(f"最多 {LAW_LENGTH} 个字，请写短一些。", "law")
    referral = Referral(
        case_id=case.id,
        county_id=case.county_id,
        kind=kind,
        from_org_id=case.org_id,
        to_org_id=to_org_id,
        to_county_id=to_county_id,
        basis="consent" if consented else "duty",
        law="" if consented else law.strip(),
        reason=text,
        asked_by=by.account_id or 0,
        asked_at=by.now,
    )
    db.session.add(referral)
    db.session.flush()
    if consented:
        _note_consents(case, by)
    name = find_org(to_org_id).short_name
    add_event(case, "referral", f"请{name}接收{KINDS[kind]}"[:60], f"{text}　依据：{basis_words(referral)}", by)
    _record("case.referral_asked", case, referral, by, {"reason": text, "basis": basis_words(referral)})
    return referral.id


def basis_words(referral: Referral) -> str:
    """On what the giving of data rests."""
    return referral.law or "每一位当事人都单独同意（《个人信息保护法》第二十三条）"


def accept_referral(referral_id: int, handler_id: int | None, by: Actor) -> int:
    """Accept what was asked; a case that is taken over gets `handler_id` as its handler. Returns the case's id.

    Raises NotFound where it was not sent to the actor, Refused where it was answered or withdrawn, the case is void or
    ended, its programme is not open there, or the handler may not handle it.
    """
    case, referral = _hold_incoming(referral_id, by)
    if case.status == "void" or (referral.kind == TRANSFER and case.status not in OPEN_STATUSES):
        raise Refused("这件案件已经办结或作废，不能再接收。")
    referral.decision, referral.decided_by, referral.decided_at = "accepted", by.account_id, by.now
    if referral.kind == SHARE:
        _share(case, referral, by)
    else:
        _transfer(case, referral, handler_id, by)
    return case.id


def refuse_referral(referral_id: int, reason: str, by: Actor) -> None:
    """Send back what was asked, with a reason. Raises NotFound, or Refused where it was answered or withdrawn."""
    case, referral = _hold_incoming(referral_id, by)
    text = checked_reason(reason)
    referral.decision, referral.decided_by, referral.decided_at = "refused", by.account_id, by.now
    referral.answer = text
    db.session.flush()
    name = find_org(referral.to_org_id).short_name
    add_event(case, "referral", f"{name}没有接收{KINDS[referral.kind]}"[:60], text, by)
    _record("case.referral_refused", case, referral, by, {"reason": text})


def end_referral(case_id: int, referral_id: int, reason: str, by: Actor) -> None:
    """Take back what was asked or shared: from then on the other organisation does not read the case.

    Raises NotFound, Forbidden, or Refused where there is nothing to take back.
    """
    case = hold_case(case_id, by, "cases.share", void=True).case
    found = select(Referral).where(Referral.id == referral_id, Referral.case_id == case_id).with_for_update()
    referral = db.session.execute(found.execution_options(populate_existing=True)).scalar_one_or_none()
    if referral is None:
        raise NotFound
    if referral.ended_at is not None or referral.decision == "refused":
        raise Refused("已经收回或退回了，不用再办。")
    text = checked_reason(reason)
    referral.ended_at, referral.ended_by = by.now, by.account_id
    unlink_person(source=SHARE, source_id=referral.id)
    relist(case)
    name = find_org(referral.reader_id if referral.decision else referral.to_org_id).short_name
    add_event(case, "referral", f"收回：{name}不再查看" if referral.decision else f"撤回：不再请{name}接收", text, by)
    _record("case.referral_ended", case, referral, by, {"reason": text})


def _check_receiver(case: Case, kind: str, to_org_id: int, by: Actor) -> int:
    """The unit of the organisation that is asked. Raises Refused where it cannot be asked."""
    query = select(Organisation.level, Organisation.county_id, Organisation.closed_on, Organisation.short_name)
    org = db.session.execute(query.where(Organisation.id == to_org_id)).one_or_none()
    if org is None or org.closed_on is not None:
        raise Refused("没有找到这个组织，请重新选。", "to_org")
    if to_org_id == case.org_id:
        raise Refused("案件就在这个组织，请选别的组织。", "to_org")
    if org.level == "city":
        raise Refused("请市妇联接收的，请选“市本级”。", "to_org")
    if case.restricted and kind == SHARE:
        raise Refused("受限案件不共享。要请别处办理的，请转办；有人身危险的，请报告公安。", "kind")
    if case.restricted and not _may_assign(case, by):
        raise Forbidden("受限案件由项目负责人或县级管理员转办，请找她们。")
    if kind == TRANSFER and not is_open(org.county_id, case.programme, by.now):
        raise Refused(f"这个项目在{find_org(org.county_id).short_name}没有启用，不能转办到那里。", "to_org")
    waiting = Referral.decision.is_(None)
    mine = (Referral.case_id == case.id, Referral.kind == kind, Referral.ended_at.is_(None))
    there = and_(Referral.to_org_id == to_org_id, Referral.decision.is_distinct_from("refused"))
    same = waiting if kind == TRANSFER else there
    if db.session.execute(select(Referral.id).where(*mine, same)).first() is not None:
        raise Refused("已经提出过了：等对方接收，或先收回再提。", "to_org")
    return int(org.county_id)


def _may_assign(case: Case, by: Actor) -> bool:
    seen = select(Case.id).where(Case.id == case.id, sees(by, "cases.assign"))
    return db.session.execute(seen).first() is not None


def _note_consents(case: Case, by: Actor) -> None:
    persons = select(Party.person_id).where(Party.case_id == case.id).distinct().order_by(Party.person_id)
    for person_id in db.session.execute(persons).scalars().all():
        record_consent(person_id, "share", "consent", by, case_id=case.id, recorded=False)


def _hold_incoming(referral_id: int, by: Actor) -> tuple[Case, Referral]:
    """The case and what was asked about it, both locked, the opening where it would go before them."""
    asked = db.session.execute(
        select(Referral.case_id, Referral.kind, Referral.to_county_id, Case.programme)
        .join(Case, Case.id == Referral.case_id)
        .where(Referral.id == referral_id, receives(by))
    ).one_or_none()
    if asked is None:
        raise NotFound
    if asked.kind == TRANSFER:
        require_open(asked.to_county_id, asked.programme, by.now)
    fresh = {"populate_existing": True}
    case = db.session.execute(
        select(Case).where(Case.id == asked.case_id).with_for_update(), execution_options=fresh
    ).scalar_one()
    referral = db.session.execute(
        select(Referral).where(Referral.id == referral_id).with_for_update(), execution_options=fresh
    ).scalar_one()
    if referral.decision is not None or referral.ended_at is not None:
        raise Refused("已经答复过，或者对方已经撤回，不用再办。")
    return case, referral


def _share(case: Case, referral: Referral, by: Actor) -> None:
    relist(case)
    link_reader(case, referral)
    add_event(case, "referral", f"{find_org(referral.to_org_id).short_name}接收了共享"[:60], "", by)
    _record("case.shared", case, referral, by, {})


def _transfer(case: Case, referral: Referral, handler_id: int | None, by: Actor) -> None:
    """Make the receiving organisation responsible: rows, statistics, persons and tasks go along; the number stays."""
    if handler_id is None or not may_handle(handler_id, referral.to_org_id, case.programme, by.now):
        raise Refused("请选择这个组织里能办这个项目的经办人。", "handler_id")
    state, scopes = state_of(case), stat_scopes(ancestors(case.org_id))
    count([*measured_cells(case, scopes), *now_cells(scopes, state)], -1)
    names = account_names([case.handler_id, handler_id])
    before = {"org": find_org(case.org_id).short_name, "handler": names[case.handler_id]}
    old_county = case.county_id
    case.org_id, case.county_id, case.handler_id = referral.to_org_id, referral.to_county_id, handler_id
    case.version += 1
    db.session.flush()
    _take_rows_along(case, referral, old_county, by)
    scopes = stat_scopes(ancestors(case.org_id))
    count([*measured_cells(case, scopes), *now_cells(scopes, state)])
    after = {"org": find_org(case.org_id).short_name, "handler": names[handler_id]}
    add_event(case, "referral", f"转办：{before['org']} → {after['org']}，经办 {after['handler']}"[:60], "", by)
    _record("case.transferred", case, referral, by, after, before=before, counties={old_county, case.county_id})


def _take_rows_along(case: Case, referral: Referral, old_county: int, by: Actor) -> None:
    unsynced = {"synchronize_session": False}
    open_tasks = update(Task).where(Task.case_id == case.id, Task.done_at.is_(None))
    db.session.execute(open_tasks.values(account_id=case.handler_id), execution_options=unsynced)
    repeated = update(CaseAccess).where(CaseAccess.case_id == case.id).values(case_org_id=case.org_id)
    db.session.execute(repeated, execution_options=unsynced)
    if case.county_id != old_county:
        change_county(select(Case.id).where(Case.id == case.id), case.county_id)
    for other in live_referrals(case.id):
        if case.restricted or (other.id != referral.id and other.reader_id == case.org_id):
            other.ended_at, other.ended_by = by.now, by.account_id
            unlink_person(source=SHARE, source_id=other.id)
    relist(case)
    relink(case)
    if not case.restricted:
        link_reader(case, referral)


def _record(
    act: str,
    case: Case,
    referral: Referral,
    by: Actor,
    after: Mapping[str, object],
    *,
    before: Mapping[str, object] | None = None,
    counties: set[int] | None = None,
) -> None:
    to = {"kind": KINDS[referral.kind], "to": find_org(referral.to_org_id).name}
    concerned = counties or {case.county_id, referral.to_county_id}
    record(by, act, "referral", referral.id, counties=concerned, case_id=case.id, before=before, after={**to, **after})
