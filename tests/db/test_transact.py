"""The one way to commit: all or nothing, one retry, refusals written down, savepoints that take back their queue."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, OperationalError, StatementError
from sqlalchemy.orm import Session

from fulian import db as database
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.audit.models import AuditEntry
from fulian.cases.models import NumberCounter
from fulian.cases.numbers import next_number
from fulian.db import db, savepoint, transact
from fulian.errors import Busy, Refused
from fulian.testing.plugin import Content
from fulian.testing.world import CITY_UNIT, DONGCHANGFU, WORLD, actor
from fulian.web.access import no_login


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def entries(session: Session, outcome: str) -> int:
    return session.execute(
        select(func.count()).select_from(AuditEntry).where(AuditEntry.outcome == outcome)
    ).scalar_one()


def take(by: Actor, fail: Exception | None = None) -> int:
    n = next_number("trial", DONGCHANGFU, 2026)
    record(by, "trial.taken", "number_counter", n)
    if fail is not None:
        raise fail
    return n


def test_a_use_case_is_kept_with_its_entry(session: Session) -> None:
    assert transact(take, actor("mediator")) == 1
    assert (session.execute(select(NumberCounter.last)).scalar_one(), entries(session, "done")) == (1, 1)


def test_an_error_keeps_nothing(session: Session) -> None:
    with pytest.raises(LookupError):
        transact(take, actor("mediator"), LookupError("broken"))
    assert (session.execute(select(NumberCounter.last)).first(), entries(session, "done")) == (None, 0)


def test_a_refusal_keeps_nothing_but_its_own_entry(session: Session) -> None:
    for _ in range(2):  # a repeat within the minute is the same entry
        with pytest.raises(Refused):
            transact(take, actor("mediator"), Refused("不行。"))
    assert (entries(session, "done"), entries(session, "refused")) == (0, 1)


class _Deadlock(Exception):
    sqlstate = "40P01"


def test_a_deadlock_is_tried_once_more(session: Session) -> None:
    failures = [OperationalError("…", {}, _Deadlock())]

    def flaky(by: Actor) -> int:
        n = take(by)
        if failures:
            raise failures.pop()
        return n

    assert transact(flaky, actor("mediator")) == 1
    assert entries(session, "done") == 1


def test_a_second_deadlock_is_busy(session: Session) -> None:
    with pytest.raises(Busy):
        transact(take, actor("mediator"), OperationalError("…", {}, _Deadlock()))


def test_a_savepoint_takes_back_what_was_queued_in_it(session: Session) -> None:
    def half(by: Actor) -> None:
        record(by, "trial.kept", "number_counter", 1)
        with pytest.raises(LookupError):
            undone(by)

    def undone(by: Actor) -> None:
        with savepoint(db.session()):
            record(by, "trial.undone", "number_counter", 2)
            db.session.execute(insert(NumberCounter).values(series="x", county_id=CITY_UNIT, year=2026, last=1))
            raise LookupError

    transact(half, actor("mediator"))
    assert session.execute(select(AuditEntry.act)).scalars().all() == ["trial.kept"]
    assert session.execute(select(NumberCounter.series)).first() is None


def test_a_naive_time_is_never_stored(session: Session) -> None:
    query = select(AuditEntry.seq).where(AuditEntry.at == datetime(2026, 11, 24, 9, 30))  # noqa: DTZ001 - that is the point
    with pytest.raises(StatementError, match="naive"):
        session.execute(query)


def test_numbers_stay_whole_under_eight_writers(app: Flask) -> None:
    taken: list[int] = []

    def work() -> None:
        with app.app_context():
            for _ in range(5):
                taken.append(transact(take, actor("mediator")))
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(1, 41))


def test_who_waits_too_long_for_sqlite_is_told(app: Flask, database_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "WRITE_WAIT_SECONDS", 0.05)
    with app.app_context(), database._write_lock:
        if database_kind == "sqlite":
            with pytest.raises(Busy):
                transact(take, actor("mediator"))
        else:
            assert transact(take, actor("mediator")) == 1


def test_a_statement_that_is_wrong_is_not_called_busy(session: Session) -> None:
    def wrong() -> None:
        db.session.execute(text("SELECT no_such_column FROM organisation"))

    with pytest.raises(DBAPIError, match="no_such_column"):
        transact(wrong)


def test_a_reading_without_a_database_says_so(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_args: object) -> None:
        raise OperationalError("SELECT 1", {}, _Gone())

    monkeypatch.setitem(app.view_functions, "accounts.log_in", no_login(gone))
    reply = app.test_client().get("/login")
    assert reply.status_code == 503
    assert "没有保存" in reply.text
    assert reply.headers["Retry-After"]


class _Gone(Exception):
    sqlstate = "57P01"  # admin_shutdown
