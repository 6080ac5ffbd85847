"""Where cases stand, in the words of their programmes."""

from __future__ import annotations

from collections.abc import Iterable

from fulian.cases.queries.lists import CaseRow
from fulian.programmes.queries import labels


def stage_labels(rows: Iterable[CaseRow]) -> dict[tuple[str, str], str]:
    """(programme, stage) → what the stage is called, for the stages that these rows are in."""
    return labels("stage", {(row.programme, row.stage) for row in rows})


def outcome_labels(rows: Iterable[CaseRow]) -> dict[tuple[str, str], str]:
    """(programme, outcome) → what the outcome is called, for the outcomes that these rows have."""
    return labels("outcome", {(row.programme, row.outcome) for row in rows if row.outcome})
