"""The case list: newest first or due first, each filter by its declared driving path, never an OFFSET.

Driving paths: scope, status, programme and organisation run along `case_scope`; a handler along
`cases(handler_id, opened_at)`; a name, phone or document along `case_token`, in a small scope along the scope itself;
due-first along the partial index of open rows. Risk, stage and outcome are looked at beside a driving path, over at
most `EXAMINED` rows of each arm a page; where that is used up, the page says so and goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from fulian.audit.actor import Viewer
from fulian.cases.models import OPEN_STATUSES
from fulian.cases.queries.statements import Shape, statements_for
from fulian.cases.scope import is_personal, role_arms, scope_arms
from fulian.web.paging import COUNT_CAP, Cursor

SMALL = 1000  # a scope of at most so many cases is searched case by case: following a frequent token costs more
_BOUND = ("programme", "org_id", "handler_id", "risk", "stage", "outcome", "due_from", "due_until")


@dataclass(frozen=True)
class CaseFilter:
    """What a list is narrowed to. `status` ∈ open (open and waiting), closed, void or None; `order` ∈ newest, due.

    `due_from` and `due_until` (UTC instants, the second excluded) narrow a due-first list; `tokens` are search tokens
    of one question, any of which may match.
    """

    status: str | None = None
    programme: str | None = None
    org_id: int | None = None
    handler_id: int | None = None
    risk: str | None = None
    stage: str | None = None
    outcome: str | None = None
    tokens: tuple[str, ...] = ()
    order: str = "newest"
    due_from: datetime | None = None
    due_until: datetime | None = None

    @property
    def statuses(self) -> tuple[str, ...]:
        """The stored statuses meant by `status`."""
        return OPEN_STATUSES if self.status == "open" else (self.status,) if self.status else ()

    def values(self) -> dict[str, Any]:
        """The filters that are set and whose value is bound, by name."""
        return {name: getattr(self, name) for name in _BOUND if getattr(self, name) is not None}


class CaseRow(NamedTuple):
    """A case as a list shows it, in the order of the columns that `statements` reads."""

    id: int
    number: str
    title: str
    subject: str
    programme: str
    status: str
    stage: str
    outcome: str | None
    risk: str | None
    restricted: bool
    opened_at: datetime
    due_at: datetime | None
    next_step: str | None
    handler_name: str
    org_name: str


@dataclass(frozen=True)
class CaseRows:
    """Up to `limit + 1` rows from the cursor on; `stopped` is where a search through many rows has got to."""

    rows: list[CaseRow]
    stopped: Cursor | None = None


@dataclass(frozen=True)
class CasePage:
    """One page of a list: what `case_rows` and `case_count` say of it."""

    rows: list[CaseRow]
    stopped: Cursor | None
    count: int


def case_page(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, limit: int) -> CasePage:
    """One page of up to `limit + 1` rows and the count of the whole list."""
    shape, values = _asked(viewer, wanted, cursor, limit)
    count, arms = _counted(replace(shape, limit=COUNT_CAP, back=None), values)
    found = _rows(replace(shape, arms=arms), values, wanted)
    return CasePage(found.rows, found.stopped, count)


def case_rows(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, limit: int) -> CaseRows:
    """The rows of one page. Runs over every arm of the viewer's scope, each with its own limit."""
    shape, values = _asked(viewer, wanted, cursor, limit)
    return _rows(shape, values, wanted)


def case_count(viewer: Viewer, wanted: CaseFilter) -> int:
    """How many cases the list has, counted to COUNT_CAP + 1 and no further.

    With a filter beside the driving path only so many rows of each arm are looked at: at least so many.
    """
    shape, values = _asked(viewer, wanted, None, COUNT_CAP)
    return _counted(shape, values)[0]


def _rows(shape: Shape, values: dict[str, Any], wanted: CaseFilter) -> CaseRows:
    statements = statements_for(shape)
    rows = [CaseRow._make(row) for row in statements.page.rows(values)]
    if statements.stop is None or len(rows) > shape.limit or shape.back:
        return CaseRows(rows)
    return _until_stopped(rows, statements.stop.rows(values), wanted)


def _counted(shape: Shape, values: dict[str, Any]) -> tuple[int, frozenset[int] | None]:
    """How many cases, to the limit + 1, and the arms that lead to any of them (None: not known)."""
    if shape.examines:
        return statements_for(shape).count.rows(values)[0][0], None
    lengths = statements_for(shape).lengths.rows(values)
    arms = frozenset(arm for arm, n in lengths if n)
    if not arms:
        return 0, arms
    most = shape.limit + 1
    if shape.has_no_doubles(arms):
        return min(sum(n for _arm, n in lengths), most), arms
    if any(n == most and arm < shape.keyed for arm, n in lengths):
        return most, arms
    return statements_for(replace(shape, arms=arms)).count.rows(values)[0][0], arms


def _until_stopped(rows: list[CaseRow], used_up: list[tuple[Any, ...]], wanted: CaseFilter) -> CaseRows:
    """The rows up to the place where the first arm was used up, and that place; all rows where none was."""
    if not used_up:
        return CaseRows(rows)
    if wanted.order == "due":
        stop = min(used_up)
        return CaseRows([row for row in rows if (row.due_at, row.id) <= stop], Cursor(*stop))
    stop = max(used_up)
    return CaseRows([row for row in rows if (row.opened_at, row.id) >= stop], Cursor(*stop))


def _asked(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, limit: int) -> tuple[Shape, dict[str, Any]]:
    """The shape of what a viewer asks for, and the values that are bound in its statements."""
    scopes, roles = scope_arms(viewer, within=wanted.org_id), role_arms(viewer)
    counties = set() if any(held.level == "city" for held in viewer.grants) else {h.county_id for h in viewer.grants}
    values = {"me": viewer.account_id, "now": viewer.now, **wanted.values()}
    whole = Shape(
        scopes=tuple((arm.own, arm.programme) for arm in scopes),
        roles=tuple((arm.role, arm.programme) for arm in roles),
        personal=is_personal(viewer),
        limit=SMALL,
    )
    values |= {f"scope_{i}": arm.scope_id for i, arm in enumerate(scopes)}
    values |= {f"org_{i}": arm.org_id for i, arm in enumerate(roles)}
    shape = replace(
        whole,
        limit=limit,
        given=frozenset(wanted.values()),
        statuses=wanted.statuses,
        due=wanted.order == "due",
        back=None if cursor is None else cursor.back,
        mine=wanted.handler_id is not None and wanted.handler_id == viewer.account_id and whole.personal,
        tokens=len(wanted.tokens),
        counties=len(counties),
    )
    if wanted.tokens:
        shape = replace(shape, through_scope=shape.due or _counted(whole, values)[0] <= SMALL)
        values |= {f"token_{i}": token for i, token in enumerate(wanted.tokens)}
        values |= {f"county_{i}": county_id for i, county_id in enumerate(sorted(counties))}
    if cursor is not None:
        values |= {"cursor_at": cursor.at, "cursor_id": cursor.id}
    return shape, values
