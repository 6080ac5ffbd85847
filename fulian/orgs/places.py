"""Where an organisation may hang in the tree, and who may move it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import groupby

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from fulian.audit.actor import Actor
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.queries import CITY_NUMBER_CODE
from fulian.orgs.scope import in_scope

EDIT = "orgs.edit"
EDIT_ROLES = frozenset({"county_admin", "city_admin"})  # whose grants give orgs.edit

LEVELS: Mapping[str, str] = {
    "city": "市级",
    "county": "县级",
    "township": "乡镇（街道）",
    "village": "村（社区）",
    "body": "单位、行业、群体",
}
# Under which levels an organisation may hang. The city and its twelve units stand fixed; 市本级 holds bodies only.
PARENT_LEVELS: Mapping[str, frozenset[str]] = {
    "township": frozenset({"county"}),
    "village": frozenset({"county", "township"}),
    "body": frozenset({"county", "township", "village", "body"}),
}
OFFERED_LEVELS = frozenset({"county", "township"})  # as new places; thousands of villages fit no list


@dataclass(frozen=True)
class Place:
    """A place where an organisation could hang: a unit or a township."""

    id: int
    short_name: str
    level: str


@dataclass(frozen=True)
class Places:
    """The places of one unit."""

    unit: str
    places: tuple[Place, ...]


def editable(by: Actor) -> ColumnElement[bool]:
    """The condition on `Organisation` that it lies in the area in which the actor may change the tree."""
    editing = replace(by, grants=tuple(held for held in by.grants if held.role in EDIT_ROLES))
    return in_scope(editing, Organisation.id, Organisation.county_id)


def may_move(org_id: int, level: str, by: Actor) -> bool:
    """Whether the page offers the actor to move this organisation."""
    if level not in PARENT_LEVELS or not by.may(EDIT):
        return False
    return (
        db.session.execute(select(Organisation.id).where(Organisation.id == org_id, editable(by))).first() is not None
    )


def require_movable(org_id: int, by: Actor) -> None:
    """Raises NotFound where there is no such organisation in the actor's area, Refused where its place is fixed."""
    if not by.may(EDIT):
        raise Forbidden("您没有调整组织的权限。请联系县级或市级管理员。")
    found = select(Organisation.level).where(Organisation.id == org_id, editable(by))
    level = db.session.execute(found).scalar_one_or_none()
    if level is None:
        raise NotFound
    if level not in PARENT_LEVELS:
        raise Refused("市级和十二个县级单位的位置是固定的，不能移动。")


def possible_parents(org_id: int, by: Actor) -> list[Places]:
    """The units and townships in the actor's area where this organisation can hang, unit by unit in official order."""
    org = db.session.get_one(Organisation, org_id)
    unit = aliased(Organisation)
    query = (
        select(unit.short_name, Organisation.id, Organisation.short_name, Organisation.level)
        .join(unit, unit.id == Organisation.county_id)
        .where(
            editable(by),
            Organisation.level.in_(PARENT_LEVELS[org.level] & OFFERED_LEVELS),
            Organisation.closed_on.is_(None),
            Organisation.id.not_in((org_id, org.parent_id)),
        )
        .order_by(unit.sort, Organisation.level, Organisation.sort, Organisation.id)
    )
    if org.level != "body":
        query = query.where(Organisation.number_code.is_distinct_from(CITY_NUMBER_CODE))
    found = groupby(db.session.execute(query), key=lambda row: row[0])
    return [Places(unit_name, tuple(Place(*row[1:]) for row in rows)) for unit_name, rows in found]


def require_place(org: Organisation, parent_id: int, by: Actor) -> Organisation:
    """The new parent of an organisation. Raises Refused at `parent_id` where it cannot hang there."""
    parent = db.session.execute(
        select(Organisation).where(Organisation.id == parent_id, editable(by)).execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if parent is None:
        raise Refused("新的上级不在您管的范围内。跨县移动请由市级管理员办理。", "parent_id")
    if parent.level not in PARENT_LEVELS[org.level]:
        raise Refused(f"{LEVELS[org.level]}的组织不能挂在{parent.short_name}下，请另选上级。", "parent_id")
    if parent.number_code == CITY_NUMBER_CODE and org.level != "body":
        raise Refused("市本级下面只挂机关、单位、行业的组织，请另选上级。", "parent_id")
    if parent.closed_on is not None:
        raise Refused("这个上级已经撤销，请另选。", "parent_id")
    if parent.id == org.parent_id:
        raise Refused(f"它现在就在{parent.short_name}下面，不必移动。", "parent_id")
    ring = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == org.id, OrgAncestor.org_id == parent_id)
    if db.session.execute(ring).first() is not None:
        raise Refused("不能挂到它自己或它的下级下面，请另选上级。", "parent_id")
    return parent
