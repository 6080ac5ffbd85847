"""Reads of jobs: her own for the account that asked, and all of them, without what they are about, for one role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, tuple_

from fulian.audit.actor import Actor
from fulian.db import db
from fulian.errors import NotFound
from fulian.jobs.kinds import label_of
from fulian.jobs.models import Job
from fulian.web.paging import Cursor

# In the order of the filter. A job that failed once and waits for its next attempt is waiting.
STATES: Mapping[str, str] = {
    "waiting": "排队中",
    "running": "正在办",
    "done": "已办好",
    "failed": "没有办成",
    "cancelled": "已取消",
}


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as lists show it: what kind, when, how far; `error` names nobody."""

    id: int
    kind: str
    state: str
    asked_at: datetime
    due_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    attempts: int
    progress: int
    total: int
    error: str | None

    @property
    def label(self) -> str:
        """What its kind is called."""
        return label_of(self.kind)

    @property
    def place(self) -> tuple[datetime, int]:
        """Its place in the order, as `fulian.web.paging.page_of` wants it."""
        return self.asked_at, self.id


@dataclass(frozen=True, slots=True)
class OwnJob:
    """A job as the account sees it that asked for it: also what came of it, and where that is found."""

    line: JobLine
    progress_text: str
    result: str
    result_url: str


_line = [getattr(Job, name) for name in JobLine.__dataclass_fields__]


def jobs_page(state: str | None, cursor: Cursor | None, limit: int) -> list[JobLine]:
    """Up to `limit + 1` jobs of everybody, of one state or (None) of all, in reading order from `cursor` on."""
    return _page(select(*_line).where(*([Job.state == state] if state else [])), cursor, limit)


def count_jobs() -> dict[str, int]:
    """State → how many jobs; every state is there."""
    counted = db.session.execute(select(Job.state, func.count().label("n")).group_by(Job.state)).all()
    return dict.fromkeys(STATES, 0) | {row.state: row.n for row in counted}


def own_jobs(by: Actor, cursor: Cursor | None, limit: int) -> list[JobLine]:
    """Up to `limit + 1` jobs that the actor asked for, in reading order from `cursor` on."""
    return _page(select(*_line).where(Job.account_id == by.account_id), cursor, limit)


def own_job(by: Actor, job_id: int) -> OwnJob:
    """A job that the actor asked for. Raises NotFound for anybody else's as for none."""
    columns = (*_line, Job.progress_text, Job.result, Job.result_url)
    found = select(*columns).where(Job.id == job_id, Job.account_id == by.account_id)
    row = db.session.execute(found).one_or_none()
    if row is None:
        raise NotFound
    text, result, url = row[len(_line) :]
    return OwnJob(JobLine(*row[: len(_line)]), text or "", result or "", url or "")


def _page(wanted: Select[Any], cursor: Cursor | None, limit: int) -> list[JobLine]:
    """The newest asked for first; the oldest first where `cursor.back`."""
    back = cursor is not None and cursor.back
    place = (Job.asked_at, Job.id)
    if cursor is not None:
        here, seen = tuple_(*place), (cursor.at, cursor.id)
        wanted = wanted.where(here > seen if back else here < seen)
    order = place if back else [column.desc() for column in place]
    return [JobLine(*row) for row in db.session.execute(wanted.order_by(*order).limit(limit + 1))]
