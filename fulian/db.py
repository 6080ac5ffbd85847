"""The database: declarative base, engine settings, UTC times, lineages, and `transact`, the one way to commit.

SQLite is served by one process: writes go one after the other under `_write_lock` and begin IMMEDIATE, because a
read that turns into a write fails at once as BUSY_SNAPSHOT and the busy timeout does not help.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, String, event, func, select
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator, TypeEngine

from fulian.errors import Busy, Refused

P = ParamSpec("P")
T = TypeVar("T")

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

# A case touches about 150 pages, most of them again with the next one: a log of 16 MB and a cache of 16 MB for each
# connection write and read them a quarter as often as the defaults do.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=10000",
    "wal_autocheckpoint=4000",
    "cache_size=-16000",
)
WRITE_WAIT_SECONDS = 10  # design: after ten seconds of waiting a save says 503 and keeps what was typed
# Primary result codes of SQLite: BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN (sqlite.org/rescode.html).
OUT_OF_REACH_CODES = frozenset({5, 6, 8, 10, 13, 14})
PRIMARY_CODE = 0xFF  # the low byte of an extended result code
# Classes of PostgreSQL: connection exception, insufficient resources, operator intervention, system error (appendix A).
OUT_OF_REACH_CLASSES = frozenset({"08", "53", "57", "58"})
RETRY_SQLSTATES = ("40001", "40P01")  # serialization_failure, deadlock_detected (PostgreSQL, appendix A)


class Base(DeclarativeBase):
    """Base of every table, the core's and the plugins'."""

    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})


class UtcDateTime(TypeDecorator[datetime]):
    """An instant, stored as UTC without zone, given back with UTC.

    A plain DateTime drops the zone on both databases; a naive value is refused, so that no local time slips in.
    """

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored: give it a zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        if dialect.name == "sqlite":  # keeps text; the zone read with it, or a list spends a tenth of its time on it
            return lambda text: None if text is None else datetime.fromisoformat(f"{text}+00:00")
        return lambda value: None if value is None else value.replace(tzinfo=UTC)


# Bytewise comparison on PostgreSQL: with another collation an equality on a token ignores the index.
def CText(length: int) -> TypeEngine[str]:
    """A string type of this length that compares byte by byte on both databases."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


@dataclass(frozen=True)
class Lineage:
    """One line of migrations with a version table of its own: the core's, or a plugin's.

    `code` is "core" or the plugin's code; `prefixes` are the table-name prefixes that belong to a plugin (the core
    owns every table that no plugin claims).
    """

    code: str
    path: Path
    prefixes: tuple[str, ...] = ()

    @property
    def version_table(self) -> str:
        return "alembic_version" if self.code == "core" else f"alembic_version_{self.code}"


# --- engine settings ---------------------------------------------------------------------------------------------

_writing: ContextVar[bool] = ContextVar("fulian_writing", default=False)
_write_lock = threading.Lock()


