"""Reads of the organisation tree."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.models import OrgAncestor, Organisation

CITY_NUMBER_CODE = "371500"


@dataclass(frozen=True)
class OrgRef:
    """An organisation as other rooms see it."""

    id: int
    name: str
    short_name: str
    level: str
    county_id: int
    parent_id: int | None


_ref = (
    Organisation.id,
    Organisation.name,
    Organisation.short_name,
    Organisation.level,
    Organisation.county_id,
    Organisation.parent_id,
)


def find_org(org_id: int) -> OrgRef:
    """The organisation with this id. Raises NotFound."""
    row = db.session.execute(select(*_ref).where(Organisation.id == org_id)).one_or_none()
    if row is None:
        raise NotFound
    return OrgRef(*row)


def ancestors(org_id: int) -> tuple[OrgRef, ...]:
    """The organisation itself and all above it, nearest first, the city last."""
    rows = db.session.execute(
        select(*_ref)
        .join(OrgAncestor, OrgAncestor.ancestor_id == Organisation.id)
        .where(OrgAncestor.org_id == org_id)
        .order_by(OrgAncestor.depth)
    )
    return tuple(OrgRef(*row) for row in rows)


def county_units() -> tuple[OrgRef, ...]:
    """The twelve county-level units in official order: eight counties, three development zones, 市本级."""
    rows = db.session.execute(select(*_ref).where(Organisation.level == "county").order_by(Organisation.sort))
    return tuple(OrgRef(*row) for row in rows)


def city_unit() -> int:
    """The id of 市本级, the county-level unit of the city's own work; the whole city's audit chain is its own."""
    return db.session.execute(select(Organisation.id).where(Organisation.number_code == CITY_NUMBER_CODE)).scalar_one()


def is_within(org_id: int, ancestor_id: int) -> bool:
    """Whether `org_id` is `ancestor_id` or below it."""
    return (
        db.session.execute(
            select(OrgAncestor.depth).where(OrgAncestor.org_id == org_id, OrgAncestor.ancestor_id == ancestor_id)
        ).first()
        is not None
    )
