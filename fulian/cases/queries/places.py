"""Where a viewer may register a case of a programme."""

from __future__ import annotations

from sqlalchemy import select

from fulian.accounts.roles import PERMISSIONS
from fulian.audit.actor import Viewer
from fulian.db import db
from fulian.orgs.models import Organisation
from fulian.orgs.queries import OrgRef
from fulian.orgs.scope import OWN_ORG_ROLES, grants_for
from fulian.programmes.models import Opening
from fulian.programmes.queries import taking_cases


def opening_places(viewer: Viewer, programme: str) -> list[OrgRef]:
    """The organisations of her own grants in which the programme takes cases now, her own work place first.

    A lead registers for the unit she holds her grant in; for a village below it, the caseworker there does.
    """
    roles = PERMISSIONS["cases.open"]
    ids = {held.org_id for held in grants_for(viewer, programme) if held.role in roles}
    if not ids:
        return []
    rows = db.session.execute(
        select(
            Organisation.id,
            Organisation.name,
            Organisation.short_name,
            Organisation.level,
            Organisation.county_id,
            Organisation.parent_id,
        )
        .where(
            Organisation.id.in_(ids),
            Organisation.level != "city",  # the city's own work is 市本级's
            Organisation.county_id.in_(
                select(Opening.county_id).where(Opening.programme == programme, taking_cases(viewer.now))
            ),
        )
        .order_by(Organisation.id)
    )
    places = [OrgRef(*row) for row in rows]
    roles_here = {held.org_id for held in viewer.grants if held.role in OWN_ORG_ROLES}
    return sorted(places, key=lambda place: (place.id not in roles_here, place.id != viewer.org_id, place.id))
