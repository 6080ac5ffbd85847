"""G8: opening a case whole, through `fulian.db.transact`, against a bare INSERT and commit by the same session."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any

from sqlalchemy import insert, select

from fulian.accounts.roles import rights
from fulian.audit.actor import Actor, Held
from fulian.cases.models import Case, Party
from fulian.cases.service import NewParty, OpenCase, open_case
from fulian.db import db, transact
from fulian.people.service import PersonData
from fulian.testing.world import PEACEFUL
from tests.bench.data import NOW, SHARES, read_tree
from tests.bench.databases import Prepared
from tests.bench.measure import Result

SHARE = 1 / 3  # of the bare rate, at least
WRITERS = 8
ROUNDS, SECONDS = 150, 4.0
# Taking turns, case by case; the writers each on a unit of their own.
BARE, KNOWN, NEW = "bare INSERT", "opened, parties known", "opened, parties new"


class Writer:
    """Somebody who registers cases in one unit; `name` keeps her rows apart from those of other writers."""

    def __init__(self, unit_id: int, name: str) -> None:
        held = (Held("caseworker", unit_id, unit_id, "county", None),)
        self._by = Actor(
            account_id=unit_id,
            name="王海燕",
            county_id=unit_id,
            now=NOW,
            address="127.0.0.1",
            request_id="bench",
            org_id=unit_id,
            grants=held,
            permissions=rights().permissions_of(held),
        )
        self._unit_id, self._name, self._n = unit_id, name, 0
        own = select(Party.person_id).join(Case, Case.id == Party.case_id)
        own = own.where(Case.org_id == unit_id, Case.restricted.is_(False)).distinct().limit(1000)
        self._known = list(db.session.execute(own).scalars())
        db.session.rollback()

    def act(self, what: str) -> None:
        """Write and commit one of BARE, KNOWN, NEW."""
        self._n += 1
        mark = f"{self._name}-{self._n}"
        if what == BARE:
            transact(_insert_bare, self._bare_row(mark))
        else:
            transact(open_case, OpenCase("mediation", self._unit_id, mark, self._parties(what), PEACEFUL), self._by)

    def _parties(self, what: str) -> tuple[NewParty, ...]:
        if what == KNOWN:
            first, second = (self._known[(self._n * 2 + place) % len(self._known)] for place in (0, 1))
            return NewParty("applicant", first), NewParty("respondent", second, relation="husband")
        first_data = PersonData("赵春梅", sex="2", phone=f"144{self._n:08d}")
        return (
            NewParty("applicant", person=first_data),
            NewParty("respondent", person=PersonData("孙建国", sex="1"), relation="husband"),
        )

    def _bare_row(self, mark: str) -> dict[str, Any]:
        return {
            "number": mark,
            "programme": "mediation",
            "status": "open",
            "stage": "accepted",
            "risk": "b",
            "restricted": False,
            "org_id": self._unit_id,
            "county_id": self._unit_id,
            "handler_id": self._unit_id,
            "opened_at": NOW,
            "title": "赵春梅、孙建国",
            "subject": "夫妻感情、抚养费",
            "summary": PEACEFUL["summary"],
            "submission_id": mark,
            "created_by": self._unit_id,
        }


def _insert_bare(row: dict[str, Any]) -> None:
    db.session.execute(insert(Case), [row])


def results(prepared: Prepared) -> Iterator[Result]:
    """The lines of G8 for one database."""
    yield from _alone(prepared) if prepared.kind == "sqlite" else _together(prepared)


def _alone(prepared: Prepared) -> Iterator[Result]:
    """One writer, as SQLite has it: the acts in turn, so that all meet the same moments of the machine."""
    kinds = (BARE, KNOWN, NEW)
    with prepared.application() as app, app.app_context():
        writer = Writer(read_tree().unit("371503"), "alone")
        for what in kinds * 10:
            writer.act(what)
        taken: dict[str, list[float]] = {what: [] for what in kinds}
        for what in kinds * ROUNDS:
            start = time.perf_counter()
            writer.act(what)
            taken[what].append(time.perf_counter() - start)
    bare = statistics.mean(taken[BARE])
    yield Result("G8", prepared.kind, BARE, f"{1 / bare:,.0f} / s", 1.0, None)
    for what in (KNOWN, NEW):
        mean = statistics.mean(taken[what])
        limit = SHARE if what == KNOWN else None
        yield Result("G8", prepared.kind, what, f"{1 / mean:,.0f} / s", bare / mean, limit, at_least=True)


@dataclass(frozen=True)
class _Rate:
    per_second: float
    p99: float


def _together(prepared: Prepared) -> Iterator[Result]:
    """Eight writers in processes of their own."""
    rates = {what: _rate(prepared, what) for what in (BARE, KNOWN, NEW)}
    bare = rates[BARE]
    yield Result("G8", prepared.kind, f"{BARE}, {WRITERS} writers", f"{bare.per_second:,.0f} / s", 1.0, None)
    for what in (KNOWN, NEW):
        rate = rates[what]
        limit = SHARE if what == KNOWN else None
        figure, share = f"{rate.per_second:,.0f} / s", rate.per_second / bare.per_second
        yield Result("G8", prepared.kind, f"{what}, {WRITERS} writers", figure, share, limit, at_least=True)
        figure = f"{rate.p99 * 1000:.1f} ms"
        yield Result("G8", prepared.kind, f"{what}, p99 × bare's", figure, rate.p99 / bare.p99, None)


def _rate(prepared: Prepared, what: str) -> _Rate:
    context = multiprocessing.get_context("spawn")
    together, answers = context.Barrier(WRITERS), context.SimpleQueue()
    units = list(SHARES)[:WRITERS]
    workers = [
        context.Process(target=_write, args=(prepared, unit, what, SECONDS, together, answers.put), daemon=True)
        for unit in units
    ]
    for worker in workers:
        worker.start()
    taken = sorted(seconds for _worker in workers for seconds in answers.get())
    for worker in workers:
        worker.join()
    return _Rate(len(taken) / SECONDS, taken[int(len(taken) * 0.99)])


def _write(
    prepared: Prepared, unit: str, what: str, seconds: float, together: Barrier, answer: Callable[[list[float]], None]
) -> None:
    with prepared.application() as app, app.app_context():
        writer = Writer(read_tree().unit(unit), f"{unit}-{what}")
        for _ in range(10):
            writer.act(what)
        together.wait()
        taken: list[float] = []
        end = time.perf_counter() + seconds
        while (start := time.perf_counter()) < end:
            writer.act(what)
            taken.append(time.perf_counter() - start)
        answer(taken)
