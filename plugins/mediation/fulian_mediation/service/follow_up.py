"""Visits after the agreement (回访): 15, 30 and 90 days after it is in effect, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, db, local_date, setting
from fulian_mediation.codes import CODE, PERFORMANCE, SATISFACTION, VISIT_WAYS, VISITED, YES, label_of
from fulian_mediation.models import MediationFollowUp
from fulian_mediation.queries import current_agreement
from fulian_mediation.service.willingness import CONCLUDE

# [D] The law only asks that performance be watched (人民调解法第三十一条); places visit after these days.
FOLLOW_UP_DAYS = (15, 30, 90)
CONCLUDE_DAYS = 7  # [D]


def next_visit_task(case: CaseLike, effective_on: date, after: date) -> Sequence[PlannedTask]:
    """The first visit of the plan that falls after a day; none once the plan is through."""
    for days in setting(CODE, "follow_up_days", case.county_id):
        due = effective_on + timedelta(days=days)
        if due > after:
            return (PlannedTask("record_follow_up", f"回访：协议生效 {days} 天", due),)
    return ()


def guard_plan(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """A planned visit is not in the past."""
    if data and data["visit_on"] < local_date(by.now):
        return Refused("这一天已经过去了，请选今天或以后的日子。", "visit_on")
    return None


def planned_visit(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """A further visit on the day that was agreed."""
    return (PlannedTask("record_follow_up", "回访", data["visit_on"]),)


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
    """The next visit of the plan; after the last one the case is to be closed."""
    agreement = current_agreement(case.id)
    if agreement is None or agreement.effective_on is None:
        return ()
    today = local_date(by.now)
    planned = next_visit_task(case, agreement.effective_on, today)
    return planned or (PlannedTask(CONCLUDE, "履行完毕的，办结", today + timedelta(days=CONCLUDE_DAYS)),)
