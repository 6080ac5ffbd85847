"""What the page of a case draws from its stage and its history: the progress bar."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from fulian.cases.models import Case
from fulian.cases.queries.case import EventView
from fulian.cases.queries.steps import StageMark, stage_line
from fulian.programmes.loader import find_programme
from fulian.testing.world import NOW


def event(n: int, kind: str, days: int) -> EventView:
    """Something that happened after so many days, written down in the order of `n`."""
    return EventView(n, kind, "", "", None, NOW + timedelta(days=days), NOW + timedelta(days=10 + n), "钱丽")


EVENTS = [event(4, "write_agreement", 5), event(3, "record_session", 3), event(2, "record_session", 2),
          event(1, "opened", 0), event(5, "note", 6)]  # fmt: skip


def days_of(marks: list[StageMark]) -> list[int | None]:
    return [None if mark.at is None else (mark.at - NOW).days for mark in marks]


@pytest.mark.parametrize(
    ("stage", "status", "states", "days"),
    [
        ("accepted", "open", ["at", "", "", "", ""], [0, None, None, None, None]),
        ("agreement", "open", ["ok", "ok", "at", "", ""], [0, 2, 5, None, None]),
        ("agreement", "closed", ["ok", "ok", "ok", "", "ok"], [0, 2, 5, None, 9]),
        ("of an older plugin", "open", ["", "", "", "", ""], [None] * 5),
    ],
)
def test_the_progress_bar(session: Session, stage: str, status: str, states: list[str], days: list[int | None]) -> None:
    """A stage that is passed, or in which the case ended, is done, and told with the day it was first reached."""
    programme = find_programme("mediation")
    assert programme is not None
    marks = stage_line(programme, Case(stage=stage, status=status, closed_at=NOW + timedelta(days=9)), EVENTS)
    assert [mark.label for mark in marks] == ["受理告知", "调解", "协议", "履行回访", "办结"]
    assert [mark.state for mark in marks] == states
    assert days_of(marks) == days
