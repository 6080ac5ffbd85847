"""Reading the log: the page of the audit administrator, which never unseals, and a case's own history, which does."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Row, Select, Table, select, tuple_

from fulian.audit.models import AuditEntry
from fulian.db import db
from fulian.sealing.cipher import SealBroken
from fulian.sealing.columns import unseal_text
from fulian.web.paging import Cursor

EXAMINED = 5000  # entries looked at for one page; after that the reader narrows the search or goes on
HISTORY_LINES = 200
SEQ_BITS = 40  # a cursor holds one number: the unit above, the entry's number in the low 40 bits

_entry = cast(Table, AuditEntry.__table__)
_place = (_entry.c.at, _entry.c.county_id, _entry.c.seq)


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What `/audit/` asks for; None asks for nothing. `act` is a beginning (case. or case.opened), `since` is the
    first instant and `until` the first one after."""

    county_id: int | None = None
    account_id: int | None = None
    case_id: int | None = None
    act: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry as the log shows it: everything but the sealed before and after."""

    county_id: int
    seq: int
    at: datetime
    act: str
    outcome: str
    account_id: int | None
    actor_name: str
    address: str
    request_id: str
    subject: str
    subject_id: str
    case_id: int | None
    counties: tuple[int, ...]
    fields: tuple[str, ...]

    @property
    def place(self) -> tuple[datetime, int]:
        """Its place in the order, as `fulian.web.paging.page_of` wants it."""
        return self.at, (self.county_id << SEQ_BITS) + self.seq


@dataclass(frozen=True, slots=True)
class FoundLines:
    """Up to `limit + 1` lines in reading order, and where the search stopped before it had found that many.

    `stopped` is None where everything was looked at; otherwise the page offers to go on from there.
    """

    lines: list[LogLine]
    stopped: Cursor | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One field before and after; None where there was, or is, no value."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One entry of a case's own history. `broken` says in Chinese why its differences cannot be shown, else empty."""

    at: datetime
    act: str
    outcome: str
    account_id: int | None
    actor_name: str
    subject: str
    subject_id: str
    differences: tuple[Difference, ...]
    broken: str


def log_page(wanted: LogFilter, cursor: Cursor | None, limit: int) -> FoundLines:
    """Lines of the log from `cursor` on, newest first (oldest first where `cursor.back`); nothing is unsealed."""
    # One filter drives, along its index and by time; the rest is looked for among the next `EXAMINED` entries.
    window = _in_order(_driven(wanted, cursor), cursor).limit(EXAMINED)
    examined = window.subquery("examined")
    rest = [
        examined.c[name] == value
        for name in ("county_id", "account_id", "case_id", "outcome")
        if (value := getattr(wanted, name)) is not None
    ]
    if wanted.act:
        rest.append(examined.c.act.startswith(wanted.act, autoescape=True))
    order = [examined.c[column.key] for column in _place]
    backwards = cursor is not None and cursor.back
    statement = select(examined).where(*rest).order_by(*(c if backwards else c.desc() for c in order)).limit(limit + 1)
    lines = [_line(row) for row in db.session.execute(statement)]
    stopped = _last_place(window, cursor) if len(lines) <= limit else None
    return FoundLines(lines, stopped)


def case_history(case_id: int, limit: int = HISTORY_LINES, outcomes: Collection[str] = ("done",)) -> list[HistoryLine]:
    """What happened to a case, newest first, with what each act changed.

    The caller has checked that the viewer may see the case: this unseals.
    """
    statement = (
        select(_entry)
        .where(_entry.c.case_id == case_id, _entry.c.outcome.in_(outcomes))
        .order_by(*(column.desc() for column in _place))
        .limit(limit)
    )
    return [_history_line(row) for row in db.session.execute(statement)]


def _driven(wanted: LogFilter, cursor: Cursor | None) -> Select[Any]:
    columns = [_entry.c[name] for name in LogLine.__dataclass_fields__]
    conditions: list[ColumnElement[bool]] = []
    driver = next((n for n in ("case_id", "account_id", "county_id") if getattr(wanted, n) is not None), None)
    if driver is not None:
        conditions.append(_entry.c[driver] == getattr(wanted, driver))
    if wanted.since is not None:
        conditions.append(_entry.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_entry.c.at < wanted.until)
    if cursor is not None:
        here = tuple_(*_place)
        place = (cursor.at, cursor.id >> SEQ_BITS, cursor.id & ((1 << SEQ_BITS) - 1))
        conditions.append(here > place if cursor.back else here < place)
        # The same in one column: an index by (driver, time) cannot be entered by the three together.
        conditions.append(_entry.c.at >= cursor.at if cursor.back else _entry.c.at <= cursor.at)
    return select(*columns).where(*conditions)


def last_read(case_id: int, beginning: str) -> datetime | None:
    """When a reading whose act begins so (document.) was last put on a case's log; None where it never was."""
    read = _entry.c.case_id == case_id, _entry.c.outcome == "read", _entry.c.act.startswith(beginning, autoescape=True)
    newest = select(_entry.c.at).where(*read).order_by(_entry.c.at.desc()).limit(1)
    return cast("datetime | None", db.session.execute(newest).scalar_one_or_none())


def _in_order(statement: Select[Any], cursor: Cursor | None) -> Select[Any]:
    backwards = cursor is not None and cursor.back
    return statement.order_by(*(column if backwards else column.desc() for column in _place))


def _last_place(window: Select[Any], cursor: Cursor | None) -> Cursor | None:
    """Where the window ends, or None where it reaches the end of the log."""
    last = db.session.execute(window.with_only_columns(*_place).offset(EXAMINED - 1).limit(1)).first()
    if last is None:
        return None
    back = cursor is not None and cursor.back
    return Cursor(last.at, (last.county_id << SEQ_BITS) + last.seq, back, 0 if cursor is None else cursor.passed)


def _line(row: Row[Any]) -> LogLine:
    values = row._asdict()
    for name in ("counties", "fields"):
        values[name] = tuple(json.loads(values[name] or "[]"))
    return LogLine(**values)


def _history_line(row: Row[Any]) -> HistoryLine:
    differences: tuple[Difference, ...] = ()
    broken = ""
    try:
        if row.change is not None:
            differences = _differences(json.loads(unseal_text(_entry.name, "change", row.seal_id, row.change)))
    except SealBroken as error:
        broken = error.message
    about = (row.at, row.act, row.outcome, row.account_id, row.actor_name, row.subject, row.subject_id)
    return HistoryLine(*about, differences, broken)


def _differences(change: dict[str, dict[str, Any]]) -> tuple[Difference, ...]:
    before, after = change["before"], change["after"]
    return tuple(Difference(name, before.get(name), after.get(name)) for name in {**before, **after})
