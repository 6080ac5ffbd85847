"""Which keys a database was written with, so that a wrong or lost key is said at start instead of row by row."""

from __future__ import annotations

import hmac
from datetime import datetime

from sqlalchemy import Connection, LargeBinary, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, UtcDateTime
from fulian.errors import StartRefused
from fulian.sealing.cipher import hmac_sm3
from fulian.sealing.keys import Key, Keyring


class KeyMark(Base):
    """One key that writes or wrote into this database: a digest that only this key gives, never the key."""

    __tablename__ = "key_mark"

    purpose: Mapped[str] = mapped_column(String(10), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


def confirm_keys(connection: Connection, keyring: Keyring, now: datetime) -> None:
    """Check that `keyring` holds the very keys this database was written with, and note those that are new to it.

    Called after migrating and at start; the caller commits. Raises `StartRefused` with one plain sentence.
    """
    noted = {(row.purpose, row.version): row.mark for row in connection.execute(select(KeyMark.__table__))}
    for (purpose, version), mark in sorted(noted.items()):
        key = keyring.find(purpose, version)
        if key is None:
            raise StartRefused(f"密钥不全：这个数据库还用着第 {version} 版 {purpose} 密钥，请放回原来的密钥文件。")
        if not hmac.compare_digest(_mark(key), mark):
            raise StartRefused("密钥不是这个数据库的：请放回原来的密钥文件。数据没有改动。")
    new = [key for key in keyring if (key.purpose, key.version) not in noted]
    if new:
        rows = [{"purpose": k.purpose, "version": k.version, "mark": _mark(k), "made_at": now} for k in new]
        connection.execute(insert(KeyMark), rows)


def _mark(key: Key) -> bytes:
    return hmac_sm3(key.material, f"fulian key mark\0{key.purpose}\0{key.version}".encode())
