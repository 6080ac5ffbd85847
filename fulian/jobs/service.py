"""The queue: jobs are written in a use case's own transaction, claimed by workers, run, and retried.

On PostgreSQL several workers claim with SKIP LOCKED; on SQLite one thread of the one process does. A job is done in
the very transaction that holds its effects, and only by the worker that still has it: each is done once, or said to
have failed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select, update

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.jobs.kinds import Finished, Run, RunStep
from fulian.jobs.models import Job

MOST_ATTEMPTS = 3
RETRY_AFTER = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)
RESULT_LENGTH = 500
SENTENCE_LENGTH = 200
ENDED = ("done", "failed", "cancelled")
WORKER_DIED = f"运行它的进程中断了 {MOST_ATTEMPTS} 次，没有办成。"

# Which of these workers are alive, besides the one that asks.
Living = Callable[[Collection[int]], Collection[int]]


class Lost(Exception):
    """Another worker has the job now: this one was taken for dead. What it did is rolled back."""


@dataclass(frozen=True)
class Claimed:
    """A job taken by the worker with this number; `position` is where its next step begins."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    attempts: int
    worker: int
    position: Mapping[str, Any]


def add_job(kind: str, payload: Mapping[str, Any], by: Actor, *, due_at: datetime | None = None) -> int:
    """Put a job on the queue, in the transaction of the caller; returns its id. `payload` is plain JSON."""
    return _add(kind, json.dumps(payload, ensure_ascii=False), by.account_id, by.county_id, by.now, due_at or by.now)


def plan_daily(kind: str, now: datetime, at: datetime) -> bool:
    """Put a kind of upkeep on the queue for `at`, unless one is waiting already; returns whether it did."""
    waiting = select(Job.id).where(Job.kind == kind, Job.state == "waiting")
    if db.session.execute(waiting.limit(1)).first() is not None:
        return False
    _add(kind, "{}", None, None, now, at)
    return True


def _add(
    kind: str, payload: str, account_id: int | None, county_id: int | None, asked_at: datetime, due_at: datetime
) -> int:
    who = {"account_id": account_id, "county_id": county_id}
    when = {"asked_at": asked_at, "due_at": due_at}
    new = insert(Job).values(
        kind=kind, payload=payload, state="waiting", attempts=0, progress=0, total=0, **who, **when
    )
    return db.session.execute(new.returning(Job.id)).scalar_one()


