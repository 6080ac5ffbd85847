"""Jobs: written with the change, claimed once, retried, given back, and failed after the third time."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from threading import Event
from time import monotonic
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from fulian.audit.actor import Actor
from fulian.cases.models import NumberCounter
from fulian.cases.numbers import next_number
from fulian.db import db, is_sqlite, transact
from fulian.errors import Busy, NotFound, Refused
from fulian.jobs import worker
from fulian.jobs.kinds import Finished, InSteps, Kind, Step, init_jobs, label_of
from fulian.jobs.models import Job
from fulian.jobs.presence import Presence, living_workers
from fulian.jobs.service import (
    KEPT_FOR,
    MOST_ATTEMPTS,
    RETRY_AFTER,
    WORKER_DIED,
    Claimed,
    Lost,
    add_job,
    cancel_job,
    claim_job,
    fail_job,
    forget_old_jobs,
    plan_daily,
    put_back,
    retry_job,
    run_claimed,
    run_step,
)
from fulian.jobs.worker import words_for, work_once
from fulian.sealing.cipher import SealBroken
from fulian.serve import plan_upkeep
from fulian.testing.plugin import Content
from fulian.testing.world import CITY_UNIT, NOW, WORLD, actor

ME, OTHER = 7, 8
STEPS = 3
PATIENCE_SECONDS = 10


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def count_up(payload: Mapping[str, Any], by: Actor) -> str:
    return f"第 {next_number(payload['series'], CITY_UNIT, 2026)} 次"


def count_steps(payload: Mapping[str, Any], position: Mapping[str, Any], by: Actor) -> Step:
    count_up(payload, by)
    done = position.get("done", 0) + 1
    return Step(done, STEPS, f"数到 {done}", {"done": done} if done < STEPS else None)


def break_down(payload: Mapping[str, Any], by: Actor) -> str:
    count_up(payload, by)
    raise RuntimeError("张三 371502199001011234")


def refuse(payload: Mapping[str, Any], by: Actor) -> str:
    raise Refused("张三没有同意。")


@pytest.fixture
def trials(app: Flask) -> Flask:
    """The application with kinds of jobs of this file."""
    ways = {"trial": count_up, "steps": InSteps(count_steps), "broken": break_down, "refused": refuse}
    init_jobs(app, {code: Kind(f"试一试 {code}", run) for code, run in ways.items()})
    return app


@pytest.fixture
def presence(session: Session) -> Iterator[Presence]:
    """That the worker of the test is alive, in the context of the test's session."""
    with Presence() as presence:
        yield presence


def nobody(_numbers: Collection[int]) -> Collection[int]:
    return ()


def everybody(numbers: Collection[int]) -> Collection[int]:
    return numbers


def claimed(now: datetime = NOW, living: Any = everybody, number: int = ME) -> Claimed:
    job = transact(claim_job, now, number, living)
    assert job is not None
    return job


def only(session: Session) -> Job:
    session.expire_all()
    return session.execute(select(Job)).scalar_one()


def state(session: Session) -> tuple[str, int, str | None]:
    job = only(session)
    return job.state, job.attempts, job.result


def counted(session: Session, series: str = "s") -> int:
    session.expire_all()
    last = select(NumberCounter.last).where(NumberCounter.series == series)
    return session.execute(last).scalar_one_or_none() or 0


# --- done once -------------------------------------------------------------------------------------------------------


def test_a_job_is_done_once(trials: Flask, session: Session, presence: Presence) -> None:
    transact(add_job, "trial", {"series": "s"}, actor("admin"))
    assert work_once(CITY_UNIT, presence)
    assert state(session) == ("done", 1, "第 1 次")
    assert not work_once(CITY_UNIT, presence)


def test_what_is_claimed_is_not_claimed_again(session: Session) -> None:
    transact(add_job, "trial", {}, actor("admin"))
    claimed()
    assert transact(claim_job, NOW, OTHER, everybody) is None


def test_a_job_of_a_dead_worker_is_taken_up_again(session: Session) -> None:
    transact(add_job, "trial", {"series": "s"}, actor("admin"))
    first = claimed()
    assert claimed(NOW, nobody, OTHER).attempts == 2
    with pytest.raises(Lost):
        transact(run_claimed, first, count_up, actor("admin"))
    assert (only(session).state, counted(session)) == ("running", 0)


def test_a_worker_finds_again_what_it_left_lying(session: Session) -> None:
    transact(add_job, "trial", {}, actor("admin"))
    claimed()
    assert claimed(NOW, everybody, ME).attempts == 2


