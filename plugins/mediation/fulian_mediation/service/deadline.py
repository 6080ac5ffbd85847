"""The time limit of mediation: 30 days from acceptance, longer where both agree."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, Term, legal_deadline, local_date, setting
from fulian_mediation.codes import CODE
from fulian_mediation.queries import find_detail
from fulian_mediation.service.bars import bar_of_violence

# The Act sets no limit; mediation committees work with 30 days, longer where both sides agree. A setting, therefore.
DAYS_TO_CONCLUDE = 30
CUSTOM = "人民调解工作惯例：受理起 30 日"
BOTH_AGREED = "双方同意延期"

DEADLINE = "deadline"
TITLE = "办结，或双方同意延期"


def deadline_task(case: CaseLike) -> PlannedTask:
    """The day by which mediation is to end, counted from the day of acceptance (民法典第二百零一、二百零三条)."""
    return PlannedTask(DEADLINE, TITLE, _customary(case), legal=True, article=CUSTOM)


def _customary(case: CaseLike) -> date:
    days = setting(CODE, "days_to_conclude", case.county_id)
    return legal_deadline(local_date(case.opened_at), Term(CUSTOM, days=days)).last_day


def guard_extension(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """Only where mediation may go on at all and both agree, to a day to come that lies after the limit there is."""
    barred = bar_of_violence(case)
    if barred is not None or not data:
        return barred
    if not data.get("both_agreed"):
        return Refused("双方都同意，才能延期。都同意的请勾选。", "both_agreed")
    if data["until"] <= local_date(by.now):
        return Refused("延期要到今天以后的日子，请重新选。", "until")
    limit = find_detail(case.id).extended_until or _customary(case)
    if data["until"] <= limit:
        return Refused(f"现在的期限是 {limit.isoformat()}，延期要到它以后的日子，请重新选。", "until")
    return None


def extend_deadline(case: CaseLike, data: Data, by: Actor) -> None:
    """Write down until when both agreed to go on."""
    find_detail(case.id).extended_until = data["until"]


def extension_line(data: Data) -> str:
    """双方同意延期到 2026-12-20。 and what was noted."""
    return f"{BOTH_AGREED}到 {data['until'].isoformat()}。{data.get('note') or ''}"


def tasks_after_extension(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """The same limit on its new day."""
    return (PlannedTask(DEADLINE, TITLE, data["until"], legal=True, article=BOTH_AGREED),)
