"""What each side says of being mediated, and what follows from it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, case_parties, db, local_date, setting
from fulian_mediation.codes import AGREED, CODE, REFUSED, SIDES, UNREACHED, WILLINGNESS, label_of
from fulian_mediation.models import MediationWillingness
from fulian_mediation.queries import all_agreed, changed_her_mind, police_reports_of, refusing_roles, session_count
from fulian_mediation.service.bars import SHANDONG_20, is_severe
from fulian_mediation.service.screening import RED

CONTACT_DAYS = 3  # [D] default of the setting contact_days
SESSION_DAYS = 7  # [D] default of the setting session_days
CONCLUDE = "close"  # the closing itself


def guard_willingness(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """A party may refuse or end mediation at any time (人民调解法第二十三条): only a day to come is refused."""
    if data and data["said_on"] > local_date(by.now):
        return Refused("这一天还没到。对方说了以后再登记。", "said_on")
    return None


def record_willingness(case: CaseLike, data: Data, by: Actor) -> None:
    """Add a line of willingness of the party whose role is data["side"]; earlier lines stay."""
    for party in case_parties(case.id):
        if party.role == data["side"]:
            db.session.add(
                MediationWillingness(
                    case_id=case.id,
                    county_id=case.county_id,
                    party_id=party.id,
                    answer=data["answer"],
                    said_on=data["said_on"],
                    account_id=by.account_id,
                    recorded_at=by.now,
                )
            )


def willingness_line(data: Data) -> str:
    """乙方：同意。 and what was noted."""
    return f"{label_of(SIDES, data['side'])}：{label_of(WILLINGNESS, data['answer'])}。{data.get('note') or ''}"


def tasks_after_willingness(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """What the new word changes; nothing where it was said before, or sessions are under way and both agree."""
    same = data["answer"] != UNREACHED and not changed_her_mind(case.id, data["side"])
    if same or (session_count(case.id) and all_agreed(case.id)):
        return ()
    return task_after_willingness(case, by)


def task_after_willingness(case: CaseLike, by: Actor) -> Sequence[PlannedTask]:
    """The one next thing that the willingness of both, and the risk of violence, leave open."""
    if is_severe(case):
        return () if police_reports_of(case.id) else (report_task(by),)
    return _task_of(case, by, refused=bool(refusing_roles(case.id)), agreed=all_agreed(case.id))


def first_task(case: CaseLike, by: Actor, answers: Collection[str]) -> Sequence[PlannedTask]:
    """The same for a new case, from what both sides said at its opening."""
    if case.risk == RED:
        return (report_task(by),)
    return _task_of(case, by, refused=REFUSED in answers, agreed=set(answers) == {AGREED})


def _task_of(case: CaseLike, by: Actor, *, refused: bool, agreed: bool) -> Sequence[PlannedTask]:
    """What is next where no severe violence bars mediation: `refused` by one side, or `agreed` to by both."""
    today = local_date(by.now)
    if refused:
        return (PlannedTask(CONCLUDE, "按“当事人拒绝”办结", today + _days("contact_days", case)),)
    if agreed:
        return (PlannedTask("record_session", "第一次调解", today + _days("session_days", case)),)
    return (PlannedTask("record_willingness", "联系对方，问是否愿意调解", today + _days("contact_days", case)),)


def report_task(by: Actor) -> PlannedTask:
    """The report to the police, due at once (山东省反家庭暴力条例第二十条)."""
    return PlannedTask("report_police", "报告公安，记下回执", local_date(by.now), legal=True, article=SHANDONG_20)


def _days(code: str, case: CaseLike) -> timedelta:
    return timedelta(days=setting(CODE, code, case.county_id))
