"""Writing the log: `record` once in each use case; a step before COMMIT chains and stores what was recorded.

The same transaction holds the change and its entry, or neither. A refusal is written in a transaction of its own.
"""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any, cast

from flask import Flask, current_app
from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from fulian.audit.actor import Actor
from fulian.audit.chain import START, chain_hash
from fulian.audit.models import AuditEntry, AuditHead
from fulian.db import db, finish_before_commit, record_refusals_with
from fulian.errors import Refused
from fulian.prepared import Prepared, PreparedChange
from fulian.sealing.columns import blind_index, new_seal_id, seal_text
from fulian.sealing.keys import keys

QUEUE = "audit"  # where `session.info` holds what was recorded and is not yet stored
CITY_UNIT = "fulian.city_unit"
SAME_REFUSAL = timedelta(minutes=1)  # repeats of a refusal within this time are one entry

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)

_entry = cast(Table, AuditEntry.__table__)
_head = cast(Table, AuditHead.__table__)
_add_entries = PreparedChange(insert(_entry))
_read_head = Prepared(select(_head.c.seq, _head.c.hash).where(_head.c.county_id == bindparam("of")).with_for_update())
_start_head = PreparedChange(postgresql.insert(_head).on_conflict_do_nothing())  # written alike for both databases
_move_heads = PreparedChange(
    update(_head)
    .where(_head.c.county_id == bindparam("of"))
    .values(seq=bindparam("new_seq"), hash=bindparam("new_hash"))
)


def set_city_unit(app: Flask, find: Callable[[], int]) -> None:
    """Say how the city's own unit (市本级) is found; its chain takes what concerns several units at once."""
    app.extensions[CITY_UNIT] = find


def record(
    by: Actor,
    act: str,
    subject: str,
    subject_id: object,
    *,
    county_id: int | None = None,
    counties: Iterable[int] = (),
    case_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    fields: Iterable[str] | None = None,
    outcome: str = "done",
) -> None:
    """Put one entry on the log, stored in the same transaction as the change it tells of. Once in a use case.

    `act` is dotted English (case.opened), `subject` the table, `subject_id` the row. `county_id` is the unit whose
    chain takes it (None: the actor's own); where a use case may touch several units, `counties` names them all, and
    more than one go on the city's chain. `before` and `after` map field names to plain values (secrets masked): what
    differs is sealed into the entry. `fields` names the fields where there is no before and after to compare.
    """
    concerned = sorted({*counties})
    if len(concerned) > 1:
        county_id = current_app.extensions[CITY_UNIT]()
    elif concerned:
        county_id = concerned[0]
    entry = _about(by, act, subject, str(subject_id), outcome)
    entry["county_id"] = by.county_id if county_id is None else county_id
    entry["counties"] = _as_json(concerned) if len(concerned) > 1 else None
    entry["case_id"] = case_id
    _add_change(entry, before, after, fields)
    db.session().info.setdefault(QUEUE, []).append(entry)


def record_read(by: Actor, act: str, subject: str, subject_id: object, **where: Any) -> None:
    """Put a reading that must be logged (reveal, restricted case, attachment, document, export) on the log.

    Takes what `record` takes. The caller runs it in a `transact` of its own before the first byte leaves.
    """
    record(by, act, subject, subject_id, outcome="read", **where)


def note_refusal(by: Actor, act: str, refused: Refused, case_id: int | None = None) -> None:
    """Put a refusal on the log, unless the same account met the same one within a minute.

    A use case for `transact`: guards that refuse before any use case runs (403) call it so. `act` is what was tried.
    `case_id`: the case it was about. The sentence is sealed; repeats are found by its keyed digest in `subject_id`.
    """
    digest = blind_index("refusal", f"{act}\0{case_id or ''}\0{refused.message}").hex()
    connection = db.session().connection()
    _lock_heads([by.county_id])  # two equal refusals at the same moment wait for each other
    repeats = select(_entry.c.seq).where(
        _entry.c.account_id.is_(None) if by.account_id is None else _entry.c.account_id == by.account_id,
        _entry.c.at > by.now - SAME_REFUSAL,
        _entry.c.outcome == "refused",
        _entry.c.subject_id == digest,
        _entry.c.address == by.address,
    )
    if connection.execute(repeats.limit(1)).first() is None:
        after = {"message": refused.message} | ({"field": refused.field} if refused.field else {})
        record(by, act, "refusal", digest, case_id=case_id, after=after, outcome="refused")


def record_refusal(
    refused: Refused, use_case: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """Write down that `use_case` refused; nothing where no `Actor` was among what it was given."""
    by = next((value for value in (*args, *kwargs.values()) if isinstance(value, Actor)), None)
    if by is not None:
        function = use_case.func if isinstance(use_case, functools.partial) else use_case
        given = inspect.signature(use_case).bind_partial(*args, **kwargs).arguments
        note_refusal(by, f"refused.{getattr(function, '__name__', 'use_case')}", refused, given.get("case_id"))


record_refusals_with(record_refusal)


@finish_before_commit(10)
def store_recorded(session: Session) -> None:
    """Chain and store what was recorded in this transaction; heads are locked in ascending order of the unit."""
    queue: list[dict[str, Any]] = session.info.pop(QUEUE, [])
    if not queue:
        return
    heads = _lock_heads({entry["county_id"] for entry in queue})
    key = keys().newest("audit")
    for entry in queue:
        seq, prev = heads[entry["county_id"]]
        entry["seq"], entry["prev"] = seq + 1, prev
        entry["hash"] = chain_hash(key, entry)
        heads[entry["county_id"]] = (entry["seq"], entry["hash"])
    _add_entries.run(*queue)
    _move_heads.run(*({"of": county, "new_seq": seq, "new_hash": made} for county, (seq, made) in heads.items()))


def _lock_heads(counties: Iterable[int]) -> dict[int, tuple[int, bytes]]:
    """Unit → (seq, hash) of its last entry, locked in ascending order until the end of the transaction."""
    heads = {}
    for county_id in sorted(counties):
        found = _read_head.rows({"of": county_id})
        if not found:  # the unit's first entry ever
            _start_head.run({"county_id": county_id, "seq": 0, "hash": START})
            found = _read_head.rows({"of": county_id})
        heads[county_id] = (found[0][0], found[0][1])
    return heads


def _about(by: Actor, act: str, subject: str, subject_id: str, outcome: str) -> dict[str, Any]:
    return {
        "at": by.now,
        "act": act,
        "outcome": outcome,
        "account_id": by.account_id,
        "actor_name": by.name,
        "address": by.address,
        "request_id": by.request_id,
        "subject": subject,
        "subject_id": subject_id,
        "seal_id": new_seal_id(),
    }


def _add_change(
    entry: dict[str, Any],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    fields: Iterable[str] | None,
) -> None:
    """Set `fields` and the sealed `change` of `entry`: only what differs is kept."""
    old, new = dict(before or {}), dict(after or {})
    missing = object()
    differing = [name for name in {**old, **new} if old.get(name, missing) != new.get(name, missing)]
    names = differing if fields is None else list(fields)
    entry["fields"] = _as_json(names) if names else None
    entry["change"] = None
    if differing:
        sides = {"before": old, "after": new}
        change = {side: {n: values[n] for n in differing if n in values} for side, values in sides.items()}
        entry["change"] = seal_text(_entry.name, "change", entry["seal_id"], _as_json(change))


def _as_json(value: object) -> str:
    return _json.encode(value)
