"""The application cannot change or remove an entry, whatever SQL it is brought to run."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db, transact
from fulian.testing.databases import Database

UPDATE = "UPDATE audit_entry SET act = 'x' WHERE seq = 1"
DELETE = "DELETE FROM audit_entry WHERE seq = 1"
COLUMNS = "county_id, seq, at, act, outcome, actor_name, address, request_id, subject, subject_id, prev, hash, seal_id"
# The same row again: by the chain's key, and by the hidden rowid under a number that is still free.
REPLACE = f"INSERT OR REPLACE INTO audit_entry ({COLUMNS}) SELECT {COLUMNS} FROM audit_entry"
REPLACE_ROWID = (
    f"INSERT OR REPLACE INTO audit_entry (rowid, {COLUMNS})"
    f" SELECT rowid, {COLUMNS.replace('seq', 'seq + 7', 1)} FROM audit_entry"
)
STATEMENTS = {
    "sqlite": (UPDATE, DELETE, REPLACE, REPLACE_ROWID),
    "postgresql": (UPDATE, DELETE, "TRUNCATE audit_entry"),
}


@pytest.fixture
def written(log_app: Flask, by: Actor) -> None:
    transact(record, by, "case.opened", "cases", 1)


@pytest.mark.usefixtures("written")
def test_the_application_cannot_change_the_log(database: Database) -> None:
    for statement in STATEMENTS[database.kind]:
        with pytest.raises(DBAPIError, match=r"written once|permission denied"), db.engine.begin() as connection:
            connection.execute(text(statement))


@pytest.mark.usefixtures("written")
def test_nor_does_the_owner_by_mistake(database: Database) -> None:
    with database.engine(as_owner=True) as engine:
        for statement in STATEMENTS[database.kind]:
            with pytest.raises(DBAPIError, match="written once"), engine.begin() as connection:
                connection.execute(text(statement))
