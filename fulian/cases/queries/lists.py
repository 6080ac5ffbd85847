"""The case list: newest first or due first, each filter by its declared driving path, never an OFFSET.

Driving paths: scope, status, programme and organisation run along `case_scope`; a handler along
`cases(handler_id, opened_at)`; a name, phone or document along `case_token`; due-first along the partial index of
open rows. Risk, stage and outcome are looked at beside a driving path, over at most `EXAMINED` rows of each arm a
page; where that is used up, the page says so and goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select, text, tuple_, union_all

from fulian.accounts.models import Account
from fulian.audit.actor import Viewer
from fulian.cases.models import OPEN_STATUSES, Case, CaseAccess, CaseScope, CaseToken
from fulian.cases.scope import access_condition, handles, scope_arms, sees
from fulian.db import db
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.web.paging import COUNT_CAP, Cursor

Keys = Select[*tuple[Any, ...]]  # rows (at, id)

EXAMINED = 5000  # rows of one arm looked at for one page, when a filter stands beside the driving path
_OPEN_ROWS = text("case_scope.status IN ('open', 'waiting')")  # letter for letter the predicate of the partial index


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

    @property
    def beside(self) -> bool:
        """Whether a filter stands beside the driving path, so that rows are examined."""
        return any((self.risk, self.stage, self.outcome))


@dataclass(frozen=True)
class CaseRow:
    """A case as a list shows it."""

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
    """Up to `limit + 1` rows from the cursor on; `stopped` is where a search through 5,000 rows has got to."""

    rows: list[CaseRow]
    stopped: Cursor | None = None


def case_rows(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, limit: int) -> CaseRows:
    """The rows of one page. Runs over every arm of the viewer's scope, each with its own limit."""
    found = _keys(viewer, wanted, cursor, limit)
    if not found.keys:
        return CaseRows([], found.stopped)
    order = [key[1] for key in found.keys]
    rows = {row[0]: CaseRow(*row) for row in db.session.execute(_columns.where(Case.id.in_(order)))}
    return CaseRows([rows[case_id] for case_id in order if case_id in rows], found.stopped)


def case_count(viewer: Viewer, wanted: CaseFilter) -> int:
    """How many cases the list has, counted to COUNT_CAP + 1 and no further.

    With a filter beside the driving path only the first `EXAMINED` rows of each arm are looked at: at least so many.
    """
    arms = _arms(viewer, wanted, None, EXAMINED if wanted.beside else COUNT_CAP + 1)
    if not arms:
        return 0
    together = union_all(*arms).subquery()
    found = select(together.c.id).distinct()
    if wanted.beside:
        found = found.join(Case, Case.id == together.c.id).where(*_beside(wanted))
    return db.session.execute(select(func.count()).select_from(found.limit(COUNT_CAP + 1).subquery())).scalar_one()


_columns: Keys = (
    select(
        Case.id,
        Case.number,
        Case.title,
        Case.subject,
        Case.programme,
        Case.status,
        Case.stage,
        Case.outcome,
        Case.risk,
        Case.restricted,
        Case.opened_at,
        Case.due_at,
        Case.next_step,
        Account.name,
        Organisation.short_name,
    )
    .join(Account, Account.id == Case.handler_id)
    .join(Organisation, Organisation.id == Case.org_id)
)


@dataclass(frozen=True)
class _Keys:
    keys: Sequence[tuple[datetime, int]]
    stopped: Cursor | None


def _keys(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, limit: int) -> _Keys:
    arms = _arms(viewer, wanted, cursor, EXAMINED if wanted.beside else limit + 1)
    if not arms:
        return _Keys([], None)
    together = union_all(*arms).subquery()
    order = _order(together.c.at, together.c.id, wanted, cursor)
    if not wanted.beside:
        rows = db.session.execute(select(together.c.at, together.c.id).distinct().order_by(*order).limit(limit + 1))
        return _Keys([(row.at, row.id) for row in rows], None)
    query = select(together.c.at, together.c.id).distinct().join(Case, Case.id == together.c.id)
    rows = db.session.execute(query.where(*_beside(wanted)).order_by(*order).limit(limit + 1))
    keys = [(row.at, row.id) for row in rows]
    if len(keys) > limit:
        return _Keys(keys, None)
    return _Keys(keys, _where_stopped(arms, wanted, cursor))


def _where_stopped(arms: list[Keys], wanted: CaseFilter, cursor: Cursor | None) -> Cursor | None:
    """Where the search got to when an arm was used up; None where all of it was seen."""
    places = []
    for arm in arms:
        rows = db.session.execute(arm).all()
        if len(rows) == EXAMINED:
            places.append((rows[-1].at, rows[-1].id))
    if not places:
        return None
    forward = (max(places) if wanted.order == "newest" else min(places)) if not (cursor and cursor.back) else None
    return Cursor(*forward) if forward is not None else None


