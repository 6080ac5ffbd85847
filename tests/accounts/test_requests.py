"""One of the three administrators asks, another confirms: never the same person, never about oneself, once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, select

from fulian.accounts.grants import AccountRow, NewAccount, NewGrant, create_account_rows
from fulian.accounts.models import Account, AccountRequest, Grant, LoginAttempt, Session
from fulian.accounts.queries import find_account, grants_of
from fulian.accounts.requests import (
    Asked,
    ask_request,
    changes_of,
    confirm_request,
    decline_request,
    open_requests,
    request_line,
    why_not_confirm,
)
from fulian.accounts.sessions import begin_session
from fulian.audit.actor import Actor, Held
from fulian.audit.models import AuditEntry
from fulian.cases.models import Case
from fulian.cases.service import hand_over
from fulian.db import db, transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.testing.world import CITY, CITY_UNIT, DONGCHANGFU, LIUYUAN, NOW, actor, open_mediation
from tests.accounts.conftest import entry_count

pytestmark = pytest.mark.usefixtures("within")

CREATE = Asked(
    "create", "换届", new=NewAccount("new.admin", "新主席", DONGCHANGFU, NewGrant("county_admin", DONGCHANGFU))
)


def second_system_admin() -> Actor:
    """Another person in the same role as `system`."""
    row = AccountRow("system2", "周立二", CITY, CITY_UNIT, "hash", (NewGrant("system_admin", CITY),))
    account_id = transact(create_account_rows, [row], NOW)[0]
    held = (Held("system_admin", CITY, CITY_UNIT, "city"),)
    return Actor(account_id, "周立二", CITY_UNIT, NOW, "127.0.0.1", "test", org_id=CITY, grants=held)


def ask(asked: Asked, username: str = "system") -> int:
    return transact(ask_request, asked, actor(username))


def confirm(request_id: int, by: str | Actor = "security", **kwargs: Any) -> int:
    who = actor(by) if isinstance(by, str) else by
    return transact(partial(confirm_request, **kwargs), request_id, "new-hash", who)


def refused(act: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(Refused) as caught:
        act(*args)
    return caught.value.message


def account(account_id: int) -> Account:
    return db.session.get_one(Account, account_id, populate_existing=True)


# --- each act --------------------------------------------------------------------------------------------------------


def test_an_account_is_made_when_a_second_one_confirms() -> None:
    before = entry_count()
    request_id = ask(CREATE)
    assert db.session.execute(select(Account.id).where(Account.username == "new.admin")).first() is None
    account_id = confirm(request_id)
    assert entry_count() == before + 2  # one entry for each of the two acts
    made = account(account_id)
    assert (made.username, made.name, made.password_hash, made.must_change) == ("new.admin", "新主席", "new-hash", True)
    assert [grant.role for grant in grants_of([account_id])] == ["county_admin"]
    line = request_line(request_id)
    assert (line.asked_by, line.decided_by, line.decision) == ("周立", "吴静", "confirmed")
    assert [change.id for change in changes_of(account_id)] == [request_id]  # her person is told


def test_a_role_above_a_leads_is_given_and_taken() -> None:
    grant = NewGrant("township_admin", LIUYUAN, ends_on=date(2027, 12, 31))
    confirm(ask(Asked("grant", "当选", 1, grant=grant)))
    found = next(line for line in grants_of([1]) if line.role == "township_admin")
    assert found.ends_on == date(2027, 12, 31)
    confirm(ask(Asked("end_grant", "辞任", 1, grant_id=found.id), "security"), "system")
    assert next(line for line in grants_of([1]) if line.id == found.id).ended_at == NOW


def test_a_new_one_time_password_ends_sessions_and_locks() -> None:
    transact(begin_session, 7, actor("admin"), "")
    confirm(ask(Asked("reset_password", "忘记密码", 7)))
    assert (account(7).password_hash, account(7).must_change) == ("new-hash", True)
    assert db.session.execute(select(Session.ended_why)).scalar_one() == "password"
    assert db.session.execute(select(LoginAttempt.id)).first() is None


def test_disabled_and_enabled_by_two() -> None:
    before = entry_count()
    confirm(ask(Asked("disable", "退休", 7)))
    assert account(7).status == "disabled"
    confirm(ask(Asked("enable", "返聘", 7)))
    assert account(7).status == "active"
    assert entry_count() == before + 4
    assert db.session.execute(
        select(AuditEntry.act).order_by(AuditEntry.at, AuditEntry.county_id, AuditEntry.seq)
    ).all()


def test_with_the_account_go_its_open_cases() -> None:
    case_id = open_mediation("mediator").id
    shut = partial(hand_over, confirmed=True)
    without = ask(Asked("disable", "离职", 1))
    assert "请选谁来接" in refused(lambda: confirm(without, shut=shut))
    assert account(1).status == "active"
    assert request_line(without).decision is None  # nothing of it stands

    confirm(ask(Asked("disable", "离职", 1, heir_id=2)), shut=shut)
    assert account(1).status == "disabled"

    assert db.session.get_one(Case, case_id, populate_existing=True).handler_id == 2


# --- who with whom ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["mediator", "lead", "township", "admin", "city", "audit"])
def test_others_do_not_ask(username: str) -> None:
    with pytest.raises(Forbidden):
        ask(CREATE, username)


@pytest.mark.parametrize("username", ["mediator", "lead", "township", "admin", "city"])
def test_others_neither_confirm_nor_decline(username: str) -> None:
    request_id = ask(CREATE)
    with pytest.raises(Forbidden):
        confirm(request_id, username)
    with pytest.raises(Forbidden):
        transact(decline_request, request_id, "事由", actor(username))


def test_nobody_confirms_what_she_asked() -> None:
    assert "另一位管理员" in refused(confirm, ask(CREATE), "system")


def test_a_colleague_in_the_same_role_is_not_another_one() -> None:
    assert "同一种管理员" in refused(confirm, ask(CREATE), second_system_admin())


def test_nobody_asks_or_confirms_about_herself() -> None:
    assert "不能为自己申请" in refused(ask, Asked("reset_password", "忘了", 9), "system")
    about_security = ask(Asked("reset_password", "忘了", 10), "system")
    assert "与您自己有关" in refused(confirm, about_security, "security")
    confirm(about_security, "audit")  # the third one helps out
    assert account(10).must_change


def test_the_audit_administrator_confirms_nothing_else() -> None:
    assert "审计管理员只确认" in refused(confirm, ask(CREATE), "audit")
    assert "审计管理员只确认" in refused(confirm, ask(Asked("reset_password", "忘了", 7)), "audit")
    post = NewAccount("sec2", "新安全员", CITY, NewGrant("security_admin", CITY))
    confirm(ask(Asked("create", "前任离职", new=post)), "audit")


def test_who_asked_must_still_be_one_of_the_three() -> None:
    request_id = ask(CREATE)
    for change in (_end_grants_of, _shut):
        transact(change, 9)
        assert "申请人已经不是管理员" in refused(confirm, request_id)


def _shut(account_id: int) -> None:
    db.session.get_one(Account, account_id).status = "disabled"
    for grant in db.session.execute(select(Grant).where(Grant.account_id == account_id)).scalars():
        grant.ended_at = None


def _end_grants_of(account_id: int) -> None:
    for grant in db.session.execute(select(Grant).where(Grant.account_id == account_id)).scalars():
        grant.ended_at = NOW


@pytest.mark.parametrize(("account_id", "role"), [(10, "system_admin"), (10, "county_admin"), (7, "audit_admin")])
def test_two_together_cannot_join_the_three_or_mix_them(account_id: int, role: str) -> None:
    grant = NewGrant(role, DONGCHANGFU if role == "county_admin" else CITY)
    assert "三员" in refused(ask, Asked("grant", "兼任", account_id, grant=grant), "system")


def test_what_became_impossible_is_refused_at_the_confirmation_too() -> None:
    request_id = ask(Asked("grant", "当选", 16, grant=NewGrant("township_admin", LIUYUAN)))
    row = {"account_id": 16, "role": "audit_admin", "org_id": CITY, "starts_on": date(2026, 1, 1), "granted_at": NOW}
    transact(lambda: db.session.execute(insert(Grant).values(reason="", **row)))
    assert "三员" in refused(confirm, request_id)
    assert request_line(request_id).decision is None


# --- once ------------------------------------------------------------------------------------------------------------


def test_the_same_is_not_asked_twice() -> None:
    ask(Asked("reset_password", "忘了", 7))
    assert "已经有了" in refused(ask, Asked("reset_password", "真的忘了", 7), "security")


def test_it_is_decided_once() -> None:
    request_id = ask(Asked("reset_password", "忘了", 7))
    confirm(request_id)
    assert "已经办过" in refused(confirm, request_id)
    assert "已经办过" in refused(lambda: transact(decline_request, request_id, "事由", actor("security")))


def test_it_is_decided_once_by_many_at_the_same_moment(app: Flask) -> None:
    request_id = ask(CREATE)

    def try_it(_: int) -> bool:
        with app.app_context():
            try:
                confirm(request_id)
            except Refused:
                return False
            finally:
                db.session.remove()
            return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(try_it, range(12))) == 1


def test_it_can_be_sent_back_and_taken_back() -> None:
    first, second = ask(CREATE), ask(Asked("reset_password", "忘了", 7))
    assert [line.id for line in open_requests()] == [first, second]
    transact(decline_request, first, "名字写错了", actor("system"))
    transact(decline_request, second, "没有核实本人", actor("security"))
    assert open_requests() == []
    assert request_line(second).decision == "declined"
    assert changes_of(7) == []
    assert account(7).password_hash != "new-hash"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked("reset_password", " ", 7), "请写明事由"),
        (Asked("reset_password", "忘了", 99999), "没有找到这个账号"),
        (Asked("promote", "忘了", 7), "没有找到这个账号"),
        (Asked("create", "没有写谁"), "没有找到这个账号"),
        (Asked("enable", "事由", 7), "正在使用"),
        (Asked("disable", "事由", 16), "已经停用"),
        (Asked("end_grant", "事由", 7, grant_id=1), "已经不在了"),
    ],
)
def test_what_cannot_be_done_is_not_asked(asked: Asked, said: str) -> None:
    assert said in refused(ask, asked)


def test_what_does_not_exist() -> None:
    for act in (lambda: confirm(99), lambda: transact(decline_request, 99, "事由", actor("security"))):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(NotFound):
        request_line(99)


def test_the_page_says_why_one_may_not() -> None:
    line = request_line(ask(CREATE))
    assert why_not_confirm(line, actor("security")) == ""
    assert "另一位管理员" in why_not_confirm(line, actor("system"))
    assert find_account(9) is not None
    assert db.session.execute(select(AccountRequest.payload)).scalar_one().count("new.admin") == 1
