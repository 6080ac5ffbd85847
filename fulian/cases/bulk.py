"""Cases written in bulk: demo data and benchmarks. Nothing is checked and nothing logged.

The rows are those that the services write, by the same builders: a test compares them. What belongs to a programme
(the detail row above all) is added by whoever loads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Table, insert, select

from fulian.accounts.models import Account
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.cases.models import (
    CASES,
    EVENTS,
    PARTIES,
    SCOPE_ROWS,
    TASKS,
    TOKENS,
    Case,
    CaseAccess,
    Party,
)
from fulian.cases.numbers import case_number, next_numbers
from fulian.cases.rows import RESTRICTED_AT_OPENING, access_rows, scope_rows, token_rows
from fulian.cases.service.held import event_row, state_of, task_row
from fulian.cases.service.opening import TITLE_LENGTH
from fulian.cases.statistics import Cell, count, event_cells, now_cells, stat_scopes
from fulian.db import db, reserve_ids
from fulian.orgs.queries import OrgRef, ancestors_of
from fulian.people.bulk import Reason, load_reasons, tokens_of
from fulian.people.queries import person_names
from fulian.programmes.loader import programmes
from fulian.programmes.programme import PlannedTask

MEASURED = frozenset({"opened", "closed", "reopened"})


@dataclass(frozen=True, slots=True)
class BulkParty:
    """A person who has been written, in a role of the programme."""

    role: str
    person_id: int
    relation: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class BulkEvent:
    """A line of history, written down at `at`; with a `stage` it changes the case's state to these four."""

    kind: str
    title: str
    at: datetime
    text: str = ""
    stage: str | None = None
    status: str = "open"
    outcome: str | None = None
    risk: str | None = None


@dataclass(frozen=True, slots=True)
class BulkTask:
    """A task laid down at `laid_at`, ended at `done_at` with `result` (done, dropped), or still due."""

    planned: PlannedTask
    laid_at: datetime
    done_at: datetime | None = None
    result: str | None = None


@dataclass(frozen=True, slots=True)
class BulkCase:
    """A case with its whole history. The first of `events` opens it; `handler_id` did all of it."""

    programme: str
    org_id: int
    handler_id: int
    subject: str
    summary: str
    parties: tuple[BulkParty, ...]
    events: tuple[BulkEvent, ...]
    submission_id: str
    tasks: tuple[BulkTask, ...] = ()
    source: str = ""
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """A case that was written, and its parties' ids in their order."""

    id: int
    parties: tuple[int, ...]


def load_cases(cases: Sequence[BulkCase]) -> list[Loaded]:
    """Write cases with parties, events, tasks, numbers, scope, tokens and statistics; ordered by their opening.

    Statistics are queued and written at commit, as the services do. A few thousand cases at a time.
    """
    ids = reserve_ids(Case, len(cases))
    party_ids = iter(reserve_ids(Party, sum(len(new.parties) for new in cases)))
    loaded = [Loaded(id_, tuple(next(party_ids) for _ in new.parties)) for id_, new in zip(ids, cases, strict=True)]
    if cases:
        _Load(cases, loaded).write()
    return loaded


