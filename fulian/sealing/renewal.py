"""Sealing again under the newest key, part by part; and which versions of the keys anything still needs.

Each part goes through its rows by id, a few in a transaction: what is read stays readable all the while, since every
value says which version it was sealed with. The rooms above add their own parts (tokens, files) in fulian/app.py.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import Column, LargeBinary, Table, bindparam, func, select, update

from fulian.db import Base, db
from fulian.sealing.cipher import SealBroken, seal, unseal
from fulian.sealing.columns import Sealed, place
from fulian.sealing.keys import keys

log = logging.getLogger(__name__)

EXTENSION = "fulian.renewal"
ROWS = 200  # in one transaction: some tens of milliseconds
Usage = Counter[tuple[str, int]]


@dataclass(frozen=True)
class Renewed:
    """What was looked at in one transaction: `last` is the id of the last row, None where there was none left.

    `broken` values were left as they are, since they do not open.
    """

    rows: int
    last: int | None
    broken: int = 0


@dataclass(frozen=True)
class Part:
    """Something that keys were used for: how many rows there are, their renewal after an id, and what they use.

    `usage` counts values by (purpose, version). Without `renew` a part keeps its keys for good.
    """

    name: str
    usage: Callable[[], Usage]
    count: Callable[[], int] = lambda: 0
    renew: Callable[[int], Renewed] | None = None


def init_renewal(app: Flask, parts: Sequence[Part]) -> None:
    """Name the parts that are no sealed columns."""
    app.extensions[EXTENSION] = tuple(parts)


def parts() -> list[Part]:
    """Every part of the application in context, the tables with sealed columns first."""
    return [*_sealed_tables(), *current_app.extensions[EXTENSION]]


def versions_in_use() -> Usage:
    """How many values need each (purpose, version) of a key. A restore needs all of them; reads every sealed row."""
    used: Usage = Counter()
    for part in parts():
        used += part.usage()
    return used


def sealed_columns(model: type[Sealed]) -> list[Column[Any]]:
    """The sealed columns of a class: bytes without a fixed length."""
    table = cast(Table, model.__table__)  # type: ignore[attr-defined]
    return [c for c in table.columns if isinstance(c.type, LargeBinary) and c.type.length is None]


def first_bytes(column: Column[Any]) -> dict[int, int]:
    """First byte of the values of a column → how many have it: the version of the key that each carries in front."""
    first = func.substr(column, 1, 1, type_=LargeBinary)
    counted = db.session.execute(select(first, func.count()).where(column.is_not(None)).group_by(first))
    return {bytes(value)[0]: n for value, n in counted if value}


def _sealed_tables() -> Iterator[Part]:
    classes = (mapper.class_ for mapper in Base.registry.mappers)
    for model in sorted((c for c in classes if issubclass(c, Sealed)), key=lambda c: c.__tablename__):
        usage = partial(_usage, model)
        if model.sealed_for_good:
            yield Part(model.__tablename__, usage)
        else:
            yield Part(model.__tablename__, usage, partial(_count, model), partial(renew_rows, model))


def _usage(model: type[Sealed]) -> Usage:
    used: Usage = Counter()
    for column in sealed_columns(model):
        used.update({("seal", version): n for version, n in first_bytes(column).items()})
    return used


def _count(model: type[Sealed]) -> int:
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


def renew_rows(model: type[Sealed], after: int) -> Renewed:
    """Seal the next `ROWS` rows of a table again where another version than the newest was used.

    A value that was changed in the meantime is left alone: it was sealed with the newest key then, or is met again.
    """
    table = cast(Table, model.__table__)  # type: ignore[attr-defined]
    (key,) = table.primary_key.columns
    columns, newest, broken = sealed_columns(model), keys().newest("seal").version, 0
    query = select(key, table.c.seal_id, *columns).where(key > after).order_by(key).limit(ROWS)
    rows = db.session.execute(query).all()
    for at, column in enumerate(columns, start=2):
        changes = []
        for row in rows:
            if row[at] is None or row[at][0] == newest:
                continue
            try:
                sealed = _again(row[at], place(table.name, column.name, row.seal_id))
            except SealBroken as error:
                log.error("%s.%s of row %s: %s", table.name, column.name, row[0], error.message)
                broken += 1
                continue
            changes.append({"of": row[0], "old": row[at], "new": sealed})
        if changes:
            mine = update(table).where(key == bindparam("of"), column == bindparam("old", type_=LargeBinary()))
            db.session.connection().execute(mine.values({column: bindparam("new", type_=LargeBinary())}), changes)
    return Renewed(len(rows), rows[-1][0] if rows else None, broken)


def _again(sealed: bytes, aad: bytes) -> bytes:
    return seal(unseal(sealed, aad), aad)
