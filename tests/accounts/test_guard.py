"""The guard before every view: route, log-in, permission; denied by default; who is asked, and how it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from flask_login import current_user
from sqlalchemy import update

from fulian.accounts.enforcement import client_address, current_actor, request_id
from fulian.accounts.models import Account
from fulian.accounts.passwords import VALID_DAYS
from fulian.accounts.sessions import SEEN_EVERY
from fulian.app import create_app
from fulian.db import db
from fulian.errors import Busy
from fulian.web.access import no_login, requires
from tests.accounts.conftest import Browser, entries

Open = Callable[..., Browser]


@pytest.fixture
def app(
    app_config: dict[str, Any], plugins: list[str | ModuleType] | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The application with a few views more."""
    app = create_app({**app_config, "FULIAN_TRUSTED_PROXIES": "1"}, plugins)

    @app.get("/t/undeclared")
    def undeclared() -> str:
        return "seen"

    @app.get("/t/open")
    @no_login
    def open_to_all() -> str:
        return f"{client_address()} {len(request_id())}"

    @app.route("/t/who", methods=["GET", "POST"])
    @requires("cases.open", "none")
    def who() -> str:
        assert current_user.is_authenticated
        return f"{current_actor().name} {current_actor() is current_user.actor} {current_actor().address}"

    @app.post("/t/act")
    @requires("cases.open", "none")
    def act() -> str:
        return "done"

    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_no_such_route_is_said_before_log_in(browse: Open) -> None:
    assert browse().get("/t/nothing").status_code == 404
    assert browse().client.put("/t/who").status_code == 405


def test_a_view_without_a_declaration_is_closed_to_everybody(browse: Open) -> None:
    assert browse().get("/t/undeclared").status_code == 403
    assert browse("admin").get("/t/undeclared").status_code == 403


def test_a_public_view_asks_nobody(browse: Open) -> None:
    assert browse().get("/t/open").status_code == 200


def test_a_page_goes_to_log_in_and_back(browse: Open) -> None:
    answer = browse().get("/t/who?a=1&b=%E4%B8%AD")
    assert answer.status_code == 302
    assert answer.headers["Location"] == "/login?next=%2Ft%2Fwho%3Fa%3D1%26b%3D%25E4%25B8%25AD"


def test_a_form_sent_after_the_time_out_says_that_it_was_not_saved(browse: Open) -> None:
    visitor = browse()
    answer = visitor.client.post("/t/who?a=1")
    assert answer.headers["Location"] == "/login?next=%2Ft%2Fwho%3Fa%3D1&unsaved=1"
    page = visitor.get(answer.headers["Location"]).get_data(as_text=True)
    assert "刚才填的没有保存。登录后会回到那一页，请再填一次。" in page
    assert "没有保存" in visitor.post("/login?unsaved=1", username="mediator", password="x").get_data(as_text=True)
    assert visitor.client.post("/t/act").headers["Location"] == "/login?unsaved=1"  # no page to go back to
    assert visitor.client.post("/logout").headers["Location"] == "/login"
    assert "没有保存" not in visitor.get("/login").get_data(as_text=True)


def test_a_form_that_its_page_sent_stays_there_with_its_text(browse: Open) -> None:
    answer = browse().client.post("/t/who", headers={"X-Sent-Within": "1"})
    assert answer.status_code == 401
    assert "在新开的一页登录" in answer.get_data(as_text=True)


def test_a_password_to_be_changed_opens_nothing_else(app: Flask, browse: Open) -> None:
    person = browse("mediator")
    with app.app_context():
        db.session.execute(update(Account).where(Account.username == "mediator").values(must_change=True))
        db.session.commit()
    for address in ("/", "/account", "/jobs/", "/t/who", "/cases/"):
        assert person.get(address).headers.get("Location") == "/account/password", address
    assert person.get("/", headers={"HX-Request": "true"}).status_code == 403
    assert person.get("/account/password").status_code == 200
    assert person.post("/logout").headers["Location"] == "/login?gone=1"


def test_an_old_password_too(app: Flask, browse: Open) -> None:
    person = browse("mediator")
    with app.app_context():
        old = datetime.now(UTC) - timedelta(days=VALID_DAYS + 1)
        db.session.execute(update(Account).where(Account.username == "mediator").values(password_at=old))
        db.session.commit()
    assert person.get("/").headers.get("Location") == "/account/password"


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Accept": "application/json"}])
def test_a_part_of_a_page_and_a_program_are_only_told(browse: Open, headers: dict[str, str]) -> None:
    assert browse().get("/t/who", headers=headers).status_code == 401


def test_with_the_permission(browse: Open) -> None:
    assert browse("mediator").get("/t/who").get_data(as_text=True) == "李秀英 True 192.0.2.10"


def test_without_it_403_and_on_the_log(app: Flask, browse: Open) -> None:
    person = browse("admin")
    answer = person.get("/t/who")
    assert answer.status_code == 403
    assert "您的账号不能办这件事" in answer.get_data(as_text=True)
    person.get("/t/who")  # repeats within a minute are one entry
    assert entries(app) == [("login.done", "done"), ("refused.cases.open", "refused")]


def test_a_stolen_or_invented_cookie_is_nobody(app: Flask) -> None:
    for token in ("invented", 7, None, ["x"]):
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token
        assert client.get("/t/who").status_code == 302
    client = app.test_client()
    client.set_cookie("fulian_session", "no-signature")
    assert client.get("/t/who").status_code == 302


@pytest.mark.parametrize(
    ("forwarded", "seen"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),  # what the browser claims stands before what the proxy wrote
        ("2001:DB8::1", "2001:db8::1"),
        ("<script>", "192.0.2.10"),
        ("", "192.0.2.10"),
    ],
)
def test_behind_one_proxy_the_address_is_what_it_wrote(browse: Open, forwarded: str, seen: str) -> None:
    answer = browse().get("/t/open", headers={"X-Forwarded-For": forwarded})
    assert answer.get_data(as_text=True) == f"{seen} 16"


def test_without_a_trusted_proxy_the_header_is_a_claim(app_config: dict[str, Any], plugins: Any) -> None:
    app = create_app(app_config, plugins)
    with app.test_request_context(headers={"X-Forwarded-For": "6.6.6.6"}, environ_base={"REMOTE_ADDR": "192.0.2.1"}):
        assert client_address() == "192.0.2.1"
    with app.app_context():
        db.engine.dispose()


def test_reading_goes_on_where_nothing_can_be_written(browse: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    person = browse("mediator")

    def full(*_args: object) -> None:
        raise Busy

    monkeypatch.setattr("fulian.accounts.enforcement.transact", full)
    monkeypatch.setattr("fulian.accounts.enforcement.SEEN_EVERY", -SEEN_EVERY)
    assert person.get("/t/who").status_code == 200
