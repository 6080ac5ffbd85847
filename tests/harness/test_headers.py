"""Promise 17: every reply, whoever makes it, carries the headers. Those of all other harnesses are looked at too."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from fulian.config import LARGEST_BODY

from .objects import Spot
from .routes import routes
from .site import Site

ODD_METHODS = ("HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "QUERY")
TOO_MUCH = LARGEST_BODY + 1
STATIC = ("/static/theme.css", "/static/theme.css?v=1", "/static/app.js", "/static/icons.svg", "/static/nowhere.css")


@pytest.mark.parametrize("caller", ["anonymous", "county_admin", "system_admin"])
def test_every_route_by_every_method(site: Site, spots: Mapping[str, Spot], caller: str) -> None:
    browser = site.browser(caller)
    for route in routes(site.app):
        if not set(route.arguments) <= set(spots["township"].ids):
            continue
        with site.app.app_context():
            url = route.url_at(site.app, spots["township"])
        for method in ODD_METHODS:
            reply = browser.send(method, url)
            assert reply.status in ((405,) if method not in ("HEAD", "OPTIONS") else range(500)), reply
            assert not reply.body or method not in ("HEAD", "TRACE"), "says the request back"
    assert site.problems() == []


def test_errors_redirects_and_files(site: Site) -> None:
    anonymous, admin = site.browser("anonymous"), site.browser("county_admin")
    asked = {
        302: [anonymous.get("/cases/"), admin.get("/cases", follow_redirects=False)],
        400: [admin.send("POST", "/logout"), admin.get("/cases/?order=handler_id"), admin.get("/cases/?q=%00")],
        401: [anonymous.get("/cases/", headers={"HX-Request": "true"})],
        403: [admin.get("/audit/")],
        404: [admin.get("/nowhere"), admin.get("/cases/987654321"), admin.get("/static/nowhere.css")],
        405: [admin.send("DELETE", "/cases/")],
        413: [
            site.browser("caseworker").send(
                "POST", "/cases/new", data=b"x" * TOO_MUCH, content_type="application/x-www-form-urlencoded"
            )
        ],
    }
    for status, replies in asked.items():
        wanted = {302, 308} if status == 302 else {status}
        assert [reply.url for reply in replies if reply.status not in wanted] == [], status
    assert {admin.get(url).status for url in STATIC} == {200, 404}
    assert site.problems() == []


def test_a_download_has_a_sandbox_besides(site: Site, spots: Mapping[str, Spot]) -> None:
    ids = spots["township"].ids
    reply = site.browser("caseworker").get(f"/cases/{ids['case_id']}/files/{ids['file_id']}")
    assert reply.status == 200
    assert reply.headers["Content-Disposition"].startswith("attachment")
    assert any("sandbox" in policy for policy in reply.policies)
    assert site.problems() == []
