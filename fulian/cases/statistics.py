"""`case_stat`: counted up and down in the transaction of the change, as its last statement.

Cells are queued in `session.info` and written by a finisher in the order of their keys, after the audit heads: two
transactions that touch the same cells then never wait for each other crosswise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import delete
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from fulian.calendar import month_of
from fulian.cases.models import OPEN_STATUSES, STATISTICS, CaseStat
from fulian.db import db, finish_before_commit
from fulian.orgs.queries import OrgRef
from fulian.prepared import PreparedChange

QUEUE = "stat"
STAT_LEVELS = ("county", "township")


class Cell(NamedTuple):
    """The key of a statistics cell; see `CaseStat` for the words."""

    scope_id: int
    month: str
    measure: str
    programme: str
    stage: str
    outcome: str
    risk: str


class State(NamedTuple):
    """What the statistics know of a case: enough to take it out of one cell and put it into another."""

    programme: str
    status: str
    stage: str
    outcome: str | None
    risk: str | None


def stat_scopes(ancestors: Iterable[OrgRef]) -> tuple[int, ...]:
    """The counties and townships among a case's organisation and those above it."""
    return tuple(org.id for org in ancestors if org.level in STAT_LEVELS)


def now_cells(scopes: Iterable[int], state: State) -> list[Cell]:
    """The cells that count a case as open now; none where it is closed or void."""
    if state.status not in OPEN_STATUSES:
        return []
    return [Cell(scope, "", "open-now", state.programme, state.stage, "", state.risk or "") for scope in scopes]


def event_cells(scopes: Iterable[int], measure: str, at: datetime, state: State) -> list[Cell]:
    """The cells of a measured event: opened (by risk), closed (by outcome and risk), reopened."""
    outcome = (state.outcome or "") if measure == "closed" else ""
    month = month_of(at)
    return [Cell(scope, month, measure, state.programme, "", outcome, state.risk or "") for scope in scopes]


def count(cells: Iterable[Cell], by: int = 1) -> None:
    """Queue cells to be counted up (or, with by = −1, down) when the transaction commits."""
    db.session().info.setdefault(QUEUE, []).extend((cell, by) for cell in cells)


def move_now(scopes: Iterable[int], before: State, after: State) -> None:
    """A case changed its state: out of its old open-now cells, into the new ones."""
    if before != after:
        held = tuple(scopes)
        count(now_cells(held, before), -1)
        count(now_cells(held, after))


# Written alike on both databases.
_insert = postgresql.insert(STATISTICS)
_add = PreparedChange(
    _insert.on_conflict_do_update(
        index_elements=["scope_id", "month", "measure", "programme", "stage", "outcome", "risk"],
        set_={"n": STATISTICS.c.n + _insert.excluded.n},
    )
)


@finish_before_commit(20)
def write_cells(session: Session) -> None:
    """Add what was queued to `case_stat`, in the order of the keys."""
    queue: list[tuple[Cell, int]] = session.info.get(QUEUE, [])
    if not queue:
        return
    sums: Counter[Cell] = Counter()
    for cell, by in queue:
        sums[cell] += by
    queue.clear()
    _add.run(*({**cell._asdict(), "n": n} for cell, n in sorted(sums.items()) if n))


def forget_empty_cells() -> None:
    """Remove cells that went back to zero (upkeep; a page shows none for both)."""
    db.session.execute(delete(CaseStat).where(CaseStat.n == 0))
