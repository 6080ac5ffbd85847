"""The rows of a person as plain dicts, which the services and the bulk loader share; and the bulk loader of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, insert, select

from fulian.db import db, reserve_ids
from fulian.orgs.queries import OrgRef
from fulian.people.data import PLAIN_FIELDS, SEALED_FIELDS, TEXT_FIELDS, PersonData
from fulian.people.models import SCOPE_ROWS, TOKENS, Person
from fulian.people.tokens import document_key, person_tokens
from fulian.sealing.columns import new_seal_id, seal_text

TABLE = "person"


def person_row(facts: PersonData, org_id: int, county_id: int, created_by: int | None, at: datetime) -> dict[str, Any]:
    """The `person` row of facts that `read_person` has read, without id; sealed values are bound to a new seal_id."""
    seal_id = new_seal_id()
    row: dict[str, Any] = {field: getattr(facts, field) for field in PLAIN_FIELDS}
    row |= {field: getattr(facts, field) or None for field in TEXT_FIELDS}
    for field in SEALED_FIELDS:
        text = getattr(facts, field)
        row[field] = seal_text(TABLE, field, seal_id, text) if text else None
    return row | {
        "seal_id": seal_id,
        "document_key": document_key(facts.document_number) if facts.document_number else None,
        "org_id": org_id,
        "county_id": county_id,
        "created_by": created_by,
        "created_at": at,
        "version": 1,
    }


def token_rows(person_id: int, county_ids: Iterable[int], tokens: Iterable[str]) -> list[dict[str, Any]]:
    """`person_token` rows: every token once in each unit where somebody may look her up."""
    wanted = sorted(set(tokens))
    return [
        {"token": token, "county_id": county_id, "person_id": person_id}
        for county_id in sorted(set(county_ids))
        for token in wanted
    ]


def scope_rows(
    person_id: int, ancestor_ids: Iterable[int], org_id: int, source: str, source_id: int, programme: str | None = None
) -> list[dict[str, Any]]:
    """`person_scope` rows of one reason: `org_id` and each one above it with own = 0, itself again with own = 1."""
    base = {
        "person_id": person_id,
        "account_id": None,
        "programme": programme,
        "source": source,
        "source_id": source_id,
    }
    rows = [{**base, "org_id": ancestor_id, "own": 0} for ancestor_id in ancestor_ids]
    return [*rows, {**base, "org_id": org_id, "own": 1}]


# --- in bulk: demo data, benchmarks; nothing is checked and nothing logged -----------------------------------------

_MOST_IDS = 10_000  # of one IN: SQLite takes 32,766 values in a statement, PostgreSQL 65,535


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be written in bulk; `facts` as `read_person` gives them."""

    facts: PersonData
    org_id: int
    county_id: int
    created_by: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody is visible, as `link_person` has it: to an organisation or an account, of the unit `county_id`."""

    person_id: int
    county_id: int
    source: str
    source_id: int
    org_id: int | None = None
    account_id: int | None = None
    programme: str | None = None


def load_people(people: Sequence[NewPerson]) -> list[int]:
    """Write persons and their search tokens; returns their ids in the same order."""
    ids = reserve_ids(Person, len(people))
    rows, tokens = [], []
    for person_id, new in zip(ids, people, strict=True):
        facts = new.facts
        rows.append({"id": person_id} | person_row(facts, new.org_id, new.county_id, new.created_by, new.created_at))
        found = person_tokens(facts.name, facts.phone, facts.document_number)
        tokens += token_rows(person_id, [new.county_id], found)
    _insert(cast(Table, Person.__table__), rows)
    _insert(TOKENS, tokens)
    return ids


def load_reasons(reasons: Sequence[Reason], above: Mapping[int, Sequence[OrgRef]]) -> None:
    """Do what `link_person` does for many reasons; `above` has each organisation with those above it."""
    rows: list[dict[str, Any]] = []
    for reason in reasons:
        key = (reason.source, reason.source_id, reason.programme)
        if reason.org_id is not None:
            rows += scope_rows(reason.person_id, (org.id for org in above[reason.org_id]), reason.org_id, *key)
        else:
            rows.append(account_row(reason.person_id, reason.account_id or 0, *key))
    _insert(SCOPE_ROWS, rows)
    known = _known_tokens({reason.person_id for reason in reasons})
    missing = {(r.person_id, r.county_id) for r in reasons if r.county_id not in known[r.person_id]}
    copies = [
        row
        for person_id, county_id in sorted(missing)
        for row in token_rows(person_id, [county_id], next(iter(known[person_id].values()), ()))
    ]
    _insert(TOKENS, copies)


def tokens_of(person_ids: Iterable[int]) -> dict[int, set[str]]:
    """Every token of each of these people."""
    return {person_id: set[str]().union(*units.values()) for person_id, units in _known_tokens(set(person_ids)).items()}


def account_row(person_id: int, account_id: int, source: str, source_id: int, programme: str | None) -> dict[str, Any]:
    """The `person_scope` row of a reason that reaches one account alone."""
    return {
        "person_id": person_id,
        "org_id": None,
        "account_id": account_id,
        "own": 0,
        "programme": programme,
        "source": source,
        "source_id": source_id,
    }


def _known_tokens(person_ids: set[int]) -> dict[int, dict[int, set[str]]]:
    """person → unit → tokens."""
    found: dict[int, dict[int, set[str]]] = {person_id: defaultdict(set) for person_id in person_ids}
    wanted = sorted(person_ids)
    for start in range(0, len(wanted), _MOST_IDS):
        query = select(TOKENS).where(TOKENS.c.person_id.in_(wanted[start : start + _MOST_IDS]))
        for row in db.session.execute(query):
            found[row.person_id][row.county_id].add(row.token)
    return found


def _insert(table: Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.session.execute(insert(table), rows)