def test_a_job_whose_workers_die_has_failed(session: Session) -> None:
    transact(add_job, "trial", {}, actor("admin"))
    for _attempt in range(MOST_ATTEMPTS):
        claimed(NOW, nobody)
    assert transact(claim_job, NOW, OTHER, nobody) is None
    job = only(session)
    assert (job.state, job.error, job.ended_at, job.worker) == ("failed", WORKER_DIED, NOW, None)


def test_a_living_worker_is_known_and_a_dead_one_too(presence: Presence) -> None:
    mine = presence.worker()
    assert presence.worker() == mine
    with Presence() as other:
        numbers = {mine, other.worker()}
        # SQLite is served by one worker: whatever another one runs is left over
        assert set(living_workers(numbers)) == (set() if is_sqlite() else numbers)
    until = monotonic() + PATIENCE_SECONDS  # the server takes a moment to notice
    while set(living_workers(numbers)) - {mine}:
        assert monotonic() < until
    assert set(living_workers(numbers)) == (set() if is_sqlite() else {mine})


def test_a_worker_whose_connection_was_cut_has_a_new_number(presence: Presence) -> None:
    if is_sqlite():
        return  # has no connection that could be cut
    first = presence.worker()
    cut = text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :number")
    db.session.execute(cut, {"number": first})
    db.session.rollback()
    second = presence.worker()
    assert second != first
    assert list(living_workers({first, second})) == [second]


# --- what fails ------------------------------------------------------------------------------------------------------


def test_what_a_failed_job_did_is_undone(trials: Flask, session: Session, presence: Presence) -> None:
    transact(add_job, "broken", {"series": "s"}, actor("admin"))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        session.execute(update(Job).values(due_at=NOW))
        session.commit()
        assert work_once(CITY_UNIT, presence)
        assert state(session) == ("failed" if attempt == MOST_ATTEMPTS else "waiting", attempt, None)
    error = only(session).error
    assert error == "程序出错（RuntimeError），没有办成。经过写在服务的日志里。"
    assert counted(session) == 0


def test_a_job_that_failed_waits_before_it_is_tried_again(session: Session) -> None:
    transact(add_job, "trial", {}, actor("admin"))
    transact(fail_job, claimed(), "出错", NOW)
    assert transact(claim_job, NOW, ME, everybody) is None
    assert claimed(NOW + RETRY_AFTER).attempts == 2


def test_a_refusal_is_not_tried_again_and_said_to_who_asked(
    trials: Flask, session: Session, presence: Presence
) -> None:
    transact(add_job, "refused", {}, actor("admin"))
    work_once(CITY_UNIT, presence)
    assert state(session) == ("failed", 1, "张三没有同意。")
    assert "张三" not in (only(session).error or "")


def test_an_error_is_said_without_its_own_words() -> None:
    assert "371502" not in words_for(ValueError("371502199001011234")).error
    assert words_for(SealBroken()).error == SealBroken().message


def test_an_unknown_kind_waits_for_the_next_attempt(app: Flask, session: Session, presence: Presence) -> None:
    transact(add_job, "no_such", {}, actor("admin"))
    work_once(CITY_UNIT, presence)
    assert state(session)[:2] == ("waiting", 1)
    assert "没有这种任务" in (only(session).error or "")
    assert label_of("no_such") == "no_such"


def test_a_busy_database_uses_up_no_attempt(app: Flask, session: Session, presence: Presence) -> None:
    def wait_in_vain(payload: Mapping[str, Any], by: Actor) -> str:
        raise Busy

    init_jobs(app, {"trial": Kind("试", wait_in_vain)})
    transact(add_job, "trial", {}, actor("admin"))
    assert not work_once(CITY_UNIT, presence)
    assert state(session) == ("waiting", 0, None)


def test_a_worker_outlives_a_database_that_is_gone(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    stop, tried = Event(), []

    def gone(*_given: object) -> bool:
        tried.append(1)
        if len(tried) == 3:
            stop.set()
        raise OperationalError("SELECT 1", None, Exception("gone"))

    monkeypatch.setattr(worker, "work_once", gone)
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0)
    worker.work(app, CITY_UNIT, stop, plan=lambda: None)
    assert len(tried) == 3


# --- in steps --------------------------------------------------------------------------------------------------------


