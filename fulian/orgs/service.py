"""Rules of the organisation tree: loading the shipped network, hanging an organisation somewhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.orm import aliased

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db, reserve_ids
from fulian.errors import Refused, Stale
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.network import NetworkOrg, read_network
from fulian.orgs.places import require_movable, require_place
from fulian.orgs.queries import city_unit, find_org

REASON_LENGTH = 200

_organisation, _ancestor = cast(Table, Organisation.__table__), cast(Table, OrgAncestor.__table__)
_UNSYNCED = {"synchronize_session": False}


def load_network(orgs: Sequence[NetworkOrg]) -> dict[str, int]:
    """Write organisations, parents before their children, into an empty tree; returns key → id.

    Not logged: the caller says what it loaded and why.
    """
    ids = dict(zip((org.key for org in orgs), reserve_ids(Organisation, len(orgs)), strict=True))
    db.session.execute(insert(_organisation), [_org_row(org, ids) for org in orgs])
    above: dict[str, list[int]] = {}
    for org in orgs:
        above[org.key] = [ids[org.key], *(above[org.parent_key] if org.parent_key is not None else ())]
    db.session.execute(
        insert(_ancestor),
        [
            {"ancestor_id": ancestor_id, "org_id": ids[org.key], "depth": depth}
            for org in orgs
            for depth, ancestor_id in enumerate(above[org.key])
        ],
    )
    return ids


def _org_row(org: NetworkOrg, ids: Mapping[str, int]) -> dict[str, Any]:
    return {
        "id": ids[org.key],
        "name": org.name,
        "short_name": org.short_name,
        "level": org.level,
        "kind": org.kind,
        "parent_id": ids[org.parent_key] if org.parent_key is not None else None,
        "county_id": ids[org.county_key],
        "number_code": org.number_code,
        "division_code": org.division_code,
        "division_year": org.division_year,
        "division_source": org.division_source,
        "sort": org.sort,
        "demo": org.demo,
        "version": 1,
    }


def ensure_network(by: Actor) -> int:
    """Load the shipped network where there is no organisation yet; returns how many were loaded, 0 where there are any.

    Runs before the first account is made, so `by` has no unit: the entry goes on the chain of 市本级.
    """
    if db.session.execute(select(Organisation.id).limit(1)).first() is not None:
        return 0
    orgs = read_network()
    load_network(orgs)
    record(
        by,
        "organisation.network_loaded",
        "organisation",
        "*",
        county_id=city_unit(),
        after={"organisations": len(orgs)},
    )
    return len(orgs)


def reparent(org_id: int, parent_id: int, version: int, reason: str, by: Actor) -> None:
    """Hang an organisation, with all below it, under another one: its place, units and ancestors.

    Part of `cases.service.move_organisation`, which moves what hangs on the tree and is on the log. Raises NotFound
    for an organisation that the actor may not move, Refused at `parent_id` or `reason`, Stale where somebody moved it
    since `version` was read.
    """
    if not reason.strip():
        raise Refused("请写明事由，例如批复文件的名称和文号。", "reason")
    if len(reason.strip()) > REASON_LENGTH:
        raise Refused(f"事由最多 {REASON_LENGTH} 个字，请写短一些。", "reason")
    require_movable(org_id, by)
    _lock(org_id, parent_id)
    org = db.session.execute(
        select(Organisation).where(Organisation.id == org_id).execution_options(populate_existing=True)
    ).scalar_one()
    if org.version != version:
        raise Stale(
            "您打开之后，这个组织已被别人移动过。请看过它现在的位置，再决定要不要移。",
            {"上级": find_org(org.parent_id).name if org.parent_id else ""},
            {"上级": find_org(parent_id).name},
        )
    parent = require_place(org, parent_id, by)
    org.parent_id, org.version = parent_id, org.version + 1
    db.session.flush()
    _hang(org_id, parent_id, parent.county_id)


def _lock(org_id: int, parent_id: int) -> None:
    """Lock the organisation, its new place and all above that: of two moves that would make a ring, one waits."""
    chain = select(OrgAncestor.ancestor_id).where(OrgAncestor.org_id == parent_id)
    db.session.execute(
        select(Organisation.id)
        .where(Organisation.id.in_(chain) | (Organisation.id == org_id))
        .order_by(Organisation.id)
        .with_for_update(key_share=True)
    ).all()


def _hang(org_id: int, parent_id: int, county_id: int) -> None:
    """Rewrite the unit of the subtree and its ancestors outside of it, each in one statement."""
    inner = aliased(OrgAncestor)
    below = select(inner.org_id).where(inner.ancestor_id == org_id)
    db.session.execute(
        update(Organisation).where(Organisation.id.in_(below)).values(county_id=county_id),
        execution_options=_UNSYNCED,
    )
    db.session.execute(
        delete(OrgAncestor).where(OrgAncestor.org_id.in_(below), OrgAncestor.ancestor_id.not_in(below)),
        execution_options=_UNSYNCED,
    )
    over, under = aliased(OrgAncestor), aliased(OrgAncestor)
    rows = (
        select(over.ancestor_id, under.org_id, over.depth + under.depth + 1)
        .join(under, under.ancestor_id == org_id)
        .where(over.org_id == parent_id)
    )
    db.session.execute(insert(OrgAncestor).from_select(["ancestor_id", "org_id", "depth"], rows))
    db.session.expire_all()
