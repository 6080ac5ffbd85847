"""The log is read in order, by each filter, in pages; a case's history shows what changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from fulian.audit import queries
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.audit.models import AuditEntry
from fulian.audit.queries import Difference, LogFilter, LogLine, case_history, log_page
from fulian.db import db, transact
from fulian.sealing.columns import seal_text
from fulian.testing.databases import Database
from fulian.web.paging import Cursor, page_of, read_cursor

pytestmark = pytest.mark.usefixtures("log_app")

LINES = 60


def _write(by: Actor) -> None:
    for number in range(LINES):
        record(
            replace(by, account_id=number % 3, now=by.now + timedelta(minutes=number // 2)),
            ("case.opened", "case.closed", "person.revealed")[number % 3],
            "cases",
            number,
            county_id=12 + number % 2,
            case_id=number % 4,
            after={"number": number},
            outcome="read" if number % 3 == 2 else "done",
        )


def _numbers(lines: list[LogLine]) -> list[int]:
    return [int(line.subject_id) for line in lines]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, lambda n: True),
        ({"county_id": 13}, lambda n: n % 2 == 1),
        ({"account_id": 1}, lambda n: n % 3 == 1),
        ({"case_id": 3, "account_id": 2}, lambda n: n % 4 == 3 and n % 3 == 2),
        ({"act": "case."}, lambda n: n % 3 != 2),
        ({"act": "case.c"}, lambda n: n % 3 == 1),
        ({"act": "case_"}, lambda n: False),
        ({"outcome": "read", "county_id": 12}, lambda n: n % 3 == 2 and n % 2 == 0),
        ({"since": 10, "until": 20}, lambda n: 20 <= n < 40),
    ],
)
def test_each_filter_finds_its_lines_newest_first(by: Actor, wanted: dict[str, Any], expected: Any) -> None:
    transact(_write, by)
    times = {name: by.now + timedelta(minutes=wanted[name]) for name in ("since", "until") if name in wanted}
    found = log_page(LogFilter(**{**wanted, **times}), None, LINES)
    assert _numbers(found.lines) == [number for number in reversed(range(LINES)) if expected(number)]
    assert found.stopped is None


@pytest.mark.parametrize("wanted", [LogFilter(), LogFilter(county_id=13), LogFilter(act="case.")])
def test_pages_follow_each_other_forth_and_back(by: Actor, wanted: LogFilter) -> None:
    transact(_write, by)
    every = _numbers(log_page(wanted, None, LINES).lines)
    pages: list[list[int]] = []
    cursor: Cursor | None = None
    while True:
        page = page_of(log_page(wanted, cursor, 7).lines, cursor, 7, lambda line: line.place)
        pages.append(_numbers(list(page.rows)))
        if page.next is None:
            break
        cursor = _read(page.next)
    assert [number for page_numbers in pages for number in page_numbers] == every
    back = _read(page.previous or "")
    before = page_of(log_page(wanted, back, 7).lines, back, 7, lambda line: line.place)
    assert _numbers(list(before.rows)) == pages[-2]


def _read(text: str) -> Cursor:
    cursor = read_cursor(text)
    assert cursor is not None
    return cursor


def test_a_rare_thing_is_looked_for_piece_by_piece(by: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "EXAMINED", 25)
    transact(_write, by)
    wanted, found, cursor, rounds = LogFilter(case_id=None, outcome="read", account_id=None), [], None, 0
    while True:
        page = log_page(wanted, cursor, 50)
        found += _numbers(page.lines)
        rounds += 1
        if page.stopped is None:
            break
        cursor = page.stopped
    assert found == [number for number in reversed(range(LINES)) if number % 3 == 2]
    assert rounds == 3


def test_the_log_page_never_unseals(by: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    transact(_write, by)
    monkeypatch.setattr(queries, "unseal_text", lambda *_given: pytest.fail("unsealed"))
    line = log_page(LogFilter(), None, 1).lines[0]
    assert line.fields == ("number",)
    assert "change" not in LogLine.__dataclass_fields__


def test_a_line_names_the_units_it_is_about(by: Actor) -> None:
    transact(record, by, "organisation.moved", "organisation", 5, counties={15, 14})
    assert log_page(LogFilter(), None, 5).lines[0].counties == (14, 15)


def test_a_history_shows_what_changed_newest_first(by: Actor) -> None:
    transact(record, by, "case.opened", "cases", 9, case_id=9, after={"stage": "受理"})
    transact(record, by, "case.opened", "cases", 8, case_id=8, after={"stage": "受理"})
    transact(record, by, "person.revealed", "person", 1, case_id=9, outcome="read")
    later = replace(by, now=by.now + timedelta(days=1))
    before, after = {"stage": "受理", "risk": "一般"}, {"stage": "调解", "risk": "一般", "session": 1}
    transact(record, later, "case.advanced", "cases", 9, case_id=9, before=before, after=after)
    advanced, opened = case_history(9)
    assert advanced.differences == (Difference("stage", "受理", "调解"), Difference("session", None, 1))
    assert (advanced.at, advanced.actor_name, advanced.act) == (later.now, "王秀英", "case.advanced")
    assert opened.differences == (Difference("stage", None, "受理"),)
    assert [line.act for line in case_history(9, limit=1)] == ["case.advanced"]
    assert [line.act for line in case_history(9, outcomes=("read",))] == ["person.revealed"]


def test_a_broken_entry_says_so_and_leaves_the_rest_readable(by: Actor, database: Database) -> None:
    transact(record, by, "case.opened", "cases", 9, case_id=9, after={"stage": "受理"})
    moved = seal_text("audit_entry", "change", bytes(16), "{}")
    with database.engine(as_owner=True) as engine, engine.begin() as connection:
        unguard = "DROP TRIGGER audit_entry_no_update"
        connection.exec_driver_sql(
            unguard if database.kind == "sqlite" else "ALTER TABLE audit_entry DISABLE TRIGGER ALL"
        )
        connection.execute(update(AuditEntry).values(change=moved))
    db.session.rollback()
    (line,) = case_history(9)
    assert line.differences == ()
    assert "解不开" in line.broken
