"""Which rows of an organisation a viewer reaches: the one scope function for everything but cases and people."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, false, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute

from fulian.audit.actor import Held, Viewer
from fulian.orgs.models import OrgAncestor

OWN_ORG_ROLES = frozenset({"caseworker"})
SUBTREE_ROLES = frozenset({"programme_lead", "township_admin", "county_admin", "city_admin"})

Column = InstrumentedAttribute[Any] | ColumnElement[Any]


def grants_for(viewer: Viewer, programme: str | None) -> tuple[Held, ...]:
    """The grants of the viewer that reach rows of this programme (None: rows that belong to no programme).

    The three administrators' grants reach nothing: they read no cases, no people and no rows of plugins.
    """
    return tuple(
        held
        for held in viewer.grants
        if held.role in OWN_ORG_ROLES | SUBTREE_ROLES
        and (held.programme is None or programme is None or held.programme == programme)
    )


def in_scope(
    viewer: Viewer, org_col: Column, county_col: Column, *, programme: str | None = None
) -> ColumnElement[bool]:
    """A condition on rows that carry an organisation and a county unit.

    A caseworker reaches her own organisation's rows, everybody else her organisation's whole subtree; nobody without a
    grant for `programme` reaches anything.
    """
    arms: list[ColumnElement[bool]] = []
    for held in grants_for(viewer, programme):
        if held.role in OWN_ORG_ROLES:
            arms.append(org_col == held.org_id)
        elif held.level == "city":
            return true()
        elif held.level == "county":
            arms.append(county_col == held.org_id)
        else:
            arms.append(org_col.in_(select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == held.org_id)))
    return or_(*arms) if arms else false()
