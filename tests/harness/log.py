"""The log as the harnesses count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulian import db as database
from fulian.audit.log import QUEUE, store_recorded
from fulian.audit.models import AuditEntry
from fulian.db import db


class Entries:
    """The entries that were added since it was made, by their outcome."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.known = self._read()

    def _read(self) -> dict[tuple[int, int], tuple[str, str]]:
        with self.app.app_context():
            rows = db.session.execute(
                select(AuditEntry.county_id, AuditEntry.seq, AuditEntry.act, AuditEntry.outcome)
            ).all()
        return {(row.county_id, row.seq): (row.act, row.outcome) for row in rows}

    def added(self) -> tuple[Counter[str], list[str]]:
        """How many were added of each outcome, and their acts; counts from here on."""
        found = self._read()
        new = [found[key] for key in sorted(set(found) - set(self.known))]
        self.known = found
        return Counter(outcome for _act, outcome in new), [act for act, _outcome in new]


class Broken(RuntimeError):
    """What a use case meets after it has done and recorded everything."""


@contextmanager
def breaking_after_the_record() -> Iterator[list[str]]:
    """Every transaction that recorded anything fails after its entries were stored, just before COMMIT.

    Gives a list that holds the acts whose transactions failed so.
    """
    broken: list[str] = []

    def store_and_fail(session: Session) -> None:
        queued = [entry["act"] for entry in session.info.get(QUEUE, [])]
        store_recorded(session)
        if queued:
            broken.extend(queued)
            raise Broken

    steps = list(database._finishers)
    database._finishers[:] = [(n, store_and_fail if step is store_recorded else step) for n, step in steps]
    try:
        yield broken
    finally:
        database._finishers[:] = steps
