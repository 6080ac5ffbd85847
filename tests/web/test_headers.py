from __future__ import annotations

import pytest
from flask import Flask, Response
from werkzeug.test import Client

from fulian.web.assets import asset
from fulian.web.headers import CSP
from fulian.web.setup import init_web


@pytest.mark.parametrize(
    "path",
    [
        "/cases/new",
        "/nowhere",
        "/raise/bug",
        "/raise/not-found",
        "/abort/405",
        asset("theme.css"),
        "/static/none.css",
        "/static/../app.py",
    ],
)
def test_every_reply_carries_them(app: Flask, path: str) -> None:
    reply = app.test_client().get(path, buffered=True)
    assert reply.headers.getlist("Content-Security-Policy") == [CSP]
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert reply.headers["X-Frame-Options"] == "DENY"
    assert reply.headers["Referrer-Policy"] == "same-origin"
    assert reply.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert reply.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in reply.headers
    assert "Server" not in reply.headers
    cached = path == asset("theme.css")
    assert reply.headers["Cache-Control"] == ("public, max-age=31536000, immutable" if cached else "no-store")


def test_static_files_without_their_hash_are_kept_for_an_hour(app: Flask) -> None:
    assert app.test_client().get("/static/wave.svg", buffered=True).headers["Cache-Control"] == "public, max-age=3600"


def test_static_files_come_packed_for_who_takes_it(app: Flask) -> None:
    path = asset("vendor/bootstrap-5.3.9/bootstrap.min.css")
    packed = app.test_client().get(path, headers={"Accept-Encoding": "gzip"}, buffered=True)
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) < 40_000


def test_trace_is_refused_with_allow(app: Flask) -> None:
    for path in ("/", "/static/theme.css", "/nowhere"):
        reply = app.test_client().open(path, method="TRACE")
        assert (reply.status_code, reply.headers["Allow"]) == (405, "GET, HEAD, POST, OPTIONS")
        assert reply.headers["Content-Security-Policy"] == CSP


def test_a_sandbox_of_its_own_is_kept_and_the_software_stays_unnamed(app: Flask) -> None:
    @app.get("/file")
    def file() -> Response:
        return Response(
            "x",
            headers={
                "Content-Security-Policy": "sandbox",
                "Server": "x/1",
                "X-Powered-By": "y",
                "Cache-Control": "public",
            },
        )

    reply = app.test_client().get("/file")
    assert reply.headers.getlist("Content-Security-Policy") == ["sandbox", CSP]
    assert "Server" not in reply.headers
    assert "X-Powered-By" not in reply.headers
    assert reply.headers.getlist("Cache-Control") == ["no-store"]


def test_https_brings_hsts() -> None:
    app = Flask("secure", static_folder=None)
    init_web(app, public_url="https://anli.example.cn")
    assert "max-age=31536000" in Client(app).get("/static/wave.svg", buffered=True).headers["Strict-Transport-Security"]


def test_an_application_with_its_own_static_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="static_folder=None"):
        init_web(Flask("wrong"))
