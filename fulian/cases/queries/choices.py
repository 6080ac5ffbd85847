"""What the filters of the case list offer a viewer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import bindparam, or_, select

from fulian.audit.actor import Viewer
from fulian.db import db
from fulian.orgs.models import Organisation
from fulian.orgs.scope import OWN_ORG_ROLES, grants_for, in_scope
from fulian.prepared import Prepared
from fulian.programmes.loader import find_programme
from fulian.programmes.queries import known_programmes

RISK_CODES = ("r", "o", "y", "b")
Choices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FilterChoices:
    """(value, label) pairs of each select; empty where there is nothing to choose."""

    programmes: Choices
    stages: Choices
    outcomes: Choices
    orgs: Choices


def filter_choices(viewer: Viewer, programme: str) -> FilterChoices:
    """The choices for this viewer: stages and outcomes of the chosen programme, or of the only one there is."""
    known = known_programmes()
    code = programme or (next(iter(known)) if len(known) == 1 else "")
    found = find_programme(code) if code else None
    stages = tuple((stage.code, stage.label) for stage in found.stages) if found else ()
    outcomes = tuple((outcome.code, outcome.label) for outcome in found.outcomes) if found else ()
    return FilterChoices(tuple(sorted(known.items())), stages, outcomes, _orgs_below(viewer))


_below = Prepared(
    select(Organisation.id, Organisation.short_name)
    .where(
        Organisation.parent_id == bindparam("of"),
        or_(*(Organisation.level == level for level in ("county", "township", "village"))),
    )
    .order_by(Organisation.sort, Organisation.id)
)


def _orgs_below(viewer: Viewer) -> Choices:
    """The organisations right below those of her grants: counties for the city, townships for a county."""
    parents = dict.fromkeys(held.org_id for held in grants_for(viewer, None) if held.role not in OWN_ORG_ROLES)
    return tuple((str(org_id), name) for parent in parents for org_id, name in _below.rows({"of": parent}))


def may_narrow(viewer: Viewer, org: str) -> bool:
    """Whether a list may be narrowed to this organisation: it lies in the subtree of one of the viewer's grants."""
    if not (org.isascii() and org.isdigit() and len(org) < 10):
        return False
    wide = tuple(held for held in viewer.grants if held.role not in OWN_ORG_ROLES)
    if not wide:
        return False
    return (
        db.session.execute(
            select(Organisation.id).where(
                Organisation.id == int(org), in_scope(viewer, Organisation.id, Organisation.county_id)
            )
        ).first()
        is not None
    )
