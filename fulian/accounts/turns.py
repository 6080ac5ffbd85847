"""One after the other: what must not run twice at the same moment, and has no row to lock."""

from __future__ import annotations

from sqlalchemy import func, select

from fulian.db import db, is_sqlite
from fulian.sealing.columns import blind_index


def take_turn(subject: str) -> None:
    """Wait until no other transaction holds the turn for `subject`; it ends with the transaction.

    PostgreSQL only: on SQLite one transaction writes at a time anyway.
    """
    if not is_sqlite():
        number = int.from_bytes(blind_index("turn", subject)[-8:], "big", signed=True)
        db.session.execute(select(func.pg_advisory_xact_lock(number)))
