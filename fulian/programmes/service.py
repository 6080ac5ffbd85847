"""Rules of openings: where a programme is open, and what asks before it writes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import bindparam, delete, insert, select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.orgs.models import Organisation
from fulian.orgs.queries import find_org
from fulian.prepared import Prepared
from fulian.programmes.loader import find_programme, programmes
from fulian.programmes.models import Opening, OpeningStop, ProgrammeLabel
from fulian.programmes.queries import in_force, taking_cases

SWITCH_ROLES = frozenset({"programme_lead", "county_admin", "city_admin"})
REASON_LENGTH = 200


# Made once: every act on a case asks the one or the other.
_opening = (
    select(Opening.id)
    .where(Opening.county_id == bindparam("of_county"), Opening.programme == bindparam("code"))
    .with_for_update(read=True)
)
_now = bindparam("now", type_=Opening.starts_at.type)
_working = Prepared(_opening.where(in_force(_now)))
_taking = Prepared(
    select(Opening.id)
    .join(Organisation, Organisation.county_id == Opening.county_id)
    .where(Organisation.id == bindparam("of_org"), Opening.programme == bindparam("code"), taking_cases(_now))
    .with_for_update(read=True, of=Opening)
)


def require_open(county_id: int, code: str, now: datetime) -> None:
    """Hold the opening of a programme in a unit for this transaction (FOR SHARE). Raises Refused where it is closed."""
    if not _working.rows({"of_county": county_id, "code": code, "now": now}):
        raise Refused(f"“{_name(code)}”在{find_org(county_id).short_name}没有启用，不能办理。")


def hold_intake(org_id: int, code: str, now: datetime) -> bool:
    """Hold the opening under which an organisation takes new cases; False where it takes none.

    Whoever opens a case holds it before she reads where the organisation hangs: a move of the organisation waits.
    """
    return bool(_taking.rows({"of_org": org_id, "code": code, "now": now}))


def no_intake(county_id: int, code: str) -> Refused:
    """What is said where no new case is taken."""
    return Refused(f"“{_name(code)}”在{find_org(county_id).short_name}现在不受理新案。已登记的案件照常办理。")


def hold_openings(org_ids: Collection[int]) -> None:
    """Lock every opening of these organisations' units (FOR UPDATE): whoever opens a case there is waited for."""
    units = select(Organisation.county_id).where(Organisation.id.in_(org_ids))
    db.session.execute(
        select(Opening.id).where(Opening.county_id.in_(units)).order_by(Opening.id).with_for_update()
    ).all()


def may_switch(by: Actor, code: str, county_id: int) -> bool:
    """Whether she may open or stop this programme in this unit: a grant on the unit or on the city."""
    return by.may("programmes.switch") and any(
        held.role in SWITCH_ROLES
        and held.programme in (None, code)
        and (held.level == "city" or (held.level == "county" and held.org_id == county_id))
        for held in by.grants
    )


def open_programme(code: str, county_id: int, reason: str, by: Actor, starts_at: datetime | None = None) -> int:
    """Open (启用) a programme in a county-level unit, now or from a later instant; returns the opening's id.

    Raises Refused where it is open already, the unit is no county-level unit, or no reason is given.
    """
    unit = find_org(county_id)
    if unit.level != "county" or find_programme(code) is None:
        raise NotFound
    _check(by, code, county_id, reason)
    _lock(code, county_id)
    starts = starts_at or by.now
    running = select(Opening.id).where(
        Opening.county_id == county_id, Opening.programme == code, Opening.ends_at.is_(None)
    )
    if db.session.execute(running).first() is not None:
        raise Refused(f"“{_name(code)}”在{unit.short_name}已经启用，不必再开。")
    opening = Opening(
        programme=code, county_id=county_id, starts_at=starts, opened_by=by.account_id, reason=reason.strip()
    )
    db.session.add(opening)
    db.session.flush()
    record(
        by,
        "programme.opened",
        "opening",
        opening.id,
        county_id=county_id,
        after={"programme": code, "starts_at": starts.isoformat(), "reason": reason.strip()},
    )
    return opening.id


def stop_intake(code: str, county_id: int, reason: str, by: Actor) -> None:
    """停止受理: no new case from now on; open ones run to their end. Raises Refused where it takes none already."""
    _check(by, code, county_id, reason)
    opening = _running(code, county_id, by.now)
    if opening.intake_ends_at is not None:
        raise Refused("已经停止受理了。")
    opening.intake_ends_at, opening.stopped_by, opening.stop_reason = by.now, by.account_id, reason.strip()
    db.session.flush()
    record(
        by,
        "programme.intake_stopped",
        "opening",
        opening.id,
        county_id=county_id,
        after={"programme": code, "reason": reason.strip()},
    )


