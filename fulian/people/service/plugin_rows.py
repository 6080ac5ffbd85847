"""Which rows of plugins point at a person: written down at a merge, so that an undo can point them back.

The plugin itself repoints its rows (`fulian_person_merged`); it cannot know later which of them were whose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Table, and_, select, update

from fulian.db import Base, db
from fulian.people.models import Person
from fulian.programmes.loader import installed

# "table.column" → primary keys of the rows that pointed at the person
PluginRows = dict[str, list[list[Any]]]


def rows_of_plugins(person_id: int) -> PluginRows:
    """The rows of installed plugins that point at a person, by table and column."""
    found: PluginRows = {}
    for table, column in _columns():
        keys = db.session.execute(select(*table.primary_key.columns).where(column == person_id)).all()
        if keys:
            found[f"{table.name}.{column.name}"] = [list(key) for key in keys]
    return found


def take_back_rows(rows: Mapping[str, list[list[Any]]], from_id: int, to_id: int) -> None:
    """Point these rows, where they still point at `from_id`, at `to_id`. A plugin that is gone is passed over."""
    for table, column in _columns():
        for key in rows.get(f"{table.name}.{column.name}", ()):
            # a row whose key holds the person has been given the other one's id
            parts = [
                part == (from_id if part is column else value)
                for part, value in zip(table.primary_key.columns, key, strict=True)
            ]
            db.session.execute(update(table).where(and_(*parts), column == from_id).values({column: to_id}))


def _columns() -> Iterator[tuple[Table, Column[Any]]]:
    prefixes = tuple(prefix for lineage in installed().lineages() for prefix in lineage.prefixes)
    for table in Base.metadata.sorted_tables:
        if prefixes and table.name.startswith(prefixes):
            for column in table.columns:
                if any(key.column is Person.__table__.c.id for key in column.foreign_keys):
                    yield table, column
