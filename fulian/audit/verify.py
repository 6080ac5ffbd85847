"""Whether the log was altered: every chain read from its first entry to its head, and compared with an anchor.

Without an anchor the end of a chain could be cut off together with its head. So the heads are taken outside now and
then (`take_anchor`: printed, or kept where the administrators of the database cannot reach) and compared later.
"""

from __future__ import annotations

import hmac
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    RowMapping,
    String,
    Table,
    func,
    select,
)
from sqlalchemy import cast as sql_cast

from fulian.audit.chain import START, chain_hash, written_time
from fulian.audit.models import AuditEntry, AuditHead
from fulian.db import UtcDateTime
from fulian.sealing.cipher import keyed_digest
from fulian.sealing.keys import Keyring
from fulian.sealing.renewal import Part, Usage, first_bytes

ROWS_AT_ONCE = 1000
ANCHOR_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with the chain of `county_id`, at or just before `seq`; `text` says it in Chinese."""

    county_id: int
    seq: int
    text: str


class AnchorRefused(Exception):
    """An anchor that was not made here, or was changed since. `message` is one Chinese sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that sees one moment of the database, so that entries and heads belong together under load."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection


def verify_chains(
    connection: Connection, keyring: Keyring, anchor: Mapping[str, Any] | None = None
) -> Iterator[Problem]:
    """What is wrong with the log, chain by chain; nothing where it is intact. A stream: it holds few rows at a time.

    `connection` comes from `snapshot`. With `anchor` the log must also still hold what it held when that was taken.
    Raises `AnchorRefused`, before the first entry is read, where the anchor itself is not genuine.
    """
    anchored = _anchored_heads(keyring, anchor) if anchor is not None else {}
    heads = {row.county_id: (row.seq, row.hash) for row in connection.execute(select(AuditHead.__table__))}
    read: set[int] = set()
    for county_id, entries in groupby(_entries(connection), key=lambda entry: entry["county_id"]):
        read.add(county_id)
        yield from _check_chain(county_id, entries, keyring, heads.get(county_id), anchored.get(county_id))
    for county_id in sorted({*heads, *anchored} - read):
        yield from _check_chain(county_id, (), keyring, heads.get(county_id), anchored.get(county_id))


Head = tuple[int, bytes]


def _check_chain(
    county_id: int, entries: Iterable[RowMapping], keyring: Keyring, head: Head | None, anchored: Head | None
) -> Iterator[Problem]:
    last, prev = 0, START
    for entry in entries:
        seq = entry["seq"]
        if seq != last + 1:
            yield Problem(county_id, seq, f"第 {last} 条之后缺了 {seq - last - 1} 条。")
        elif entry["prev"] != prev:
            yield Problem(county_id, seq, f"第 {seq} 条和前一条接不上。")
        if not _is_genuine(entry, keyring):
            yield Problem(county_id, seq, f"第 {seq} 条被改动过。")
        last, prev = seq, entry["hash"]
        if anchored is not None and seq == anchored[0] and prev != anchored[1]:
            yield Problem(county_id, seq, f"第 {seq} 条和存证时的不一样。")
    if head != (last, prev):
        yield Problem(county_id, last, f"链头和最后一条（第 {last} 条）对不上。")
    if anchored is not None and last < anchored[0]:
        yield Problem(county_id, last, f"存证时有 {anchored[0]} 条，现在只有 {last} 条：末尾被删。")


def _is_genuine(entry: RowMapping, keyring: Keyring) -> bool:
    written = entry["hash"]
    key = keyring.find("audit", written[0]) if written else None
    return key is not None and chain_hash(key, entry) == written


def _entries(connection: Connection) -> Iterator[RowMapping]:
    """All entries by unit and number, each column as it lies in the database."""
    columns = [_as_stored(column, connection.dialect.name) for column in cast(Table, AuditEntry.__table__).columns]
    statement = select(*columns).order_by(AuditEntry.county_id, AuditEntry.seq)
    with connection.execute(statement, execution_options={"yield_per": ROWS_AT_ONCE}) as result:
        yield from result.mappings()  # closed also where the reader stops at the first problem


def _as_stored(column: Column[Any], dialect: str) -> ColumnElement[Any]:
    """On SQLite the bytes of texts and times, and whole numbers of the key, which need not be such any more."""
    if dialect == "sqlite" and isinstance(column.type, String | UtcDateTime):
        return sql_cast(column, LargeBinary).label(column.key)
    if dialect == "sqlite" and column.primary_key:
        return sql_cast(column, Integer).label(column.key)
    if isinstance(column.type, UtcDateTime):
        return func.to_char(column, "YYYY-MM-DD HH24:MI:SS.US").label(column.key)
    return column


# --- the anchor ---------------------------------------------------------------------------------------------------


def take_anchor(connection: Connection, keyring: Keyring, now: datetime) -> dict[str, Any]:
    """The heads of all chains, signed with the audit key, as a value for JSON: keep it outside of this machine.

    `{"format": 1, "at": "2026-11-24 01:30:00.000000", "chains": {"12": {"seq": 200, "hash": "01…", "at": "…"}},
    "signature": "01…"}`; times are UTC, a chain's `at` is the time of its last entry.
    """
    heads = (
        select(AuditHead.county_id, AuditHead.seq, AuditHead.hash, AuditEntry.at)
        .outerjoin(AuditEntry, (AuditEntry.county_id == AuditHead.county_id) & (AuditEntry.seq == AuditHead.seq))
        .order_by(AuditHead.county_id)
    )
    chains = {
        str(county_id): {"seq": seq, "hash": head.hex(), "at": at and written_time(at)}
        for county_id, seq, head, at in connection.execute(heads)
    }
    content: dict[str, Any] = {"format": ANCHOR_FORMAT, "at": written_time(now), "chains": chains}
    return content | {"signature": keyed_digest(keyring.newest("audit"), _signed_bytes(content)).hex()}


def _signed_bytes(content: Mapping[str, Any]) -> bytes:
    covered = {name: content[name] for name in ("format", "at", "chains")}
    return b"fulian audit anchor\0" + json.dumps(covered, sort_keys=True).encode()


def _anchored_heads(keyring: Keyring, anchor: Mapping[str, Any]) -> dict[int, Head]:
    """Unit → (seq, hash) of an anchor. Raises `AnchorRefused`."""
    try:
        signature = bytes.fromhex(anchor["signature"])
        key = keyring.find("audit", signature[0])
        expected = keyed_digest(key, _signed_bytes(anchor)) if key is not None else b""
        if anchor["format"] == ANCHOR_FORMAT and hmac.compare_digest(expected, signature):
            chains = cast(Mapping[str, Mapping[str, Any]], anchor["chains"])
            return {int(county): (link["seq"], bytes.fromhex(link["hash"])) for county, link in chains.items()}
    except (KeyError, TypeError, ValueError, IndexError):
        pass  # said in the same words as a wrong signature
    raise AnchorRefused("这份存证不是本系统出的，或者被改动过，不能用来核对。")


def _chain_usage() -> Usage:
    made = first_bytes(cast(Table, AuditEntry.__table__).c.hash)
    return Counter({("audit", version): n for version, n in made.items()})


CHAINS = Part("audit chains", _chain_usage)  # written once: verifying them needs every key they were made with
