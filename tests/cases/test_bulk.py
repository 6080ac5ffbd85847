"""A case written in bulk has the very rows that the services write for the same case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, select

from fulian.audit.models import AuditEntry
from fulian.cases.bulk import BulkCase, BulkEvent, BulkParty, BulkTask, Loaded, load_cases
from fulian.cases.counting import differing_cells
from fulian.cases.models import (
    CASES,
    EVENTS,
    PARTIES,
    SCOPE_ROWS,
    STATISTICS,
    TASKS,
    TOKENS,
    Case,
    CaseAccess,
    Event,
    NumberCounter,
    Party,
    Task,
)
from fulian.cases.service import NewParty, OpenCase, Opened, open_case
from fulian.db import db, transact
from fulian.people.models import SCOPE_ROWS as PERSON_SCOPE_ROWS
from fulian.people.models import TOKENS as PERSON_TOKENS
from fulian.people.service import PersonData
from fulian.programmes.programme import PlannedTask
from fulian.testing.acts import advance, close
from fulian.testing.world import LIUYUAN, NOW, PEACEFUL, VIOLENT, actor

OWN = frozenset({"id", "case_id", "number", "submission_id", "seal_id", "text", "source_id", "updated_at"})
TABLES: tuple[Table, ...] = (CASES, PARTIES, EVENTS, TASKS, SCOPE_ROWS, CaseAccess.__table__, TOKENS)  # type: ignore[assignment]


def rows_of(case_id: int) -> dict[str, list[dict[str, Any]]]:
    """Every row of a case, table by table, without what is each case's own."""
    party_ids = set(db.session.execute(select(Party.id).where(Party.case_id == case_id)).scalars())
    found = {}
    for table in TABLES:
        key = table.c.id if table is CASES else table.c.case_id
        found[table.name] = _plain(db.session.execute(select(table).where(key == case_id)).mappings())
    links = select(PERSON_SCOPE_ROWS).where(
        PERSON_SCOPE_ROWS.c.source == "party", PERSON_SCOPE_ROWS.c.source_id.in_(party_ids)
    )
    found["person_scope"] = _plain(db.session.execute(links).mappings())
    events = db.session.execute(select(Event).where(Event.case_id == case_id).order_by(Event.id)).scalars()
    found["texts"] = [{"text": event.unseal("text")} for event in events]
    return found


def _plain(rows: Any) -> list[dict[str, Any]]:
    plain = [{name: value for name, value in row.items() if name not in OWN} for row in rows]
    return sorted(plain, key=lambda row: [str(value) for value in row.values()])


def statistics() -> Counter[tuple[Any, ...]]:
    rows = db.session.execute(select(STATISTICS)).all()
    return Counter({tuple(row[:-1]): row[-1] for row in rows if row[-1]})


def open_with(data: Mapping[str, Any], persons: tuple[int, int] | None = None) -> Opened:
    first, second = persons or (None, None)
    parties = (
        NewParty("applicant", first, None if first else PersonData(name="赵春梅", sex="2", phone="14400000001")),
        NewParty("respondent", second, None if second else PersonData(name="孙建国", sex="1"), "husband"),
    )
    submission = f"bulk-{'second' if persons else 'first'}"
    return transact(open_case, OpenCase("mediation", LIUYUAN, submission, parties, data), actor("mediator"))


