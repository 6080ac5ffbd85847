"""How many restricted cases an account reads, and by what right: numbers only, for whoever reads no case herself."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, select

from fulian.audit.actor import Viewer
from fulian.cases.models import Case, CaseAccess
from fulian.cases.scope import access_condition, handles
from fulian.db import db

HANDLER = "handler"


def restricted_counts(viewer: Viewer) -> Mapping[str, int]:
    """By what the viewer reads restricted cases now → how many: handler, role, person, break_glass."""
    handled = select(func.count()).select_from(Case).where(Case.restricted.is_(True), handles(viewer))
    given = (
        select(CaseAccess.kind, func.count(CaseAccess.case_id.distinct()))
        .where(access_condition(viewer))
        .group_by(CaseAccess.kind)
    )
    counts = {kind: int(n) for kind, n in db.session.execute(given)}
    return {HANDLER: db.session.execute(handled).scalar_one(), **counts}
