"""Both databases with the same data: written once into SQLite, copied to PostgreSQL row by row."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from flask import Flask
from sqlalchemy import Table

from fulian.app import create_app
from fulian.db import Base, db
from fulian.lineages import upgrade
from fulian.programmes.loader import load_plugins
from fulian.sealing.keys import create_keys
from fulian.testing.postgres import APPLICATION, OWNER, SETTINGS, SUPERUSER, PostgresServer, find_programs
from tests.bench.data import fill

# What a test server leaves out for speed is what a benchmark of commits is about.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "256MB"}
NAME = "bench"


@dataclass(frozen=True)
class Prepared:
    """A filled database, and how the application is started on it."""

    kind: str
    config: dict[str, str]
    owner_url: str

    @contextmanager
    def application(self) -> Iterator[Flask]:
        """The application on this database, its connections closed afterwards."""
        app = create_app(self.config)
        yield app
        with app.app_context():
            db.engine.dispose()


def prepare_sqlite(folder: Path, cases: int) -> Prepared:
    """A migrated SQLite file in `folder` with the data of the benchmark."""
    create_keys(folder / "keys")
    url = f"sqlite:///{folder / 'bench.sqlite'}"
    upgrade(url, load_plugins(None).lineages())
    prepared = Prepared("sqlite", _config(url, "", folder), url)
    with prepared.application() as app:
        fill(app, cases)
    return prepared


@contextmanager
def postgres_beside(folder: Path) -> Iterator[Prepared | None]:
    """A durable PostgreSQL server with a copy of `folder`'s data; None where PostgreSQL is not installed."""
    programs = find_programs()
    if programs is None:
        yield None
        return
    server = PostgresServer(folder / "postgres", programs, {**SETTINGS, **DURABLE})
    try:
        server.start()
        server.create_database(NAME)
        url, owner_url = (server.url(NAME, role).render_as_string() for role in (APPLICATION, OWNER))
        upgrade(owner_url, load_plugins(None).lineages(), APPLICATION)
        _copy(folder / "bench.sqlite", server)
        yield Prepared("postgresql", _config(url, owner_url, folder), owner_url)
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)


def _config(url: str, owner_url: str, folder: Path) -> dict[str, str]:
    return {
        "FULIAN_DATABASE_URL": url,
        "FULIAN_OWNER_URL": owner_url,
        "FULIAN_INSTANCE": str(folder / "instance"),
        "FULIAN_KEYS": str(folder / "keys"),
    }


def _copy(source: Path, server: PostgresServer) -> None:
    with (
        sqlite3.connect(source) as rows,
        psycopg.connect(host=str(server.folder), dbname=NAME, user=OWNER) as target,
    ):
        for table in Base.metadata.sorted_tables:
            _copy_table(table, rows, target)
    with psycopg.connect(host=str(server.folder), dbname=NAME, user=SUPERUSER, autocommit=True) as target:
        target.execute("VACUUM ANALYZE")  # as its own upkeep does in the background


def _copy_table(table: Table, rows: sqlite3.Connection, target: psycopg.Connection) -> None:
    names = ", ".join(column.name for column in table.columns)
    with target.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows.execute(f"SELECT {names} FROM {table.name}"):
            copy.write_row(row)
    if table.autoincrement_column is not None:
        sequence = f"pg_get_serial_sequence('{table.name}', '{table.autoincrement_column.name}')"
        highest = f"SELECT setval({sequence}, max({table.autoincrement_column.name})) FROM {table.name}"
        target.execute(f"{highest} HAVING max({table.autoincrement_column.name}) IS NOT NULL")
