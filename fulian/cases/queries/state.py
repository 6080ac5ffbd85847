"""Where cases stand, in the words of their programmes."""

from __future__ import annotations

from collections.abc import Iterable

from fulian.cases.queries.lists import CaseRow
from fulian.programmes.queries import label


def stage_labels(rows: Iterable[CaseRow]) -> dict[tuple[str, str], str]:
    """(programme, stage) → what the stage is called, for the stages that these rows are in."""
    pairs = {(row.programme, row.stage) for row in rows}
    return {(programme, stage): label(programme, "stage", stage) for programme, stage in pairs}


def outcome_labels(rows: Iterable[CaseRow]) -> dict[tuple[str, str], str]:
    """(programme, outcome) → what the outcome is called, for the outcomes that these rows have."""
    pairs = {(row.programme, row.outcome) for row in rows if row.outcome}
    return {(programme, outcome): label(programme, "outcome", outcome) for programme, outcome in pairs}
