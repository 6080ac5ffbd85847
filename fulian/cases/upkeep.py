"""The nightly look: does `case_stat` still say what the history says?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulian.audit.actor import Actor
from fulian.cases.counting import differing_cells
from fulian.cases.statistics import forget_empty_cells

KIND = "cases.check_statistics"


def check_statistics(_payload: Mapping[str, Any], _by: Actor) -> str:
    """Compare every cell with a count of the events and remove empty cells. Raises RuntimeError where they differ."""
    differing = differing_cells()
    if differing:
        cell, (stored, counted) = next(iter(differing.items()))
        raise RuntimeError(
            f"{len(differing)} cells differ, the first {tuple(cell)}: stored {stored}, counted {counted}"
        )
    forget_empty_cells()
    return "统计与经过一致。"
