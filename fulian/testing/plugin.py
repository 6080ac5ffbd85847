"""The pytest plugin `fulian`: databases, application, browser. Shipped, so that a plugin's author tests as we do.

A test that asks for `database` (or for `app`, `client`, `session`, which stand on it) runs twice: on SQLite, and on
PostgreSQL as the limited role. What a machine lacks is skipped aloud; FULIAN_TEST_NO_SKIP=1 makes it a failure.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import IO, Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from fulian.db import Lineage, db
from fulian.lineages import upgrade
from fulian.testing.databases import KINDS, Database, Kind, copied_database, empty_database
from fulian.testing.postgres import APPLICATION, PostgresServer, find_programs
from fulian.testing.run import Run, begin_run, dead_runs, remove_run

pytest_plugins = ("fulian.testing.browser",)

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


@dataclass(frozen=True)
class Content:
    """What stands in a test's database, beside its tables, before the test begins.

    `fill(app)` is called once in a run for each kind of database, in the context of an application on it; it must
    commit. Two contents of one name are taken for the same.
    """

    name: str = "migrated"
    fill: Callable[[Flask], None] | None = None


@pytest.fixture(scope="session")
def database_content() -> Content:
    """What stands in a test's database before it begins: nothing but the tables. Override it in a conftest.py."""
    return Content()


@pytest.fixture(scope="session")
def plugins() -> Sequence[str | ModuleType] | None:
    """The plugins of the application under test, as `create_app` takes them; None: all that are installed."""
    return None


@pytest.fixture(scope="session")
def lineages(plugins: Sequence[str | ModuleType] | None) -> tuple[Lineage, ...]:
    """The lineages that a test's database is brought up with: the core's and those of the plugins."""
    loaded: tuple[Lineage, ...] = _imported("fulian.programmes.loader").load_plugins(plugins).lineages()
    return loaded


@pytest.fixture(scope="session")
def fulian_keys(fulian_run: Run) -> Path:
    """The folder of this run's keys: one set, so that what was sealed into a template opens in its copies."""
    return fulian_run.once("keys", _imported("fulian.sealing.keys").create_keys)


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
    fulian_run: Run,
    database_kind: Kind,
    tmp_path: Path,
    lineages: tuple[Lineage, ...],
    plugins: Sequence[str | ModuleType] | None,
    database_content: Content,
    fulian_keys: Path,
) -> Iterator[Database]:
    """A migrated database that the test has for itself, on SQLite and on PostgreSQL."""
    name = "-".join([*(lineage.code for lineage in lineages), database_content.name])
    instance = fulian_run.folder / f"instance-{name}-{database_kind}"

    def fill(template: Database) -> None:
        upgrade(template.owner_url, lineages, APPLICATION)
        if database_content.fill is not None:
            with _application(_settings(template, instance, fulian_keys), plugins) as app, app.app_context():
                database_content.fill(app)

    with copied_database(fulian_run, database_kind, tmp_path, name, fill) as database:
        if instance.exists():  # files that belong to the content
            shutil.copytree(instance, tmp_path / "instance")
        yield database


# --- application --------------------------------------------------------------------------------------------------


@pytest.fixture
def app_config(fulian_run: Run, database: Database, tmp_path: Path, fulian_keys: Path) -> dict[str, Any]:
    """What `create_app` is given: the test's database, an instance folder in `tmp_path`, the run's keys."""
    _share_compiled_templates(fulian_run, tmp_path / "instance")
    return _settings(database, tmp_path / "instance", fulian_keys)


@pytest.fixture
def app(app_config: dict[str, Any], plugins: Sequence[str | ModuleType] | None) -> Iterator[Flask]:
    """The application on the test's database, with cheap password hashing."""
    with _application(app_config, plugins) as app:
        yield app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client that nobody has logged in with yet."""
    return app.test_client()


@pytest.fixture
def session(app: Flask) -> Iterator[Session]:
    """The session of the application, in a context of its own: to look at rows, or to call services and commit."""
    with app.app_context():
        yield db.session()


def _share_compiled_templates(run: Run, instance: Path) -> None:
    """Every template is compiled once in a run, not once in a test."""
    shared, own = run.folder / "templates", instance / "templates"
    shared.mkdir(exist_ok=True)
    instance.mkdir(mode=0o700, exist_ok=True)
    if not own.exists():
        own.symlink_to(shared)


def _settings(database: Database, instance: Path, keys: Path) -> dict[str, Any]:
    return {
        "TESTING": True,
        "FULIAN_DATABASE_URL": database.url,
        "FULIAN_OWNER_URL": "" if database.kind == "sqlite" else database.owner_url,
        "FULIAN_INSTANCE": str(instance),
        "FULIAN_KEYS": str(keys),
    }


@contextmanager
def _application(config: Mapping[str, Any], plugins: Sequence[str | ModuleType] | None) -> Iterator[Flask]:
    with pytest.MonkeyPatch.context() as patch:
        # A hash of the real cost takes a tenth of a second, and most tests log somebody in.
        patch.setattr(_imported("fulian.accounts.passwords"), "_hasher", PasswordHasher(1, 8, 1))
        app: Flask = _imported("fulian.app").create_app(config, plugins)
        yield app
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
