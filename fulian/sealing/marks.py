"""Whether the keys at hand are the ones a database was written with: said once at start, not row by row."""

from __future__ import annotations

import hmac
from datetime import datetime

from sqlalchemy import Connection, insert, select

from fulian.errors import StartRefused
from fulian.sealing.cipher import hmac_sm3
from fulian.sealing.keys import Key, Keyring
from fulian.sealing.models import KeyMark


def confirm_keys(connection: Connection, keyring: Keyring, now: datetime) -> None:
    """Check that `keyring` holds the very keys this database was written with, and note those that are new to it.

    Called after migrating and at start; the caller commits. Raises `StartRefused` with one plain sentence.
    """
    noted = {(row.purpose, row.version): row.mark for row in connection.execute(select(KeyMark.__table__))}
    for (purpose, version), mark in sorted(noted.items()):
        key = keyring.find(purpose, version)
        if key is None:
            raise StartRefused(f"密钥不全：这个数据库还用着第 {version} 版密钥（{purpose}），请放回原来的密钥文件。")
        if not hmac.compare_digest(key_mark(key), mark):
            raise StartRefused("密钥不是这个数据库的：请放回原来的密钥文件。数据没有改动。")
    new = [key for key in keyring if (key.purpose, key.version) not in noted]
    if new:
        rows = [{"purpose": k.purpose, "version": k.version, "mark": key_mark(k), "made_at": now} for k in new]
        connection.execute(insert(KeyMark), rows)


def key_mark(key: Key) -> bytes:
    """A digest that only this key gives: tells it from another of the same version, and says nothing about it."""
    return hmac_sm3(key.material, f"fulian key mark\0{key.purpose}\0{key.version}".encode())
