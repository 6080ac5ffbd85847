"""The statistics counted again from the lines of history: for moving an organisation, and to check `case_stat`.

Only the events and the tree are read: what a case is now is what its last line with a status says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sqlalchemy import select

from fulian.calendar import month_of
from fulian.cases.models import OPEN_STATUSES, Case, CaseStat, Event
from fulian.cases.statistics import STAT_LEVELS, Cell
from fulian.db import db
from fulian.orgs.models import OrgAncestor, Organisation

MEASURES = ("opened", "closed", "reopened")


def counted_cells(org_id: int | None = None) -> list[Cell]:
    """One cell for each case and measure of it, as its history has it: of one organisation's subtree, or of all."""
    cells: list[Cell] = []
    scopes = _scopes(org_id)
    for org, programme, rows in _histories(org_id):
        last = rows[-1]
        if last.status == "void":
            continue  # entered by mistake: out of the statistics, its number is kept
        cells += _measured(programme, rows, scopes[org])
        if last.status in OPEN_STATUSES:
            key = ("", "open-now", programme, last.stage or "", "", last.risk or "")
            cells += [Cell(scope, *key) for scope in scopes[org]]
    return cells


def measured_cells(case: Case, scopes: Iterable[int]) -> list[Cell]:
    """The cells of all that was ever measured of one case: opened, closed, reopened; not of what it is now."""
    rows = db.session.execute(select(Event).where(Event.case_id == case.id, Event.kind.in_(MEASURES)))
    return _measured(case.programme, rows.scalars(), scopes)


def _measured(programme: str, rows: Iterable[Event], scopes: Iterable[int]) -> list[Cell]:
    cells: list[Cell] = []
    for row in rows:
        if row.kind in MEASURES:
            outcome = (row.outcome or "") if row.kind == "closed" else ""
            key = (month_of(row.recorded_at), row.kind, programme, "", outcome, row.risk or "")
            cells += [Cell(scope, *key) for scope in scopes]
    return cells


def differing_cells() -> dict[Cell, tuple[int, int]]:
    """The cells of `case_stat` that differ from the history: stored and counted. Empty where all is right."""
    counted = Counter(counted_cells())
    stored: dict[Cell, int] = {}
    for row in db.session.execute(select(CaseStat)).scalars():
        cell = Cell(row.scope_id, row.month, row.measure, row.programme, row.stage, row.outcome, row.risk)
        stored[cell] = row.n
    return {
        cell: (stored.get(cell, 0), counted.get(cell, 0))
        for cell in {*stored, *counted}
        if stored.get(cell, 0) != counted.get(cell, 0)
    }


def _scopes(org_id: int | None) -> dict[int, list[int]]:
    query = select(OrgAncestor.org_id, OrgAncestor.ancestor_id).join(
        Organisation, Organisation.id == OrgAncestor.ancestor_id
    )
    query = query.where(Organisation.level.in_(STAT_LEVELS))
    if org_id is not None:
        below = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == org_id)
        query = query.where(OrgAncestor.org_id.in_(below))
    scopes: dict[int, list[int]] = {}
    for org, ancestor in db.session.execute(query):
        scopes.setdefault(org, []).append(ancestor)
    return scopes


def _histories(org_id: int | None) -> Iterator[tuple[int, str, list[Event]]]:
    """(organisation, programme, the lines with a status in the order they were written) of each case."""
    query = (
        select(Case.id, Case.org_id, Case.programme, Event)
        .join(Event, Event.case_id == Case.id)
        .where(Event.status.is_not(None))
        .order_by(Case.id, Event.id)
    )
    if org_id is not None:
        below = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == org_id)
        query = query.where(Case.org_id.in_(below))
    current, org, programme, rows = 0, 0, "", list[Event]()
    for case_id, case_org, case_programme, event in db.session.execute(query):
        if case_id != current and rows:
            yield org, programme, rows
            rows = []
        current, org, programme = case_id, case_org, case_programme
        rows.append(event)
    if rows:
        yield org, programme, rows
