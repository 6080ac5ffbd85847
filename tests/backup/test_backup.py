"""What a backup says about itself, what never stands in it, and that a changed one is refused."""

from __future__ import annotations

import base64
import io
import random
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import Column, Connection, Integer, Interval, MetaData, Table, func, insert, select, text

from fulian.app import create_app
from fulian.audit.models import AuditEntry
from fulian.backup import making
from fulian.backup.cli import backup
from fulian.backup.making import make_backup
from fulian.backup.reading import verify_backup
from fulian.backup.record import last_backup
from fulian.backup.tables import columns_of, read_rows
from fulian.cases.models import Case
from fulian.cases.service.files import FOLDER
from fulian.db import db, transact
from fulian.errors import Refused
from fulian.jobs.models import Job
from fulian.testing.world import NOW, open_mediation
from tests.backup.conftest import PEOPLE, House, id_number, key_bytes, opened, phone_number

FLIPS, MANY_FLIPS = 50, 1000
MIB = 1024 * 1024
MOST_MEMORY = 12 * MIB  # of Python's own, for a backup several times as large


def flip_bytes(house: House, flips: int, seed: int) -> None:
    archive, choose = house.back_up().read_bytes(), random.Random(seed)
    for at in choose.sample(range(len(archive)), flips):
        changed = bytearray(archive)
        changed[at] ^= 1 << choose.randrange(8)
        with pytest.raises(Refused):
            verify_backup(io.BytesIO(changed), house.keyring)


def test_flipped_bytes_are_refused(house: House) -> None:
    flip_bytes(house, FLIPS, 7)


@pytest.mark.soak
def test_many_flipped_bytes_are_refused(house: House) -> None:
    flip_bytes(house, MANY_FLIPS, random.randrange(1_000_000))


