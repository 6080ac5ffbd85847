"""The pytest plugin `fulian`: databases, application, browser. Shipped, so that a plugin's author tests as we do.

A test that asks for `database` (or for `app`, `client`, `session`, which stand on it) runs twice: on SQLite, and on
PostgreSQL as the limited role. What a machine lacks is skipped aloud; FULIAN_TEST_NO_SKIP=1 makes it a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import pytest

from fulian.db import Lineage
from fulian.testing.databases import KINDS, Content, Database, Kind, copied_database, empty_database
from fulian.testing.postgres import PostgresServer, find_programs
from fulian.testing.run import Run, begin_run, dead_runs, remove_run

RUN = pytest.StashKey[Run]()
ALIVE = pytest.StashKey[IO[str]]()


# --- the run ------------------------------------------------------------------------------------------------------


def pytest_configure(config: pytest.Config) -> None:
    """Join the run of the xdist controller; where there is none, begin one."""
    given = getattr(config, "workerinput", {}).get("fulian_run")
    if given is not None:
        config.stash[RUN] = Run(Path(given))
        return
    for left in dead_runs():
        _end(left)
    config.stash[RUN], config.stash[ALIVE] = begin_run()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker where the run's folder is."""
    node.workerinput["fulian_run"] = str(node.config.stash[RUN].folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started and leave nothing behind, once all workers are done."""
    if ALIVE in config.stash:
        _end(config.stash[RUN])
        config.stash[ALIVE].close()


def _imported(module: str) -> Any:
    """A module of the application, imported when a fixture needs it: pytest loads this file in every run."""
    return import_module(module)


def _end(run: Run) -> None:
    programs = find_programs()
    if programs is not None:
        PostgresServer(run.folder / "postgres", programs).stop()
    remove_run(run)


@pytest.fixture(scope="session")
def fulian_run(request: pytest.FixtureRequest) -> Run:
    """The folder of this run, shared by all workers; `once` makes in it what is dear to make."""
    return request.config.stash[RUN]


# --- databases ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def lineages() -> tuple[Lineage, ...]:
    """The lineages that a test's database is brought up with: the core's and those of all installed plugins."""
    loaded: tuple[Lineage, ...] = _imported("fulian.programmes.loader").load_plugins().lineages()
    return loaded


@pytest.fixture(scope="session")
def database_content() -> Content:
    """What stands in a test's database before it begins: nothing but the tables. Override it in a conftest.py."""
    return Content()


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest) -> Kind:
    """Which database the test runs on, written into the report for `tools/check_report.py`."""
    kind: Kind = request.param
    request.node.user_properties.append(("database", kind))
    return kind


@pytest.fixture
def bare_database(fulian_run: Run, database_kind: Kind, tmp_path: Path) -> Iterator[Database]:
    """A database without a table, for tests of migrations."""
    with empty_database(fulian_run, database_kind, tmp_path) as database:
        yield database


@pytest.fixture
def database(
    fulian_run: Run, database_kind: Kind, tmp_path: Path, lineages: tuple[Lineage, ...], database_content: Content
) -> Iterator[Database]:
    """A migrated database that the test has for itself, on SQLite and on PostgreSQL."""
    with copied_database(fulian_run, database_kind, tmp_path, lineages, database_content) as database:
        yield database
