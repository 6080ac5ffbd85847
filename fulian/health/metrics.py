"""Counters for Prometheus. With several processes they lie in files that all of them share, and any of them adds up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from fulian.db import db
from fulian.jobs.models import Job

STATES = ("waiting", "running", "failed")
# Seconds; performance goals lie between 20 ms and a second, 15 s ends a request.
BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)
SHARED = "PROMETHEUS_MULTIPROC_DIR"  # prometheus_client's own name, read when it is imported

_registry = CollectorRegistry()
REQUESTS = Counter(
    "fulian_requests", "Requests by view, method and status", ("endpoint", "method", "status"), registry=_registry
)
SECONDS = Histogram(
    "fulian_request_seconds", "Time until the reply began, by view", ("endpoint",), registry=_registry, buckets=BUCKETS
)


def shared_folder(instance: Path) -> Path:
    """A new, empty folder (0700) where the processes of one server share their counters."""
    folder = instance / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    return folder


def written_metrics() -> bytes:
    """All metrics in Prometheus' text format; needs the application in context."""
    counted = _registry
    if SHARED in os.environ:
        counted = CollectorRegistry()
        MultiProcessCollector(counted)  # type: ignore[no-untyped-call]
    looked_up = CollectorRegistry()
    looked_up.register(_Database())
    return generate_latest(counted) + generate_latest(looked_up)


class _Database(Collector):
    """What the database knows at this moment: whether it answers, and how long the queue is."""

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("fulian_database_up", "Whether the database answers")
        jobs = GaugeMetricFamily("fulian_jobs", "Jobs by state", labels=["state"])
        late = GaugeMetricFamily("fulian_jobs_late_seconds", "How long the job that is due longest has been waiting")
        try:
            found, waiting = _queue(datetime.now(UTC))
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        for state in STATES:
            jobs.add_metric([state], found.get(state, 0))
        late.add_metric([], waiting)
        yield from (up, jobs, late)


def _queue(now: datetime) -> tuple[dict[str, int], float]:
    """How many jobs there are in each state, and for how many seconds the one that is due longest has waited."""
    states = select(Job.state, func.count()).where(Job.state.in_(STATES)).group_by(Job.state)
    with db.engine.connect() as connection:
        found = {state: int(n) for state, n in connection.execute(states)}
        due = connection.execute(select(func.min(Job.due_at)).where(Job.state == "waiting")).scalar()
    return found, max(0.0, (now - due).total_seconds()) if due is not None else 0.0
