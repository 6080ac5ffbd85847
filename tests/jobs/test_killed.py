"""Workers are killed in the midst of their jobs: each job is done exactly once, or said to have failed."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulian.cases.models import NumberCounter
from fulian.db import db, transact
from fulian.jobs.models import Job
from fulian.jobs.service import ENDED, MOST_ATTEMPTS, WORKER_DIED, add_job
from fulian.testing.databases import Kind
from fulian.testing.plugin import Content
from fulian.testing.world import WORLD, actor

WORKER = Path(__file__).with_name("killed_worker.py")
STEPS = 3
PATIENCE_SECONDS = 240


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


class Workers:
    """The processes that work off jobs: on SQLite one with one thread, on PostgreSQL two with two."""

    def __init__(self, kind: Kind, settings: Mapping[str, Any]) -> None:
        self.count, self.threads = (1, 1) if kind == "sqlite" else (2, 2)
        self.settings = json.dumps(settings)
        self.running: list[int] = []

    def fill_up(self) -> None:
        """Start as many as are missing."""
        self.running = [pid for pid in self.running if Path(f"/proc/{pid}").exists()]
        while len(self.running) < self.count:
            print(self.threads, file=self.nursery.stdin, flush=True)
            self.running.append(int(self.nursery.stdout.readline()))

    def kill_one(self) -> None:
        """Kill the one that has run longest, at once and without a word."""
        with contextlib.suppress(ProcessLookupError):  # by its own job, a moment ago
            os.kill(self.running.pop(0), signal.SIGKILL)

    @contextlib.contextmanager
    def at_work(self) -> Iterator[Workers]:
        """Have them work until the block ends."""
        command = [sys.executable, str(WORKER), self.settings]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as self.nursery:
            try:
                yield self
            finally:
                self.nursery.stdin.close()


def put_on_the_queue(count: int, poisoned: bool) -> None:
    for n in range(count):
        kind = "steps" if n % 5 == 0 else "once"
        transact(add_job, kind, {"series": f"{kind}-{n}"}, actor("admin"))
    transact(add_job, "last_breath", {"series": "last_breath"}, actor("admin"))
    if poisoned:
        transact(add_job, "poison", {"series": "poison"}, actor("admin"))


def ended() -> int:
    db.session.rollback()
    return db.session.execute(select(func.count()).where(Job.state.in_(ENDED))).scalar_one()


# (jobs, kills by hand, whether one job kills its worker each time); one more dies in the moment of its commit
SMALL, LARGE = (60, 2, False), (500, 10, True)


@pytest.mark.parametrize(
    ("jobs", "kills", "poisoned"), [SMALL, pytest.param(*LARGE, marks=pytest.mark.soak)], ids=["small", "large"]
)
def test_each_job_is_done_once_or_said_to_have_failed(
    app: Flask,
    app_config: dict[str, Any],
    session: Session,
    database_kind: Kind,
    jobs: int,
    kills: int,
    poisoned: bool,
) -> None:
    put_on_the_queue(jobs, poisoned)
    everything = jobs + 1 + poisoned
    killed, until = 0, time.monotonic() + PATIENCE_SECONDS
    with Workers(database_kind, app_config).at_work() as workers:
        while (n := ended()) < everything:
            assert time.monotonic() < until, f"{n} of {everything} jobs ended, {killed} kills"
            workers.fill_up()
            if killed < kills and n >= (killed + 1) * jobs // (kills + 1):
                workers.kill_one()
                killed += 1
            time.sleep(0.02)
    assert killed == kills

    counted = Counter(
        {row.series: row.last for row in session.execute(select(NumberCounter.series, NumberCounter.last))}
    )
    wrong = []
    for job in session.execute(select(Job).where(Job.account_id.is_not(None))).scalars():
        series = json.loads(job.payload)["series"]
        names = [f"{series}.{n}" for n in range(STEPS)] if job.kind == "steps" else [series]
        effects = [counted[name] for name in names]
        if job.state == "done" and effects != [1] * len(names):
            wrong.append(f"{series}: done, but {effects}")
        elif job.state == "failed" and (job.error != WORKER_DIED or job.attempts != MOST_ATTEMPTS or max(effects) > 1):
            wrong.append(f"{series}: failed with {job.error} after {job.attempts}, {effects}")
        elif job.state not in ("done", "failed"):
            wrong.append(f"{series}: {job.state}")
    assert wrong == []
    states = Counter(session.execute(select(Job.state).where(Job.kind != "poison")).scalars())
    assert states["done"] >= jobs - kills
    assert counted["last_breath"] == 1
    if poisoned:
        state = session.execute(select(Job.state).where(Job.kind == "poison")).scalar_one()
        assert (state, counted["poison"]) == ("failed", 0)
