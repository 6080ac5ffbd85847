"""Whoever has the database in his hands cannot alter the log unseen, and a verifier with one bad line would miss it."""

from __future__ import annotations

import inspect
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection, text

from fulian.audit import chain, log, verify
from fulian.audit.actor import Actor
from fulian.audit.models import AuditEntry
from fulian.audit.verify import take_anchor
from fulian.db import transact
from fulian.sealing.keys import keys
from fulian.testing.databases import Database

ENTRIES = 200
COUNTIES = (2, 12, 13, 14)
COLUMNS = tuple(column.key for column in AuditEntry.__table__.columns)
NUMBERS = ("county_id", "seq", "account_id", "case_id")
BYTES = ("change", "prev", "hash", "seal_id")
NULLABLE = ("account_id", "case_id", "counties", "fields", "change")
NEIGHBOURS = (("act", "actor_name"), ("actor_name", "address"), ("subject", "subject_id"))  # as the chain writes them
WITHOUT_GUARD = {
    "sqlite": [f"DROP TRIGGER audit_entry_no_{act}" for act in ("update", "delete", "replace")],
    "postgresql": ["ALTER TABLE audit_entry DISABLE TRIGGER ALL"],
}
AS_READ = {"sqlite": "CAST({} AS BLOB)", "postgresql": "{}"}
# PostgreSQL stores no text that is not text; its times are numbers of microseconds.
AS_WRITTEN = {"sqlite": "CAST(:value AS TEXT)", "postgresql": ":value"}


# --- a log of 200 entries -----------------------------------------------------------------------------------------


