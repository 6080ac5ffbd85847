"""A read that runs at every request: compiled once, run on the driver's own cursor.

SQLAlchemy builds, keys and wraps each execution anew, which for a small read costs several times the read itself
(`make bench` counts it). Values are still converted by the column types; only rows come back, as plain tuples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import CompoundSelect, Connection, Dialect, Select
from sqlalchemy.types import TypeEngine

from fulian.db import db

Convert = Callable[[Any], Any]
Query = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]


class Prepared:
    """A SELECT whose parameters are named `bindparam`s; made once, at import."""

    def __init__(self, statement: Query) -> None:
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows for these parameters, read in the transaction of the session. Raises what SQLAlchemy raises."""
        connection = db.session.connection()
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self.statement, dialect)
        try:
            return compiled.run(connection, given)
        except dialect.loaded_dbapi.Error:
            # Once more through SQLAlchemy, which knows a lost connection and raises its own exceptions.
            return [tuple(row) for row in connection.execute(self.statement, given)]


class _Compiled:
    """The statement in the words of one kind of database, with what converts its values."""

    def __init__(self, statement: Query, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self.order: list[str] | None = compiled.positiontup  # None: by name
        self.fixed = dict(compiled.params)
        self.binds = [(name, _into(bind.type, dialect)) for name, bind in compiled.binds.items()]
        columns = [_out_of(column.type, dialect) for column in statement.selected_columns]
        self.columns = [(at, convert) for at, convert in enumerate(columns) if convert is not None]

    def run(self, connection: Connection, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows, their values converted where the type asks for it."""
        values = {**self.fixed, **given}
        for name, convert in self.binds:
            if convert is not None:
                values[name] = convert(values[name])
        cursor = connection.connection.cursor()
        try:
            cursor.execute(self.sql, values if self.order is None else [values[name] for name in self.order])
            found = cursor.fetchall()
        finally:
            cursor.close()
        return [self._converted(row) for row in found] if self.columns else list(found)

    def _converted(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for at, convert in self.columns:
            values[at] = convert(values[at])
        return tuple(values)


def _into(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _out_of(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    return kind.dialect_impl(dialect).result_processor(dialect, None)
