"""停用 a programme: only when nobody is left alone by it."""

from __future__ import annotations

from sqlalchemy import func, select

from fulian.audit.actor import Actor
from fulian.cases.models import OPEN_STATUSES, Case
from fulian.db import db
from fulian.errors import Refused
from fulian.programmes.service import end_opening


def open_case_count(code: str, county_id: int) -> int:
    """How many cases of a programme are open in a unit, restricted ones included."""
    return db.session.execute(
        select(func.count())
        .select_from(Case)
        .where(Case.county_id == county_id, Case.programme == code, Case.status.in_(OPEN_STATUSES))
    ).scalar_one()


def close_programme(code: str, county_id: int, reason: str, by: Actor) -> None:
    """停用 a programme in a unit. Raises Refused while cases are open there: they run to their end first (停止受理)."""
    end_opening(code, county_id, reason, by)
    n = open_case_count(code, county_id)
    if n:
        raise Refused(f"还有 {n} 件案件没有办结，现在不能停用。请先“停止受理”，待它们办结后再停用。")
