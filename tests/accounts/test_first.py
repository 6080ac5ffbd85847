"""A new installation: three people in one act, three slips, and a page that says so until then."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import delete, func, select

from fulian.accounts.cli import accounts
from fulian.accounts.first import FirstPerson, create_three
from fulian.accounts.models import Account, Grant
from fulian.accounts.passwords import password_fits
from fulian.accounts.roles import THREE
from fulian.app import create_app
from fulian.db import db, transact
from fulian.errors import Refused
from fulian.lineages import upgrade
from fulian.serve import run_jobs
from fulian.testing.databases import Database
from fulian.testing.postgres import APPLICATION
from fulian.testing.world import CITY, actor
from tests.accounts.conftest import Browser, entries

PEOPLE = ("zhou.li,周立新,13800000001", "wu.jing，吴静然，13800000002", "zheng.hua,郑华北,13800000003")
SLIP = re.compile(r"（(\S+管理员)）\n\n姓　　名　(\S+)\n账　　号　(\S+)\n一次性密码　(\S+)")


@pytest.fixture
def without_the_three(app: Flask) -> None:
    with app.app_context():
        transact(lambda: db.session.execute(delete(Grant).where(Grant.account_id.in_((9, 10, 11)))))
        db.session.remove()


def create(app: Flask, people: tuple[str, ...], typed: str = "") -> Result:
    arguments = [part for person in people for part in ("--person", person)]
    return app.test_cli_runner().invoke(accounts, ["create", "--three", *arguments], input=typed)


def count(app: Flask) -> int:
    with app.app_context():
        return db.session.execute(select(func.count()).select_from(Account)).scalar_one()


@pytest.mark.usefixtures("without_the_three")
def test_three_slips_let_three_people_in(app: Flask, browse: Callable[..., Browser]) -> None:
    result = create(app, PEOPLE)
    assert result.exit_code == 0, result.output
    slips = result.stdout.split("\f")
    assert len(slips) == 3
    told = [SLIP.search(slip) for slip in slips]
    assert [found and found[1] for found in told] == ["系统管理员", "安全管理员", "审计管理员"]
    assert [found and found[2] for found in told] == ["周立新", "吴静然", "郑华北"]
    passwords = [found[4] for found in told if found]
    assert len(set(passwords)) == 3
    assert all(slip.count(password) == 1 for slip, password in zip(slips, passwords, strict=True))
    assert "138000" not in result.output  # the phone only tells them apart
    for found in told:
        assert found
        with app.app_context():
            account = db.session.execute(select(Account).where(Account.username == found[3])).scalar_one()
            assert account.must_change
            assert password_fits(account.password_hash, found[4])
            roles = db.session.execute(select(Grant.role).where(Grant.account_id == account.id)).scalars().all()
            assert len(roles) == 1
            db.session.remove()
        assert browse().log_in(found[3], found[4]).status_code == 302
    assert [act for act, _outcome in entries(app) if act.startswith("account.")] == ["account.three_created"]


@pytest.mark.usefixtures("without_the_three")
def test_they_are_asked_for_one_after_the_other(app: Flask) -> None:
    result = create(app, (), typed="\n".join(part for person in PEOPLE for part in re.split("[,，]", person)) + "\n")
    assert result.exit_code == 0, result.output
    assert "系统管理员：" in result.stderr
    assert "账号名" not in result.stdout
    assert len(SLIP.findall(result.stdout)) == 3


@pytest.mark.usefixtures("without_the_three")
@pytest.mark.parametrize(
    ("people", "said"),
    [
        (PEOPLE[:2], "三个人"),
        ((*PEOPLE[:2], "another,另一名,１３８ 0000 0001"), "手机号一样"),
        ((*PEOPLE[:2], "another,周立新,13800000009"), "姓名一样"),
        ((*PEOPLE[:2], "ZHOU.LI,第三人,13800000009"), "账号名一样"),
        ((*PEOPLE[:2], "another,第三人,"), "手机号"),
        ((*PEOPLE[:2], "another,第三人,138"), "手机号"),
        ((*PEOPLE[:2], "another 第三人"), "应写成"),
        ((*PEOPLE[:2], "mediator,第三人,13800000009"), "已经有人用了"),
        ((*PEOPLE[:2], "Bad Name,第三人,13800000009"), "账号名用小写字母"),
    ],
)
def test_what_is_not_three_people_makes_none(app: Flask, people: tuple[str, ...], said: str) -> None:
    before = count(app)
    result = create(app, people)
    assert result.exit_code == 1
    assert said in result.output
    assert "一次性密码" not in result.stdout
    assert count(app) == before


def test_where_there_are_any_none_is_made(app: Flask) -> None:
    with app.app_context():
        transact(lambda: db.session.execute(delete(Grant).where(Grant.account_id.in_((9, 10)))))
        db.session.remove()
    result = create(app, PEOPLE)
    assert result.exit_code == 1
    assert "已经有三员中的角色" in result.output
    people = [FirstPerson(*re.split("[,，]", person)) for person in PEOPLE]
    with app.app_context(), pytest.raises(Refused, match="已经有三员中的角色"):
        transact(create_three, people, ["x"] * 3, CITY, actor("system"))


# --- an empty database --------------------------------------------------------------------------------------------


@pytest.fixture
def new_app(bare_database: Database, tmp_path: Path, fulian_keys: Path, lineages: Any) -> Any:
    """The application on a database that was only migrated."""
    upgrade(bare_database.owner_url, lineages, APPLICATION)
    config = {
        "TESTING": True,
        "FULIAN_DATABASE_URL": bare_database.url,
        "FULIAN_OWNER_URL": bare_database.owner_url if bare_database.kind == "postgresql" else "",
        "FULIAN_INSTANCE": str(tmp_path / "new"),
        "FULIAN_KEYS": str(fulian_keys),
    }
    app = create_app(config)
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_an_empty_installation_says_what_to_run(new_app: Flask) -> None:
    client = new_app.test_client()
    assert client.get("/").location == "/login"
    for reply in (client.get("/login"), client.post("/login", data={"username": "x", "password": "y"})):
        assert reply.status_code == 200
        assert "fulian accounts create --three" in reply.get_data(as_text=True)
        assert 'name="password"' not in reply.get_data(as_text=True)

    result = create(new_app, PEOPLE)

    assert result.exit_code == 0, result.output
    assert len(SLIP.findall(result.stdout)) == 3
    assert 'name="password"' in client.get("/login").get_data(as_text=True)
    with new_app.app_context():
        held = set(db.session.execute(select(Grant.role)).scalars())
        assert held == THREE


def test_jobs_wait_for_the_first_account(new_app: Flask) -> None:
    stop = threading.Event()
    stop.set()
    run_jobs(new_app, stop)  # without organisations there is no chain for its entries
