"""What is wrong with an installation is found, said with the way to mend it, and keeps production from starting."""

from __future__ import annotations

import json
import shutil
from collections import namedtuple
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, text

from fulian.accounts.models import Grant
from fulian.app import create_app
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.service.files import FOLDER
from fulian.db import db, transact
from fulian.doctor import database, machine
from fulian.doctor.checks import examine, refuse_unfit
from fulian.doctor.cli import doctor
from fulian.doctor.finding import Finding
from fulian.errors import StartRefused
from fulian.orgs.queries import city_unit
from fulian.sealing.keys import Key, Keyring, create_keys, init_keys, keys
from fulian.testing.databases import Database
from fulian.testing.world import CITY_UNIT

Usage = namedtuple("Usage", "total used free")
HTTPS = {"FULIAN_PUBLIC_URL": "https://fulian.example", "FULIAN_TRUSTED_PROXIES": "1"}


def look(app: Flask, now: datetime | None = None) -> dict[str, Finding]:
    """The findings by subject; of several the worst."""
    order = ("ok", "warning", "bad")
    with app.app_context():
        found = list(examine(now or datetime.now(UTC)))
    return {finding.subject: finding for finding in sorted(found, key=lambda finding: order.index(finding.level))}


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' PostgreSQL waits for no disk; let it say that it does."""
    shown = database._show
    monkeypatch.setattr(
        database, "_show", lambda connection, name: "on" if name in database.DURABLE else shown(connection, name)
    )


@pytest.fixture
def back_up(app: Flask) -> Any:
    def note(at: datetime) -> None:
        by = Actor(None, "命令行", CITY_UNIT, at)
        with app.app_context():
            transact(lambda: record(by, "backup.made", "backup", "x", county_id=city_unit()))
            db.session.remove()

    return note


@pytest.mark.usefixtures("durable")
def test_a_good_installation_is_well(app_config: dict[str, Any], back_up: Any) -> None:
    back_up(datetime.now(UTC))
    app = create_app({**app_config, **HTTPS})
    assert {subject: found for subject, found in look(app).items() if found.level != "ok"} == {}
    with app.app_context():
        refuse_unfit(datetime.now(UTC))
        db.session.remove()
        db.engine.dispose()


