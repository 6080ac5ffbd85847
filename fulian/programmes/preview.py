"""What a switch would change, in numbers, shown before it acts."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from fulian.accounts.models import Account, Grant
from fulian.accounts.queries import in_force
from fulian.audit.actor import Viewer
from fulian.calendar import local_date
from fulian.db import db
from fulian.orgs.models import Organisation


@dataclass(frozen=True)
class Preview:
    """How many organisations and accounts of a unit a programme's switch touches."""

    townships: int
    villages: int
    bodies: int
    accounts: int


def preview_switch(code: str, county_id: int, viewer: Viewer) -> Preview:
    """Count the organisations of the unit, and the accounts there whose grants reach the programme."""
    rows = db.session.execute(
        select(Organisation.level, func.count())
        .where(Organisation.county_id == county_id, Organisation.closed_on.is_(None))
        .group_by(Organisation.level)
    )
    levels = {row[0]: row[1] for row in rows}
    accounts = db.session.execute(
        select(func.count(func.distinct(Account.id)))
        .join(Grant, Grant.account_id == Account.id)
        .join(Organisation, Organisation.id == Grant.org_id)
        .where(
            Organisation.county_id == county_id,
            Organisation.level != "city",
            Account.status == "active",
            (Grant.programme.is_(None)) | (Grant.programme == code),
            in_force(local_date(viewer.now)),
        )
    ).scalar_one()
    return Preview(levels.get("township", 0), levels.get("village", 0), levels.get("body", 0), accounts)
