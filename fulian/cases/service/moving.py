"""Moving an organisation under another one: its cases' scope rows, persons and statistics follow in one transaction."""

from __future__ import annotations

from sqlalchemy import Select, Table, delete, func, insert, literal, select, update

from fulian.accounts.models import Account
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.counting import counted_cells
from fulian.cases.models import Attachment, Case, CaseAccess, CaseScope, CaseToken, Event, Referral, Task
from fulian.cases.service.listing import relist_shared
from fulian.cases.statistics import count
from fulian.db import Base, db
from fulian.orgs.models import OrgAncestor
from fulian.orgs.queries import find_org
from fulian.orgs.service import reparent
from fulian.people.service import move_people
from fulian.programmes.loader import installed
from fulian.programmes.service import hold_openings

_UNSYNCED = {"synchronize_session": False}
_ROWS_OF_A_CASE = (Event, Task, Attachment, CaseAccess, CaseToken, Referral)


def move_organisation(org_id: int, parent_id: int, version: int, reason: str, by: Actor) -> int:
    """Hang an organisation, with all below it, under another one; returns how many cases moved with it.

    Case numbers stay. Raises Refused for a place where it cannot hang, NotFound out of scope.
    """
    old = find_org(org_id)
    hold_openings({org_id, parent_id})
    locked = db.session.execute(
        select(Case.id).join(OrgAncestor, OrgAncestor.org_id == Case.org_id)
        .where(OrgAncestor.ancestor_id == org_id).order_by(Case.id).with_for_update(of=Case)
    ).all()  # fmt: skip
    count(counted_cells(org_id), -1)
    reparent(org_id, parent_id, version, reason, by)
    new = find_org(org_id)
    if new.county_id != old.county_id:
        _change_county(org_id, new.county_id)
    _rebuild_scope(org_id)
    move_people(org_id)
    db.session.flush()
    count(counted_cells(org_id))
    record(
        by,
        "organisation.moved",
        "organisation",
        org_id,
        counties={old.county_id, new.county_id},
        before={"parent": find_org(old.parent_id).name if old.parent_id else ""},
        after={"parent": find_org(parent_id).name, "reason": reason.strip(), "cases": len(locked)},
    )
    return len(locked)


def _change_county(org_id: int, county_id: int) -> None:
    below = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == org_id)
    for working in (Account, Case):
        follow = update(working).where(working.org_id.in_(below)).values(county_id=county_id)
        db.session.execute(follow, execution_options=_UNSYNCED)
    asked = update(Referral).where(Referral.to_org_id.in_(below)).values(to_county_id=county_id)
    db.session.execute(asked, execution_options=_UNSYNCED)
    change_county(select(Case.id).where(Case.org_id.in_(below)), county_id)


def change_county(cases: Select[int], county_id: int) -> None:
    """Put the rows of these cases, those of plugins too, into another unit; so the roles that read restricted ones."""
    for table in _ROWS_OF_A_CASE:
        mine = table.case_id.in_(cases)
        db.session.execute(update(table).where(mine).values(county_id=county_id), execution_options=_UNSYNCED)
    for other in _tables_of_plugins():
        theirs = other.c.case_id.in_(cases)
        db.session.execute(update(other).where(theirs).values(county_id=county_id), execution_options=_UNSYNCED)
    db.session.execute(
        update(CaseAccess).where(CaseAccess.case_id.in_(cases), CaseAccess.kind == "role").values(org_id=county_id),
        execution_options={"synchronize_session": False},
    )


def _tables_of_plugins() -> list[Table]:
    """The installed plugins' tables whose rows belong to a case and carry its unit."""
    prefixes = tuple(prefix for lineage in installed().lineages() for prefix in lineage.prefixes)
    return [
        table
        for table in Base.metadata.sorted_tables
        if prefixes and table.name.startswith(prefixes) and {"case_id", "county_id"} <= set(table.columns.keys())
    ]


def _rebuild_scope(org_id: int) -> None:
    below = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == org_id)
    cases = select(Case.id).where(Case.org_id.in_(below))
    db.session.execute(delete(CaseScope).where(CaseScope.case_id.in_(cases), CaseScope.own == 0))
    rows = (
        select(
            OrgAncestor.ancestor_id,
            literal(0),
            Case.opened_at,
            Case.id,
            Case.status,
            Case.programme,
            Case.due_at,
        )
        .join(OrgAncestor, OrgAncestor.org_id == Case.org_id)
        .where(Case.org_id.in_(below), Case.restricted.is_(False))
    )
    columns = ["scope_id", "own", "opened_at", "case_id", "status", "programme", "due_at"]
    db.session.execute(insert(CaseScope).from_select(columns, rows))
    relist_shared(below)


def moved_case_count(org_id: int) -> int:
    """How many cases would move with an organisation, for the preview."""
    return db.session.execute(
        select(func.count()).select_from(Case).join(OrgAncestor, OrgAncestor.org_id == Case.org_id)
        .where(OrgAncestor.ancestor_id == org_id)
    ).scalar_one()  # fmt: skip
