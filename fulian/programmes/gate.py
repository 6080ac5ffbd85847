"""The gate of the plugins' own pages: a programme that is closed in a county has no pages there (404)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, request, url_for

from fulian.audit.actor import Actor
from fulian.errors import NotFound
from fulian.programmes.loader import Installed
from fulian.programmes.queries import is_open, open_codes

PARENT = "programme"
OWNERS = "fulian.gate.owners"

CountyOf = Callable[[int], int | None]


def programme_url(code: str, name: str, **values: Any) -> str:
    """The address of a plugin's page; `name` is the endpoint inside its blueprint."""
    return url_for(f"{PARENT}.{code}.{name}", **values)


def _gate(actor: Callable[[], Actor]) -> None:
    code = (request.blueprint or "").split(".")[1]
    by = actor()
    owners: dict[str, CountyOf] = current_app.extensions[OWNERS]
    for argument, county_of in owners.items():
        if argument in (request.view_args or {}):
            county_id = county_of(int((request.view_args or {})[argument]))
            if county_id is None or not is_open(county_id, code, by.now):
                raise NotFound
            return
    if code not in open_codes(by):
        raise NotFound


def parent_blueprint(loaded: Installed, actor: Callable[[], Actor]) -> Blueprint:
    """One parent blueprint that nests every installed programme's own under /<code>/ and asks the gate first.

    `actor` gives the person behind the request; it runs after log-in and permission, before any object is looked up.
    """
    parent = Blueprint(PARENT, __name__)
    parent.before_request(lambda: _gate(actor))
    for code, programme in loaded.programmes.items():
        parent.register_blueprint(programme.blueprint, url_prefix=f"/{code}", name=code)
    return parent
