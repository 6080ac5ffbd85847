"""Log-in: the same for a wrong name and a wrong password, throttled, locked, on the log."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from fulian.accounts import log_in
from fulian.accounts.log_in import Throttled, begin_attempt
from fulian.accounts.models import Account, LoginAttempt, Session
from fulian.accounts.sessions import hash_token
from fulian.audit.actor import Actor
from fulian.db import db, transact
from fulian.testing.world import CITY_UNIT, PASSWORD
from tests.accounts.conftest import Browser, entries

Open = Callable[..., Browser]
WRONG = "账号或密码不对。还可以再试 4 次，之后会锁定 30 分钟。"


def said(response: object) -> str:
    """The text at the password field."""
    found = re.search(r'id="password-error">.*?</svg>(.*?)</div>', response.get_data(as_text=True), re.S)  # type: ignore[attr-defined]
    assert found, "nothing is said at the password"
    return found[1]


def test_the_page(browse: Open) -> None:
    page = browse().get("/login")
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    assert all(f'name="{name}"' in text for name in ("username", "password", "csrf_token"))


def test_in_and_out(app: Flask, browse: Open) -> None:
    person = browse()
    answer = person.log_in("mediator")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert "李秀英" in person.get("/account").get_data(as_text=True)

    answer = person.post("/logout")
    assert answer.status_code == 302
    assert "已经退出登录" in person.get(answer.headers["Location"]).get_data(as_text=True)
    assert person.get("/account").status_code == 302
    assert entries(app) == [("login.done", "done"), ("login.ended", "done")]


def test_a_name_is_found_however_it_is_typed(browse: Open) -> None:
    assert browse().log_in("　Mediator ").status_code == 302


def test_the_same_for_a_wrong_name_and_a_wrong_password(app: Flask, browse: Open) -> None:
    wrong_password, wrong_name = browse(address="192.0.2.1"), browse(address="192.0.2.2")
    first, second = wrong_password.log_in("mediator", "not-hers"), wrong_name.log_in("nobody", "not-hers")

    assert first.status_code == second.status_code == 422
    assert said(first) == said(second) == WRONG
    assert 'value="mediator"' in first.get_data(as_text=True)  # what was typed is kept
    assert "not-hers" not in first.get_data(as_text=True)  # the password is not
    assert entries(app) == [("login.failed", "refused")] * 2


def test_empty_fields_are_named(app: Flask, browse: Open) -> None:
    answer = browse().log_in("", "")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "请填写账号。" in text
    assert "请填写密码。" in text
    assert entries(app) == []


def test_a_disabled_account_is_told_so_only_with_its_password(app: Flask, browse: Open) -> None:
    person = browse()
    assert said(person.log_in("disabled", "not-hers")) == WRONG
    answer = person.log_in("disabled")
    assert answer.status_code == 422
    assert "这个账号已经停用" in answer.get_data(as_text=True)
    assert entries(app)[-1] == ("refused.accept_attempt", "refused")


def test_no_session_is_taken_over_from_before_log_in(browse: Open) -> None:
    person = browse()
    person.get("/login")
    before = person.client.get_cookie("fulian_session")
    person.log_in("mediator")
    first = person.client.get_cookie("fulian_session")
    assert before is not None
    assert first is not None
    assert first.value != before.value
    assert first.http_only
    assert first.same_site == "Lax"


def test_only_a_hash_of_the_token_is_kept(app: Flask, browse: Open) -> None:
    person = browse("mediator")
    with person.client.session_transaction() as cookie:
        token = cookie["token"]
    with app.app_context():
        kept = db.session.execute(select(Session.token_hash)).scalar_one()
    assert kept == hash_token(token)
    assert len(token) >= 43  # 32 bytes in base64


@pytest.mark.parametrize(
    ("wanted", "goes_to"),
    [
        ("/cases/?status=open", "/cases/?status=open"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\tevil", "/"),
        ("javascript:alert(1)", "/"),
        ("/login", "/"),
        ("/" + "x" * 3000, "/"),
    ],
)
def test_it_goes_back_to_a_page_of_ours_only(browse: Open, wanted: str, goes_to: str) -> None:
    person = browse()
    person.get("/login", query_string={"next": wanted})
    answer = person.client.post(
        "/login",
        query_string={"next": wanted},
        data={"csrf_token": person.csrf, "username": "mediator", "password": PASSWORD},
    )
    assert answer.headers["Location"] == goes_to


def test_who_is_in_does_not_log_in_again(browse: Open) -> None:
    assert browse("mediator").get("/login").status_code == 302


def test_five_wrong_ones_lock_for_half_an_hour(app: Flask, browse: Open) -> None:
    with time_machine.travel(datetime(2026, 11, 24, 1, 30, tzinfo=UTC), tick=False) as clock:
        person = browse()
        answers = [person.log_in("mediator", "not-hers") for _ in range(5)]
        assert [answer.status_code for answer in answers] == [422] * 4 + [429]
        assert [f"再试 {n} 次" in said(answer) for n, answer in zip((4, 3, 2, 1), answers, strict=False)] == [True] * 4
        assert "已经错了 5 次，请在 10:00 以后再试" in said(answers[4])

        locked = person.log_in("mediator")  # the right password does not help
        assert locked.status_code == 429
        assert "请在 10:00 以后再试" in said(locked)
        assert browse(address="192.0.2.99").log_in("mediator").status_code == 302  # nor is she locked out elsewhere

        clock.shift(timedelta(minutes=29, seconds=59))
        assert person.log_in("mediator").status_code == 429
        clock.shift(timedelta(seconds=2))
        assert said(person.log_in("mediator", "not-hers")) == WRONG  # counted anew
        assert person.log_in("mediator").status_code == 302
    assert entries(app).count(("login.locked", "refused")) == 1


def test_an_unknown_name_is_locked_in_the_same_words(browse: Open) -> None:
    with time_machine.travel(datetime(2026, 11, 24, 1, 30, tzinfo=UTC), tick=False):
        known, unknown = browse(address="192.0.2.1"), browse(address="192.0.2.2")
        for _ in range(6):
            assert said(known.log_in("mediator", "not-hers")) == said(unknown.log_in("nobody", "not-hers"))


def test_a_right_one_forgives(browse: Open) -> None:
    person = browse()
    for _ in range(4):
        person.log_in("mediator", "not-hers")
    assert person.log_in("mediator").status_code == 302
    person.post("/logout")
    person.get("/account")
    person.client.delete_cookie("fulian_session")
    assert said(person.log_in("mediator", "not-hers")) == WRONG


def test_tries_sent_at_once_are_all_counted(app: Flask) -> None:
    """Each is counted before its password is looked at, so a burst gets no more tries than a patient one."""

    def attempt(_: int) -> bool:
        with app.app_context():
            by = Actor(None, "未登录", CITY_UNIT, datetime.now(UTC), "192.0.2.7")
            try:
                transact(begin_attempt, "mediator", by)
            except Throttled:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(30))) == log_in.TRIES


def test_many_addresses_slow_an_account_down_but_not_where_it_is_known(app: Flask, browse: Open) -> None:
    with time_machine.travel(datetime(2026, 11, 24, 1, 30, tzinfo=UTC), tick=False) as clock:
        assert browse(address="192.0.2.50").log_in("mediator").status_code == 302
        clock.shift(timedelta(minutes=5))
        for n in range(log_in.SLOW_AFTER):
            browse(address=f"198.51.100.{n}").log_in("mediator", "not-hers")
        slowed = browse(address="198.51.100.77").log_in("mediator")
        assert slowed.status_code == 429
        assert "请过 30 秒再试" in said(slowed)
        assert browse(address="192.0.2.50").log_in("mediator").status_code == 302  # her own office
        clock.shift(log_in.SLOW)
        assert browse(address="198.51.100.77").log_in("mediator").status_code == 302


def test_an_address_that_tries_every_account_is_stopped(app: Flask, browse: Open) -> None:
    now = datetime.now(UTC)
    with app.app_context():
        tried = [
            LoginAttempt(name_key=bytes(31) + bytes([n]), address="192.0.2.10", at=now)
            for n in range(log_in.ADDRESS_TRIES)
        ]
        transact(lambda: db.session.add_all(tried))
    stopped = browse().log_in("mediator")
    assert stopped.status_code == 429
    assert "这个网络里输错密码的次数太多" in said(stopped)
    assert browse(address="192.0.2.11").log_in("mediator").status_code == 302


def test_the_addresses_of_one_ipv6_subscriber_are_one(browse: Open) -> None:
    answers = [browse(address=f"2001:db8:1:2::{n}").log_in("mediator", "not-hers") for n in range(1, 7)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429] * 2
    assert browse(address="2001:db8:1:3::1").log_in("mediator").status_code == 302


def test_a_password_changed_meanwhile_lets_nobody_in(app: Flask, browse: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    def change_meanwhile(password_hash: str | None, _password: str) -> bool:
        transact(
            lambda: db.session.execute(update(Account).where(Account.username == "mediator").values(password_hash="x"))
        )
        return password_hash is not None

    monkeypatch.setattr("fulian.accounts.views.own.password_fits", change_meanwhile)
    answer = browse().log_in("mediator")
    assert answer.status_code == 422
    assert "密码刚刚改过" in said(answer)
    with app.app_context():
        assert db.session.execute(select(func.count()).select_from(Session)).scalar_one() == 0


def test_a_known_and_an_unknown_name_are_looked_at_alike(
    app: Flask, browse: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the dummy hash the difference would be a tenth of a second against nothing (test_passwords times it)."""
    looked: list[str | None] = []
    monkeypatch.setattr("fulian.accounts.views.own.password_fits", lambda kept, _typed: bool(looked.append(kept)))
    browse(address="192.0.2.1").log_in("mediator")
    browse(address="192.0.2.2").log_in("nobody")
    assert len(looked) == 2
    assert looked[1] is None