def test_every_cut_is_refused(house: House) -> None:
    archive = house.back_up().read_bytes()
    for cut in range(0, len(archive), len(archive) // 40):
        with pytest.raises(Refused):
            verify_backup(io.BytesIO(archive[:cut]), house.keyring)


# --- what stands in it --------------------------------------------------------------------------------------------


def spellings(secret: bytes) -> Iterator[bytes]:
    """The forms a secret may hide in; base64 has three, by where in the text it begins."""
    yield secret
    yield secret.hex().encode()
    yield secret.hex().upper().encode()
    for before in range(3):
        inner = base64.b64encode(b"\0" * before + secret)
        yield inner[(before * 8 + 5) // 6 : -4]


def found_in(haystack: bytes, secrets: list[bytes]) -> int:
    return sum(any(form in haystack for form in spellings(secret)) for secret in secrets)


def texts(numbers: list[str]) -> list[bytes]:
    return [number.encode(code) for number in numbers for code in ("utf-8", "utf-16-le")]


def test_no_number_and_no_key_stands_in_it(house: House, fulian_keys: Path) -> None:
    archive = house.back_up()
    closed, content = archive.read_bytes(), opened(archive, house.keyring)
    numbers = [*(id_number(n) for n in range(PEOPLE)), *(phone_number(n) for n in range(PEOPLE))]
    assert "赵春梅".encode() in content
    assert "赵春梅".encode() not in closed
    for haystack in (closed, content):
        assert found_in(haystack, texts(numbers)) == 0
        assert found_in(haystack, key_bytes(fulian_keys)) == 0


def test_the_search_finds_what_is_not_sealed(house: House, fulian_keys: Path) -> None:
    numbers = [id_number(n) for n in range(PEOPLE)]
    hidden = [*numbers, key_bytes(fulian_keys)[0].hex()]
    with house.app.app_context():
        transact(lambda: db.session.execute(insert(Job), [plain_job(value) for value in hidden]))
    archive = house.back_up()
    content = opened(archive, house.keyring)
    assert found_in(content, [number.encode() for number in numbers]) == PEOPLE
    assert found_in(content, key_bytes(fulian_keys)) == 1
    assert found_in(archive.read_bytes(), [value.encode() for value in hidden]) == 0
    for form in spellings(numbers[0].encode()):
        assert found_in(b"xx" + form + b"yy", [numbers[0].encode()]) == 1


def plain_job(payload: str) -> dict[str, Any]:
    return {
        "kind": "x",
        "payload": payload,
        "state": "done",
        "asked_at": NOW,
        "due_at": NOW,
        "attempts": 0,
        "progress": 0,
        "total": 0,
    }


def test_it_says_what_it_holds(house: House) -> None:
    house.back_up()
    contents = house.summary.contents
    assert (contents.installation, contents.address) == ("聊城市妇女联合会", "https://fulian.example")
    assert contents.database == house.database.kind
    assert set(contents.heads) == {"core", "mediation"}
    assert {(key["purpose"], key["version"]) for key in contents.keys} >= {("seal", 1), ("audit", 1), ("index", 1)}
    assert set(contents.anchor["chains"]) >= {"3"}
    sizes = {part.name: part.size for part in house.summary.tables}
    assert (sizes["person"], sizes["cases"], sizes["mediation_detail"]) == (PEOPLE + 2, 1, 1)
    assert not {name for name in sizes if name.startswith("alembic_version")}
    assert (house.summary.files, house.missing) == (3, 0)


def test_a_blocked_plugins_rows_are_copied_too(house: House, app_config: dict[str, Any]) -> None:
    blocking = create_app({**app_config, "FULIAN_BLOCK": "mediation"})
    house.app = blocking
    house.back_up()
    assert {part.name: part.size for part in house.summary.tables}["mediation_detail"] == 1
    assert "mediation" in house.summary.contents.heads
    with blocking.app_context():
        db.engine.dispose()


def test_it_shows_one_moment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case that is opened while tables are read stands in none of them."""
    openings: list[str] = []

    def read_slowly(connection: Connection, table: Table) -> Iterator[tuple[bytes, int]]:
        if not openings:
            with house.app.app_context():
                openings.append(open_mediation(names=("新来的", "另一位")).number)
                db.session.remove()
        return read_rows(connection, table)

    monkeypatch.setattr(making, "read_rows", read_slowly)
    content = opened(house.back_up(), house.keyring)
    assert len(openings) == 1
    assert openings[0].encode() not in content
    assert "新来的".encode() not in content
    sizes = {part.name: part.size for part in house.summary.tables}
    assert (sizes["person"], sizes["cases"], sizes["mediation_detail"]) == (PEOPLE + 2, 1, 1)
    with house.app.app_context():
        assert db.session.execute(select(func.count()).select_from(Case)).scalar_one() == 2


def test_little_is_held_at_a_time(house: House) -> None:
    with house.app.app_context():
        for _n in range(8):
            rows = [plain_job(random.randbytes(900).hex()) for _m in range(500)]
            transact(lambda rows=rows: db.session.execute(insert(Job), rows))
    (house.instance / FOLDER / "large").write_bytes(random.randbytes(20 * MIB))
    tracemalloc.start()
    archive = house.back_up()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert archive.stat().st_size > 2 * MOST_MEMORY
    assert peak < MOST_MEMORY


def test_missing_files_are_counted(house: House) -> None:
    next((house.instance / FOLDER).iterdir()).unlink()
    (house.instance / FOLDER / ".draft").write_bytes(b"being written")
    house.back_up()
    assert (house.summary.files, house.missing) == (2, 1)


# --- that it is made, or not --------------------------------------------------------------------------------------


def test_nothing_is_left_of_one_that_fails(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()

    def fail(*_given: object) -> None:
        raise OSError("the disk is full")

    for step in ("list_files", "verify_backup"):
        with monkeypatch.context() as patch:
            patch.setattr(making, step, fail)
            with pytest.raises(OSError, match="full"):
                make_backup(house.source(), folder / "one.backup", NOW)
        assert list(folder.iterdir()) == []


def test_an_empty_database_has_nothing_to_back_up(house: House, place: Any, tmp_path: Path) -> None:
    with place(house.database.kind).database.engine() as engine, pytest.raises(Refused, match="还是空的"):
        make_backup(replace(house.source(), engine=engine), tmp_path / "one.backup", NOW)
    assert not (tmp_path / "one.backup").exists()


def test_a_column_nobody_knows_is_refused() -> None:
    with pytest.raises(Refused, match=r"不认识 odd.span 的类型"):
        columns_of(Table("odd", MetaData(), Column("id", Integer, primary_key=True), Column("span", Interval)))


# --- the commands -------------------------------------------------------------------------------------------------


def run(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(backup, [str(argument) for argument in arguments])


def test_create_writes_a_private_file_and_the_log(house: House, tmp_path: Path) -> None:
    with house.app.app_context():
        assert last_backup(NOW) is None
    result = run(house.app, "create", tmp_path)
    assert result.exit_code == 0, result.output
    [made] = tmp_path.glob("fulian-*.backup")
    assert made.stat().st_mode & 0o777 == 0o600
    assert f"已备份到 {made}" in result.output
    with house.app.app_context():
        entry = db.session.execute(select(AuditEntry).where(AuditEntry.act == "backup.made")).scalar_one()
        assert (entry.subject_id, entry.actor_name, entry.outcome) == (made.name, "命令行", "done")
        assert last_backup(entry.at) == entry.at
    again = run(house.app, "create", made)
    assert isinstance(again.exception, Refused)
    assert "没有覆盖" in again.exception.message


def test_create_says_which_files_are_missing(house: House, tmp_path: Path) -> None:
    next((house.instance / FOLDER).iterdir()).unlink()
    result = run(house.app, "create", tmp_path / "one.backup")
    assert result.exit_code == 1
    assert "有 1 个附件在数据库里有记录" in result.output
    assert (tmp_path / "one.backup").exists()


def test_verify_needs_no_database(
    house: House, fulian_keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = house.back_up()
    monkeypatch.setenv("FULIAN_KEYS", str(fulian_keys))
    monkeypatch.setenv("FULIAN_INSTANCE", str(tmp_path / "nothing"))
    bare = Flask("no_database")
    said = run(bare, "verify", archive)
    assert said.exit_code == 0, said.output
    for part in ("备份完整", "2026-11-24 09:30", "聊城市妇女联合会", "3 个文件", "seal 第 1 版", "mediation 0001"):
        assert part in said.output
    archive.write_bytes(archive.read_bytes()[:-1])
    assert isinstance(run(bare, "verify", archive).exception, Refused)


def test_restore_writes_the_log(house: House, place: Any) -> None:
    target, archive = place(house.database.kind), house.back_up()
    with target.app() as app:
        result = run(app, "restore", archive)
        assert result.exit_code == 0, result.output
        assert "每个表、每个文件都与备份一致" in result.output
        assert "审计日志完整" in result.output
        with app.app_context():
            acts = db.session.execute(select(AuditEntry.act).order_by(AuditEntry.at)).scalars().all()
            assert acts.count("backup.restored") == 1
        assert isinstance(run(app, "restore", archive).exception, Refused)


def test_restore_tells_of_a_log_that_was_changed(house: House, place: Any) -> None:
    off = {
        "sqlite": "DROP TRIGGER audit_entry_no_update",
        "postgresql": "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    }
    with house.database.engine(as_owner=True) as engine, engine.begin() as connection:
        connection.execute(text(off[house.database.kind]))
        connection.execute(text("UPDATE audit_entry SET actor_name = '别人' WHERE seq = 3"))
    archive, target = house.back_up(), place("sqlite")
    with target.app() as app:
        result = run(app, "restore", archive)
    assert result.exit_code == 1
    assert "第 3 条被改动过" in result.output
    assert "已恢复" in result.output
