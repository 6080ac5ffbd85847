"""G1: what the real case list costs in this process, against a null route."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from fulian.accounts.enforcement import TOKEN
from fulian.accounts.models import Account, Grant
from fulian.accounts.sessions import begin_session
from fulian.audit.actor import Actor
from fulian.db import db, transact
from fulian.web.paging import DESK_ROWS
from tests.bench.data import BUSY, NOW, OLD_FROM, Tree
from tests.bench.measure import Result, times_of

LIMITS = {"sqlite": 10.0, "postgresql": 16.0}  # × a null route
ROUNDS = 60
# Who looks → role and key of her organisation; what she looks at → the address.
LOOKING = {"city": ("city_admin", "3715"), "busy county": ("county_admin", BUSY)}
ADDRESSES = {"in work": "/cases/", "closed": "/cases/?status=closed", "due first": "/cases/?order=due"}
FIRST_ACCOUNT = 20_000


def results(app: Flask, kind: str, tree: Tree) -> Iterator[Result]:
    """The lines of G1: each list of fifty rows, logged in by the session cookie, with all that the page asks."""
    null = _null_client()
    for place, (name, (role, key)) in enumerate(LOOKING.items()):
        client = _signed_in(app, FIRST_ACCOUNT + place, role, tree.ids[key], tree)
        for what, address in ADDRESSES.items():
            _require_full_page(client, address)
            works = (lambda: null.get("/null"), lambda client=client, address=address: client.get(address))
            base, page = times_of(works, ROUNDS, time.process_time)
            yield Result("G1", kind, f"case list, {what} ({name})", f"{page * 1000:.2f} ms", page / base, LIMITS[kind])


def _null_client() -> FlaskClient:
    app = Flask("null")
    app.add_url_rule("/null", view_func=lambda: "")
    return app.test_client()


def _signed_in(app: Flask, account_id: int, role: str, org_id: int, tree: Tree) -> FlaskClient:
    """A client whose cookie holds a living session of a new account."""
    county_id = tree.unit("371500") if role == "city_admin" else org_id
    by = Actor(account_id, "张敏", county_id, datetime.now(UTC), "127.0.0.1", "bench")
    with app.app_context():
        token = transact(_begin, account_id, role, org_id, county_id, by)
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie[TOKEN] = token
    return client


def _begin(account_id: int, role: str, org_id: int, county_id: int, by: Actor) -> str:
    account = {
        "id": account_id,
        "username": f"bench{account_id}",
        "name": by.name,
        "org_id": org_id,
        "county_id": county_id,
        "password_hash": "-",
        "password_at": NOW,
        "must_change": False,
        "status": "active",
        "created_at": OLD_FROM,
        "version": 1,
    }
    grant = {"account_id": account_id, "role": role, "org_id": org_id, "starts_on": OLD_FROM.date()}
    db.session.execute(insert(Account), [account])
    db.session.execute(insert(Grant), [{**grant, "granted_at": OLD_FROM, "reason": ""}])
    return begin_session(account_id, by, "bench")


def _require_full_page(client: FlaskClient, address: str) -> None:
    """A page that was refused, or that has too few rows, would be a fast one."""
    reply = client.get(address)
    rows = reply.get_data(as_text=True).count('<td class="big">')
    if reply.status_code != 200 or rows != DESK_ROWS:
        raise RuntimeError(f"{address}: {reply.status_code} with {rows} rows")
