"""A private PostgreSQL server for one test run: UNIX socket only, nothing kept, two roles as in production."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from fulian.testing.run import locked

SUPERUSER = "postgres"
OWNER = "fulian_owner"  # owns the tables and migrates
APPLICATION = "fulian_app"  # what the application logs in as
DEBIAN = Path("/usr/lib/postgresql")
# PostgreSQL refuses to run as root: the first of these accounts that exists runs it instead.
ACCOUNTS = ("postgres", "nobody")
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    # Nothing of a test run outlives it, so nothing waits for the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    # One case at a time is written; a killed test leaves no lock behind for long.
    "idle_in_transaction_session_timeout": "'120s'",
}


# What `fulian serve` insists on (`fulian doctor`), all of it set back without a restart.
DURABLE = ("fsync", "synchronous_commit", "full_page_writes")


def find_programs() -> Path | None:
    """The folder that holds initdb and pg_ctl: from PATH, else Debian's newest; None where no server is installed."""
    on_path = shutil.which("initdb")
    if on_path is not None:
        return Path(on_path).resolve().parent
    versions = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


@dataclass(frozen=True)
class PostgresServer:
    """A server in `folder`, run by the programs in `programs`; `settings` stand in its configuration."""

    folder: Path
    programs: Path
    settings: Mapping[str, str] = field(default_factory=lambda: SETTINGS)

    def url(self, database: str, role: str = APPLICATION) -> URL:
        """The address of `database` for `role`."""
        return URL.create("postgresql+psycopg", username=role, database=database, query={"host": str(self.folder)})

    def start(self) -> None:
        """Make the cluster and start it. Raises `subprocess.CalledProcessError`; the server's log is `folder`/log."""
        self.folder.mkdir()
        if self._account is not None:
            os.chown(self.folder, self._account.pw_uid, self._account.pw_gid)
        data, settings = self.folder / "data", [f"{name}={value}" for name, value in self.settings.items()]
        self._run("initdb", "-D", data, "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        with (data / "postgresql.conf").open("a") as conf:
            conf.write("\n".join([*settings, f"unix_socket_directories='{self.folder}'", ""]))
        self._run("pg_ctl", "start", "-w", "-t", START_SECONDS, "-D", data, "-l", self.folder / "log")
        self.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB", f"CREATE ROLE {APPLICATION} LOGIN")

    def stop(self) -> None:
        """End the server at once, where it runs."""
        if self._listens():
            self._run("pg_ctl", "stop", "-w", "-m", "immediate", "-D", self.folder / "data")

    @contextmanager
    def durable(self) -> Iterator[None]:
        """Keep what is committed, as a server of production does, while the block runs: one block at a time."""
        with locked(self.folder.with_suffix(".durable")):
            self.execute(*(f"ALTER SYSTEM SET {name} = on" for name in DURABLE), "SELECT pg_reload_conf()")
            try:
                yield
            finally:
                self.execute(*(f"ALTER SYSTEM RESET {name}" for name in DURABLE), "SELECT pg_reload_conf()")

    def execute(self, *statements: str) -> None:
        """Run statements as the superuser, outside any transaction."""
        engine = create_engine(self.url(SUPERUSER, SUPERUSER), poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def create_database(self, name: str, template: str = "template0") -> None:
        """Make the database `name`, owned by the migrating role, as a copy of `template`."""
        self.execute(f'CREATE DATABASE "{name}" OWNER {OWNER} TEMPLATE "{template}"')

    def drop_database(self, name: str) -> None:
        """Remove a database, also where somebody is still connected."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _listens(self) -> bool:
        """Whether it answers on its socket. The number in postmaster.pid may be another process's by now."""
        with socket.socket(socket.AF_UNIX) as caller:
            try:
                caller.connect(str(self.folder / ".s.PGSQL.5432"))
            except OSError:
                return False
        return True

    @cached_property
    def _account(self) -> pwd.struct_passwd | None:
        if os.geteuid() != 0:
            return None
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        return next(known[name] for name in ACCOUNTS if name in known)

    def _run(self, program: str, *arguments: object) -> None:
        options: dict[str, Any] = {}
        if self._account is not None:
            options = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []}
        subprocess.run(
            [self.programs / program, *map(str, arguments)],
            check=True,
            cwd=self.folder,
            env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # pg_ctl hands its output on to the server, a pipe would never close
            **options,
        )