def _sqlite_connect(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _sqlite_begin(connection: Any) -> None:
    if _writing.get():
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.connection.cursor().execute("BEGIN")  # cannot fail yet, and comes with every page


def configure_engine(engine: Engine) -> Engine:
    """Put the settings of this house on an engine; returns it."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
    return engine


def engine_options(url: str) -> dict[str, Any]:
    """Keyword arguments of `create_engine` for this URL."""
    if url.startswith("sqlite"):
        return {"connect_args": {"check_same_thread": False}}
    return {"pool_size": 5, "max_overflow": 5, "pool_timeout": 8, "pool_pre_ping": False}


def init_db(app: Flask) -> None:
    """Bind Flask-SQLAlchemy to `app` and put the engine settings on."""
    db.init_app(app)
    with app.app_context():
        configure_engine(db.engine)


def is_sqlite() -> bool:
    """Whether the application in context runs on SQLite."""
    return db.engine.dialect.name == "sqlite"


# --- bulk --------------------------------------------------------------------------------------------------------


def reserve_ids(model: type[Base], n: int) -> list[int]:
    """`n` ids for rows of `model` (key: `id`) that are about to be inserted in bulk, in ascending order.

    Rows that point at each other can then be written without reading anything back. On SQLite the transaction must be
    a writing one, as every `transact` is, and the rows inserted before more ids are asked for.
    """
    table = model.__table__
    if is_sqlite():
        last: int = db.session.execute(select(func.coalesce(func.max(table.c.id), 0))).scalar_one()
        return list(range(last + 1, last + 1 + n))
    drawn = func.nextval(func.pg_get_serial_sequence(table.description, "id"))
    return list(db.session.execute(select(drawn).select_from(func.generate_series(1, n))).scalars())


# --- commit ------------------------------------------------------------------------------------------------------

_finishers: list[tuple[int, Callable[[Session], None]]] = []
RefusalRecorder = Callable[[Refused, Callable[..., object], tuple[Any, ...], dict[str, Any]], None]
_refusal_recorder: list[RefusalRecorder] = []


def finish_before_commit(order: int) -> Callable[[Callable[[Session], None]], Callable[[Session], None]]:
    """Register a step that runs in one fixed order just before COMMIT: 10 = audit heads, 20 = `case_stat` cells.

    This is the end of the lock order in docs/decisions/lock-order.md; a step finds its queued work in `session.info`.
    """

    def register(step: Callable[[Session], None]) -> Callable[[Session], None]:
        _finishers.append((order, step))
        _finishers.sort(key=lambda pair: pair[0])
        return step

    return register


def record_refusals_with(recorder: RefusalRecorder) -> None:
    """Name who writes a refusal down (the audit room, which stands above this one): given the refusal, the use case
    and what it was called with."""
    _refusal_recorder[:] = [recorder]


@event.listens_for(Session, "before_commit")
def _run_finishers(session: Session) -> None:
    if session.in_nested_transaction():  # fires on each release of a savepoint too
        return
    session.flush()  # what the use case locks comes before what the steps lock
    for _order, step in _finishers:
        step(session)


@contextmanager
def savepoint(session: Any) -> Iterator[None]:
    """A savepoint that also takes back what was queued for the finishers inside it."""
    queued = {key: list(value) for key, value in session.info.items() if isinstance(value, list)}
    try:
        with session.begin_nested():
            yield
    except BaseException:
        for key in [k for k, v in session.info.items() if isinstance(v, list)]:
            session.info[key][:] = queued.get(key, [])
        raise


@contextmanager
def _turn_to_write() -> Iterator[None]:
    """On SQLite: wait for the turn to write, at most `WRITE_WAIT_SECONDS`."""
    if not is_sqlite():
        yield
        return
    if not _write_lock.acquire(timeout=WRITE_WAIT_SECONDS):
        raise Busy
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)
        _write_lock.release()


def _forget(session: Any) -> None:
    session.expunge_all()  # before the rollback, which would empty them: the page of a refusal still shows their rows
    session.rollback()
    session.info.clear()


def _attempt(use_case: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    with _turn_to_write():
        session = db.session()
        try:
            result = use_case(*args, **kwargs)
            session.commit()
        except BaseException:
            _forget(session)
            raise
        session.info.clear()
        return result


def _may_retry(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", None) in RETRY_SQLSTATES


def is_out_of_reach(error: OperationalError) -> bool:
    """Whether the database is taken, full, read-only or gone, as against a statement that it did not understand."""
    if error.connection_invalidated or _may_retry(error):
        return True
    if isinstance(error.orig, sqlite3.Error):
        return getattr(error.orig, "sqlite_errorcode", 0) & PRIMARY_CODE in OUT_OF_REACH_CODES
    state = getattr(error.orig, "sqlstate", None)
    return state is None or state[:2] in OUT_OF_REACH_CLASSES


def transact(use_case: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run one use case in one transaction and commit it: the only place that commits.

    Takes plain values, never rows of a session: on a deadlock or a serialisation failure it is run once more with a
    fresh session. Raises what the use case raises; a `Refused` is first written down in a transaction of its own,
    after the rollback. Raises `Busy` where the database cannot be had; then nothing was changed.
    """
    _forget(db.session())
    try:
        try:
            return _attempt(use_case, *args, **kwargs)
        except DBAPIError as error:
            if not _may_retry(error):
                raise
            return _attempt(use_case, *args, **kwargs)
    except Refused as refused:
        for recorder in _refusal_recorder:
            _attempt(recorder, refused, use_case, args, kwargs)
        raise
    except OperationalError as error:
        if not is_out_of_reach(error):
            raise
        raise Busy from error
