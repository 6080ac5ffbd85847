"""The bytes of an entry that its keyed hash covers, written the same way when it is made and when it is verified."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Protocol

from fulian.audit.models import AuditEntry
from fulian.sealing.cipher import keyed_digest
from fulian.sealing.keys import Key

# Every column but the hash itself, `prev` among them, in a fixed order.
COVERED = tuple(sorted(column.key for column in AuditEntry.__table__.columns if column.key != "hash"))
START = b""  # what stands before the first entry of a chain


class Entry(Protocol):
    """A row of the log by column name: a dict that is about to be stored, or a row that was read."""

    def __getitem__(self, name: str, /) -> Any: ...


def written_time(at: datetime) -> str:
    """An instant as the chain writes it: UTC, to the microsecond, without zone (as SQLite stores it)."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def canonical(entry: Entry) -> bytes:
    """The covered columns of `entry` one after the other, each with its length in front; None is told from empty.

    Values are bytes, text, whole numbers, None, or an aware datetime.
    """
    parts = []
    for name in COVERED:
        value = entry[name]
        if value is None:
            parts.append(b"-")
            continue
        if isinstance(value, datetime):
            value = written_time(value)
        data = value if isinstance(value, bytes) else str(value).encode()
        parts.append(b"%d:" % len(data) + data)
    return b"".join(parts)


def chain_hash(key: Key, entry: Entry) -> bytes:
    """The hash of `entry` (which names its `prev`): version of `key` ‖ HMAC-SM3."""
    return keyed_digest(key, canonical(entry))
