"""`fulian accounts create`: the first accounts, on the machine itself."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, select

from fulian.accounts.cli import accounts
from fulian.accounts.models import Account, Grant
from fulian.accounts.passwords import password_fits
from fulian.accounts.queries import grants_of
from fulian.db import db, transact
from fulian.testing.world import CITY, LIUYUAN
from tests.accounts.conftest import Browser, entries


def create(app: Flask, *arguments: str, typed: str = "") -> Result:
    return app.test_cli_runner().invoke(accounts, ["create", *arguments], input=typed)


def find(app: Flask, username: str) -> Account:
    with app.app_context():
        return db.session.execute(select(Account).where(Account.username == username)).scalar_one()


@pytest.fixture
def without_the_three(app: Flask) -> None:
    def remove() -> None:
        db.session.execute(delete(Grant).where(Grant.account_id.in_((9, 10, 11))))

    with app.app_context():
        transact(remove)
        db.session.remove()


@pytest.mark.usefixtures("without_the_three")
def test_the_three_are_made_one_after_the_other(app: Flask) -> None:
    for name in ("一", "二", "三"):
        result = create(app, "--username", f"first-{'一二三'.index(name)}", "--name", f"管理员{name}")
        assert result.exit_code == 0, result.output
    roles = []
    for n in range(3):
        account = find(app, f"first-{n}")
        assert account.org_id == CITY
        with app.app_context():
            roles += [grant.role for grant in grants_of([account.id])]
    assert roles == ["system_admin", "security_admin", "audit_admin"]
    result = create(app, "--username", "fourth", "--name", "多的")
    assert result.exit_code == 1
    assert "三员都有了" in result.output
    assert entries(app) == [("account.created", "done")] * 3


def test_the_one_time_password_lets_in_and_must_be_changed(app: Flask, browse: Callable[..., Browser]) -> None:
    result = create(app, "--username", "new.one", "--name", "新来的", "--role", "caseworker", "--org", "柳园街道")
    printed = re.search(r"一次性密码：(\S+)", result.output)
    assert printed, result.output
    account = find(app, "new.one")
    assert (account.org_id, account.must_change) == (LIUYUAN, True)
    assert browse().log_in("new.one", printed[1]).status_code == 302


def test_a_password_can_be_typed(app: Flask) -> None:
    result = create(
        app,
        *("--username", "new.one", "--name", "新来的", "--role", "county_admin", "--org", "371502", "--ask-password"),
        typed="Xin-de-mima-9\nXin-de-mima-9\n",
    )
    assert result.exit_code == 0, result.output
    assert "Xin-de-mima-9" not in result.output
    account = find(app, "new.one")
    assert password_fits(account.password_hash, "Xin-de-mima-9")
    assert not account.must_change


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--username", "mediator", "--name", "重名", "--role", "caseworker"), "已经有人用了"),
        (("--username", "x.y.z", "--name", "周立", "--role", "audit_admin"), "三员"),
        (("--username", "x.y.z", "--name", "某", "--role", "county_admin"), "不能设在"),
        (("--username", "x.y.z", "--name", "某", "--role", "caseworker", "--org", "没有的村"), "没有找到这个组织"),
        (("--username", "x.y.z", "--name", "某", "--role", "programme_lead"), "要选定一个品牌项目"),
        (("--username", "x.y.z", "--name", "某", "--role", "boss"), "boss"),
    ],
)
def test_a_refusal_is_one_sentence(app: Flask, arguments: tuple[str, ...], said: str) -> None:
    result = create(app, *arguments)
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_weak_typed_password_is_refused(app: Flask) -> None:
    result = create(
        app,
        *("--username", "new.one", "--name", "某", "--role", "caseworker", "--ask-password"),
        typed="short\nshort\n",
    )
    assert result.exit_code == 1
    assert "至少 10 位" in result.output
