"""Logging in by a test client, and sending forms with their token."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from fulian.testing.world import PASSWORD

TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')


def token_on(page: TestResponse) -> str:
    """The CSRF token of a page with a form. Fails where it has none."""
    found = TOKEN.search(page.get_data(as_text=True))
    assert found is not None, page.get_data(as_text=True)
    return found[1]


def log_in(client: FlaskClient, username: str, password: str = PASSWORD) -> FlaskClient:
    """Log an account of the small world in; returns the client."""
    token = token_on(client.get("/login"))
    answer = client.post("/login", data={"username": username, "password": password, "csrf_token": token})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return client


def send(client: FlaskClient, address: str, **fields: Any) -> TestResponse:
    """Open a page and post its form with these fields."""
    return client.post(address, data={"csrf_token": token_on(client.get(address)), **fields})
