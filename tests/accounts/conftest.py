"""Tests of accounts run in the small world; `Browser` is somebody at a browser: cookies, forms, tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from fulian.audit.models import AuditEntry
from fulian.db import db
from fulian.testing.plugin import Content
from fulian.testing.world import PASSWORD, WORLD

TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


@dataclass
class Browser:
    """A browser with its own cookies, at an address."""

    client: FlaskClient
    address: str = "192.0.2.10"
    csrf: str = field(default="", init=False)

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """Open a page; its CSRF token is kept for the next form."""
        response = self.client.get(path, environ_overrides={"REMOTE_ADDR": self.address}, **kwargs)
        found = TOKEN.search(response.get_data(as_text=True))
        self.csrf = found[1] if found else self.csrf
        return response

    def post(self, path: str, /, **fields: Any) -> TestResponse:
        """Send a form with the token of the page seen last."""
        return self.client.post(
            path, data={"csrf_token": self.csrf, **fields}, environ_overrides={"REMOTE_ADDR": self.address}
        )

    def log_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        """Open the log-in page and send it."""
        self.get("/login")
        return self.post("/login", username=username, password=password)


@pytest.fixture
def browse(app: Flask) -> Callable[..., Browser]:
    """`browse("admin")`: a browser in which this account is logged in; `browse()`: nobody is."""

    def open_browser(username: str | None = None, password: str = PASSWORD, **where: str) -> Browser:
        opened = Browser(app.test_client(), **where)
        if username is not None:
            response = opened.log_in(username, password)
            assert response.status_code == 302, response.get_data(as_text=True)
            opened.get("/account")
        return opened

    return open_browser


@pytest.fixture
def within(app: Flask) -> Iterator[Flask]:
    """The application in context, for services and queries without HTTP."""
    with app.app_context():
        yield app


def entries(app: Flask) -> list[tuple[str, str]]:
    """(act, outcome) of every entry of the log, in the order of time."""
    with app.app_context():
        rows = db.session.execute(select(AuditEntry.act, AuditEntry.outcome).order_by(AuditEntry.at, AuditEntry.seq))
        return [(row.act, row.outcome) for row in rows]


def entry_count() -> int:
    """How many entries the log has."""
    return db.session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()