def same_in_bulk(case_id: int) -> BulkCase:
    """The facts of a case that the services wrote, as the bulk loader takes them."""
    case = db.session.get_one(Case, case_id, populate_existing=True)
    parties = db.session.execute(select(Party).where(Party.case_id == case_id).order_by(Party.sort)).scalars()
    events = db.session.execute(select(Event).where(Event.case_id == case_id).order_by(Event.id)).scalars()
    tasks = db.session.execute(select(Task).where(Task.case_id == case_id).order_by(Task.id)).scalars()
    return BulkCase(
        programme=case.programme,
        org_id=case.org_id,
        handler_id=case.handler_id,
        subject=case.subject,
        summary=case.summary,
        parties=tuple(BulkParty(p.role, p.person_id, p.relation, p.hidden) for p in parties),
        events=tuple(
            BulkEvent(e.kind, e.title, e.at, e.unseal("text") or "", e.stage, e.status or "", e.outcome, e.risk)
            for e in events
        ),
        submission_id="in-bulk",
        tasks=tuple(
            BulkTask(
                PlannedTask(t.kind, t.title, t.due_on, t.due_at if t.timed else None, t.legal, t.article),
                t.created_at,
                t.done_at,
                t.result,
            )
            for t in tasks
        ),
        source=case.source,
        restricted=case.restricted,
    )


def load_again(case_id: int) -> int:
    [done] = transact(load_cases, [same_in_bulk(case_id)])
    assert isinstance(done, Loaded)
    return done.id


def carry_on(case_id: int) -> None:
    """A session that is to be gone on with, and a closing."""
    later = NOW + timedelta(days=2)
    session = {
        "at": later,
        "place": "柳园街道婚调室",
        "mediators": "",
        "guests": "",
        "told": True,
        "content": "双方谈过一次。",
    }
    advance(case_id, "record_session", now=later, result="again", **session)


@pytest.mark.parametrize("data", [PEACEFUL, VIOLENT], ids=["peaceful", "restricted"])
def test_the_rows_are_the_same(app: Flask, data: Mapping[str, Any]) -> None:
    with app.app_context():
        case_id = open_with(data).id
        first = statistics()
        again = load_again(case_id)
        assert rows_of(again) == rows_of(case_id)
        assert statistics() == first + first
        assert differing_cells() == {}


def test_they_are_the_same_in_the_middle_and_at_the_end(app: Flask) -> None:
    with app.app_context():
        case_id = open_with(PEACEFUL).id
        carry_on(case_id)
        assert rows_of(load_again(case_id)) == rows_of(case_id)


def test_a_closed_case_is_the_same(app: Flask) -> None:
    with app.app_context():
        case_id = open_with(PEACEFUL).id
        close(case_id, "90", now=NOW + timedelta(days=40))
        assert rows_of(load_again(case_id)) == rows_of(case_id)
        assert differing_cells() == {}


def test_numbers_go_on(app: Flask) -> None:
    with app.app_context():
        opened = open_with(PEACEFUL)
        again = load_again(opened.id)
        numbers = db.session.execute(select(Case.number).order_by(Case.id)).scalars().all()
        assert [number[-6:] for number in numbers] == ["000001", "000002"]
        assert db.session.get_one(NumberCounter, ("case:mediation", 3, 2026)).last == 2
        persons = tuple(db.session.execute(select(Party.person_id).where(Party.case_id == again)).scalars())
        third = open_with(PEACEFUL, (persons[0], persons[1]))
        assert third.number.endswith("000003")


def test_people_are_found_in_the_unit_of_the_case(app: Flask) -> None:
    """Somebody of one county in a case of another: her tokens stand in both, as `link_person` leaves them."""
    with app.app_context():
        case_id = open_with(PEACEFUL).id
        facts = same_in_bulk(case_id)
        transact(load_cases, [BulkCase(**{**_fields(facts), "org_id": 40, "handler_id": 12, "submission_id": "there"})])
        units = db.session.execute(select(PERSON_TOKENS.c.county_id, PERSON_TOKENS.c.token)).all()
        tokens = {county: {token for unit, token in units if unit == county} for county in (3, 4)}
        assert tokens[3] == tokens[4] != set()


def _fields(new: BulkCase) -> dict[str, Any]:
    return {name: getattr(new, name) for name in BulkCase.__dataclass_fields__}


def test_nothing_is_logged_and_nothing_is_fine(app: Flask) -> None:
    with app.app_context():
        assert transact(load_cases, []) == []
        assert db.session.execute(select(AuditEntry)).first() is None
