"""Facts of the log: its entries, chained per unit, and the head of each chain."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, UtcDateTime
from fulian.sealing.columns import Sealed

HASH_BYTES = 33  # version of the audit key ‖ HMAC-SM3


class AuditEntry(Sealed, Base):
    """Who did, tried or read what, when, from where: written once, never changed.

    Entries of one unit are a chain: `seq` counts from 1 without gaps, `prev` is the hash of the entry before (empty
    at the first), `hash` is keyed and covers every other column, so there is no column that could be changed unseen
    (and no id from a sequence, which would be one). `act` is dotted English (case.opened); `outcome` ∈ done, refused,
    read. `subject` is a table, `subject_id` its row. `counties` are the units an entry in the city's chain
    is about, `fields` the names of what changed, both JSON lists. `change` is the sealed before and after.

    No foreign keys: the log outlives what it tells of, and a key on the unit would lock that row at every entry.
    """

    __tablename__ = "audit_entry"
    sealed_for_good = True
    __table_args__ = (
        Index("ix_audit_entry_at", "at", "county_id", "seq"),
        Index("ix_audit_entry_account_id", "account_id", "at"),
        Index("ix_audit_entry_case_id", "case_id", "at"),
        Index("ix_audit_entry_county_id", "county_id", "at"),
    )

    county_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    act: Mapped[str] = mapped_column(String(80))
    outcome: Mapped[str] = mapped_column(String(10))
    account_id: Mapped[int | None]
    actor_name: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    request_id: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(String(60))
    subject_id: Mapped[str] = mapped_column(Text)
    case_id: Mapped[int | None]
    counties: Mapped[str | None] = mapped_column(Text)
    fields: Mapped[str | None] = mapped_column(Text)
    change: Mapped[bytes | None] = mapped_column(LargeBinary)
    prev: Mapped[bytes] = mapped_column(LargeBinary(HASH_BYTES))
    hash: Mapped[bytes] = mapped_column(LargeBinary(HASH_BYTES))


class AuditHead(Base):
    """The end of each unit's chain: number and hash of its last entry. Locked while an entry is added."""

    __tablename__ = "audit_head"

    county_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(HASH_BYTES))
