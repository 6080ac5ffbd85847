"""Which workers are alive: a job whose worker died is taken up again at once, and never one that only takes long.

On PostgreSQL a worker holds an advisory lock under its number as long as its own connection lives; the server gives
the lock back when the process is gone. On SQLite there is one worker, and every other number is a dead one's.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Self

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from fulian.db import db, is_sqlite

ROOM = 0x6A6F6273  # "jobs": the first half of the lock's name, so that it meets no other advisory lock of ours
LARGEST = 2**31 - 1

_HOLD = text("SELECT pg_advisory_lock(:room, :worker)")
_HELD = text(
    "SELECT CAST(objid AS bigint) FROM pg_locks WHERE locktype = 'advisory' AND classid = :room AND objsubid = 2"
    " AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


class Presence:
    """That one worker is alive, under a number of its own, until the `with` block ends. Used by one thread."""

    def __init__(self) -> None:
        self._worker = 0
        self._connection: Connection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_raised: object) -> None:
        self._leave()

    def worker(self) -> int:
        """The worker's number; a new one where the connection that vouched for it was lost.

        Raises sqlalchemy's OperationalError where the database cannot be reached.
        """
        if not self._stands():
            self._leave()
            self._worker = secrets.randbelow(LARGEST) + 1
            if not is_sqlite():
                self._connection = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                self._connection.detach()  # kept as long as the worker lives: none of the pool's
                self._connection.execute(_HOLD, {"room": ROOM, "worker": self._worker})
        return self._worker

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._worker = None, 0

    def _stands(self) -> bool:
        if self._connection is None:
            return self._worker != 0 and is_sqlite()
        try:
            self._connection.execute(text("SELECT 1"))
        except DBAPIError:
            self._connection.invalidate()
            return False
        return True


def living_workers(numbers: Collection[int]) -> Collection[int]:
    """Which of these workers (the asking one apart) are alive."""
    if is_sqlite():
        return ()
    held = db.session.execute(_HELD, {"room": ROOM}).scalars()
    return set(held) & set(numbers)
