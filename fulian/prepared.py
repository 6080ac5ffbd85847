"""Statements that run at every request or in every case: compiled once, run on the driver's own cursor.

SQLAlchemy builds, keys and wraps each execution anew, which for a small statement costs several times the statement
itself (`make bench` counts it). Values are still converted by the column types, errors are still SQLAlchemy's; what
the session holds unsaved is flushed first, as it would be. Only plain tuples come back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Delete, Dialect, Insert, Select, Update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import SessionTransaction
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from fulian.db import db

Convert = Callable[[Any], Any]
Query = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
Change = Insert | Update | Delete
HELD = "fulian.prepared.connection"  # in the info of a session


class Prepared:
    """A SELECT whose parameters are named `bindparam`s; made once, at import."""

    def __init__(self, statement: Query) -> None:
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows for these parameters, read in the transaction of the session. Raises what SQLAlchemy raises."""
        connection = _connection()
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _Compiled(self.statement, connection.dialect, {})
        return self._compiled[name].run(connection, [given])


class PreparedChange:
    """An INSERT, UPDATE or DELETE, made once, at import.

    Objects that the session has loaded do not learn of the change, and defaults of the mapping are not filled in.
    """

    def __init__(self, statement: Change) -> None:
        self._statement = statement.inline() if isinstance(statement, Insert | Update) else statement
        self._compiled: dict[tuple[str, ...], _Compiled] = {}

    def run(self, *rows: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run it for each of `rows` (all with the same names); what RETURNING gives, in their order.

        Raises what SQLAlchemy raises.
        """
        if not rows:
            return []
        connection = _connection()
        key = (connection.dialect.name, *rows[0])
        if key not in self._compiled:
            self._compiled[key] = _Compiled(self._statement, connection.dialect, self._options(rows[0]))
        return self._compiled[key].run(connection, rows)

    def _options(self, row: Mapping[str, Any]) -> dict[str, Any]:
        with_values = isinstance(self._statement, Insert) and self._statement.select is None
        return {"column_keys": list(row)} if with_values else {}


def _connection() -> Connection:
    """The session's connection, asked for once in a transaction."""
    session = db.session()
    session.flush()
    held: tuple[SessionTransaction, Connection] | None = session.info.get(HELD)
    transaction = session.get_transaction()
    if held is not None and held[0] is transaction and not held[1].closed:
        return held[1]
    connection = session.connection()
    transaction = session.get_transaction()
    assert transaction is not None  # noqa: S101 - narrows the type: asking for the connection begins one
    session.info[HELD] = transaction, connection
    return connection


class _Compiled:
    """A statement in the words of one kind of database, with what converts its values."""

    def __init__(self, statement: Query | Change, dialect: Dialect, options: Mapping[str, Any]) -> None:
        compiled: Any = statement.compile(dialect=dialect, **options)
        _require_plain(compiled)
        self.sql = str(compiled)
        self.order: list[str] | None = compiled.positiontup  # None: by name
        self.fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self.binds = [(name, _into(bind.type, dialect)) for name, bind in compiled.binds.items()]
        returned = statement.exported_columns if isinstance(statement, Change) else statement.selected_columns
        columns = [_out_of(column.type, dialect) for column in returned]
        self.returns = bool(columns)
        self.columns = [(at, convert) for at, convert in enumerate(columns) if convert is not None]

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """What comes back, its values converted where the type asks for it."""
        given = [self._bound(row) for row in rows]
        cursor = connection.connection.cursor()
        found: list[tuple[Any, ...]] = []
        try:
            if not self.returns and len(given) > 1:
                cursor.executemany(self.sql, given)
                self._tell(connection, cursor, given)
                return []
            for values in given:
                cursor.execute(self.sql, values)
                if self.returns:
                    found += cursor.fetchall()
                self._tell(connection, cursor, values)
        except connection.dialect.loaded_dbapi.Error as error:
            raise self._as_sqlalchemy(connection, error) from error
        finally:
            cursor.close()
        return [self._converted(row) for row in found] if self.columns else found

    def _tell(self, connection: Connection, cursor: Any, values: Any) -> None:
        """Whoever watches the engine's statements sees this one too."""
        connection.dispatch.after_cursor_execute(connection, cursor, self.sql, values, None, isinstance(values, list))

    def _bound(self, given: Mapping[str, Any]) -> Any:
        values = {**self.fixed, **given}
        for name, convert in self.binds:
            if convert is not None:
                values[name] = convert(values[name])
        return values if self.order is None else [values[name] for name in self.order]

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for at, convert in self.columns:
            values[at] = convert(values[at])
        return tuple(values)

    def _as_sqlalchemy(self, connection: Connection, error: Exception) -> BaseException:
        """The error as SQLAlchemy raises it; a connection that is lost is not used again."""
        dialect = connection.dialect
        lost = dialect.is_disconnect(error, connection.connection, None)  # type: ignore[arg-type]
        if lost:
            connection.invalidate(error)
        base = dialect.loaded_dbapi.Error
        return DBAPIError.instance(
            self.sql, None, error, base, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        )


def _require_plain(compiled: SQLCompiler) -> None:
    """Raises ValueError for a statement that only SQLAlchemy can run: with lists to be spread, or Python's defaults."""
    if compiled.post_compile_params or compiled.insert_prefetch or compiled.update_prefetch:
        raise ValueError(f"cannot be prepared: {compiled}")


def _into(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _out_of(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
