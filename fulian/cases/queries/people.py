"""Reads of cases for the pages of people."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select

from fulian.audit.actor import Viewer
from fulian.cases.models import Case, Party
from fulian.cases.scope import sees
from fulian.db import db


def case_counts(viewer: Viewer, person_ids: Collection[int]) -> dict[int, int]:
    """In how many cases that the viewer sees each of these people is a party; who is in none is left out."""
    if not person_ids:
        return {}
    rows = db.session.execute(
        select(Party.person_id, func.count(Case.id.distinct()).label("n"))
        .join(Case, Case.id == Party.case_id)
        .where(Party.person_id.in_(person_ids), sees(viewer))
        .group_by(Party.person_id)
    )
    return {row.person_id: row.n for row in rows}
