"""Databases for tests: migrated (and filled) once in a run as a template, then copied for each test.

Nothing is wrapped in a rollback: tests commit as the application does, and throw their copy away.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NoReturn

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from fulian.db import configure_engine
from fulian.testing.postgres import OWNER, PostgresServer, find_programs
from fulian.testing.run import Run

Kind = Literal["sqlite", "postgresql"]
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")
NO_POSTGRES = "no PostgreSQL server is installed (initdb is neither on PATH nor under /usr/lib/postgresql)"


@dataclass(frozen=True)
class Database:
    """A database that one test has for itself.

    `url` is what the application connects with: on PostgreSQL the limited role, which cannot change the log;
    `owner_url` is the role that owns the tables and migrates (on SQLite the same address).
    """

    kind: Kind
    url: str
    owner_url: str

    @contextmanager
    def engine(self, as_owner: bool = False) -> Iterator[Engine]:
        """An engine with the application's settings, closed afterwards; `as_owner` for the role that migrates."""
        engine = configure_engine(create_engine(self.owner_url if as_owner else self.url, poolclass=NullPool))
        yield engine
        engine.dispose()


def lacking(what: str) -> NoReturn:
    """Skip the test aloud since this machine lacks something; with FULIAN_TEST_NO_SKIP=1 fail instead."""
    if os.environ.get("FULIAN_TEST_NO_SKIP") == "1":
        pytest.fail(f"not run: {what}")
    pytest.skip(f"not run: {what}")


def postgres_server(run: Run) -> PostgresServer:
    """The server of this run, started by whoever comes first. Skips the test where none is installed."""
    programs = find_programs()
    if programs is None:
        lacking(NO_POSTGRES)
    folder = run.once("postgres", lambda path: PostgresServer(path, programs).start())
    return PostgresServer(folder, programs)


@contextmanager
def empty_database(run: Run, kind: Kind, folder: Path) -> Iterator[Database]:
    """A database without a table; on SQLite a file in `folder`."""
    with (
        _sqlite_file(folder) if kind == "sqlite" else _postgres_database(postgres_server(run), "template0") as database
    ):
        yield database


@contextmanager
def copied_database(
    run: Run, kind: Kind, folder: Path, name: str, fill: Callable[[Database], None]
) -> Iterator[Database]:
    """A copy of the template `name`, which the first who needs it makes: an empty database, given to `fill`.

    `fill` migrates it and puts in what tests should find; it must commit, and leave no connection behind.
    """
    if kind == "sqlite":
        template = run.once(f"{name}.sqlite", lambda path: fill(_sqlite(path)))
        with _sqlite_file(folder, template) as database:
            yield database
        return
    server = postgres_server(run)

    def make(_path: Path) -> None:
        server.drop_database(name)  # what an attempt that failed left behind
        server.create_database(name)
        fill(_postgres(server, name))

    run.once(f"{name}.postgresql", make)
    with _postgres_database(server, name) as database:
        yield database


def _sqlite(path: Path) -> Database:
    return Database("sqlite", f"sqlite:///{path}", f"sqlite:///{path}")


def _postgres(server: PostgresServer, name: str) -> Database:
    url, owner_url = server.url(name), server.url(name, OWNER)
    return Database("postgresql", url.render_as_string(), owner_url.render_as_string())


@contextmanager
def _sqlite_file(folder: Path, template: Path | None = None) -> Iterator[Database]:
    path = folder / "test.sqlite"
    if template is not None:
        shutil.copyfile(template, path)
    yield _sqlite(path)
    for file in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        file.unlink(missing_ok=True)


@contextmanager
def _postgres_database(server: PostgresServer, template: str) -> Iterator[Database]:
    name = f"test-{uuid.uuid4().hex}"
    server.create_database(name, template)
    yield _postgres(server, name)
    server.drop_database(name)
