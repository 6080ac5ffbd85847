"""The migration machinery, tried on a small lineage: data kept, failures leave nothing, lineages keep apart."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, inspect, text

from fulian.db import Base, Lineage
from fulian.errors import StartRefused
from fulian.lineages import (
    BrokenReference,
    LineageStatus,
    core_lineage,
    differences,
    downgrade,
    new_revision,
    status,
    upgrade,
)
from fulian.testing.databases import Database

WriteLineage = Callable[..., Lineage]

PARENT_AND_CHILD = (
    """
op.create_table("trial_parent", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(20)))
op.create_table(
    "trial_child",
    sa.Column("parent_id", sa.Integer, sa.ForeignKey("trial_parent.id", ondelete="RESTRICT"), primary_key=True),
)
op.execute("INSERT INTO trial_parent (id, name) VALUES (1, 'first')")
op.execute("INSERT INTO trial_child (parent_id) VALUES (1)")
""",
    'op.drop_table("trial_child"); op.drop_table("trial_parent")',
)
ALTER_PARENT = (
    """
with op.batch_alter_table("trial_parent") as parent:
    parent.alter_column("name", existing_type=sa.String(20), type_=sa.String(40), nullable=False)
    parent.add_column(sa.Column("sort", sa.Integer, nullable=False, server_default="7"))
""",
    """
with op.batch_alter_table("trial_parent") as parent:
    parent.drop_column("sort")
""",
)
FAIL_HALF_WAY = (
    """
