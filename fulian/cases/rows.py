"""The rows that make lists and searches fast, as plain dicts: the services and the bulk loader share them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from fulian.orgs.queries import OrgRef

RESTRICTED_AT_OPENING = "登记时报告了家庭暴力"  # why a case is restricted from its beginning


def scope_rows(case: Mapping[str, Any], ancestors: Iterable[OrgRef]) -> list[dict[str, Any]]:
    """`case_scope` rows of a case that is not restricted: each ancestor with own = 0, its organisation again with 1.

    `case` has id, org_id, opened_at, status, programme and due_at.
    """
    base = {
        "case_id": case["id"],
        "opened_at": case["opened_at"],
        "status": case["status"],
        "programme": case["programme"],
        "due_at": case["due_at"],
    }
    rows = [{**base, "scope_id": org.id, "own": 0} for org in ancestors]
    return [*rows, {**base, "scope_id": case["org_id"], "own": 1}]


def access_copy(case: Mapping[str, Any]) -> dict[str, Any]:
    """What each `case_access` row repeats of its case."""
    return {
        "case_id": case["id"],
        "county_id": case["county_id"],
        "opened_at": case["opened_at"],
        "status": case["status"],
        "case_programme": case["programme"],
        "case_org_id": case["org_id"],
        "due_at": case["due_at"],
    }


def access_rows(case: Mapping[str, Any], reason: str, at: datetime, granted_by: int | None) -> list[dict[str, Any]]:
    """`case_access` rows of a restricted case: its programme's lead and the county admin of its unit, by role."""
    base = {
        **access_copy(case),
        "org_id": case["county_id"],
        "kind": "role",
        "starts_at": at,
        "reason": reason,
        "granted_by": granted_by,
    }
    return [
        {**base, "role": "programme_lead", "programme": case["programme"]},
        {**base, "role": "county_admin", "programme": None},
    ]


def token_rows(case: Mapping[str, Any], tokens_of: Mapping[int, Iterable[str]]) -> list[dict[str, Any]]:
    """`case_token` rows of a case that is not restricted; `tokens_of` maps each party's person to her tokens."""
    return [
        {
            "token": token,
            "opened_at": case["opened_at"],
            "case_id": case["id"],
            "person_id": person_id,
            "county_id": case["county_id"],
        }
        for person_id, tokens in tokens_of.items()
        for token in tokens
    ]
