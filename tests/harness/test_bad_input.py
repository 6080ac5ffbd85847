"""Promise 15: whatever is sent to any route with a valid session and token, no 5xx and no traceback."""

from __future__ import annotations

import functools
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from fulian.accounts.models import Account
from fulian.db import db

from .calls import call_of, is_drawn
from .forms import ENDS_SESSIONS, FORMS, QUERIES, READING
from .nasty import Nasty, Value, as_body
from .objects import Spot
from .places import SIGNED_IN
from .routes import ABSENT_ID, Route, read_expected, routes
from .site import Browser, Site
from .test_audit_once import acts, spot_for

SEED = 20261124
# On each of the two databases: 2,000 and every field of every form; together more than 5,000.
PARTS: Mapping[str, tuple[int | None, int]] = {
    "first": (SEED, 1000),
    "second": (SEED + 1, 500),
    "by chance": (None, 500),
}
FIELDS_SPOILT = 500
PAST_THE_DOOR = 0.3


@pytest.mark.parametrize("part", PARTS)
def test_no_input_breaks_anything(part: str, site: Site, spots: Mapping[str, Spot], caplog: Any) -> None:
    fixed, n = PARTS[part]
    seed = fixed if fixed is not None else random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")
    reached = count_views(site.app)
    caplog.set_level(logging.ERROR)
    attack = Attack(site, spots, Nasty(random.Random(seed)))
    for _ in range(n):
        attack.one()
    assert attack.broken == [], f"seed {seed}"
    traced = [record.getMessage() for record in caplog.records if record.exc_info or record.levelno >= logging.ERROR]
    assert traced == [], f"seed {seed}"
    assert reached() >= PAST_THE_DOOR * n, f"only {reached()} of {n} reached a view"


# A digit that is no number, a number that no column holds, what PostgreSQL does not store, what is no text.
SPOILT: tuple[Value, ...] = ("²", "9" * 30, "a\x00b", b"\xff")


def test_every_field_of_every_form_may_be_spoilt(site: Site, caplog: Any) -> None:
    """Also the hidden ones: chance reaches the version of a rare form too seldom."""
    caplog.set_level(logging.ERROR)
    sent = 0
    for route, caller in acts(site.app):
        call = call_of(site, caller, route, spot_for(route, caller), granted=True)
        for name in sorted(call.data):
            for wrong in SPOILT:
                fields = {**call.data, name: wrong, "csrf_token": call.browser.token()}
                reply = call.browser.send(call.method, call.url, **as_body(fields))
                sent += 1
                assert call.browser.problems == [], f"{route.endpoint}: {name}={wrong!r}"
                if reply.let_in and route.endpoint not in READING:  # done: the next one needs another object
                    call = call_of(site, caller, route, spot_for(route, caller), granted=True)
    assert [record.getMessage() for record in caplog.records] == []
    assert sent >= FIELDS_SPOILT


def count_views(app: Flask) -> Callable[[], int]:
    """Count the requests that get past log-in, permission and CSRF into a view."""
    entered = [0]

    def counted(view: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(view)
        def enter(*args: Any, **kwargs: Any) -> Any:
            entered[0] += 1
            return view(*args, **kwargs)

        return enter

    app.view_functions = {endpoint: counted(view) for endpoint, view in app.view_functions.items()}
    return lambda: entered[0]


class Attack:
    """Requests to all routes, most of them by somebody who may call them, on objects in her reach."""

    def __init__(self, site: Site, spots: Mapping[str, Spot], nasty: Nasty) -> None:
        self.site, self.nasty, self.chance = site, nasty, nasty.chance
        self.spots = spots
        self.routes = routes(site.app)
        self.expected = read_expected()
        self.drawn: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.broken: list[str] = []
        for caller in SIGNED_IN:
            site.browser(caller)  # before an attack disables somebody who has not logged in yet

    def one(self) -> None:
        """Send one request and look at the reply."""
        route = self.chance.choice(self.routes)
        caller = self._caller(route)
        browser = self.site.browser(caller) if caller != "anonymous" else self.site.new_browser(None)
        spot = self.spots["county" if caller == "programme_lead" else "township"]
        url = self._url(route, spot)
        if self.chance.random() < 0.3:
            url += ("&" if "?" in url else "?") + self.nasty.query()
        options: dict[str, Any] = {"headers": dict(self.nasty.headers())}
        if route.method == "POST":
            options |= self.nasty.body(self._form(route, spot, browser), browser.token())
        found = len(browser.problems)
        reply = browser.send(route.method, url, **options)
        if len(browser.problems) > found:
            self.broken.append(f"{caller} {browser.problems[found:]} {str(options)[:600]}")
        if reply.to_log_in and caller != "anonymous":
            self._let_in_again(caller)

    def _caller(self, route: Route) -> str:
        if route.endpoint in ENDS_SESSIONS:
            return "anonymous" if route.method == "POST" else "caseworker"
        row = self.expected[route.endpoint, route.method]
        granted = [name for name in SIGNED_IN if row[name] not in ("none", "no")]
        return self.chance.choice(granted if granted and self.chance.random() < 0.9 else SIGNED_IN)

    def _url(self, route: Route, spot: Spot) -> str:
        ids: dict[str, Any] = {name: spot.ids.get(name, 1) for name in route.arguments}
        if ids and self.chance.random() < 0.15:
            name = self.chance.choice(list(ids))
            ids[name] = self.chance.choice((0, ABSENT_ID, 2**31 - 1, 2**31, 2**63, 10**30, self.chance.randint(1, 60)))
        query = QUERIES[route.endpoint](spot) if route.endpoint in QUERIES and self.chance.random() < 0.8 else {}
        with self.site.app.app_context():
            url = route.url(self.site.app, ids, query)
        for _name, value in route.constants:
            if self.chance.random() < 0.3:
                url = url.replace(f"/{value}", f"/{self.nasty.argument()}", 1)
        return url

    def _form(self, route: Route, spot: Spot, browser: Browser) -> Mapping[str, Any]:
        """The form of a route, filled in well; drawn once for each kind of caller."""
        key = route.endpoint, spot.place.name
        if key not in self.drawn:
            url = self._plain_url(route, spot)
            self.drawn[key] = browser.fields(url) if url and is_drawn(self.site.app, route) else {}
        with self.site.app.app_context():
            return {**self.drawn[key], **FORMS[route.endpoint](spot)}

    def _plain_url(self, route: Route, spot: Spot) -> str:
        with self.site.app.app_context():
            return route.url_at(self.site.app, spot) if set(route.arguments) <= set(spot.ids) else ""

    def _let_in_again(self, caller: str) -> None:
        """Somebody was disabled, or lost a role and with it her session."""
        with self.site.app.app_context():
            db.session.execute(update(Account).where(Account.id < 20).values(status="active", must_change=False))
            db.session.commit()
        self.site.forget(caller)
