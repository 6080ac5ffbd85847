"""The commands that verify the log and take its anchor."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Connection, text

from fulian.audit.actor import Actor
from fulian.audit.cli import audit
from fulian.audit.log import record
from fulian.audit.verify import AnchorRefused, snapshot, take_anchor, verify_chains
from fulian.db import db, transact
from fulian.sealing.keys import Key, Keyring, keys
from fulian.testing.databases import Database

pytestmark = pytest.mark.usefixtures("log_app")


def _write(by: Actor, first: int = 0) -> None:
    for number in range(first, first + 5):
        transact(record, by, "note.added", "event", number, county_id=12 + number % 2)


def _run(*arguments: str) -> Result:
    db.session.rollback()
    return CliRunner().invoke(audit, list(arguments))


def _as_owner(database: Database, *statements: str) -> None:
    with database.engine(as_owner=True) as engine, engine.begin() as connection:
        if database.kind == "postgresql":
            connection.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER ALL"))
        else:
            for act in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS audit_entry_no_{act}"))
        for statement in statements:
            connection.execute(text(statement))


def test_an_untouched_log_is_whole(by: Actor, tmp_path: Path) -> None:
    _write(by)
    assert (_run("verify").exit_code, "日志完整" in _run("verify").output) == (0, True)
    (tmp_path / "anchor.json").write_text(_run("anchor").output)
    _write(by, 5)
    result = _run("verify", "--anchor", str(tmp_path / "anchor.json"))
    assert (result.exit_code, result.output) == (0, "日志完整，与存证一致。\n")


def test_an_empty_log_is_whole() -> None:
    assert _run("verify").exit_code == 0
    assert json.loads(_run("anchor").output)["chains"] == {}


def test_a_changed_entry_is_named(by: Actor, database: Database) -> None:
    _write(by)
    _as_owner(database, "UPDATE audit_entry SET actor_name = '李' WHERE county_id = 12 AND seq = 2")
    result = _run("verify")
    assert result.exit_code == 1
    assert "单位 12：第 2 条被改动过。" in result.output


def test_many_problems_are_not_all_listed(by: Actor, database: Database) -> None:
    for first in range(0, 30, 5):
        _write(by, first)
    _as_owner(database, "UPDATE audit_entry SET actor_name = '李'")
    result = _run("verify")
    assert result.output.count("单位") == 20
    assert "没有全部列出" in result.output


def test_a_cut_end_is_found_with_the_anchor_only(by: Actor, database: Database, tmp_path: Path) -> None:
    _write(by)
    (tmp_path / "anchor.json").write_text(_run("anchor").output)
    _as_owner(
        database,
        "DELETE FROM audit_entry WHERE county_id = 12 AND seq = 3",
        "UPDATE audit_head SET seq = 2, hash = (SELECT hash FROM audit_entry WHERE county_id = 12 AND seq = 2)"
        " WHERE county_id = 12",
    )
    assert _run("verify").exit_code == 0
    result = _run("verify", "--anchor", str(tmp_path / "anchor.json"))
    assert result.exit_code == 1
    assert "存证时有 3 条，现在只有 2 条" in result.output


def _forged(anchor: dict[str, Any], how: str) -> Any:
    match how:
        case "a shorter chain":
            anchor["chains"]["12"]["seq"] -= 1
        case "a chain left out":
            del anchor["chains"]["12"]
        case "without signature":
            del anchor["signature"]
        case "an empty signature":
            anchor["signature"] = ""
        case "another date":
            anchor["at"] = "2020-01-01 00:00:00.000000"
        case "a list":
            return [anchor]
    return anchor


@pytest.mark.parametrize(
    "how",
    ["a shorter chain", "a chain left out", "without signature", "an empty signature", "another date", "a list"],
)
def test_a_forged_anchor_is_refused(by: Actor, tmp_path: Path, how: str) -> None:
    _write(by)
    anchor = _forged(json.loads(_run("anchor").output), how)
    (tmp_path / "anchor.json").write_text(json.dumps(anchor))
    result = _run("verify", "--anchor", str(tmp_path / "anchor.json"))
    assert result.exit_code == 1
    assert "不能用来核对" in result.output


def test_a_file_that_is_no_anchor_is_said(tmp_path: Path) -> None:
    (tmp_path / "anchor.json").write_text("{")
    assert "不是存证文件" in _run("verify", "--anchor", str(tmp_path / "anchor.json")).output


def test_entries_and_anchors_of_older_keys_stay_verifiable(by: Actor) -> None:
    _write(by)
    newer = Keyring([*keys(), Key("audit", 2, bytes(range(32)))])
    with snapshot(db.engine) as connection:
        anchor = take_anchor(connection, keys(), by.now)
        assert list(verify_chains(connection, newer, anchor)) == []
        lost = Keyring(key for key in newer if (key.purpose, key.version) != ("audit", 1))
        assert len(list(verify_chains(connection, lost))) == 5
        with pytest.raises(AnchorRefused):
            next(verify_chains(connection, lost, anchor))


def test_a_log_that_grows_meanwhile_is_whole(by: Actor) -> None:
    _write(by)
    with snapshot(db.engine) as connection:
        problems = verify_chains(connection, keys())
        _begin(connection)
        _write(replace(by, now=by.now + timedelta(seconds=1)), 5)
        assert list(problems) == []


def _begin(connection: Connection) -> None:
    """The first read fixes the moment that the snapshot sees."""
    connection.execute(text("SELECT seq FROM audit_head")).all()
