"""Lineages of migrations: where they stand, bringing them up, saying how far a database is.

The core has one lineage and every plugin has its own, each with a version table of its own, so that a plugin taken
away breaks nothing. Alembic is configured here, in code, with the one `migrations/env.py` for all of them.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator

from fulian.audit import guard
from fulian.db import Base, Lineage
from fulian.errors import StartRefused


class BrokenReference(Exception):
    """A revision would leave a row that points at a row which is not there; it was undone."""


VERSION_TABLE = "alembic_version"
# Any constant will do, as long as it stays the same: two machines that start at once migrate one after the other.
UPGRADE_LOCK = 371500
_alembic = threading.Lock()  # it keeps what it is doing in the globals of a module


def core_lineage() -> Lineage:
    """The core's lineage: in `fulian/migrations` of an installed wheel, in `migrations/` of a source tree."""
    return Lineage("core", _migrations_home() / "versions")


def _migrations_home() -> Path:
    package = Path(__file__).parent
    return package / "migrations" if (package / "migrations").is_dir() else package.parent / "migrations"


# --- how far a database is ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LineageStatus:
    """How far one lineage is in one database.

    `current` is the revision the database is at (None: nothing yet), `expected` the newest one of this program,
    `pending` the revisions still to run, oldest first. `unknown` says that the database is at a revision this
    program does not have: it was migrated by a newer one.
    """

    code: str
    current: str | None
    expected: str | None
    pending: tuple[str, ...]
    unknown: bool = False

    @property
    def up_to_date(self) -> bool:
        return not self.pending and not self.unknown


def status(connection: Connection, lineages: Sequence[Lineage]) -> list[LineageStatus]:
    """How far each of `lineages` is in the database behind `connection`, in the same order; changes nothing."""
    return [_status_of(connection, lineage) for lineage in lineages]


def _status_of(connection: Connection, lineage: Lineage) -> LineageStatus:
    context = MigrationContext.configure(connection, opts={"version_table": lineage.version_table})
    current = context.get_current_revision()
    scripts = ScriptDirectory.from_config(_configuration(lineage))
    order = [script.revision for script in scripts.walk_revisions()][::-1]
    if current is not None and current not in order:
        return LineageStatus(lineage.code, current, scripts.get_current_head(), (), unknown=True)
    done = 0 if current is None else order.index(current) + 1
    return LineageStatus(lineage.code, current, scripts.get_current_head(), tuple(order[done:]))


# --- moving it ----------------------------------------------------------------------------------------------------


def upgrade(target: str | URL, lineages: Sequence[Lineage], application_role: str | None = None) -> list[str]:
    """Bring every lineage to its newest revision, in the order given; returns what ran as `code:revision`.

    Each revision is one transaction on both databases: one that fails leaves nothing of itself behind, and what ran
    before it stands. On PostgreSQL `target` is the owner's address, and `application_role` (the role the application
    itself logs in as) is then given its limited rights, see `grant_rights`.

    Raises `StartRefused` where the database was migrated by a newer program; then nothing is changed.
    """
    with one_at_a_time(target), connect_to_migrate(target) as connection:
        before = status(connection, lineages)
        connection.rollback()
        for found in before:
            if found.unknown:
                raise StartRefused(f"数据库比程序新：{found.code} 已到 {found.current}，请先升级程序。")
        for lineage in lineages:
            command.upgrade(_configuration(lineage, connection), "head")
        if application_role is not None and connection.dialect.name == "postgresql":
            grant_rights(connection, application_role)
    return [f"{found.code}:{revision}" for found in before for revision in found.pending]


def downgrade(target: str | URL, lineage: Lineage, revision: str) -> None:
    """Take one lineage back to `revision` ("base": to nothing). For the tests of a lineage; data in the way is lost."""
    with connect_to_migrate(target) as connection:
        command.downgrade(_configuration(lineage, connection), revision)


def new_revision(lineage: Lineage, message: str, lineages: Sequence[Lineage], empty: bool = False) -> Path | None:
    """Write the next revision of `lineage` from the difference between its revisions and its models.

    All models must be imported. The comparison runs on a fresh embedded database brought up with `lineages`, so the
    result does not depend on any database at hand. Returns the file, or None where there is nothing to do (unless
    `empty`, for a revision that is written by hand). Review the file: a rename comes out as drop and add.
    """

    def drop_if_nothing_to_do(_context: object, _revision: object, scripts: list[MigrationScript]) -> None:
        if all(operations.is_empty() for script in scripts for operations in script.upgrade_ops_list):
            scripts.clear()

    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/revision.sqlite"
        upgrade(url, lineages)
        with connect_to_migrate(url) as connection:
            configuration = _configuration(lineage, connection, lineages)
            lineage.path.mkdir(exist_ok=True)
            number = len(list(ScriptDirectory.from_config(configuration).walk_revisions())) + 1
            written = command.revision(
                configuration,
                message,
                autogenerate=not empty,
                rev_id=f"{number:04d}",
                process_revision_directives=None if empty else drop_if_nothing_to_do,
            )
    return Path(written.path) if isinstance(written, Script) else None