op.create_table("trial_other", sa.Column("id", sa.Integer, primary_key=True))
op.execute("UPDATE trial_parent SET name = 'changed'")
raise RuntimeError("half way")
""",
    "pass",
)
BREAK_A_REFERENCE = ('op.execute("DELETE FROM trial_parent")', "pass")


def tables(connection: Connection) -> set[str]:
    return {name for name in inspect(connection).get_table_names() if not name.startswith("alembic_version")}


def where(database: Database, lineage: Lineage) -> LineageStatus:
    with database.engine(as_owner=True) as engine, engine.connect() as connection:
        return status(connection, [lineage])[0]


def test_upgrade_and_downgrade_keep_the_data(bare_database: Database, write_lineage: WriteLineage) -> None:
    lineage = write_lineage(PARENT_AND_CHILD, ALTER_PARENT)

    assert where(bare_database, lineage) == LineageStatus("trial", None, "0002", ("0001", "0002"))
    assert upgrade(bare_database.owner_url, [lineage]) == ["trial:0001", "trial:0002"]
    assert where(bare_database, lineage) == LineageStatus("trial", "0002", "0002", ())
    assert upgrade(bare_database.owner_url, [lineage]) == []

    with bare_database.engine(as_owner=True) as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT id, name, sort FROM trial_parent")).all() == [(1, "first", 7)]
        assert connection.execute(text("SELECT parent_id FROM trial_child")).all() == [(1,)]

    downgrade(bare_database.owner_url, lineage, "0001")
    assert where(bare_database, lineage).pending == ("0002",)
    with bare_database.engine(as_owner=True) as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM trial_parent")).all() == [(1, "first")]
        assert connection.execute(text("SELECT * FROM trial_child")).all() == [(1,)]


def test_foreign_keys_hold_after_a_parent_was_rebuilt(bare_database: Database, write_lineage: WriteLineage) -> None:
    upgrade(bare_database.owner_url, [write_lineage(PARENT_AND_CHILD, ALTER_PARENT)])

    with bare_database.engine(as_owner=True) as engine:
        for statement in ("DELETE FROM trial_parent", "INSERT INTO trial_child (parent_id) VALUES (2)"):
            with engine.connect() as connection, pytest.raises(sa.exc.IntegrityError):
                connection.execute(text(statement))


def test_a_failure_half_way_leaves_nothing_behind(bare_database: Database, write_lineage: WriteLineage) -> None:
    lineage = write_lineage(PARENT_AND_CHILD, ALTER_PARENT, FAIL_HALF_WAY)

    with pytest.raises(RuntimeError, match="half way"):
        upgrade(bare_database.owner_url, [lineage])

    with bare_database.engine(as_owner=True) as engine, engine.connect() as connection:
        assert tables(connection) == {"trial_parent", "trial_child"}
        assert connection.execute(text("SELECT name FROM trial_parent")).scalar_one() == "first"
    # What ran before the failure stands, and the next attempt goes on from there.
    assert where(bare_database, lineage).current == "0002"
    (lineage.path / "0003_step.py").unlink()
    write_lineage(PARENT_AND_CHILD, ALTER_PARENT, ('op.execute("DELETE FROM trial_child")', "pass"))
    assert upgrade(bare_database.owner_url, [lineage]) == ["trial:0003"]


def test_a_failure_in_the_first_revision_leaves_an_empty_database(
    bare_database: Database, write_lineage: WriteLineage
) -> None:
    failing = (f"{PARENT_AND_CHILD[0]}\nraise RuntimeError('at once')", "pass")

    with pytest.raises(RuntimeError, match="at once"):
        upgrade(bare_database.owner_url, [write_lineage(failing)])

    with bare_database.engine(as_owner=True) as engine, engine.connect() as connection:
        assert inspect(connection).get_table_names() == []


def test_a_revision_that_breaks_a_reference_is_undone(bare_database: Database, write_lineage: WriteLineage) -> None:
    lineage = write_lineage(PARENT_AND_CHILD, BREAK_A_REFERENCE)

    # SQLite finds it before the commit, PostgreSQL at the statement.
    with pytest.raises((BrokenReference, sa.exc.IntegrityError)):
        upgrade(bare_database.owner_url, [lineage])

    with bare_database.engine(as_owner=True) as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM trial_parent")).scalar_one() == 1
    assert where(bare_database, lineage).current == "0001"


def test_a_database_of_a_newer_program_is_left_alone(bare_database: Database, write_lineage: WriteLineage) -> None:
    lineage = write_lineage(PARENT_AND_CHILD, ALTER_PARENT)
    upgrade(bare_database.owner_url, [lineage])
    (lineage.path / "0002_step.py").unlink()

    assert where(bare_database, lineage) == LineageStatus("trial", "0002", "0001", (), unknown=True)
    other = write_lineage(("op.execute('CREATE TABLE other_row (id INTEGER)')", "pass"), code="other")
    with pytest.raises(StartRefused, match="数据库比程序新：trial 已到 0002"):
        upgrade(bare_database.owner_url, [other, lineage])
    assert where(bare_database, other).current is None


def test_a_plugin_taken_away_does_not_break_the_rest(bare_database: Database, write_lineage: WriteLineage) -> None:
    core, plugin = core_lineage(), write_lineage(PARENT_AND_CHILD)
    upgrade(bare_database.owner_url, [core, plugin])

    assert upgrade(bare_database.owner_url, [core]) == []
    with bare_database.engine(as_owner=True) as engine, engine.connect() as connection:
        found = [str(difference) for difference in differences(connection, core, [core])]
        assert not [difference for difference in found if "trial_" in difference]
        assert connection.execute(text("SELECT count(*) FROM trial_parent")).scalar_one() == 1


def test_a_plugin_without_a_revision_is_up_to_date(bare_database: Database, write_lineage: WriteLineage) -> None:
    lineage = write_lineage()

    assert upgrade(bare_database.owner_url, [lineage]) == []
    assert where(bare_database, lineage).up_to_date


def test_a_revision_is_written_from_the_models_of_its_lineage(tmp_path: Path, write_lineage: WriteLineage) -> None:
    lineage = write_lineage()
    table = sa.Table("trial_word", Base.metadata, sa.Column("id", sa.Integer, primary_key=True))
    try:
        path = new_revision(lineage, "a first table", [lineage])
        assert path == lineage.path / "0001_a_first_table.py"
        written = path.read_text()
        assert "create_table('trial_word'" in written
        assert written.count("create_table") == 1  # nothing of the core's
        assert new_revision(lineage, "nothing to do", [lineage]) is None
        assert new_revision(lineage, "by hand", [lineage], empty=True) == lineage.path / "0002_by_hand.py"
        assert upgrade(f"sqlite:///{tmp_path}/new.sqlite", [lineage]) == ["trial:0001", "trial:0002"]
    finally:
        Base.metadata.remove(table)


def test_two_who_upgrade_at_once_do_it_once(bare_database: Database, write_lineage: WriteLineage) -> None:
    slow = (f"import time; time.sleep(0.3)\n{PARENT_AND_CHILD[0]}", "pass")
    lineage = write_lineage(slow)

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(upgrade, bare_database.owner_url, [lineage]) for _ in range(2)]
        for one in both:
            one.result()

    assert where(bare_database, lineage).up_to_date
