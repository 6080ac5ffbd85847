"""An organisation moves to another county: mediation's rows go with its cases."""

from __future__ import annotations

from fulian_mediation.queries import find_detail
from sqlalchemy import select

from fulian.api import Base, db
from fulian.testing.acts import advance, find_row, move
from fulian.testing.world import CHIPING, DONGCHANGFU, LIUYUAN, open_mediation

from .conftest import REPORT, VISIT


def test_every_row_follows(signed: int) -> None:
    advance(signed, "record_follow_up", **VISIT)
    advance(signed, "report_police", **REPORT)
    first_there = open_mediation("other_mediator").id
    tables = [table for name, table in Base.metadata.tables.items() if name.startswith("mediation_")]
    move(LIUYUAN, CHIPING)
    assert find_row(signed).county_id == CHIPING
    for table in tables:
        counties = db.session.execute(select(table.c.county_id).where(table.c.case_id == signed)).scalars().all()
        assert counties, table.name
        assert set(counties) == {CHIPING}, (table.name, DONGCHANGFU)
    # A number is never given anew: it names the unit that took the case, and so is no other case's of the new unit.
    numbers = [find_detail(case_id).file_number for case_id in (signed, first_there)]
    assert numbers == ["（2026）聊妇婚调字第371502-0001号", "（2026）聊妇婚调字第371503-0001号"]
