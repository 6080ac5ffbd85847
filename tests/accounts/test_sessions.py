"""Sessions: over after half an hour or twelve, and at once with the password, the roles or the account."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
import time_machine
from flask import Flask
from sqlalchemy import event, select, update

from fulian.accounts.grants import NewGrant
from fulian.accounts.models import Account, Grant, Session
from fulian.accounts.roles import rights
from fulian.accounts.service import disable_account, end_grant, grant_role
from fulian.accounts.sessions import AGENT_LENGTH, begin_session, find_session, hash_token, touch_session
from fulian.accounts.views.words import browser_words
from fulian.audit.actor import Actor
from fulian.db import db, transact
from fulian.prepared import Prepared
from fulian.testing.world import DONGCHANGFU, NOW, PASSWORD, actor
from tests.accounts.conftest import Browser, entries

Open = Callable[..., Browser]
MORNING = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
NEW_PASSWORD = "Xin-de-mima-9"


def is_in(person: Browser) -> bool:
    """Whether the browser is still logged in."""
    return person.get("/account").status_code == 200


def begin(username: str, agent: str = "") -> str:
    """A session without the log-in page; its token."""
    by = actor(username)
    return transact(begin_session, by.account_id or 0, by, agent)


def seen_at(app: Flask) -> datetime:
    with app.app_context():
        return db.session.execute(select(Session.seen_at)).scalar_one()


def test_half_an_hour_without_a_request_ends_it(browse: Open) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        person = browse("mediator")
        clock.shift(timedelta(minutes=29))
        assert is_in(person)
        clock.shift(timedelta(minutes=29))
        assert is_in(person)
        clock.shift(timedelta(minutes=31))
        assert not is_in(person)


def test_twelve_hours_end_it_however_busy(browse: Open) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        person = browse("mediator")
        for _ in range(28):  # every 25 minutes: 11 hours 40 minutes
            clock.shift(timedelta(minutes=25))
            assert is_in(person)
        clock.shift(timedelta(minutes=25))
        assert not is_in(person)


def test_its_use_is_written_down_once_a_minute(app: Flask, browse: Open) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        person = browse("mediator")
        clock.shift(timedelta(seconds=59))
        assert is_in(person)
        assert seen_at(app) == MORNING
        clock.shift(timedelta(seconds=1))
        assert is_in(person)
        assert seen_at(app) == MORNING + timedelta(minutes=1)


def test_an_ended_session_is_not_brought_back(within: Flask) -> None:
    token = begin("mediator")
    transact(lambda: db.session.execute(update(Session).values(ended_at=NOW, ended_why="logout")))
    transact(touch_session, hash_token(token), NOW + timedelta(minutes=1))
    assert db.session.execute(select(Session.seen_at)).scalar_one() == NOW
    assert find_session(hash_token(token), rights(), NOW, "", "") is None


def test_a_new_password_ends_all_others_and_goes_on_here(browse: Open) -> None:
    here, there = browse("mediator"), browse("mediator")
    page = here.get("/account/password")
    assert page.status_code == 200
    answer = here.post("/account/password", present=PASSWORD, password=NEW_PASSWORD, again=NEW_PASSWORD)
    assert answer.status_code == 302
    assert is_in(here)
    assert not is_in(there)
    assert browse().log_in("mediator").status_code == 422
    assert browse().log_in("mediator", NEW_PASSWORD).status_code == 302


def test_a_role_more_or_less_ends_them(app: Flask, browse: Open) -> None:
    person = browse("mediator")
    with app.app_context():
        grant_id = transact(grant_role, 1, NewGrant("caseworker", DONGCHANGFU), actor("admin"))
    assert not is_in(person)
    person = browse("mediator")
    with app.app_context():
        transact(end_grant, grant_id, "调走", actor("admin"))
    assert not is_in(person)


def test_a_disabled_account_is_out_under_fifty_parallel_requests(app: Flask) -> None:
    """Whatever began after the act was done is answered 302; nothing slips through beside it."""
    with app.app_context():
        token = begin("mediator")
        by = actor("admin")
    done = Event()

    def ask(n: int) -> tuple[bool, int]:
        client = app.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token
        if n == 10:
            with app.app_context():
                transact(lambda: disable_account(1, by, reason="离职"))
                db.session.remove()
            done.set()
        after = done.is_set()
        return after, client.get("/account").status_code

    with time_machine.travel(NOW, tick=True), ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(100)))
    assert {code for _, code in answers} <= {200, 302}
    assert {code for after, code in answers if after} == {302}
    assert any(after for after, _ in answers)


def test_who_it_is_comes_from_one_query(within: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    token_hash = hash_token(begin("several"))
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    read = Prepared.rows
    monkeypatch.setattr(Prepared, "rows", lambda *args: statements.append("SELECT prepared") or read(*args))
    found = find_session(token_hash, rights(), NOW, "192.0.2.1", "r-9")
    assert [statement for statement in statements if statement.startswith("SELECT")] == ["SELECT prepared"]
    assert found is not None
    expected = actor("several")
    assert found.actor == Actor(
        **{
            name: getattr(expected, name)
            for name in ("account_id", "name", "county_id", "now", "org_id", "grants", "permissions")
        },
        address="192.0.2.1",
        request_id="r-9",
    )
    assert found.org_name == "柳园街道"


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"ends_on": NOW.date()}, True),
        ({"ends_on": NOW.date() - timedelta(days=1)}, False),
        ({"starts_on": NOW.date() + timedelta(days=1)}, False),
        ({"ended_at": NOW}, False),
    ],
)
def test_a_grant_holds_from_its_first_to_its_last_day(within: Flask, change: dict[str, object], held: bool) -> None:
    token_hash = hash_token(begin("mediator"))
    transact(lambda: db.session.execute(update(Grant).where(Grant.account_id == 1).values(**change)))
    found = find_session(token_hash, rights(), NOW, "", "")
    assert found is not None
    assert bool(found.actor.grants) is held
    assert ("cases.view" in found.actor.permissions) is held


def test_the_last_day_is_one_of_shanghai(within: Flask) -> None:
    token_hash = hash_token(begin("mediator"))
    transact(lambda: db.session.execute(update(Grant).where(Grant.account_id == 1).values(ends_on=NOW.date())))
    midnight = datetime(2026, 11, 24, 16, 0, tzinfo=UTC)
    transact(
        lambda: db.session.execute(update(Session).values(seen_at=midnight, started_at=midnight - timedelta(hours=1)))
    )
    for now, held in ((midnight - timedelta(seconds=1), True), (midnight, False)):
        found = find_session(token_hash, rights(), now, "", "")
        assert found is not None
        assert bool(found.actor.grants) is held


def test_a_password_of_ninety_days_must_be_changed_first(app: Flask, browse: Open) -> None:
    person = browse("mediator")
    old = datetime.now(UTC) - timedelta(days=91)
    with app.app_context():
        transact(lambda: db.session.execute(update(Account).where(Account.id == 1).values(password_at=old)))
    answer = person.get("/cases/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/password")
    assert "请先改掉" in person.get("/account/password").get_data(as_text=True)
    assert person.get("/account").headers["Location"] == "/account/password"


def test_a_long_browser_name_is_cut(within: Flask) -> None:
    begin("mediator", agent="x" * 5000)
    assert db.session.execute(select(Session.agent)).scalar_one() == "x" * AGENT_LENGTH
    assert db.session.execute(select(Session.address)).scalar_one() == "127.0.0.1"


# --- where she is logged in ------------------------------------------------------------------------------------------

PHONE = (
    "Mozilla/5.0 (Linux; Android 13; SM-A5360) AppleWebKit/537.36 Chrome/116.0 Mobile Safari/537.36 MicroMessenger/8"
)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (PHONE, "安卓手机 · 微信"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36 Edg/120.0",
            "电脑 · 微软浏览器",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile Safari/604.1",
            "苹果手机 · 苹果浏览器",
        ),
        ("curl/8.0", "不认识的设备"),
        ("", "不认识的设备"),
    ],
)
def test_a_browser_is_called_as_its_user_calls_it(agent: str, words: str) -> None:
    assert browser_words(agent) == words


def whiches(person: Browser) -> list[str]:
    text = person.get("/account/sessions").get_data(as_text=True)
    return re.findall(r'name="which" value="([^"]+)"', text)


def test_she_sees_where_she_is_logged_in_and_ends_one(app: Flask, browse: Open) -> None:
    here, there = browse("mediator"), browse("mediator", address="192.0.2.77")
    text = here.get("/account/sessions").get_data(as_text=True)
    assert text.count("就是这里") == 1
    assert all(word in text for word in ("192.0.2.10", "192.0.2.77", "2 处"))
    [which, _all] = whiches(here)
    assert here.post("/account/sessions/end", which=which).status_code == 302
    assert (is_in(here), is_in(there)) == (True, False)
    with app.app_context():
        assert (
            db.session.execute(select(Session.ended_why).where(Session.ended_at.is_not(None))).scalar_one()
            == "elsewhere"
        )
    assert entries(app)[-1] == ("login.ended_elsewhere", "done")


def test_all_others_at_once(app: Flask, browse: Open) -> None:
    here, *others = (browse("mediator") for _ in range(4))
    stranger = browse("colleague")
    before = len(entries(app))
    here.get("/account/sessions")
    assert here.post("/account/sessions/end", which="others").status_code == 302
    assert is_in(here)
    assert is_in(stranger)
    assert not any(is_in(other) for other in others)
    assert len(entries(app)) == before + 1
    again = here.post("/account/sessions/end", which="others")
    assert again.status_code == 422
    assert "已经结束了" in again.get_data(as_text=True)


def test_nobody_elses_and_not_the_present_one(app: Flask, browse: Open) -> None:
    here, stranger = browse("mediator"), browse("colleague")
    here.get("/account/sessions")
    with app.app_context():
        hashes = list(db.session.execute(select(Session.token_hash)).scalars())
    for which in (*(token_hash.hex() for token_hash in hashes), "", "zz", "00" * 32):
        assert here.post("/account/sessions/end", which=which).status_code == 422
    assert is_in(here)
    assert is_in(stranger)


def test_a_session_that_ran_out_is_not_listed(browse: Open) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        browse("mediator")
        clock.shift(timedelta(minutes=31))
        assert whiches(browse("mediator")) == []