def resume_intake(code: str, county_id: int, reason: str, by: Actor) -> None:
    """Take new cases again under the same opening; the stop stays as history. Raises Refused where it never stopped."""
    _check(by, code, county_id, reason)
    opening = _running(code, county_id, by.now)
    if opening.intake_ends_at is None:
        raise Refused("现在就在受理，不必恢复。")
    before = {"intake_ends_at": opening.intake_ends_at.isoformat(), "stop_reason": opening.stop_reason or ""}
    db.session.add(
        OpeningStop(
            opening_id=opening.id,
            county_id=county_id,
            stopped_at=opening.intake_ends_at,
            stopped_by=opening.stopped_by,
            stop_reason=opening.stop_reason or "",
            resumed_at=by.now,
            resumed_by=by.account_id,
            resume_reason=reason.strip(),
        )
    )
    opening.intake_ends_at = opening.stopped_by = opening.stop_reason = None
    db.session.flush()
    record(
        by,
        "programme.intake_resumed",
        "opening",
        opening.id,
        county_id=county_id,
        before=before,
        after={"programme": code, "reason": reason.strip()},
    )


def end_opening(code: str, county_id: int, reason: str, by: Actor) -> None:
    """停用: end the running opening. Whether cases are still open is asked by `cases.service`, which calls this."""
    _check(by, code, county_id, reason)
    opening = _running(code, county_id, by.now)
    opening.intake_ends_at = opening.intake_ends_at or by.now
    opening.ends_at, opening.ended_by, opening.end_reason = by.now, by.account_id, reason.strip()
    db.session.flush()
    record(
        by,
        "programme.closed",
        "opening",
        opening.id,
        county_id=county_id,
        after={"programme": code, "reason": reason.strip()},
    )


def cancel_opening(code: str, county_id: int, reason: str, by: Actor) -> None:
    """Take back an opening that has not begun. Raises Refused where none is planned."""
    _check(by, code, county_id, reason)
    _lock(code, county_id)
    planned = (Opening.county_id == county_id, Opening.programme == code, Opening.ends_at.is_(None))
    opening = db.session.execute(select(Opening).where(*planned, Opening.starts_at > by.now)).scalar_one_or_none()
    if opening is None:
        raise Refused("没有待启用的安排，不必取消。")
    opening.intake_ends_at = opening.ends_at = by.now
    opening.ended_by, opening.end_reason = by.account_id, reason.strip()
    db.session.flush()
    record(
        by,
        "programme.cancelled",
        "opening",
        opening.id,
        county_id=county_id,
        after={"programme": code, "reason": reason.strip()},
    )


def refresh_labels() -> None:
    """Write down what the installed programmes call themselves, their stages and outcomes; run after an upgrade."""
    for code, programme in programmes().items():
        rows = [("programme", code, programme.name)]
        rows += [("stage", stage.code, stage.label) for stage in programme.stages]
        rows += [("outcome", outcome.code, outcome.label) for outcome in programme.outcomes]
        rows += [("role", role.code, role.label) for role in programme.intake.roles]
        db.session.execute(delete(ProgrammeLabel).where(ProgrammeLabel.programme == code))
        db.session.execute(
            insert(ProgrammeLabel),
            [
                {"programme": code, "kind": kind, "code": key, "label": text, "sort": sort}
                for sort, (kind, key, text) in enumerate(rows)
            ],
        )


def _name(code: str) -> str:
    programme = find_programme(code)
    return programme.name if programme is not None else code


def _check(by: Actor, code: str, county_id: int, reason: str) -> None:
    if not may_switch(by, code, county_id):
        raise Refused("您的授权不能启用或停用这个地方的项目。请联系市级或本县（市、区）的管理员。")
    if not reason.strip():
        raise Refused("请写明事由，例如文件名称和文号。", "reason")
    if len(reason.strip()) > REASON_LENGTH:
        raise Refused(f"事由最多 {REASON_LENGTH} 个字，请写短一些。", "reason")


def _lock(code: str, county_id: int) -> None:
    """Hold the unit, then its openings: where there was none yet, there is nothing else to wait at."""
    unit = select(Organisation.id).where(Organisation.id == county_id)
    db.session.execute(unit.with_for_update(key_share=True)).all()  # whoever only refers to the unit goes on
    db.session.execute(
        select(Opening.id).where(Opening.county_id == county_id, Opening.programme == code).with_for_update()
    ).all()


def _running(code: str, county_id: int, now: datetime) -> Opening:
    opening = db.session.execute(
        select(Opening)
        .where(Opening.county_id == county_id, Opening.programme == code, in_force(now))
        .with_for_update()
        .limit(1)
    ).scalar_one_or_none()
    if opening is None:
        raise Refused(f"“{_name(code)}”在{find_org(county_id).short_name}没有启用。")
    return opening
