"""One entry in the transaction of the change, chained; none where nothing happened; refusals on their own."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import note_refusal, record, record_read
from fulian.audit.models import AuditEntry, AuditHead
from fulian.audit.verify import snapshot, verify_chains
from fulian.db import db, savepoint, transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.sealing.keys import keys

pytestmark = pytest.mark.usefixtures("log_app")


def _entries() -> list[AuditEntry]:
    db.session.rollback()
    return list(db.session.scalars(select(AuditEntry).order_by(AuditEntry.county_id, AuditEntry.seq)))


def _problems() -> list[str]:
    db.session.rollback()
    with snapshot(db.engine) as connection:
        return [problem.text for problem in verify_chains(connection, keys())]


def test_an_entry_says_who_did_what_and_seals_the_change(by: Actor) -> None:
    before, after = {"stage": "受理", "risk": "一般"}, {"stage": "调解", "risk": "一般", "on": date(2026, 11, 24)}
    transact(record, by, "case.advanced", "cases", 81, county_id=14, case_id=81, before=before, after=after)
    (entry,) = _entries()
    assert (entry.county_id, entry.seq, entry.at, entry.act, entry.outcome) == (14, 1, by.now, "case.advanced", "done")
    assert (entry.account_id, entry.actor_name, entry.address, entry.request_id) == (7, "王秀英", "192.0.2.5", "r-1")
    assert (entry.subject, entry.subject_id, entry.case_id, entry.counties) == ("cases", "81", 81, None)
    assert entry.fields == '["stage","on"]'
    assert entry.unseal("change") == '{"before":{"stage":"受理"},"after":{"stage":"调解","on":"2026-11-24"}}'
    assert "调解".encode() not in (entry.change or b"")


def test_entries_of_a_unit_are_chained_over_transactions(by: Actor) -> None:
    def three(by: Actor) -> None:
        for number in range(3):
            record(by, "note.added", "event", number, county_id=14)
        record(by, "note.added", "event", 9)

    for _ in range(2):
        transact(three, by)
    chain = [entry for entry in _entries() if entry.county_id == 14]
    assert [entry.seq for entry in chain] == [1, 2, 3, 4, 5, 6]
    assert [entry.prev for entry in chain] == [b"", *(entry.hash for entry in chain[:-1])]
    heads = {head.county_id: (head.seq, head.hash) for head in db.session.scalars(select(AuditHead))}
    assert heads[14] == (6, chain[-1].hash)
    assert heads[by.county_id][0] == 2
    assert _problems() == []


def test_several_units_go_on_the_citys_chain_by_name(by: Actor) -> None:
    transact(record, by, "organisation.moved", "organisation", 5, counties={15, 14})
    transact(record, by, "organisation.moved", "organisation", 6, counties=[14, 14])
    one, several = sorted(_entries(), key=lambda entry: entry.subject_id, reverse=True)
    assert (several.county_id, several.counties) == (2, "[14,15]")
    assert (one.county_id, one.counties) == (14, None)


def test_nothing_stays_of_a_transaction_that_fails(by: Actor) -> None:
    def fail(by: Actor) -> None:
        record(by, "case.opened", "cases", 1)
        raise NotFound

    with pytest.raises(NotFound):
        transact(fail, by)
    transact(record, by, "case.opened", "cases", 2)
    assert [(entry.seq, entry.subject_id) for entry in _entries()] == [(1, "2")]


def test_a_savepoint_stores_nothing_early_and_takes_back_its_own(by: Actor) -> None:
    def with_savepoints(by: Actor) -> None:
        with savepoint(db.session):
            record(by, "kept", "event", 1)
        assert db.session.execute(select(AuditEntry)).first() is None
        with suppress(Refused), savepoint(db.session):
            record(by, "undone", "event", 2)
            raise Refused("不行")

    transact(with_savepoints, by)
    assert [entry.act for entry in _entries()] == ["kept"]
    assert _problems() == []


def _refuse(_by: Actor, message: str = "这个阶段还不能结案。", field: str | None = None) -> None:
    record(_by, "case.closed", "cases", 1)
    raise Refused(message, field)


def _try(use_case: Any, *given: Any, **named: Any) -> None:
    with pytest.raises(Refused):
        transact(use_case, *given, **named)


def test_a_refusal_is_one_entry_of_its_own(by: Actor) -> None:
    _try(_refuse, by, field="outcome")
    (entry,) = _entries()
    assert (entry.act, entry.outcome, entry.subject, entry.county_id) == ("refused._refuse", "refused", "refusal", 12)
    assert entry.unseal("change") == '{"before":{},"after":{"message":"这个阶段还不能结案。","field":"outcome"}}'
    assert _problems() == []


def test_a_repeated_refusal_within_a_minute_is_one(by: Actor) -> None:
    for seconds in (0, 20, 59):
        _try(_refuse, replace(by, now=by.now + timedelta(seconds=seconds)))
    assert len(_entries()) == 1
    _try(_refuse, replace(by, now=by.now + timedelta(seconds=61)))
    assert len(_entries()) == 2


@pytest.mark.parametrize(
    "differently",
    [
        lambda by: _try(_refuse, by, "没有权限。"),
        lambda by: _try(_refuse, replace(by, account_id=8)),
        lambda by: _try(_refuse, replace(by, account_id=None)),
        lambda by: _try(partial(_refuse, by, "没有权限。"), by),
    ],
)
def test_another_refusal_is_another_entry(by: Actor, differently: Any) -> None:
    _try(_refuse, by)
    differently(by)
    assert len(_entries()) == 2


def test_refusals_of_nobody_in_particular_are_told_apart_by_address(by: Actor) -> None:
    for address in ("192.0.2.5", "192.0.2.5", "192.0.2.6"):
        _try(_refuse, replace(by, account_id=None, address=address))
    assert [entry.address for entry in _entries()] == ["192.0.2.5", "192.0.2.6"]


def test_what_does_not_exist_or_has_no_actor_leaves_no_entry(by: Actor) -> None:
    def missing(_by: Actor) -> None:
        raise NotFound

    def nobody() -> None:
        raise Refused("不行")

    with pytest.raises(NotFound):
        transact(missing, by)
    _try(nobody)
    assert _entries() == []


def test_a_guard_writes_its_own_refusal(by: Actor) -> None:
    transact(note_refusal, by, "cases.open", Forbidden("您没有登记的权限。"))
    assert [(entry.act, entry.outcome) for entry in _entries()] == [("cases.open", "refused")]


def test_a_reading_is_an_entry(by: Actor) -> None:
    transact(record_read, by, "person.revealed", "person", 3, case_id=5, fields=["phone"], after={"reason": "电话回访"})
    (entry,) = _entries()
    assert (entry.outcome, entry.fields, entry.case_id) == ("read", '["phone"]', 5)


def test_writers_at_the_same_time_make_whole_chains(log_app: Flask, by: Actor) -> None:
    """Units in opposite orders: without one order of locks this deadlocks on PostgreSQL."""
    errors: list[BaseException] = []

    def write(order: list[int]) -> None:
        def two(by: Actor) -> None:
            for county_id in order:
                record(by, "note.added", "event", 1, county_id=county_id)

        with log_app.app_context():
            try:
                for _ in range(25):
                    transact(two, by)
            except BaseException as error:
                errors.append(error)

    threads = [threading.Thread(target=write, args=(order,)) for order in ([14, 15], [15, 14]) * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(_entries()) == 200
    assert _problems() == []
