"""What the room of people asks this one: which cases somebody may see, and parties that follow a merge of two files."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from fulian.audit.actor import Viewer
from fulian.cases.models import Case, CaseToken, Party
from fulian.cases.scope import sees
from fulian.db import db
from fulian.errors import Refused

_UNSYNCED = {"synchronize_session": False}


def seen_cases(viewer: Viewer, case_ids: set[int]) -> set[int]:
    """Those of these cases that the viewer may see."""
    return set(db.session.execute(select(Case.id).where(Case.id.in_(case_ids), sees(viewer))).scalars())


def repoint_parties(from_id: int, to_id: int, only: list[int] | None) -> list[int]:
    """Make one person the party where another was, and move the cases' search tokens along; returns the parties' ids.

    `only` are the ids that an earlier call returned (undo), None all. Raises Refused where both are in one case.
    """
    moved = select(Party.id, Party.case_id).where(Party.person_id == from_id)
    rows = db.session.execute(moved if only is None else moved.where(Party.id.in_(only))).all()
    cases = [row.case_id for row in rows]
    other = aliased(Party)
    both = select(Case.number).join(other, other.case_id == Case.id).where(other.person_id == to_id, Case.id.in_(cases))
    number = db.session.execute(both.order_by(Case.id).limit(1)).scalar_one_or_none()
    if number is not None:
        raise Refused(f"两个人是同一件案件（{number}）里的两位当事人，不能合并。请先核对那件案件登记得对不对。")
    ids = [row.id for row in rows]
    parties = update(Party).where(Party.id.in_(ids)).values(person_id=to_id)
    tokens = update(CaseToken).where(CaseToken.case_id.in_(cases), CaseToken.person_id == from_id)
    db.session.execute(parties, execution_options=_UNSYNCED)
    db.session.execute(tokens.values(person_id=to_id), execution_options=_UNSYNCED)
    return ids