def differences(connection: Connection, lineage: Lineage, lineages: Sequence[Lineage]) -> list[Any]:
    """What the models of `lineage` and the database disagree about, as alembic's operations; empty where they agree.

    All models must be imported, and the database brought up with `lineages`.
    """
    options = comparison(connection, lineage, lineages)
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def grant_rights(connection: Connection, role: str) -> None:
    """Give the application's role on PostgreSQL what it needs, and no more.

    It reads and writes rows, but owns no table, changes no schema, only reads the version tables, and may only add to
    the log. Rights from before are taken back first, in the same transaction.
    """
    quote = connection.dialect.identifier_preparer.quote
    connection.rollback()
    with connection.begin():
        connection.execute(text(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {quote(role)}"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {quote(role)}"))
        connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quote(role)}"))
        for table in inspect(connection).get_table_names():
            connection.execute(text(f"GRANT {_rights_on(table)} ON {quote(table)} TO {quote(role)}"))


def _rights_on(table: str) -> str:
    if table.startswith(VERSION_TABLE):
        return "SELECT"
    return "SELECT, INSERT" if table == guard.TABLE else "SELECT, INSERT, UPDATE, DELETE"


# --- alembic, configured in code ----------------------------------------------------------------------------------


def comparison(connection: Connection, lineage: Lineage, lineages: Sequence[Lineage]) -> dict[str, Any]:
    """Alembic's options for `lineage` on `connection`: its version table, and which tables are its own.

    A plugin owns the tables with its prefix, the core whatever no plugin claims. A plugin that was taken away still
    claims its tables, by the version table it left behind.
    """
    left_behind = [
        f"{name.removeprefix(VERSION_TABLE)[1:]}_"
        for name in inspect(connection).get_table_names()
        if name.startswith(f"{VERSION_TABLE}_")
    ]
    claimed = (*left_behind, *(prefix for other in lineages for prefix in other.prefixes))

    def owns(table: str) -> bool:
        if table.startswith(VERSION_TABLE):
            return False
        return table.startswith(lineage.prefixes) if lineage.prefixes else not table.startswith(claimed)

    def include_name(name: str | None, kind: str, parents: Any) -> bool:
        return owns(str(name if kind == "table" else parents["table_name"])) if kind != "schema" else True

    def include_object(item: Any, name: str | None, kind: str, reflected: bool, compared_to: Any) -> bool:
        return owns(str(name)) if kind == "table" else True

    return {
        "version_table": lineage.version_table,
        "include_name": include_name,
        "include_object": include_object,
        "compare_type": True,
        "compare_server_default": True,
        "render_as_batch": True,
    }


def render_type(kind: str, item: Any, _context: object) -> str | Literal[False]:
    """Write our own column types into a revision as what they are in the database: a revision outlives our classes."""
    return f"sa.{item.impl!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def _configuration(lineage: Lineage, connection: Connection | None = None, lineages: Sequence[Lineage] = ()) -> Config:
    configuration = Config(attributes={"lineage": lineage, "connection": connection, "lineages": lineages})
    options = {
        "script_location": _migrations_home(),
        "version_locations": lineage.path,
        "path_separator": "newline",
        "file_template": "%(rev)s_%(slug)s",
    }
    for name, value in options.items():
        configuration.set_main_option(name, str(value).replace("%", "%%"))
    return configuration


# --- the connection ----------------------------------------------------------------------------------------------


@contextmanager
def connect_to_migrate(target: str | URL) -> Iterator[Connection]:
    """A connection of its own to migrate or restore on, closed afterwards; one at a time in a process.

    On SQLite foreign keys are off on it, and its transactions begin IMMEDIATE.
    """
    engine = create_engine(target, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _without_foreign_keys)
        event.listen(engine, "begin", _begin_immediate)
    with _alembic, engine.connect() as connection:
        yield connection


def _without_foreign_keys(connection: sqlite3.Connection, _record: object) -> None:
    """Foreign keys off before any BEGIN: rebuilding a table that others point at fails otherwise, half done.

    `check_foreign_keys` looks before each commit instead; the connection is thrown away, so they are on again for
    everybody else.
    """
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("PRAGMA busy_timeout=10000")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def check_foreign_keys(ctx: MigrationContext, step: object, heads: object, run_args: object) -> None:
    """Before the commit of a revision on SQLite: every foreign key finds its row. Raises `BrokenReference`."""
    connection = ctx.connection
    if connection is None or connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise BrokenReference(f"{broken[0]} row {broken[1]} points at a missing row of {broken[2]}")


@contextmanager
def one_at_a_time(target: str | URL) -> Iterator[None]:
    """On PostgreSQL: hold a lock, so that two machines that start at once do not migrate at the same time."""
    if make_url(target).get_backend_name() != "postgresql":
        yield
        return
    engine = create_engine(target, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": UPGRADE_LOCK})
        yield
