"""The worker: claims jobs one by one and runs them. One thread on SQLite, `fulian jobs` on PostgreSQL."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import NamedTuple

from flask import Flask
from sqlalchemy.exc import OperationalError

from fulian.audit.actor import Actor
from fulian.db import transact
from fulian.errors import Busy, Refused
from fulian.jobs.kinds import InSteps, Kind, kinds
from fulian.jobs.presence import Presence, living_workers
from fulian.jobs.service import Claimed, Lost, claim_job, fail_job, put_back, run_claimed, run_step
from fulian.sealing.cipher import SealBroken

log = logging.getLogger(__name__)

IDLE_SECONDS = 2.0
PLAN_SECONDS = 3600.0


class Words(NamedTuple):
    """What is said of a job that raised: `error` to everybody, `result` to the account that asked."""

    error: str
    result: str | None = None
    again: bool = True


class NoSuchKind(Exception):
    """This program has no such kind of job."""


def system_actor(county_id: int, now: datetime | None = None) -> Actor:
    """The program itself, as it stands in the log."""
    return Actor(account_id=None, name="系统", county_id=county_id, now=now or datetime.now(UTC))


def work_once(county_id: int, presence: Presence, stop: threading.Event | None = None) -> bool:
    """Run one job if there is one; returns whether there was. The caller has pushed the application's context.

    A job in steps is given back between two of them once `stop` is set. Raises Busy where the database is gone.
    """
    job = transact(claim_job, datetime.now(UTC), presence.worker(), living_workers)
    if job is None:
        return False
    try:
        _run(job, kinds().get(job.kind), county_id, stop or threading.Event())
    except Busy:
        transact(put_back, job, datetime.now(UTC))  # not the job's fault: no attempt is used up
        return False
    except Lost:
        log.warning("job %s (%s) is another worker's by now", job.id, job.kind)
    except Exception as error:
        log.exception("job %s (%s) failed", job.id, job.kind)
        words = words_for(error)
        transact(fail_job, job, words.error, datetime.now(UTC), result=words.result, again=words.again)
    return True


def _run(job: Claimed, kind: Kind | None, county_id: int, stop: threading.Event) -> None:
    if kind is None:
        raise NoSuchKind(job.kind)
    if not isinstance(kind.run, InSteps):
        transact(run_claimed, job, kind.run, system_actor(county_id))
        return
    while not stop.is_set():
        position = transact(run_step, job, kind.run.step, system_actor(county_id))
        if position is None:
            return
        job = replace(job, position=position, attempts=1)
    transact(put_back, job, datetime.now(UTC))


def words_for(error: Exception) -> Words:
    """What is said of an error: a rule's own words only to the account that asked, since they may name somebody."""
    if isinstance(error, Refused):
        return Words("不符合规定，没有办。原因已告诉申请的人。", error.message, again=False)
    if isinstance(error, SealBroken):
        return Words(error.message)
    if isinstance(error, NoSuchKind):
        return Words("程序里没有这种任务：可能有一个插件没有装上。")
    return Words(f"程序出错（{type(error).__name__}），没有办成。经过写在服务的日志里。")


def work(app: Flask, county_id: int, stop: threading.Event, plan: Callable[[], None]) -> None:
    """Run jobs until `stop` is set; `plan` is called at the start and every hour to lay down what recurs."""
    planned_at = -PLAN_SECONDS
    with app.app_context(), Presence() as presence:
        while not stop.is_set():
            try:
                if monotonic() - planned_at > PLAN_SECONDS:
                    plan()
                    planned_at = monotonic()
                busy = work_once(county_id, presence, stop)
            except (Busy, OperationalError):
                busy = False
            if not busy:
                stop.wait(IDLE_SECONDS)
