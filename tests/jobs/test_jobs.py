"""Jobs: written with the change, claimed once, retried, and failed after the third time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulian.audit.actor import Actor
from fulian.cases.numbers import next_number
from fulian.db import transact
from fulian.jobs.models import Job
from fulian.jobs.service import (
    MOST_ATTEMPTS,
    ORPHANED_AFTER,
    RETRY_AFTER,
    add_job,
    claim_job,
    fail_job,
    forget_old_jobs,
    plan_daily,
    run_claimed,
)
from fulian.jobs.worker import work_once
from fulian.testing.plugin import Content
from fulian.testing.world import CITY_UNIT, NOW, WORLD, actor


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def count_up(payload: Mapping[str, Any], by: Actor) -> str:
    return f"第 {next_number(payload['series'], CITY_UNIT, 2026)} 次"


def state(session: Session) -> tuple[str, int, str | None]:
    session.expire_all()
    job = session.execute(select(Job)).scalar_one()
    return job.state, job.attempts, job.result


def test_a_job_is_done_once(session: Session) -> None:
    transact(add_job, "trial", {"series": "s"}, actor("admin"))
    assert work_once({"trial": count_up}, CITY_UNIT)
    assert state(session) == ("done", 1, "第 1 次")
    assert not work_once({"trial": count_up}, CITY_UNIT)


def test_what_is_claimed_is_not_claimed_again(session: Session) -> None:
    transact(add_job, "trial", {}, actor("admin"))
    assert transact(claim_job, NOW) is not None
    assert transact(claim_job, NOW) is None


def test_a_job_of_a_dead_worker_is_taken_up_again(session: Session) -> None:
    transact(add_job, "trial", {"series": "s"}, actor("admin"))
    transact(claim_job, NOW)
    again = transact(claim_job, NOW + ORPHANED_AFTER)
    assert again is not None
    assert again.attempts == 2


def test_what_a_failed_job_did_is_undone(session: Session) -> None:
    def half(payload: Mapping[str, Any], by: Actor) -> str:
        count_up(payload, by)
        raise LookupError("broken")

    transact(add_job, "trial", {"series": "s"}, actor("admin"))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        job = transact(claim_job, NOW + attempt * 2 * RETRY_AFTER)
        assert job is not None
        with pytest.raises(LookupError):
            transact(run_claimed, job, half, actor("admin"))
        transact(fail_job, job, "broken", NOW + attempt * 2 * RETRY_AFTER)
    assert state(session) == ("failed", MOST_ATTEMPTS, "broken")
    transact(add_job, "trial", {"series": "s"}, actor("admin"))
    work_once({"trial": count_up}, CITY_UNIT)
    assert session.execute(select(Job.result).where(Job.state == "done")).scalar_one() == "第 1 次"


def test_an_unknown_kind_waits_for_the_next_attempt(session: Session) -> None:
    transact(add_job, "no_such", {}, actor("admin"))
    work_once({}, CITY_UNIT)
    assert state(session)[:2] == ("waiting", 1)


def test_upkeep_is_planned_once(session: Session) -> None:
    assert transact(plan_daily, "upkeep", NOW, NOW + timedelta(hours=8))
    assert not transact(plan_daily, "upkeep", NOW, NOW + timedelta(hours=8))
    assert transact(claim_job, NOW) is None
    assert transact(claim_job, NOW + timedelta(hours=9)) is not None


def test_old_jobs_are_forgotten(session: Session) -> None:
    transact(add_job, "trial", {"series": "s"}, actor("admin"))
    job = transact(claim_job, NOW)
    assert job is not None
    transact(run_claimed, job, count_up, actor("admin"))
    assert transact(forget_old_jobs, NOW) == 0
    assert transact(forget_old_jobs, NOW + timedelta(days=40)) == 1
