"""A prepared read gives what SQLAlchemy gives, on both databases, and fails as it fails."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from flask import Flask
from sqlalchemy import bindparam, insert, select
from sqlalchemy.exc import SQLAlchemyError

from fulian.accounts.models import Account, Grant
from fulian.db import db, transact
from fulian.orgs.models import Organisation
from fulian.prepared import Prepared

NOW = datetime(2026, 11, 24, 1, 30, 0, 125, tzinfo=UTC)

STATEMENT = (
    select(Account.id, Account.username, Account.must_change, Account.created_at, Grant.starts_on, Grant.ends_on)
    .join(Grant, Grant.account_id == Account.id)
    .where(Account.created_at <= bindparam("until"), Grant.starts_on <= bindparam("day"), Account.status == "active")
    .order_by(Account.id)
)


@pytest.fixture
def rows(app: Flask) -> list[tuple[object, ...]]:
    def fill() -> None:
        org = {"id": 1, "name": "市", "short_name": "市", "level": "county", "kind": "federation", "county_id": 1}
        db.session.execute(insert(Organisation).values(org))
        for n in (1, 2, 3):
            account = {"id": n, "username": f"a{n}", "name": "某", "org_id": 1, "county_id": 1, "password_hash": ""}
            db.session.execute(insert(Account).values(must_change=n == 2, password_at=NOW, created_at=NOW, **account))
            grant = {"account_id": n, "role": "caseworker", "org_id": 1, "granted_at": NOW, "reason": ""}
            db.session.execute(insert(Grant).values(starts_on=date(2026, 1, n), **grant))

    with app.app_context():
        transact(fill)
        given = {"until": NOW, "day": date(2026, 1, 2)}
        found = [tuple(row) for row in db.session.execute(STATEMENT, given)]
        assert len(found) == 2
        assert Prepared(STATEMENT).rows(given) == found
        return found


def test_values_are_converted_by_their_types(rows: list[tuple[object, ...]]) -> None:
    assert rows[1] == (2, "a2", True, NOW, date(2026, 1, 2), None)


def test_an_error_is_sqlalchemys(app: Flask) -> None:
    missing = Prepared(select(Account.id).where(Account.id == bindparam("id")).prefix_with("no_such_word"))
    with app.app_context(), pytest.raises(SQLAlchemyError):
        missing.rows({"id": 1})
