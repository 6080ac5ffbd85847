"""The rows of a person as plain dicts: the services and the bulk loader share them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fulian.people.data import PLAIN_FIELDS, SEALED_FIELDS, TEXT_FIELDS, PersonData
from fulian.people.tokens import document_key
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
