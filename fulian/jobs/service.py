"""The queue: jobs are written in a use case's own transaction, claimed by workers, run, and retried.

On PostgreSQL several workers claim with SKIP LOCKED; on SQLite one thread of the one process does.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from fulian.audit.actor import Actor
from fulian.db import db
from fulian.jobs.models import Job

MOST_ATTEMPTS = 3
RETRY_AFTER = timedelta(minutes=1)
# A worker that was killed leaves its job running: after this long another one takes it up again.
ORPHANED_AFTER = timedelta(minutes=15)
KEPT_FOR = timedelta(days=30)
RESULT_LENGTH = 500


@dataclass(frozen=True)
class Claimed:
    """A job taken by this worker."""

    id: int
    kind: str
    payload: Mapping[str, Any]
    attempts: int


Run = Callable[[Mapping[str, Any], Actor], str]


def add_job(kind: str, payload: Mapping[str, Any], by: Actor, *, due_at: datetime | None = None) -> int:
    """Put a job on the queue, in the transaction of the caller; returns its id. `payload` is plain JSON."""
    return db.session.execute(
        insert(Job)
        .values(
            kind=kind,
            account_id=by.account_id,
            county_id=by.county_id,
            payload=json.dumps(payload, ensure_ascii=False),
            state="waiting",
            due_at=due_at or by.now,
            attempts=0,
            progress=0,
            total=0,
        )
        .returning(Job.id)
    ).scalar_one()


def plan_daily(kind: str, now: datetime, at: datetime) -> bool:
    """Put a kind of upkeep on the queue for `at`, unless one is waiting already; returns whether it did."""
    waiting = select(Job.id).where(Job.kind == kind, Job.state == "waiting")
    if db.session.execute(waiting.limit(1)).first() is not None:
        return False
    db.session.execute(
        insert(Job).values(kind=kind, payload="{}", state="waiting", due_at=at, attempts=0, progress=0, total=0)
    )
    return True


def claim_job(now: datetime) -> Claimed | None:
    """Take the job that has waited longest, or one whose worker is gone; None where there is nothing to do."""
    waiting = (Job.state == "waiting") & (Job.due_at <= now)
    orphaned = (Job.state == "running") & (Job.started_at <= now - ORPHANED_AFTER)
    row = db.session.execute(
        select(Job.id, Job.kind, Job.payload, Job.attempts)
        .where(waiting | orphaned)
        .order_by(Job.due_at, Job.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if row is None:
        return None
    db.session.execute(
        update(Job).where(Job.id == row.id).values(state="running", started_at=now, attempts=row.attempts + 1)
    )
    return Claimed(row.id, row.kind, json.loads(row.payload), row.attempts + 1)


def run_claimed(job: Claimed, run: Run, by: Actor) -> str:
    """Run a job and mark it done in one transaction: its effects and its being done are kept together, or neither."""
    result = run(job.payload, by)
    db.session.execute(
        update(Job).where(Job.id == job.id).values(state="done", ended_at=by.now, result=result[:RESULT_LENGTH])
    )
    return result


def fail_job(job: Claimed, error: str, now: datetime) -> None:
    """Write down that a job raised: it waits for its next attempt, or has failed after MOST_ATTEMPTS."""
    again = job.attempts < MOST_ATTEMPTS
    db.session.execute(
        update(Job)
        .where(Job.id == job.id)
        .values(
            state="waiting" if again else "failed",
            due_at=now + RETRY_AFTER,
            ended_at=None if again else now,
            result=error[:RESULT_LENGTH],
        )
    )


def forget_old_jobs(now: datetime) -> int:
    """Remove jobs that ended long ago; returns how many."""
    result = db.session.execute(delete(Job).where(Job.state.in_(("done", "failed")), Job.ended_at < now - KEPT_FOR))
    return int(getattr(result, "rowcount", 0))
