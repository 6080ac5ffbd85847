"""How a programme tells its demo cases: the core draws who, where, when and how it ends, the programme what happened.

Nothing of it is a record of anybody. A demo case is written in bulk, without the programme's guards, so `tell` must
keep its own rules; every date is a day of the past as seen from `DemoCase.now`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fulian.programmes.programme import PlannedTask


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person of a demo case: sex by GB/T 2261.1, `born` the year of birth."""

    name: str
    sex: str
    born: int


@dataclass(frozen=True, slots=True)
class DemoCase:
    """A demo case before it is told.

    `persons` come in the order of the programme's roles; `kin` is what the second is to the first: spouse, in_law,
    child. `closed_at` and `outcome` are set together; an open case (None) stands at `stage`, a code of the programme.
    `violent`: violence was reported. Instants are UTC.
    """

    org_id: int
    county_id: int
    place: str
    handler_id: int
    handler: str
    persons: tuple[DemoPerson, ...]
    kin: str
    opened_at: datetime
    now: datetime
    stage: str = ""
    closed_at: datetime | None = None
    outcome: str | None = None
    violent: bool = False

    @property
    def until(self) -> datetime:
        """Nothing of its history is later than this: its closing, or now."""
        return self.closed_at or self.now


@dataclass(frozen=True, slots=True)
class PastStep:
    """An act of the past: `kind` a transition's code, `stage` where the case stood after it.

    `at` is when it happened; it is written down at the same moment.
    """

    kind: str
    title: str
    text: str
    at: datetime
    stage: str


@dataclass(frozen=True, slots=True)
class PastTask:
    """A task that was laid down at `laid_at`; done at `done_at`, or (None) still due unless the case is closed."""

    planned: PlannedTask
    laid_at: datetime
    done_at: datetime | None = None


@dataclass(frozen=True)
class Story:
    """What happened in a demo case.

    `stage` is the first one, `text` the first line of history, `note` the reason of the closing. `relations` and
    `hidden` go by role code. `own` is whatever the programme wants to find again in `ToldCase`.
    """

    subject: str
    summary: str
    stage: str
    source: str = ""
    risk: str | None = None
    restricted: bool = False
    text: str = ""
    note: str = ""
    relations: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] = ()
    steps: tuple[PastStep, ...] = ()
    tasks: tuple[PastTask, ...] = ()
    own: Any = None


@dataclass(frozen=True, slots=True)
class ToldCase:
    """A demo case that has been written: its id, its parties' ids by role code, and its story."""

    id: int
    parties: Mapping[str, int]
    case: DemoCase
    story: Story


@dataclass(frozen=True)
class Demo:
    """The demo part of a programme.

    `tell(case, rng)` says what happened; `keep(cases)` adds the programme's own rows (the detail row of each at least)
    to the session, in the transaction that writes the cases, ordered by their opening.
    """

    tell: Callable[[DemoCase, Random], Story]
    keep: Callable[[Sequence[ToldCase]], None]