def _beside(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.risk:
        conditions.append(Case.risk == wanted.risk)
    if wanted.stage:
        conditions.append(Case.stage == wanted.stage)
    if wanted.outcome:
        conditions.append(Case.outcome == wanted.outcome)
    return conditions


def _order(at: Any, case_id: Any, wanted: CaseFilter, cursor: Cursor | None) -> tuple[Any, Any]:
    ascending = (wanted.order == "due") != (cursor is not None and cursor.back)
    return (at.asc(), case_id.asc()) if ascending else (at.desc(), case_id.desc())


def _after(at: Any, case_id: Any, wanted: CaseFilter, cursor: Cursor) -> ColumnElement[bool]:
    ascending = (wanted.order == "due") != cursor.back
    place = tuple_(at, case_id)
    bound = tuple_(cursor.at, cursor.id)
    return place > bound if ascending else place < bound


def _limited(query: Keys, at: Any, case_id: Any, wanted: CaseFilter, cursor: Cursor | None, n: int) -> Keys:
    if cursor is not None:
        query = query.where(_after(at, case_id, wanted, cursor))
    if wanted.due_from is not None:
        query = query.where(at >= wanted.due_from)
    if wanted.due_until is not None:
        query = query.where(at < wanted.due_until)
    inner = query.order_by(*_order(at, case_id, wanted, cursor)).limit(n).subquery()
    return select(inner.c.at, inner.c.id)


def _arms(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, n: int) -> list[Keys]:
    if wanted.tokens:
        return _token_arms(viewer, wanted, cursor, n)
    if wanted.handler_id is not None:
        return [_case_arm(viewer, wanted, cursor, n, Case.handler_id == wanted.handler_id, sees(viewer))]
    arms: list[Keys] = []
    for arm in scope_arms(viewer, within=wanted.org_id):
        arms += _scope_arm(arm.where(), wanted, cursor, n)
    arms.append(_case_arm(viewer, wanted, cursor, n, handles(viewer)))
    arms.append(_access_arm(viewer, wanted, cursor, n))
    return arms


def _scope_arm(reach: ColumnElement[bool], wanted: CaseFilter, cursor: Cursor | None, n: int) -> list[Keys]:
    """One arm, or one for each status: an index is read in order only where its status is a single one."""
    at = CaseScope.due_at if wanted.order == "due" else CaseScope.opened_at
    query = select(at.label("at"), CaseScope.case_id.label("id")).where(reach)
    if wanted.programme:
        query = query.where(CaseScope.programme == wanted.programme)
    queries = [query]
    if wanted.order == "due":
        queries = [query.where(CaseScope.due_at.is_not(None), _OPEN_ROWS)]
    elif wanted.status:
        queries = [query.where(CaseScope.status == status) for status in wanted.statuses]
    return [_limited(query, at, CaseScope.case_id, wanted, cursor, n) for query in queries]


def _case_arm(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, n: int, *reach: ColumnElement[bool]) -> Keys:
    at = Case.due_at if wanted.order == "due" else Case.opened_at
    query = select(at.label("at"), Case.id.label("id")).where(*reach, *_of_case(wanted))
    return _limited(query, at, Case.id, wanted, cursor, n)


def _access_arm(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, n: int) -> Keys:
    at = Case.due_at if wanted.order == "due" else CaseAccess.opened_at
    query = (
        select(at.label("at"), Case.id.label("id"))
        .select_from(CaseAccess)
        .join(Case, Case.id == CaseAccess.case_id)
        .where(access_condition(viewer), *_of_case(wanted))
    )
    return _limited(query, at, Case.id, wanted, cursor, n)


def _token_arms(viewer: Viewer, wanted: CaseFilter, cursor: Cursor | None, n: int) -> list[Keys]:
    counties = {held.county_id for held in viewer.grants}
    whole_city = any(held.level == "city" for held in viewer.grants)
    arms = []
    for token in wanted.tokens:
        query = (
            select(CaseToken.opened_at.label("at"), CaseToken.case_id.label("id"))
            .join(Case, Case.id == CaseToken.case_id)
            .where(CaseToken.token == token, sees(viewer), *_of_case(wanted))
        )
        if not whole_city:
            query = query.where(or_(CaseToken.county_id.in_(counties), Case.handler_id == viewer.account_id))
        arms.append(_limited(query, CaseToken.opened_at, CaseToken.case_id, wanted, cursor, n))
    return arms


def _of_case(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.statuses:
        conditions.append(Case.status.in_(wanted.statuses))
    if wanted.programme:
        conditions.append(Case.programme == wanted.programme)
    if wanted.org_id is not None:
        conditions.append(Case.org_id.in_(_below(wanted.org_id)))
    if wanted.handler_id is not None:
        conditions.append(Case.handler_id == wanted.handler_id)
    if wanted.order == "due":
        conditions += [Case.due_at.is_not(None), Case.status.in_(OPEN_STATUSES)]
    return conditions


def _below(org_id: int) -> Select[int]:
    from_tree = OrgAncestor.ancestor_id == org_id
    return select(OrgAncestor.org_id).where(from_tree)
