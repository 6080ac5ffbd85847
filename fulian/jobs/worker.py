"""The worker: claims jobs one by one and runs them. One thread on SQLite, `fulian jobs` on PostgreSQL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from time import monotonic

from flask import Flask

from fulian.audit.actor import Actor
from fulian.db import transact
from fulian.errors import Busy
from fulian.jobs.service import Run, claim_job, fail_job, run_claimed

log = logging.getLogger(__name__)

IDLE_SECONDS = 2.0
PLAN_SECONDS = 3600.0


def system_actor(county_id: int, now: datetime | None = None) -> Actor:
    """The program itself, as it stands in the log."""
    return Actor(account_id=None, name="系统", county_id=county_id, now=now or datetime.now(UTC))


def work_once(kinds: Mapping[str, Run], county_id: int) -> bool:
    """Run one job if there is one; returns whether there was. The caller has pushed the application's context."""
    job = transact(claim_job, datetime.now(UTC))
    if job is None:
        return False
    try:
        if job.kind not in kinds:
            raise LookupError(f"no such kind of job: {job.kind}")
        transact(run_claimed, job, kinds[job.kind], system_actor(county_id))
    except Exception as error:
        log.exception("job %s (%s) failed", job.id, job.kind)
        transact(fail_job, job, f"{type(error).__name__}: {error}", datetime.now(UTC))
    return True


def work(app: Flask, kinds: Mapping[str, Run], county_id: int, stop: threading.Event, plan: Callable[[], None]) -> None:
    """Run jobs until `stop` is set; `plan` is called at the start and every hour to lay down what recurs."""
    planned_at = -PLAN_SECONDS
    with app.app_context():
        while not stop.is_set():
            try:
                if monotonic() - planned_at > PLAN_SECONDS:
                    plan()
                    planned_at = monotonic()
                busy = work_once(kinds, county_id)
            except Busy:
                busy = False
            if not busy:
                stop.wait(IDLE_SECONDS)
