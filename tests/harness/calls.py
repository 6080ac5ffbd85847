"""A request to a route for objects of a spot, with everything made that it needs, ready to be sent."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Flask

from fulian.testing.world import ACCOUNTS

from .forms import ENDS_SESSIONS, FORMS, HALF_IN, give_device, prepare
from .objects import Spot
from .places import CALLERS
from .routes import ABSENT_ID, Route
from .site import Browser, Reply, Site

_serial = itertools.count(1)


@dataclass(frozen=True)
class Call:
    """One request. `options` go to the test client as they are (an address, headers)."""

    browser: Browser
    method: str
    url: str
    data: Mapping[str, Any]

    def send(self, **options: Any) -> Reply:
        """Send it."""
        if self.method == "GET":
            return self.browser.get(self.url, **options)
        return self.browser.post(self.url, self.data, **options)

    def with_data(self, data: Mapping[str, Any]) -> Call:
        """The same request with other fields on top."""
        return replace(self, data={**self.data, **data})


def browser_for(site: Site, caller: str, route: Route, *, granted: bool = False) -> Browser:
    """The caller's browser; one of its own for what ends sessions, and one whose password was right for the code."""
    if route.endpoint == "accounts.log_in_code" and route.method == "POST" and granted:
        with site.app.app_context():
            give_device(ACCOUNTS[HALF_IN][0])
        return site.new_browser(HALF_IN, guarded=True)
    if route.endpoint in ENDS_SESSIONS and route.method == "POST":
        return site.new_browser(CALLERS[caller], shut=caller == "disabled")
    return site.browser(caller)


def call_of(site: Site, caller: str, route: Route, spot: Spot, *, granted: bool) -> Call:
    """The request for these objects. Where it is granted, a form is first opened, as its page would send it."""
    browser = browser_for(site, caller, route, granted=granted)
    data: dict[str, Any] = {}
    writes = route.method == "POST"
    with site.app.app_context():
        if granted and writes:
            for name in route.arguments:
                spot.get(name)
            prepare(route.endpoint, spot)
        url = route.url_at(site.app, spot)
        if writes:
            data = FORMS[route.endpoint](spot)
    if granted and writes:
        data = {**(browser.fields(url) if is_drawn(site.app, route) else {}), **data}
    elif route.arguments:
        data = {**_made_up(), **data}
    browser.token()
    return Call(browser, route.method, url, data)


def call_nowhere(site: Site, caller: str, route: Route, ids: Mapping[str, int], other: Spot) -> Call:
    """The request for ids that do not exist, or do not belong together; `other` lends what a form names besides."""
    query = {"other": str(ABSENT_ID), "field": "note"} if route.about == "person" else {}
    data: dict[str, Any] = _made_up()
    if route.method == "POST":
        with site.app.app_context():
            data |= FORMS[route.endpoint](other)
    return Call(browser_for(site, caller, route), route.method, route.url(site.app, ids, query), data)


def _made_up() -> dict[str, Any]:
    return {"version": "1", "submission_id": f"made-up-{next(_serial)}"}


def is_drawn(app: Flask, route: Route) -> bool:
    """Whether the form of a write route stands on a page at the same address."""
    return any("GET" in (rule.methods or ()) for rule in app.url_map.iter_rules(route.endpoint))
