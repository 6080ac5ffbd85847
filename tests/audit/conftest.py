"""An application with nothing but the log, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from fulian.audit.actor import Actor
from fulian.audit.log import set_city_unit
from fulian.db import db, init_db
from fulian.sealing.keys import create_keys, init_keys
from fulian.testing.databases import Database

NOW = datetime(2026, 11, 24, 1, 30, 0, 250_000, tzinfo=UTC)
CITY_UNIT_ID = 2


@pytest.fixture
def log_app(database: Database, tmp_path: Path) -> Iterator[Flask]:
    app = Flask("log_only")
    app.config["SQLALCHEMY_DATABASE_URI"] = database.url
    init_db(app)
    init_keys(app, create_keys(tmp_path / "keys"))
    set_city_unit(app, lambda: CITY_UNIT_ID)
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def by() -> Actor:
    return Actor(account_id=7, name="王秀英", county_id=12, now=NOW, address="192.0.2.5", request_id="r-1")