def claim_job(now: datetime, worker: int, living: Living) -> Claimed | None:
    """Take the job that has waited longest, or one whose worker is gone; None where there is nothing to do.

    A job whose worker died once too often has failed, and is said to. `living` is asked after the jobs were read: a
    worker is known as alive before it takes any.
    """
    orphaned = _orphaned(worker, living)
    db.session.execute(
        update(Job)
        .where(orphaned, Job.attempts >= MOST_ATTEMPTS)
        .values(state="failed", worker=None, ended_at=now, error=WORKER_DIED)
    )
    row = db.session.execute(
        select(Job.id, Job.kind, Job.payload, Job.attempts, Job.position)
        .where(((Job.state == "waiting") & (Job.due_at <= now)) | orphaned)
        .order_by(Job.due_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    db.session.execute(
        update(Job)
        .where(Job.id == row.id)
        .values(state="running", worker=worker, started_at=now, attempts=row.attempts + 1)
    )
    position = json.loads(row.position or "{}")
    return Claimed(row.id, row.kind, json.loads(row.payload), row.attempts + 1, worker, position)


def _orphaned(worker: int, living: Living) -> ColumnElement[bool]:
    """What is running for a worker that is dead, or for the one that asks: it runs nothing while it asks."""
    running = select(Job.worker).where(Job.state == "running").distinct()
    known = {number for number in db.session.execute(running).scalars() if number is not None}
    alive = set(living(known - {worker})) if known - {worker} else set()
    return (Job.state == "running") & Job.worker.in_(known - alive)


def run_claimed(job: Claimed, run: Run, by: Actor) -> None:
    """Run a job and mark it done in one transaction: its effects and its being done are kept together, or neither.

    Raises `Lost` where another worker has it by now.
    """
    _end(job, run(job.payload, by), by.now)


def run_step(job: Claimed, step: RunStep, by: Actor) -> Mapping[str, Any] | None:
    """Run the next step of a job and note how far it is, in one transaction; returns where to go on, None at the end.

    A step that was done counts as a new beginning: only attempts without any step use up MOST_ATTEMPTS. Raises `Lost`.
    """
    made = step(job.payload, job.position, by)
    far = {"progress": made.done, "total": made.total}
    if made.position is None:
        _end(job, made.text, by.now, **far)
    else:
        _keep(job, attempts=1, **far, progress_text=made.text[:SENTENCE_LENGTH], position=json.dumps(made.position))
    return made.position


def _end(job: Claimed, result: str | Finished, now: datetime, **far: int) -> None:
    finished = result if isinstance(result, Finished) else Finished(result)
    text, url = finished.text[:RESULT_LENGTH], finished.url or None
    _keep(job, state="done", worker=None, ended_at=now, result=text, result_url=url, error=None, position=None, **far)


def _keep(job: Claimed, **values: Any) -> None:
    """Write to a job that is still this worker's. Raises `Lost`."""
    mine = update(Job).where(Job.id == job.id, Job.state == "running", Job.worker == job.worker)
    result = db.session.execute(mine.values(**values), execution_options={"synchronize_session": False})
    if getattr(result, "rowcount", 0) != 1:
        raise Lost


def put_back(job: Claimed, now: datetime) -> None:
    """Give a job back, as if it had not been taken: its worker is told to end, or the database was out of reach."""
    _keep(job, state="waiting", worker=None, attempts=job.attempts - 1, due_at=now)


def fail_job(job: Claimed, error: str, now: datetime, *, result: str | None = None, again: bool = True) -> None:
    """Write down that a job raised: it waits for its next attempt, or has failed after MOST_ATTEMPTS.

    `error` names nobody; `result` is for the account that asked. Where trying again is no use, `again` is false.
    """
    waits = again and job.attempts < MOST_ATTEMPTS
    values = {"state": "waiting", "due_at": now + RETRY_AFTER} if waits else {"state": "failed", "ended_at": now}
    _keep(job, worker=None, error=error[:SENTENCE_LENGTH], result=result and result[:RESULT_LENGTH], **values)


def cancel_job(job_id: int, by: Actor, *, own: bool = True) -> None:
    """Take a job off the queue before it begins; with `own` only one that the actor asked for herself.

    Raises NotFound, and Refused where it has begun.
    """
    state = _state(job_id, by.account_id if own else None)
    cancelled = update(Job).where(Job.id == job_id, Job.state == "waiting").values(state="cancelled", ended_at=by.now)
    if getattr(db.session.execute(cancelled), "rowcount", 0) != 1:
        raise Refused("这项任务已经开始或已经结束，不能取消了。")
    record(by, "job.cancelled", "job", job_id, before={"state": state}, after={"state": "cancelled"})


def retry_job(job_id: int, by: Actor) -> None:
    """Put a job that failed on the queue again, with all its attempts. Raises NotFound, and Refused for any other."""
    state = _state(job_id)
    again = {"state": "waiting", "due_at": by.now, "ended_at": None, "attempts": 0}
    retried = update(Job).where(Job.id == job_id, Job.state == "failed").values(again)
    if getattr(db.session.execute(retried), "rowcount", 0) != 1:
        raise Refused("这项任务没有失败，或已经重新排队，不用再试。")
    record(by, "job.retried", "job", job_id, before={"state": state}, after={"state": "waiting"})


def _state(job_id: int, account_id: int | None = None) -> str:
    wanted = select(Job.state).where(Job.id == job_id)
    if account_id is not None:
        wanted = wanted.where(Job.account_id == account_id)
    state = db.session.execute(wanted).scalar_one_or_none()
    if state is None:
        raise NotFound
    return state


def forget_old_jobs(now: datetime) -> int:
    """Remove jobs that ended long ago; returns how many."""
    result = db.session.execute(delete(Job).where(Job.state.in_(ENDED), Job.ended_at < now - KEPT_FOR))
    return int(getattr(result, "rowcount", 0))
