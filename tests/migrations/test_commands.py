"""`fulian db upgrade` and `fulian db status`, as an operator runs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import text

from fulian.app import create_app
from fulian.db import db
from fulian.lineages import core_lineage
from fulian.lineages_cli import commands
from fulian.testing.databases import Database


@pytest.fixture
def new_app(bare_database: Database, tmp_path: Path, fulian_keys: Path) -> Iterator[Flask]:
    """The application on a database without a table, with the owner's address beside its own on PostgreSQL."""
    owner_url = bare_database.owner_url if bare_database.kind == "postgresql" else ""
    app = create_app(
        {
            "FULIAN_DATABASE_URL": bare_database.url,
            "FULIAN_OWNER_URL": owner_url,
            "FULIAN_INSTANCE": str(tmp_path / "instance"),
            "FULIAN_KEYS": str(fulian_keys),
        }
    )
    yield app
    with app.app_context():
        db.engine.dispose()


def test_a_new_database_is_brought_up_and_then_is_up_to_date(new_app: Flask) -> None:
    run = new_app.test_cli_runner().invoke

    before = run(commands, ["status"])
    assert before.exit_code == 1
    revisions = [path.name[:4] for path in sorted(core_lineage().path.glob("0*.py"))]
    assert f"空，待升级：{'、'.join(revisions)}" in before.output

    first = run(commands, ["upgrade"])
    assert first.exit_code == 0, first.output
    assert first.output.splitlines()[: len(revisions)] == [f"已升级 core:{number}" for number in revisions]
    assert run(commands, ["upgrade"]).output == "数据库已是最新。\n"

    after = run(commands, ["status"])
    assert after.exit_code == 0
    assert after.output.splitlines()[0].split() == ["core", f"{revisions[-1]}，已是最新"]


def test_the_owner_migrates_and_the_application_is_limited(new_app: Flask, bare_database: Database) -> None:
    new_app.test_cli_runner().invoke(commands, ["upgrade"])

    with bare_database.engine() as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM cases")).scalar_one() == 0
        if bare_database.kind == "postgresql":  # SQLite has no roles
            with pytest.raises(sa.exc.DBAPIError, match="permission denied"):
                connection.execute(text("UPDATE audit_entry SET act = 'x'"))


def test_a_revision_is_asked_for_a_lineage_that_is_there(new_app: Flask) -> None:
    result = new_app.test_cli_runner().invoke(commands, ["revision", "--lineage", "nobody", "-m", "x"])
    assert result.exit_code == 2
    assert "没有 nobody，可选：core" in result.output
