"""The workbench: what is due to her, her cases, this month's numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from fulian.audit.actor import Viewer
from fulian.calendar import end_of_day, local_date, start_of_day
from fulian.cases.models import OPEN_STATUSES, Case, Task
from fulian.cases.queries.lists import CaseFilter, CaseRow, case_count, case_rows
from fulian.cases.queries.steps import CLOSE, CLOSING
from fulian.cases.scope import sees
from fulian.db import db
from fulian.orgs.scope import OWN_ORG_ROLES
from fulian.programmes.loader import find_programme

SOON_DAYS = 7  # the third counter: due within seven days (style guide, section 2)
SHOWN = 50
DUE = ("late", "today", "soon")


@dataclass(frozen=True)
class DueRow:
    """A task of hers with its case."""

    case_id: int
    number: str
    case_title: str
    subject: str
    risk: str | None
    kind: str
    title: str
    due_at: datetime
    article: str
    programme: str

    @property
    def act(self) -> str:
        """What is to be done, verb first: the transition that does it, the closing, else the task's own title."""
        programme = find_programme(self.programme)
        transition = programme.transition(self.kind) if programme is not None else None
        return transition.label if transition is not None else CLOSING if self.kind == CLOSE else self.title

    @property
    def detail(self) -> str:
        """The line under it: the task's title where the act has other words, its source, or what the case is about."""
        return self.title if self.title != self.act else self.article or self.subject


@dataclass(frozen=True)
class DueCounts:
    """Overdue, due today, due within seven days."""

    late: int
    today: int
    soon: int

    @property
    def total(self) -> int:
        """All three together."""
        return self.late + self.today + self.soon


def due_counts(viewer: Viewer) -> DueCounts:
    """Her open tasks by how soon they are due."""
    day = local_date(viewer.now)
    mine = (Task.account_id == viewer.account_id, Task.done_at.is_(None))
    bounds = (viewer.now, end_of_day(day), end_of_day(day + timedelta(days=SOON_DAYS)))
    until = [
        db.session.execute(select(func.count()).select_from(Task).where(*mine, Task.due_at <= bound)).scalar_one()
        for bound in bounds
    ]
    return DueCounts(until[0], until[1] - until[0], until[2] - until[1])


def due_rows(viewer: Viewer, which: str | None = None) -> list[DueRow]:
    """Her open tasks, the earliest first: all within seven days, or only `which` ∈ late, today, soon, or "all"."""
    day = local_date(viewer.now)
    query: Select[*tuple[Any, ...]] = (
        select(
            Case.id,
            Case.number,
            Case.title,
            Case.subject,
            Case.risk,
            Task.kind,
            Task.title,
            Task.due_at,
            Task.article,
            Case.programme,
        )
        .join(Case, Case.id == Task.case_id)
        .where(Task.account_id == viewer.account_id, Task.done_at.is_(None), sees(viewer))
        .order_by(Task.due_at, Task.id)
        .limit(SHOWN)
    )
    if which == "late":
        query = query.where(Task.due_at <= viewer.now)
    elif which == "today":
        query = query.where(Task.due_at > viewer.now, Task.due_at <= end_of_day(day))
    elif which == "soon":
        query = query.where(Task.due_at > end_of_day(day), Task.due_at <= end_of_day(day + timedelta(days=SOON_DAYS)))
    elif which != "all":
        query = query.where(Task.due_at <= end_of_day(day + timedelta(days=SOON_DAYS)))
    return [DueRow(*row) for row in db.session.execute(query)]


def my_open_cases(viewer: Viewer, limit: int) -> list[CaseRow]:
    """Her own open cases, the next due first."""
    wanted = CaseFilter(status="open", handler_id=viewer.account_id, order="due")
    return list(case_rows(viewer, wanted, None, limit).rows[:limit])


def my_open_count(viewer: Viewer) -> int:
    """How many open cases she handles."""
    return db.session.execute(
        select(func.count())
        .select_from(Case)
        .where(Case.handler_id == viewer.account_id, Case.status.in_(OPEN_STATUSES))
    ).scalar_one()


def month_start(now: datetime) -> datetime:
    """The first instant of this month in Shanghai, as UTC."""
    return start_of_day(local_date(now).replace(day=1))


def sees_an_area(viewer: Viewer) -> bool:
    """Whether any grant of hers reaches further than her own organisation's cases."""
    return any(held.role not in OWN_ORG_ROLES for held in viewer.grants)


def area_due_counts(viewer: Viewer) -> DueCounts:
    """The open cases of her area by how soon the next thing in each is due, each to COUNT_CAP + 1."""
    spans = [due_span(which, viewer.now) for which in DUE]
    return DueCounts(
        *(case_count(viewer, CaseFilter(order="due", due_from=start, due_until=end)) for start, end in spans)
    )


def area_due_rows(viewer: Viewer, limit: int) -> list[CaseRow]:
    """The cases of her area in which something is due within seven days, the earliest first."""
    _start, end = due_span("soon", viewer.now)
    return case_rows(viewer, CaseFilter(order="due", due_until=end), None, limit).rows[:limit]


def due_span(which: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    """From when until when something is due that is late, due today or soon; no bounds for anything else."""
    day = local_date(now)
    second = timedelta(seconds=1)
    tomorrow, last = end_of_day(day) + second, end_of_day(day + timedelta(days=SOON_DAYS)) + second
    return {"late": (None, now), "today": (now, tomorrow), "soon": (tomorrow, last)}.get(which, (None, None))
