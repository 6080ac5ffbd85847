"""Rows that both databases understand: one JSON line each, the same line for the same row wherever it lies.

Tables are read as the database itself describes them, not as the models do, so that the rows of a plugin which is
blocked or was taken away are copied too.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    collate,
    insert,
    select,
)

from fulian.backup.records import Part, Tally
from fulian.errors import Refused
from fulian.lineages import VERSION_TABLE

ROWS_AT_ONCE = 500
_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
Convert = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


# Kind → column types, value → JSON, JSON → value. The first that fits; a column of any other type is refused.
KINDS: tuple[tuple[str, tuple[type[Any], ...], Convert, Convert], ...] = (
    ("boolean", (Boolean,), _same, _same),
    ("integer", (Integer,), _same, _same),
    ("real", (Float,), _same, _same),
    ("decimal", (Numeric,), str, Decimal),
    ("time", (DateTime,), lambda value: value.isoformat(" ", "microseconds"), datetime.fromisoformat),
    ("date", (Date,), lambda value: value.isoformat(), date.fromisoformat),
    ("bytes", (LargeBinary,), lambda value: b64encode(value).decode(), b64decode),
    ("text", (String,), _same, _same),
)
WRITE = {kind: to_json for kind, _types, to_json, _from in KINDS}
READ = {kind: from_json for kind, _types, _to, from_json in KINDS}


def reflect_tables(connection: Connection) -> dict[str, Table]:
    """Every table of the database but the lineages' own version tables, by name, in alphabetical order."""
    found = MetaData()
    found.reflect(connection)
    return {name: found.tables[name] for name in sorted(found.tables) if not name.startswith(VERSION_TABLE)}


def read_heads(connection: Connection) -> dict[str, str]:
    """Lineage code → revision, also of plugins that are not installed any more; empty before the first migration."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _metadata: name.startswith(VERSION_TABLE))
    heads = {}
    for name, table in sorted(found.tables.items()):
        revision = connection.execute(select(table.c.version_num)).scalar_one_or_none()
        if revision is not None:
            heads[name.removeprefix(VERSION_TABLE).removeprefix("_") or "core"] = str(revision)
    return heads


def columns_of(table: Table) -> dict[str, str]:
    """Column name → kind, by name: the order of columns is not the same on both databases. Raises Refused."""
    return {column.name: _kind_of(column) for column in sorted(table.columns, key=lambda column: column.name)}


def read_rows(connection: Connection, table: Table) -> Iterator[tuple[bytes, int]]:
    """All rows in the order of their key, as blocks of lines, each with its count; few are held at a time."""
    kinds = columns_of(table)
    writers = [WRITE[kind] for kind in kinds.values()]
    statement = select(*(table.c[name] for name in kinds)).order_by(*_key_order(connection, table))
    with connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}) as result:
        for rows in result.partitions():
            lines = [_line(row, writers) for row in rows]
            yield "".join(lines).encode(), len(lines)


def write_rows(connection: Connection, table: Table, kinds: Mapping[str, str], block: bytes) -> None:
    """Insert one block of lines that `read_rows` made of a table with the columns `kinds`."""
    names, readers = list(kinds), [READ[kind] for kind in kinds.values()]
    rows = [
        {
            name: None if value is None else convert(value)
            for name, convert, value in zip(names, readers, json.loads(line), strict=True)
        }
        for line in block.splitlines()
    ]
    connection.execute(insert(table), rows)


def measure(connection: Connection, table: Table) -> Part:
    """Count and content hash of a table as it is in this database: alike for the same rows on both."""
    tally = Tally()
    for block, size in read_rows(connection, table):
        tally.add(block, size)
    return tally.end(table.name)


def _line(row: Any, writers: list[Convert]) -> str:
    values = [None if value is None else write(value) for value, write in zip(row, writers, strict=True)]
    return _json.encode(values) + "\n"


def _kind_of(column: Column[Any]) -> str:
    for kind, types, _to, _from in KINDS:
        if isinstance(column.type, types):
            return kind
    raise Refused(f"备份不认识 {column.table.name}.{column.name} 的类型 {column.type!r}，没有做。")


def _key_order(connection: Connection, table: Table) -> list[ColumnElement[Any]]:
    """The primary key; texts byte by byte, as SQLite compares them anyway."""
    if connection.dialect.name == "sqlite":
        return list(table.primary_key.columns)
    return [collate(column, "C") if isinstance(column.type, String) else column for column in table.primary_key.columns]
