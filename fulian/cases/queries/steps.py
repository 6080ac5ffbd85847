"""What can be done next with a case, as its programme and its tasks say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fulian.audit.actor import Viewer
from fulian.cases.models import OPEN_STATUSES, Case, Task
from fulian.cases.queries.case import EventView
from fulian.programmes.programme import Programme

CLOSE, CLOSING = "close", "办结案件"  # the closing, which every case has: its code as a step and as a task's kind


@dataclass(frozen=True)
class Step:
    """A transition that may start now, or the closing; `refusal` says why it is barred just now, if it is.

    `prints` is the code of a document that has to be printed before, "" for none.
    """

    code: str
    title: str
    refusal: str | None
    prints: str = ""

    @property
    def address(self) -> str:
        """Its page, below the case's own."""
        return self.code if self.code == CLOSE else f"do/{self.code}"


@dataclass(frozen=True)
class StageMark:
    """One stage in the progress bar: `state` ∈ ok, at, "" and when it was reached."""

    label: str
    state: str
    at: datetime | None


def steps_of(programme: Programme, case: Case, viewer: Viewer) -> tuple[Step, ...]:
    """The transitions from the case's stage, the programme's next step first, and the closing at the end.

    Guards are asked with empty data; the closing is asked only once its outcome is known. Transitions that are not
    listed start from the programme's panel.
    """
    if case.status not in OPEN_STATUSES:
        return ()
    steps = []
    for transition in programme.transitions_from(case.stage):
        if not transition.listed:
            continue
        refusal = transition.guard(case, {}, viewer)
        title = transition.title(case) if transition.title is not None else transition.label
        message = refusal.message if refusal is not None else None
        steps.append(Step(transition.code, title, message, transition.prints))
    return (*steps, Step(CLOSE, CLOSING, None))


def next_step(case: Case, tasks: Sequence[Task], steps: Sequence[Step]) -> Step | None:
    """The filled button: what the earliest task asks for, else the first transition that is not barred."""
    usable = {step.code: step for step in steps if step.refusal is None}
    for task in tasks:
        if task.kind in usable:
            return usable[task.kind]
    return next(iter(usable.values()), None)


def stage_line(programme: Programme, case: Case, events: Sequence[EventView]) -> list[StageMark]:
    """The progress bar: stages passed with the day they were reached, the present one, those to come."""
    codes = [stage.code for stage in programme.stages]
    here = codes.index(case.stage) if case.stage in codes else -1
    ended = case.status == "closed"
    reached = _reached(programme, events)
    marks = []
    for i, stage in enumerate(programme.stages):
        state = "ok" if i < here or (ended and i == here) else "at" if i == here else ""
        marks.append(StageMark(stage.label, state, reached.get(stage.code) if state else None))
    closed_at = case.closed_at if ended else None
    marks.append(StageMark("办结", "ok" if ended else "", closed_at))
    return marks


def _reached(programme: Programme, events: Sequence[EventView]) -> dict[str, datetime]:
    """When each stage was first reached, by the transitions in the history."""
    reached: dict[str, datetime] = {}
    for event in sorted(events, key=lambda event: (event.recorded_at, event.id)):
        transition = programme.transition(event.kind)
        if transition is not None and transition.to is not None:
            reached.setdefault(transition.to, event.at)
        elif event.kind == "opened":
            reached.setdefault(programme.stages[0].code, event.at)
    return reached