def test_each_step_is_kept_with_how_far_the_job_is(trials: Flask, session: Session, presence: Presence) -> None:
    transact(add_job, "steps", {"series": "s"}, actor("admin"))
    transact(run_step, claimed(), count_steps, actor("admin"))
    job = only(session)
    assert (job.progress, job.total, job.progress_text, counted(session)) == (1, STEPS, "数到 1", 1)

    again = claimed(NOW, nobody, OTHER)  # the first worker died
    assert (again.position, again.attempts) == ({"done": 1}, 2)
    transact(put_back, again, NOW)
    work_once(CITY_UNIT, presence)
    assert state(session) == ("done", 1, "数到 3")
    assert (only(session).position, counted(session)) == (None, STEPS)


def test_a_worker_that_is_told_to_end_gives_the_job_back(trials: Flask, session: Session, presence: Presence) -> None:
    stop = Event()
    stop.set()
    transact(add_job, "steps", {"series": "s"}, actor("admin"))
    work_once(CITY_UNIT, presence, stop)
    assert state(session) == ("waiting", 0, None)
    work_once(CITY_UNIT, presence)
    assert state(session)[0] == "done"


def test_a_step_that_was_done_gives_new_attempts(trials: Flask, session: Session) -> None:
    transact(add_job, "steps", {"series": "s"}, actor("admin"))
    for _death in range(MOST_ATTEMPTS):
        job = claimed(NOW, nobody)
    transact(run_step, job, count_steps, actor("admin"))
    assert claimed(NOW, nobody).attempts == 2


# --- acts ------------------------------------------------------------------------------------------------------------


def test_what_waits_can_be_cancelled_by_who_asked(session: Session) -> None:
    job_id = transact(add_job, "trial", {}, actor("admin"))
    with pytest.raises(NotFound):
        transact(cancel_job, job_id, actor("mediator"))
    transact(cancel_job, job_id, actor("admin"))
    assert state(session)[0] == "cancelled"
    assert transact(claim_job, NOW, ME, nobody) is None


def test_what_has_begun_is_not_cancelled(session: Session) -> None:
    job_id = transact(add_job, "trial", {}, actor("admin"))
    claimed()
    with pytest.raises(Refused, match="已经开始"):
        transact(cancel_job, job_id, actor("system"), own=False)


def test_a_failed_job_is_put_on_the_queue_again(session: Session) -> None:
    job_id = transact(add_job, "trial", {}, actor("admin"))
    with pytest.raises(Refused, match="没有失败"):
        transact(retry_job, job_id, actor("system"))
    transact(fail_job, claimed(), "出错", NOW, again=False)
    transact(retry_job, job_id, actor("system"))
    assert claimed().attempts == 1
    with pytest.raises(NotFound):
        transact(retry_job, job_id + 1, actor("system"))


# --- upkeep ----------------------------------------------------------------------------------------------------------


def test_upkeep_is_planned_once(session: Session) -> None:
    assert transact(plan_daily, "upkeep", NOW, NOW + timedelta(hours=8))
    assert not transact(plan_daily, "upkeep", NOW, NOW + timedelta(hours=8))
    assert transact(claim_job, NOW, ME, nobody) is None
    assert transact(claim_job, NOW + timedelta(hours=9), ME, nobody) is not None


def test_a_night_is_worked_off(app: Flask, session: Session, presence: Presence) -> None:
    transact(plan_upkeep, datetime.now(UTC) - timedelta(days=2))
    while work_once(CITY_UNIT, presence):
        pass
    done = session.execute(select(Job.state, Job.error)).all()
    assert [tuple(row) for row in done] == [("done", None)] * 3


@pytest.mark.parametrize("act", ["done", "cancelled"])
def test_old_jobs_are_forgotten(trials: Flask, session: Session, act: str) -> None:
    job_id = transact(add_job, "trial", {"series": "s"}, actor("admin"))
    if act == "cancelled":
        transact(cancel_job, job_id, actor("admin"))
    else:
        transact(run_claimed, claimed(), count_up, actor("admin"))
    assert transact(forget_old_jobs, NOW + KEPT_FOR) == 0
    assert transact(forget_old_jobs, NOW + KEPT_FOR + timedelta(days=1)) == 1


def test_what_came_of_it_may_be_a_page(app: Flask, session: Session, presence: Presence) -> None:
    init_jobs(app, {"trial": Kind("试", lambda _payload, _by: Finished("做好了", "/people/"))})
    transact(add_job, "trial", {}, actor("admin"))
    work_once(CITY_UNIT, presence)
    job = only(session)
    assert (job.result, job.result_url) == ("做好了", "/people/")
