"""The risk of a case changed by hand: raised to red it is protected as at its opening, lowered it goes on."""

from __future__ import annotations

from collections.abc import Sequence

from fulian.api import Actor, CaseLike, PlannedTask, Reassessment
from fulian_mediation.codes import APPLICANT
from fulian_mediation.queries import agreement_in_effect, police_reports_of, sessions_of
from fulian_mediation.service.agreements import tasks_after_writing
from fulian_mediation.service.bars import is_severe
from fulian_mediation.service.safety import tasks_after_report
from fulian_mediation.service.screening import RED
from fulian_mediation.service.sessions import tasks_after_session
from fulian_mediation.service.willingness import CONCLUDE, report_task, task_after_willingness

HINT = "改成“红”的，不能再调解：案件转为受限，申请人的住址、电话对乙方保密，今天报告公安。"
MEDIATING = ("record_session", "record_willingness", "write_agreement", "sign_agreement", CONCLUDE)


def reassess_case(case: CaseLike, before: str | None, by: Actor) -> Reassessment | None:
    """Red is severe violence, whenever it comes to light (山东省反家庭暴力条例第二十条); None for other changes.

    Visits of an agreement in effect stay due: what was agreed is still watched (人民调解法第三十一条).
    """
    agreed = agreement_in_effect(case.id) is not None
    if case.risk == RED:
        reported = bool(police_reports_of(case.id))
        tasks = tasks_after_report(case, {}, by) if reported else (report_task(by),)
        return Reassessment(restricted=True, hidden=(APPLICANT,), drops=() if agreed else MEDIATING, tasks=tuple(tasks))
    if before == RED and not is_severe(case):
        tasks = () if agreed else _going_on(case, by)
        return Reassessment(drops=("report_police",) if agreed else ("report_police", CONCLUDE), tasks=tuple(tasks))
    return None


def _going_on(case: CaseLike, by: Actor) -> Sequence[PlannedTask]:
    """What is next in a case that was taken for severe and is not."""
    held = sessions_of(case.id)
    if case.stage == "agreement":
        return tasks_after_writing(case, {}, by)
    if held:
        return tasks_after_session(case, {"result": held[-1].result}, by)
    return task_after_willingness(case, by)
