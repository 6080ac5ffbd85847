"""Reads of the organisation tree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, exists, func, or_, select
from sqlalchemy.orm import aliased

from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.prepared import Prepared

CITY_NUMBER_CODE = "371500"
_MOST_IDS = 10_000  # of one IN: SQLite takes 32,766 values in a statement, PostgreSQL 65,535


@dataclass(frozen=True)
class OrgRef:
    """An organisation as other rooms see it."""

    id: int
    name: str
    short_name: str
    level: str
    county_id: int
    parent_id: int | None
    number_code: str | None = None


_ref = (
    Organisation.id,
    Organisation.name,
    Organisation.short_name,
    Organisation.level,
    Organisation.county_id,
    Organisation.parent_id,
    Organisation.number_code,
)
_org, _tree = Organisation.__table__, OrgAncestor.__table__
_above = Prepared(
    select(*(_org.c[column.key] for column in _ref))
    .join_from(_tree, _org, _tree.c.ancestor_id == _org.c.id)
    .where(_tree.c.org_id == bindparam("of"))
    .order_by(_tree.c.depth)
)

_units = Prepared(select(*_ref).where(Organisation.level == "county").order_by(Organisation.sort))


def find_org(org_id: int) -> OrgRef:
    """The organisation with this id. Raises NotFound."""
    row = db.session.execute(select(*_ref).where(Organisation.id == org_id)).one_or_none()
    if row is None:
        raise NotFound
    return OrgRef(*row)


def ancestors(org_id: int) -> tuple[OrgRef, ...]:
    """The organisation itself and all above it, nearest first, the city last."""
    return tuple(OrgRef(*row) for row in _above.rows({"of": org_id}))


def county_units() -> tuple[OrgRef, ...]:
    """The twelve county-level units in official order: eight counties, three development zones, 市本级."""
    return tuple(OrgRef(*row) for row in _units.rows({}))


def city_unit() -> int:
    """The id of 市本级, the county-level unit of the city's own work; the whole city's audit chain is its own."""
    return db.session.execute(select(Organisation.id).where(Organisation.number_code == CITY_NUMBER_CODE)).scalar_one()


def has_organisations() -> bool:
    """Whether the network was loaded: not before the first account is made."""
    return db.session.execute(select(Organisation.id).limit(1)).first() is not None


def is_within(org_id: int, ancestor_id: int) -> bool:
    """Whether `org_id` is `ancestor_id` or below it."""
    return (
        db.session.execute(
            select(OrgAncestor.depth).where(OrgAncestor.org_id == org_id, OrgAncestor.ancestor_id == ancestor_id)
        ).first()
        is not None
    )


@dataclass(frozen=True)
class OrgLine:
    """An organisation as the tree shows it; `below` is how many hang right under it."""

    id: int
    name: str
    short_name: str
    level: str
    kind: str
    demo: bool
    closed_on: date | None
    below: int


@dataclass(frozen=True)
class Found:
    """An organisation that a search found, with the short names of what is above it, the city left out."""

    line: OrgLine
    path: str


_child = aliased(Organisation)
_line = (
    Organisation.id,
    Organisation.name,
    Organisation.short_name,
    Organisation.level,
    Organisation.kind,
    Organisation.demo,
    Organisation.closed_on,
    select(func.count()).where(_child.parent_id == Organisation.id).correlate(Organisation).scalar_subquery(),
)


def org_line(org_id: int) -> OrgLine:
    """One organisation as the tree shows it. Raises NotFound."""
    row = db.session.execute(select(*_line).where(Organisation.id == org_id)).one_or_none()
    if row is None:
        raise NotFound
    return OrgLine(*row)


def children(parent_id: int) -> list[OrgLine]:
    """The organisations right under this one, in their order."""
    rows = db.session.execute(
        select(*_line).where(Organisation.parent_id == parent_id).order_by(Organisation.sort, Organisation.id)
    )
    return [OrgLine(*row) for row in rows]


def organisation(org_id: int) -> Organisation:
    """The whole row of an organisation. Raises NotFound."""
    found = db.session.get(Organisation, org_id)
    if found is None:
        raise NotFound
    return found


def search_orgs(text: str, limit: int, near: int | None = None) -> list[Found]:
    """At most `limit` organisations whose name holds the text, or whose division or unit code begins with it.

    Higher levels first, those of the unit `near` before others, then in the order of the tree. A space stands between
    parts that must all be found, in the name or in those above it: 莘县 王庄.
    """
    parts = text.split()
    if not parts:
        return []
    rows = db.session.execute(
        select(*_line)
        .where(_called(Organisation, parts[-1]), *(_under(part) for part in parts[:-1]))
        .order_by(
            _LEVEL_ORDER, Organisation.county_id != near, Organisation.county_id, Organisation.sort, Organisation.id
        )
        .limit(limit)
    )
    lines = [OrgLine(*row) for row in rows]
    above = ancestors_of(line.id for line in lines)
    return [Found(line, " › ".join(org.short_name for org in reversed(above[line.id][1:-1]))) for line in lines]


_LEVEL_ORDER = case({"city": 0, "county": 1, "township": 2, "village": 3}, value=Organisation.level, else_=4)


def _called(org: Any, text: str) -> ColumnElement[bool]:
    if text.isascii() and text.isalnum():
        code = text.upper()
        return or_(org.number_code.startswith(code), org.division_code.startswith(code))
    return org.name.contains(text, autoescape=True)  # type: ignore[no-any-return]


def _under(text: str) -> ColumnElement[bool]:
    """Whether the organisation itself or one above it is called so."""
    over, chain = aliased(Organisation), aliased(OrgAncestor)
    return (
        exists()
        .where(chain.org_id == Organisation.id, over.id == chain.ancestor_id)
        .where(_called(over, text))
        .correlate(Organisation)
    )


def ancestors_of(org_ids: Iterable[int]) -> dict[int, tuple[OrgRef, ...]]:
    """What `ancestors` gives, for many organisations at once."""
    above: dict[int, list[OrgRef]] = {}
    wanted = sorted(set(org_ids))
    for start in range(0, len(wanted), _MOST_IDS):
        rows = db.session.execute(
            select(OrgAncestor.org_id, *_ref)
            .join(Organisation, Organisation.id == OrgAncestor.ancestor_id)
            .where(OrgAncestor.org_id.in_(wanted[start : start + _MOST_IDS]))
            .order_by(OrgAncestor.org_id, OrgAncestor.depth)
        )
        for row in rows:
            above.setdefault(row[0], []).append(OrgRef(*row[1:]))
    return {org_id: tuple(refs) for org_id, refs in above.items()}


def org_count() -> int:
    """How many organisations there are."""
    return db.session.execute(select(func.count()).select_from(Organisation)).scalar_one()


def size_of(org_id: int) -> dict[str, int]:
    """How many organisations of each level the subtree has, itself included."""
    rows = db.session.execute(
        select(Organisation.level, func.count())
        .join(OrgAncestor, OrgAncestor.org_id == Organisation.id)
        .where(OrgAncestor.ancestor_id == org_id)
        .group_by(Organisation.level)
    )
    return {row[0]: row[1] for row in rows}
