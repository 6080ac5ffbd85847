"""What was committed: the rows that statements of committed transactions touched, table by table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event

STATEMENT = re.compile(
    r'\s*(?:WITH\b.*?\)\s*)?(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+"?(\w+)"?', re.IGNORECASE | re.DOTALL
)
# Being signed in, being counted and being on the log are no change of anything.
BOOKKEEPING = frozenset({"session", "login_attempt", "audit_entry", "audit_head", "old_password"})


class Writes:
    """Tables and how many rows of them were written by transactions that were committed while it looked on."""

    def __init__(self) -> None:
        self.committed: Counter[str] = Counter()

    @property
    def changed(self) -> set[str]:
        """The tables that hold something else now, bookkeeping left out."""
        return set(self.committed) - BOOKKEEPING


@contextmanager
def watching(engine: Engine) -> Iterator[Writes]:
    """Look on at everything that an engine writes while the block runs."""
    writes, pending = Writes(), {}

    def after_execute(conn: Connection, cursor: Any, statement: str, *_rest: object) -> None:
        found = STATEMENT.match(statement)
        # Of rows that a statement gives back SQLite knows the number only after they were read.
        if found is not None and (cursor.rowcount != 0 or "RETURNING" in statement):
            pending.setdefault(id(conn.connection.dbapi_connection), Counter())[found[1].lower()] += max(
                cursor.rowcount, 1
            )

    def commit(conn: Connection) -> None:
        writes.committed.update(pending.pop(id(conn.connection.dbapi_connection), Counter()))

    def rollback(conn: Connection) -> None:
        pending.pop(id(conn.connection.dbapi_connection), None)

    listeners = (("after_cursor_execute", after_execute), ("commit", commit), ("rollback", rollback))
    for name, listener in listeners:
        event.listen(engine, name, listener)
    try:
        yield writes
    finally:
        for name, listener in listeners:
            event.remove(engine, name, listener)