def _write_log(by: Actor) -> None:
    rng = random.Random(1)
    for number in range(ENTRIES // 4):

        def four(by: Actor, number: int = number) -> None:
            for county_id in COUNTIES:
                after = {"stage": "调解", "summary": f"第 {number} 次 {rng.random()}"} if rng.random() < 0.7 else None
                case_id = rng.randrange(1, 900) if rng.random() < 0.7 else None
                log.record(by, "case.advanced", "cases", number, county_id=county_id, case_id=case_id, after=after)

        account_id = rng.choice([7, 8, None])
        transact(four, replace(by, account_id=account_id, now=by.now + timedelta(seconds=number, microseconds=number)))
    transact(log.record, by, "organisation.moved", "organisation", 3, counties=[12, 13])


# --- mutants ------------------------------------------------------------------------------------------------------


@dataclass
class Attacker:
    """Changes the log by SQL, as one with all rights would; each method makes one kind of change and says which."""

    connection: Connection
    rng: random.Random

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def run(self, sql: str, **values: Any) -> Any:
        return self.connection.execute(text(sql), values)

    def any_entry(self) -> dict[str, int]:
        places = self.run("SELECT county_id, seq FROM audit_entry ORDER BY county_id, seq").all()
        county_id, seq = self.rng.choice(places)
        return {"c": county_id, "s": seq}

    def read(self, column: str, at: dict[str, int]) -> Any:
        template = "{}" if column in (*NUMBERS, *BYTES) else AS_READ[self.dialect]
        return self.run(
            f"SELECT {template.format(column)} FROM audit_entry WHERE county_id = :c AND seq = :s", **at
        ).scalar_one()

    def write(self, column: str, value: Any, at: dict[str, int]) -> None:
        place = AS_WRITTEN[self.dialect] if isinstance(value, bytes) and column not in BYTES else ":value"
        sql = f"UPDATE audit_entry SET {column} = {place} WHERE county_id = :c AND seq = :s"
        self.run(sql, value=value, **at)

    def flip_bytes(self, value: bytes) -> bytes:
        changed = bytearray(value)
        changed[self.rng.randrange(len(changed))] ^= 1 << self.rng.randrange(8)
        return bytes(changed)

    def flip_text(self, value: str) -> str:
        while True:
            try:
                changed = self.flip_bytes(value.encode()).decode()
            except UnicodeDecodeError:
                continue
            if "\0" not in changed:
                return changed

    def flip(self) -> str:
        """One bit of one column."""
        at, column = self.any_entry(), self.rng.choice(COLUMNS)
        value = self.read(column, at)
        if value is None or value in ("", b""):
            return self.flip()
        if isinstance(value, int):
            self.write(column, value ^ 1 << self.rng.randrange(8, 31), at)  # high bits: the place is free
        elif isinstance(value, bytes):
            self.write(column, self.flip_bytes(value), at)
        elif isinstance(value, str):
            self.write(column, self.flip_text(value), at)
        else:
            self.write(column, value + timedelta(microseconds=1 << self.rng.randrange(40)), at)
        return f"flip {column}"

    def flip_head(self) -> str:
        """One bit of a head."""
        county_id, seq, hash_ = self.rng.choice(self.run("SELECT county_id, seq, hash FROM audit_head").all())
        column, value = self.rng.choice(
            [("seq", seq ^ 1 << self.rng.randrange(31)), ("hash", self.flip_bytes(bytes(hash_)))]
        )
        self.run(f"UPDATE audit_head SET {column} = :value WHERE county_id = :c", value=value, c=county_id)
        return f"flip head {column}"

    def empty(self) -> str:
        """Nothing made into something empty, or the other way round."""
        at, column = self.any_entry(), self.rng.choice(NULLABLE)
        empty: Any = 0 if column in NUMBERS else b"" if column in BYTES else ""
        self.write(column, empty if self.read(column, at) is None else None, at)
        return f"empty {column}"

    def shift(self) -> str:
        """A character moved from the end of one column to the beginning of the next."""
        at, (left, right) = self.any_entry(), self.rng.choice(NEIGHBOURS)
        values = [self.read(column, at) for column in (left, right)]
        one, two = (value.decode() if isinstance(value, bytes) else value for value in values)
        self.run(
            f"UPDATE audit_entry SET {left} = :one, {right} = :two WHERE county_id = :c AND seq = :s",
            one=one[:-1],
            two=one[-1] + two,
            **at,
        )
        return f"shift {left} {right}"

    def delete(self) -> str:
        """One entry; the head is left as it is."""
        self.run("DELETE FROM audit_entry WHERE county_id = :c AND seq = :s", **self.any_entry())
        return "delete"

    def delete_first(self) -> str:
        """The first entries of a chain."""
        at = self.any_entry()
        self.run("DELETE FROM audit_entry WHERE county_id = :c AND seq <= :s", **at)
        self.rechain_head(at["c"])
        return "delete first"

    def swap(self) -> str:
        """Two entries in each other's place."""
        one, two = self.any_entry(), self.any_entry()
        if one == two:
            return self.swap()
        move = "UPDATE audit_entry SET county_id = :to_c, seq = :to_s WHERE county_id = :c AND seq = :s"
        aside = {"c": one["c"], "s": -1}
        for origin, target in ((one, aside), (two, one), (aside, two)):
            self.run(move, to_c=target["c"], to_s=target["s"], **origin)
        return "swap"

    def cut(self) -> str:
        """The end of a chain, with its head moved back so that everything seems to fit."""
        at = self.any_entry()
        self.run("DELETE FROM audit_entry WHERE county_id = :c AND seq >= :s", **at)
        self.rechain_head(at["c"])
        return "cut"

    def cut_whole(self) -> str:
        """A whole chain and its head."""
        at = self.any_entry()
        for table in ("audit_entry", "audit_head"):
            self.run(f"DELETE FROM {table} WHERE county_id = :c", c=at["c"])
        return "cut whole"

    def rechain_head(self, county_id: int) -> None:
        tail = self.run(
            "SELECT seq, hash FROM audit_entry WHERE county_id = :c ORDER BY seq DESC LIMIT 1", c=county_id
        ).first()
        if tail is None:
            self.run("DELETE FROM audit_head WHERE county_id = :c", c=county_id)
        else:
            sql = "UPDATE audit_head SET seq = :s, hash = :h WHERE county_id = :c"
            self.run(sql, s=tail.seq, h=tail.hash, c=county_id)


KINDS: dict[Callable[[Attacker], str], int] = {  # kind → weight
    Attacker.flip: 10,
    Attacker.flip_head: 1,
    Attacker.empty: 1,
    Attacker.shift: 1,
    Attacker.delete: 2,
    Attacker.delete_first: 1,
    Attacker.swap: 2,
    Attacker.cut: 2,
    Attacker.cut_whole: 1,
}


@pytest.fixture
def unguarded(log_app: Flask, database: Database) -> Iterator[Connection]:
    with database.engine(as_owner=True) as engine, engine.connect() as connection:
        for statement in WITHOUT_GUARD[database.kind]:
            connection.execute(text(statement))
        connection.commit()
        yield connection


def missed(connection: Connection, count: int, verifier: Any = verify, seed: int = 20) -> Iterator[str]:
    """The mutants, out of `count`, that `verifier` lets pass."""
    rng = random.Random(seed)
    keyring = keys()
    anchor = take_anchor(connection, keyring, datetime(2026, 11, 25, tzinfo=UTC))
    assert list(verifier.verify_chains(connection, keyring, anchor)) == [], "the log as it was written is refused"
    connection.rollback()
    for kind in rng.choices(list(KINDS), list(KINDS.values()), k=count):
        with connection.begin() as transaction:
            said = kind(Attacker(connection, rng))
            if next(iter(verifier.verify_chains(connection, keyring, anchor)), None) is None:
                yield said
            transaction.rollback()


@pytest.mark.parametrize("count", [2000, pytest.param(40_000, marks=pytest.mark.soak)])
def test_every_mutant_is_found(unguarded: Connection, by: Actor, count: int) -> None:
    _write_log(by)
    assert list(missed(unguarded, count)) == []


# --- broken twins -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Twin:
    """A module with one line as a tired colleague might write it."""

    name: str
    module: ModuleType
    line: str
    instead: str

    def load(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        source = inspect.getsource(self.module)
        assert source.count(self.line) == 1, f"{self.name}: the line is not there once"
        twin = ModuleType(f"twin_of_{self.module.__name__}")
        monkeypatch.setitem(sys.modules, twin.__name__, twin)
        exec(compile(source.replace(self.line, self.instead), twin.__name__, "exec"), twin.__dict__)  # noqa: S102
        return twin


TWINS = (
    Twin("the sealed change is not covered", chain, 'column.key != "hash"', 'column.key not in ("hash", "change")'),
    Twin("columns run together", chain, 'parts.append(b"%d:" % len(data) + data)', "parts.append(data)"),
    Twin("nothing is the same as empty", chain, 'parts.append(b"-")', 'parts.append(b"0:")'),
    Twin(
        "the first entry has none before it",
        verify,
        "if seq != last + 1:",
        "if last == 0: pass\n        elif seq != last + 1:",
    ),
    Twin("a head is compared by its number", verify, "if head != (last, prev):", "if head and head[0] != last:"),
    Twin("an anchor only of what is still there", verify, "last < anchored[0]:", "last > anchored[0]:"),
    Twin(
        "chains that are gone are not asked for",
        verify,
        "sorted({*heads, *anchored} - read)",
        "sorted({*heads} - read)",
    ),
)


@pytest.mark.parametrize("twin", TWINS, ids=lambda twin: twin.name)
def test_a_broken_twin_is_caught(unguarded: Connection, by: Actor, monkeypatch: pytest.MonkeyPatch, twin: Twin) -> None:
    loaded = twin.load(monkeypatch)
    if twin.module is chain:
        monkeypatch.setattr(log, "chain_hash", loaded.chain_hash)
        monkeypatch.setattr(verify, "chain_hash", loaded.chain_hash)
    _write_log(by)
    verifier = loaded if twin.module is verify else verify
    assert next(missed(unguarded, 1000, verifier), None) is not None
