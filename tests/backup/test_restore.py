"""A backup that is restored is the installation again: every table, every file, on either database; or nothing is."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import DBAPIError

from fulian.audit.models import AuditHead
from fulian.backup import restoring
from fulian.backup.making import list_files
from fulian.backup.tables import measure, reflect_tables
from fulian.cases.models import Attachment
from fulian.cases.service.files import FOLDER, read_file
from fulian.db import db
from fulian.errors import Refused
from fulian.lineages import connect_to_migrate, upgrade
from fulian.lineages_cli import commands
from fulian.people.models import Person
from fulian.sealing.keys import Key, Keyring, create_keys
from fulian.testing.databases import KINDS, Kind
from fulian.testing.world import PASSWORD, open_mediation
from tests.backup.conftest import PEOPLE, PHOTO, House, Place, id_number

Places = Callable[..., Place]


def measured(engine: Engine) -> dict[str, tuple[int, str]]:
    """Count and content hash of every table."""
    with engine.connect() as connection:
        found = [measure(connection, table) for table in reflect_tables(connection).values()]
    return {part.name: (part.size, part.digest) for part in found}


def rows_in(place: Place) -> int:
    with place.database.engine(as_owner=True) as engine:
        return sum(size for size, _digest in measured(engine).values())


def assert_nothing_there(place: Place) -> None:
    assert rows_in(place) == 0
    assert list_files(place.target.instance) == []
    assert not [path for path in place.target.instance.glob(".*") if path.is_dir()]


@pytest.mark.parametrize("kind", KINDS)
def test_everything_comes_back(house: House, place: Places, kind: Kind) -> None:
    target = place(kind)
    with house.database.engine() as engine:
        before = measured(engine)

    summary, problems = target.restore(house.back_up())

    assert problems == []
    with target.database.engine() as engine:
        assert measured(engine) == before
    assert before["person"][0] == PEOPLE + 2
    assert summary.rows == sum(size for size, _digest in before.values())
    old, new = house.instance / FOLDER, target.files
    assert len(list_files(old)) == summary.files == 3
    assert {name: (old / name).read_bytes() for name in list_files(old)} == {
        name: (new / name).read_bytes() for name in list_files(new)
    }
    assert {path.stat().st_mode & 0o777 for path in new.iterdir()} == {0o600}


@pytest.mark.parametrize("kind", KINDS)
def test_work_goes_on_where_it_was_restored(house: House, place: Places, kind: Kind) -> None:
    target = place(kind)
    target.restore(house.back_up())
    with target.app() as app:
        with app.app_context():
            numbers = {person.unseal("document_number") for person in db.session.execute(select(Person)).scalars()}
            assert {id_number(n) for n in range(PEOPLE)} <= numbers
            files = db.session.execute(select(Attachment).order_by(Attachment.id)).scalars()
            assert [read_file(file) for file in files] == [PHOTO, PHOTO * 2, PHOTO * 3]
            opened = open_mediation(names=("新来的", "另一位"))  # ids go on behind those that were restored
            assert opened.number.endswith("000002")
        client = app.test_client()
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', client.get("/login").get_data(as_text=True))
        assert token
        fields = {"username": "mediator", "password": PASSWORD, "csrf_token": token[1]}
        assert client.post("/login", data=fields).status_code == 302


def test_the_log_is_still_guarded(house: House, place: Places) -> None:
    target = place(house.database.kind)
    target.restore(house.back_up())
    with target.database.engine() as engine, engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("UPDATE audit_entry SET act = 'x'"))
    with target.database.engine(as_owner=True) as engine, engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("DELETE FROM audit_entry"))


def test_references_hold_again(house: House, place: Places) -> None:
    target = place(house.database.kind)
    target.restore(house.back_up())
    with target.database.engine() as engine, engine.connect() as connection, pytest.raises(DBAPIError):
        connection.execute(text("UPDATE account SET org_id = 999999"))


def test_a_database_with_data_is_refused(house: House, place: Places) -> None:
    target, archive = place(house.database.kind), house.back_up()
    upgrade(target.database.owner_url, target.target.lineages, target.target.application_role)
    with target.database.engine() as engine, engine.begin() as connection:
        connection.execute(insert(AuditHead).values(county_id=2, seq=0, hash=b""))
    with pytest.raises(Refused, match=r"已经有数据（表 audit_head）"):
        target.restore(archive)
    assert rows_in(target) == 1


def test_a_database_that_was_only_migrated_is_empty(house: House, place: Places) -> None:
    target = place(house.database.kind)
    with target.app() as app, app.app_context():
        result = app.test_cli_runner().invoke(commands, ["upgrade"])
    assert result.exit_code == 0, result.output
    assert rows_in(target) > 0  # whose keys these are, what programmes are called
    target.restore(house.back_up())
    with target.database.engine() as engine, house.database.engine() as old:
        assert measured(engine) == measured(old)


def test_files_in_the_way_are_refused(house: House, place: Places) -> None:
    target = place(house.database.kind)
    target.files.mkdir(parents=True)
    (target.files / "someone's").write_bytes(b"x")
    with pytest.raises(Refused, match="已经有文件"):
        target.restore(house.back_up())
    assert rows_in(target) == 0


def test_other_heads_are_refused(house: House, place: Places) -> None:
    archive, target = house.back_up(), place(house.database.kind)
    core, mediation = target.target.lineages
    target.target = replace(target.target, lineages=[core])
    with pytest.raises(Refused, match="插件 mediation 的数据"):
        target.restore(archive)
    with house.database.engine(as_owner=True) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    target.target = replace(target.target, lineages=[core, mediation])
    with pytest.raises(Refused, match="core 的版本是 9999"):
        target.restore(house.back_up())
    assert_nothing_there(target)


def test_a_missing_key_is_named(house: House, place: Places, tmp_path: Path) -> None:
    archive, target = house.back_up(), place(house.database.kind)
    own = target.target.keyring
    newer = [Key("seal", 2, b"2" * 16), *(key for key in own if key.purpose != "seal")]
    target.target = replace(target.target, keyring=Keyring(newer))
    with pytest.raises(Refused, match=r"第 1 版密钥（seal），密钥文件里没有"):
        target.restore(archive)
    target.target = replace(target.target, keyring=create_keys(tmp_path / "others"))
    with pytest.raises(Refused, match="不是做这份备份时的那一把"):
        target.restore(archive)
    other_audit = [Key("audit", 1, b"3" * 32), *(key for key in own if key.purpose != "audit")]
    target.target = replace(target.target, keyring=Keyring(other_audit))
    with pytest.raises(Refused, match=r"第 1 版密钥（audit），密钥文件里的不是原来那一把"):
        target.restore(archive)
    assert_nothing_there(target)


@pytest.mark.parametrize("step", ["_load_table", "_load_file", "_compare", "verify_chains", "fsync_folder"])
def test_a_restore_that_fails_leaves_nothing(
    house: House, place: Places, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, archive = place(house.database.kind), house.back_up()

    def fail(*_given: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(restoring, step, fail)
    with pytest.raises(OSError, match="disk is full"):
        target.restore(archive)
    assert_nothing_there(target)
    monkeypatch.undo()
    target.restore(archive)  # and the next try finds an empty place


def test_a_row_that_comes_back_changed_is_found(house: House, place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    target, archive, write_rows = place(house.database.kind), house.back_up(), restoring.write_rows

    def write_wrongly(connection: object, table: object, kinds: object, block: bytes) -> None:
        write_rows(connection, table, kinds, block.replace("周立".encode(), "周一".encode()))  # type: ignore[arg-type]

    monkeypatch.setattr(restoring, "write_rows", write_wrongly)
    with pytest.raises(Refused, match="表 account 恢复后与备份不一致"):
        target.restore(archive)
    assert_nothing_there(target)


def test_a_file_that_comes_back_changed_is_found(house: House, place: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    target, archive = place(house.database.kind), house.back_up()
    monkeypatch.setattr(restoring, "read_blocks", lambda path: iter([(b"x", 1)]))
    with pytest.raises(Refused, match="写下后与备份不一致"):
        target.restore(archive)
    assert_nothing_there(target)


def test_a_reference_to_nothing_is_refused(house: House, place: Places) -> None:
    with connect_to_migrate(house.database.owner_url) as connection, connection.begin():
        if house.database.kind == "postgresql":  # on SQLite foreign keys are off on this connection
            connection.execute(text("ALTER TABLE account DROP CONSTRAINT fk_account_org_id_organisation"))
        connection.execute(text("UPDATE account SET org_id = 999999 WHERE id = 1"))
    target = place(house.database.kind)
    with pytest.raises(Refused, match="没有恢复"):
        target.restore(house.back_up())
    assert_nothing_there(target)
