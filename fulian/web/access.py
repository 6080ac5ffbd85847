"""What a route needs, declared beside it. The marks only set an attribute; who enforces it stands above this room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from flask import Flask
from werkzeug.routing import Rule

from fulian.errors import StartRefused

View = TypeVar("View", bound=Callable[..., Any])

SCOPES = ("none", "own", "case", "person", "organisation", "county")
AUTOMATIC_METHODS = {"HEAD", "OPTIONS"}  # Flask adds them itself; they show nothing that GET does not


@dataclass(frozen=True, slots=True)
class Access:
    """What one view declares.

    `permission` is a dotted English name, `scope` one of `SCOPES`: the kind of row the route reaches. `public` routes
    are reached without an account; `county_of` then says to which county the signed token in the address belongs
    (None where a page belongs to no county, as the log-in page).
    """

    permission: str
    scope: str
    public: bool = False
    county_of: Callable[..., int] | None = None


@dataclass(frozen=True, slots=True)
class Declared:
    """One rule of the URL map with what its view declares; `methods` without the automatic HEAD and OPTIONS."""

    rule: str
    methods: tuple[str, ...]
    endpoint: str
    permission: str
    scope: str
    public: bool


def requires(permission: str, scope: str) -> Callable[[View], View]:
    """Mark a view: an account with `permission` may call it, on rows of the kind `scope`. Raises ValueError."""
    if scope not in SCOPES:
        raise ValueError(f"unknown scope {scope!r}: one of {', '.join(SCOPES)}")
    if "." not in permission:
        raise ValueError(f"{permission!r} is not a dotted permission name")
    return _mark(Access(permission, scope))


def no_login(view: View) -> View:
    """Mark a view that anybody reaches without an account and that belongs to no county (log-in page, health)."""
    return _mark(Access("public.page", "none", public=True))(view)


def public(county_of: Callable[..., int]) -> Callable[[View], View]:
    """Mark a view for outsiders who hold a signed token; `county_of(**view_args)` gives the county that gates it."""
    return _mark(Access("public.token", "none", public=True, county_of=county_of))


def form_checks_csrf(view: View) -> View:
    """Mark a view whose BaseForm checks the CSRF token itself, so that a stale page keeps what was typed.

    Every other view with an unsafe method is answered 400 before it runs. The view must change nothing
    unless `form.validate_on_submit()` holds.
    """
    view.form_checks_csrf = True  # type: ignore[attr-defined]
    return view


def access_of(view: Callable[..., Any]) -> Access | None:
    """What the view declares, or None."""
    found = getattr(view, "access", None)
    return found if isinstance(found, Access) else None


def declared(app: Flask) -> Iterator[Declared]:
    """Every rule of the URL map with its declaration. Raises StartRefused where a route has none."""
    for rule in app.url_map.iter_rules():
        yield _declared_rule(rule, app.view_functions[rule.endpoint])


def _declared_rule(rule: Rule, view: Callable[..., Any]) -> Declared:
    access = access_of(view)
    if access is None and (rule.endpoint == "static" or rule.endpoint.endswith(".static")):
        access = Access("public.static", "none", public=True)
    if access is None:
        raise StartRefused(f"页面 {rule.rule}（{rule.endpoint}）没有声明谁可以打开。")
    methods = tuple(sorted((rule.methods or set()) - AUTOMATIC_METHODS))
    return Declared(rule.rule, methods, rule.endpoint, access.permission, access.scope, access.public)


def _mark(access: Access) -> Callable[[View], View]:
    def put(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return put