class _Load:
    """One bulk load: what is looked up once for all of its cases, and the rows that are gathered."""

    def __init__(self, cases: Sequence[BulkCase], loaded: Sequence[Loaded]) -> None:
        handlers = {new.handler_id for new in cases}
        persons = {party.person_id for new in cases for party in new.parties}
        self.pairs = list(zip(cases, loaded, strict=True))
        self.above = ancestors_of(new.org_id for new in cases)
        self.handlers = _handlers(handlers, cases[0].events[0].at)
        self.names = person_names(persons)
        self.numbers = _numbers(cases, self.above)
        self.rows: dict[Table, list[dict[str, Any]]] = {
            table: [] for table in (CASES, PARTIES, EVENTS, TASKS, SCOPE_ROWS, _ACCESS, TOKENS)
        }

    def write(self) -> None:
        reasons: list[Reason] = []
        written = [self._add_case(new, done) for new, done in self.pairs]
        for (new, done), case in zip(self.pairs, written, strict=True):
            reasons += self._reasons(new, done, case)
        for table in (CASES, PARTIES, EVENTS, TASKS, SCOPE_ROWS, _ACCESS):
            _insert(table, self.rows[table])
        load_reasons(reasons, self.above)
        tokens = tokens_of(self.names)
        for (new, _done), case in zip(self.pairs, written, strict=True):
            if not case.restricted:
                of_parties = {party.person_id: sorted(tokens[party.person_id]) for party in new.parties}
                self.rows[TOKENS] += token_rows(_facts(case), of_parties)
        _insert(TOKENS, self.rows[TOKENS])

    def _add_case(self, new: BulkCase, done: Loaded) -> Case:
        org, number = self.above[new.org_id][0], next(self.numbers)
        names = "、".join(self.names[party.person_id] for party in new.parties)
        case = Case(
            id=done.id,
            number=number,
            programme=new.programme,
            restricted=new.restricted,
            org_id=org.id,
            county_id=org.county_id,
            handler_id=new.handler_id,
            opened_at=new.events[0].at,
            closed_at=None,
            title=names[:TITLE_LENGTH],
            subject=new.subject,
            summary=new.summary,
            source=new.source,
            version=sum(event.stage is not None for event in new.events),
            submission_id=new.submission_id,
            created_by=new.handler_id,
        )
        cells = self._add_events(case, new)
        self._add_tasks(case, new)
        self._add_parties(new, done)
        self._add_list_rows(case)
        count([*cells, *now_cells(self._scopes(case), state_of(case))])
        self.rows[CASES].append({column.key: getattr(case, column.key) for column in CASES.columns})
        return case

    def _scopes(self, case: Case) -> tuple[int, ...]:
        return stat_scopes(self.above[case.org_id])

    def _add_events(self, case: Case, new: BulkCase) -> list[Cell]:
        cells: list[Cell] = []
        for event in new.events:
            by = replace(self.handlers[new.handler_id], now=event.at)
            if event.stage is not None:
                case.status, case.stage, case.outcome, case.risk = event.status, event.stage, event.outcome, event.risk
                case.closed_at = event.at if event.status == "closed" else None
            state = event.stage is not None
            self.rows[EVENTS].append(event_row(case, event.kind, event.title, event.text, by, state=state))
            if event.kind in MEASURED:
                cells += event_cells(self._scopes(case), event.kind, event.at, state_of(case))
        return cells

    def _add_tasks(self, case: Case, new: BulkCase) -> None:
        case.due_at = case.next_step = None
        for task in new.tasks:
            by = replace(self.handlers[new.handler_id], now=task.laid_at)
            row = task_row(case, task.planned, by) | {"done_at": task.done_at, "result": task.result}
            row["done_by"] = new.handler_id if task.done_at is not None else None
            self.rows[TASKS].append(row)
            if task.done_at is None and (case.due_at is None or row["due_at"] < case.due_at):
                case.due_at, case.next_step = row["due_at"], row["title"]

    def _add_parties(self, new: BulkCase, done: Loaded) -> None:
        self.rows[PARTIES] += [
            {
                "id": party_id,
                "case_id": done.id,
                "person_id": party.person_id,
                "role": party.role,
                "relation": party.relation,
                "hidden": party.hidden,
                "sort": sort,
            }
            for sort, (party_id, party) in enumerate(zip(done.parties, new.parties, strict=True))
        ]

    def _add_list_rows(self, case: Case) -> None:
        if case.restricted:
            self.rows[_ACCESS] += access_rows(_facts(case), RESTRICTED_AT_OPENING, case.opened_at, case.handler_id)
        else:
            self.rows[SCOPE_ROWS] += scope_rows(_facts(case), self.above[case.org_id])

    def _reasons(self, new: BulkCase, done: Loaded, case: Case) -> list[Reason]:
        """Why its parties are visible: to the organisation, or (restricted) to the handler alone."""
        pairs = list(zip(new.parties, done.parties, strict=True))
        if case.restricted:
            unit = self.handlers[case.handler_id].county_id
            return [Reason(p.person_id, unit, "party", id_, account_id=case.handler_id) for p, id_ in pairs]
        return [
            Reason(p.person_id, case.county_id, "party", id_, org_id=case.org_id, programme=case.programme)
            for p, id_ in pairs
        ]


_ACCESS: Table = CaseAccess.__table__  # type: ignore[assignment]


def _facts(case: Case) -> dict[str, Any]:
    names = ("id", "org_id", "county_id", "opened_at", "status", "programme", "due_at")
    return {name: getattr(case, name) for name in names}


def _handlers(account_ids: Iterable[int], now: datetime) -> dict[int, Actor]:
    """Those who handled the cases; the moment is each act's own."""
    query = select(Account.id, Account.name, Account.county_id).where(Account.id.in_(set(account_ids)))
    return {row.id: Actor(row.id, row.name, row.county_id, now) for row in db.session.execute(query)}


def _numbers(cases: Sequence[BulkCase], above: Mapping[int, Sequence[OrgRef]]) -> Iterator[str]:
    """The number of each case in turn, from its series per unit, programme and year."""

    def series(new: BulkCase) -> tuple[str, int, int]:
        return new.programme, above[new.org_id][0].county_id, local_date(new.events[0].at).year

    keys = [series(new) for new in cases]
    taken = {
        key: iter(next_numbers(f"case:{key[0]}", key[1], key[2], len(list(group))))
        for key, group in groupby(sorted(keys))
    }
    codes = {unit.id: unit.number_code or "" for org in above.values() for unit in org if unit.level == "county"}
    for code, county_id, year in keys:
        number = next(taken[code, county_id, year])
        yield case_number(programmes()[code].number_word, year, codes[county_id], number)


def _insert(table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(table), rows)
