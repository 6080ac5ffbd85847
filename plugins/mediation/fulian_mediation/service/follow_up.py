"""Visits after the agreement (回访): 15, 30 and 90 days after it is in effect, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, Task, db, local_date, open_tasks, setting
from fulian_mediation.codes import CODE, PERFORMANCE, SATISFACTION, VISIT_WAYS, VISITED, YES, label_of
from fulian_mediation.models import MediationFollowUp
from fulian_mediation.queries import agreement_in_effect, current_agreement, follow_ups_of
from fulian_mediation.service.willingness import CONCLUDE

# [D] The law only asks that performance be watched (人民调解法第三十一条); places visit after these days.
FOLLOW_UP_DAYS = (15, 30, 90)
CONCLUDE_DAYS = 7  # [D]
EARLY_DAYS = 3  # [D] so much before its day a visit still is the one of the plan
VISIT = "record_follow_up"
ESCALATED = "有激化苗头：报告公安，记下回执；可能动手的，更正为红"
ACT_25 = "人民调解法第二十五条"


def next_visit_task(case: CaseLike, effective_on: date, after: date) -> Sequence[PlannedTask]:
    """The first visit of the plan that falls after a day; none once the plan is through."""
    for days in setting(CODE, "follow_up_days", case.county_id):
        due = effective_on + timedelta(days=days)
        if due > after:
            return (PlannedTask(VISIT, f"回访：协议生效 {days} 天", due),)
    return ()


def plan_visits(case: CaseLike, effective_on: date) -> list[Task]:
    """The open visits of the plan that hangs on the day on which the agreement took effect."""
    days = {effective_on + timedelta(days=days) for days in setting(CODE, "follow_up_days", case.county_id)}
    return [task for task in open_tasks(case.id) if task.kind == VISIT and task.due_on in days]


def next_planned(case: CaseLike, effective_on: date) -> Sequence[PlannedTask]:
    """The next visit of the plan, after the last one that was made; none while one is open."""
    if plan_visits(case, effective_on):
        return ()
    made = [visit.visited_on + timedelta(days=EARLY_DAYS) for visit in follow_ups_of(case.id)]
    return next_visit_task(case, effective_on, max(made, default=effective_on))


def visit_made(case: CaseLike, data: Data) -> Sequence[int]:
    """The visit that was due: of those due by then, or a few days later, the one whose day is nearest."""
    on: date = data["visited_on"]
    due = [task for task in open_tasks(case.id) if task.kind == VISIT and (task.due_on - on).days <= EARLY_DAYS]
    return [task.id for task in sorted(due, key=lambda task: abs((task.due_on - on).days))[:1]]


def guard_plan(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """A planned visit is not in the past."""
    if data and data["visit_on"] < local_date(by.now):
        return Refused("这一天已经过去了，请选今天或以后的日子。", "visit_on")
    return None


def planned_visit(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """A further visit on the day that was agreed."""
    return (PlannedTask(VISIT, "回访", data["visit_on"]),)


def plan_line(data: Data) -> str:
    """约定 2026-12-09 回访。 and what was noted."""
    return f"约定 {data['visit_on'].isoformat()} 回访。{data.get('note') or ''}"


def guard_follow_up(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """A visit took place between the day the agreement took effect and today."""
    if not data:
        return None
    agreement = current_agreement(case.id)
    if data["visited_on"] > local_date(by.now):
        return Refused("这一天还没到。回访以后再登记。", "visited_on")
    if agreement is not None and agreement.effective_on and data["visited_on"] < agreement.effective_on:
        return Refused("这一天协议还没生效，请核对回访是哪天。", "visited_on")
    return None


def record_follow_up(case: CaseLike, data: Data, by: Actor) -> None:
    """Add a visit."""
    db.session.add(
        MediationFollowUp(
            case_id=case.id,
            county_id=case.county_id,
            visited_on=data["visited_on"],
            visited=data["visited"],
            way=data["way"],
            performance=data["performance"],
            satisfaction=data["satisfaction"],
            recurred=data["recurred"] == YES,
            escalated=data["escalated"] == YES,
            account_id=by.account_id,
            recorded_at=by.now,
        )
    )


def follow_up_line(data: Data) -> str:
    """上门回访双方：履行完毕，满意。 and what was noted."""
    flags = "矛盾有反复。" * (data["recurred"] == YES) + "有激化苗头。" * (data["escalated"] == YES)
    return (
        f"{label_of(VISIT_WAYS, data['way'])}回访{label_of(VISITED, data['visited'])}："
        f"{label_of(PERFORMANCE, data['performance'])}，{label_of(SATISFACTION, data['satisfaction'])}。"
        f"{flags}{data.get('note') or ''}"
    )


def tasks_after_follow_up(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """The next visit of the plan, after the last one the ending; and the report where it may come to blows.

    Whatever may become an offence is reported to the police at once (人民调解法第二十五条).
    """
    today, left = local_date(by.now), {task.kind for task in open_tasks(case.id)}
    tasks = []
    if data["escalated"] == YES and "report_police" not in left:
        tasks.append(PlannedTask("report_police", ESCALATED, today, legal=True, article=ACT_25))
    agreement = agreement_in_effect(case.id)
    if agreement is not None and agreement.effective_on is not None:
        tasks += next_planned(case, agreement.effective_on)
        if VISIT not in {*left, *(task.kind for task in tasks)} and CONCLUDE not in left:
            tasks.append(conclude_task(today))
    return tasks


def conclude_task(today: date) -> PlannedTask:
    """The ending, once the visits of the plan are made."""
    return PlannedTask(CONCLUDE, "履行完毕的，办结", today + timedelta(days=CONCLUDE_DAYS))