def test_durability_is_looked_at(app: Flask, database_kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if database_kind == "postgresql":  # that of the tests really is not durable
        found = look(app)["PostgreSQL 设置"]
        assert (found.level, "=off" in found.text) == ("bad", True)
        assert "= on" in found.mend
        return
    monkeypatch.setitem(database.PRAGMAS, "synchronous", "3")
    assert look(app)["SQLite 设置"].level == "bad"


def test_production_refuses_what_is_bad(app: Flask, database_kind: str) -> None:
    with app.app_context():
        if database_kind == "sqlite":
            refuse_unfit(datetime.now(UTC))  # not production
            return
        with pytest.raises(StartRefused, match=r"fsync=off。在 postgresql.conf 里设 fsync = on"):
            refuse_unfit(datetime.now(UTC))


@pytest.mark.parametrize(
    ("address", "level"),
    [("", "bad"), ("http://fulian.example", "bad"), ("http://127.0.0.1:8000", "warning"), ("https://x.example", "ok")],
)
def test_production_wants_https(app_config: dict[str, Any], database_kind: str, address: str, level: str) -> None:
    app = create_app({**app_config, "FULIAN_PUBLIC_URL": address})
    found = look(app)
    expected = level if database_kind == "postgresql" or level == "ok" else "warning"
    assert found["访问地址"].level == expected
    if level == "ok":
        assert found["代理"].level == "warning"
    with app.app_context():
        db.engine.dispose()


def test_a_role_that_owns_the_tables_is_bad(app_config: dict[str, Any], database: Database) -> None:
    if database.kind == "sqlite":
        with database.engine() as engine, engine.begin() as connection:
            connection.execute(text("DROP TRIGGER audit_entry_no_update"))
    app = create_app({**app_config, "FULIAN_DATABASE_URL": database.owner_url})
    found = look(app)
    assert found["日志保护"].level == "bad"
    if database.kind == "postgresql":
        assert found["数据库角色"].level == "bad"
        assert found["升级用的角色"].level == "warning"
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def test_a_right_to_change_the_log_is_bad(app: Flask, database: Database) -> None:
    if database.kind == "sqlite":  # it has no rights
        assert look(app)["日志保护"].level == "ok"
        return
    with database.engine(as_owner=True) as engine, engine.begin() as connection:
        connection.execute(text("GRANT UPDATE ON audit_entry TO fulian_app"))
    found = look(app)["日志保护"]
    assert (found.level, found.text) == ("bad", "可以对日志 UPDATE")


def test_other_heads_are_bad(app: Flask, database: Database) -> None:
    with database.engine(as_owner=True) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version_mediation SET version_num = '9999'"))
    found = look(app)
    assert (found["数据库版本"].level, found["数据库版本"].mend) == ("bad", "请升级程序。")
    assert "备份" not in found  # nothing is asked of tables that may not be there


def test_other_keys_are_bad(app: Flask, tmp_path: Path) -> None:
    with app.app_context():
        mine = list(keys())
        db.session.execute(text("SELECT 1"))
        transact(lambda: _confirm(mine))
    init_keys(app, Keyring(Key("audit", 1, b"x" * 32) if key.purpose == "audit" else key for key in mine))
    found = look(app)["密钥与数据库"]
    assert (found.level, found.text) == ("bad", "与数据库的不符：audit 第 1 版")


def _confirm(mine: list[Key]) -> None:
    machine_marks = [{"purpose": key.purpose, "version": key.version, "mark": machine.key_mark(key)} for key in mine]
    statement = text("INSERT INTO key_mark (purpose, version, mark, made_at) VALUES (:purpose, :version, :mark, :at)")
    for row in machine_marks:
        db.session.execute(statement, row | {"at": "2026-01-01 00:00:00"})


def test_open_folders_are_bad(app: Flask) -> None:
    folder = Path(app.instance_path, FOLDER)
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    found = look(app)["文件夹权限"]
    assert (found.level, found.mend) == ("bad", f"运行 chmod 700 {folder}。")


@pytest.mark.parametrize(("free", "level"), [(100 * 2**30, "ok"), (2 * 2**30, "warning"), (100 * 2**20, "bad")])
def test_a_full_disk(app: Flask, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(free, 0, free))
    assert look(app)["磁盘"].level == level


def test_a_clock_that_went_back_is_bad(app: Flask, back_up: Any) -> None:
    back_up(datetime.now(UTC) + timedelta(hours=1))
    found = look(app)["时钟与日志"]
    assert (found.level, "早于最新一条日志" in found.text) == ("bad", True)


def test_a_clock_unlike_the_databases_is_bad(app: Flask, database_kind: str) -> None:
    found = look(app, datetime.now(UTC) + timedelta(minutes=2))
    assert ("时钟" in found) == (database_kind == "postgresql")
    if database_kind == "postgresql":
        assert found["时钟"].level == "bad"


@pytest.mark.parametrize(("hours", "level"), [(25, "ok"), (27, "warning"), (24 * 90, "warning")])
def test_an_old_backup_is_told(app: Flask, back_up: Any, hours: int, level: str) -> None:
    assert (look(app)["备份"].level, look(app)["备份"].text) == ("warning", "没有备份")
    back_up(datetime.now(UTC) - timedelta(hours=hours))
    assert look(app)["备份"].level == level


def test_missing_administrators_are_told(app: Flask) -> None:
    with app.app_context():
        transact(lambda: db.session.execute(delete(Grant).where(Grant.account_id == 11)))
        db.session.remove()
    assert (look(app)["三员"].level, look(app)["三员"].text) == ("warning", "还没有审计管理员")


def test_a_database_out_of_reach_is_one_line(app_config: dict[str, Any], tmp_path: Path) -> None:
    app = create_app({**app_config, "FULIAN_DATABASE_URL": "postgresql+psycopg://nobody@localhost:1/nothing"})
    assert look(app)["数据库"].level == "bad"


# --- the command --------------------------------------------------------------------------------------------------


def set_environment(monkeypatch: pytest.MonkeyPatch, app_config: dict[str, Any]) -> None:
    for name, value in app_config.items():
        if name.startswith("FULIAN_"):
            monkeypatch.setenv(name, str(value))


def test_the_command_says_it_in_chinese_and_in_json(
    app_config: dict[str, Any], database_kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, app_config)
    said = CliRunner().invoke(doctor)
    assert said.exit_code == (0 if database_kind == "sqlite" else 1), said.output
    assert "【注意】备份：没有备份\n　　→ 运行 fulian backup create" in said.output
    as_json = CliRunner().invoke(doctor, ["--json"])
    rows = json.loads(as_json.stdout)
    assert {"subject", "level", "text", "mend"} == set(rows[0])
    assert any(row["subject"] == "备份" and row["level"] == "warning" for row in rows)


def test_the_command_runs_where_the_application_does_not_start(
    app_config: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_environment(monkeypatch, app_config)
    create_keys(tmp_path / "open")
    (tmp_path / "open").chmod(0o755)
    for folder, said in ((tmp_path / "none", "找不到密钥文件"), (tmp_path / "open", "别的用户也能读密钥")):
        monkeypatch.setenv("FULIAN_KEYS", str(folder))
        result = CliRunner().invoke(doctor)
        assert result.exit_code == 1
        assert "【不行】启动：" in result.output
        assert said in result.output
