from __future__ import annotations

import functools

import pytest
from flask import Flask

from fulian.errors import StartRefused
from fulian.web.access import access_of, declared, no_login, public, requires


def test_every_route_is_listed_with_its_declaration(app: Flask) -> None:
    found = {row.endpoint: row for row in declared(app)}
    assert found["sample"].methods == ("GET", "POST")
    assert (found["sample"].permission, found["sample"].scope, found["sample"].public) == ("case.change", "case", False)
    assert (found["abort"].permission, found["abort"].public) == ("public.page", True)


def test_a_route_without_declaration_stops_the_start_by_name(app: Flask) -> None:
    app.add_url_rule("/hole", "cases.hole", lambda: "")
    with pytest.raises(StartRefused, match=r"cases\.hole"):
        list(declared(app))


def test_static_files_of_a_plugin_need_none() -> None:
    app = Flask("plain")  # has a static route of its own
    assert [(row.endpoint, row.permission) for row in declared(app)] == [("static", "public.static")]


def test_marks_survive_a_wrapper_and_keep_the_county() -> None:
    view = public(lambda token: 7)(lambda token: "ok")

    @functools.wraps(view)
    def wrapped(token: str) -> str:
        return view(token)

    access = access_of(wrapped)
    assert access is not None
    assert access.county_of is not None
    assert (access.public, access.county_of("x")) == (True, 7)
    assert access_of(no_login(lambda: "")) is not None
    assert access_of(lambda: "") is None


@pytest.mark.parametrize(("permission", "scope"), [("case.read", "village"), ("read", "case")])
def test_a_mistyped_declaration_fails_at_once(permission: str, scope: str) -> None:
    with pytest.raises(ValueError):
        requires(permission, scope)
