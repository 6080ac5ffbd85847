"""Closing a case: each outcome has its conditions, and a failure brings the duty to tell other ways."""

from __future__ import annotations

from fulian.api import Actor, CaseLike, Data, Refused, local_date
from fulian_mediation.codes import (
    NOT_OURS,
    NOT_REACHED,
    ORAL,
    ORAL_AGREEMENT,
    PARTIAL,
    REFUSED_OR_WITHDRAWN,
    TO_COURT,
    TO_OTHERS,
    TO_POLICE,
    WRITTEN,
    WRITTEN_AGREEMENT,
)
from fulian_mediation.queries import (
    agreement_in_effect,
    current_agreement,
    find_detail,
    police_reports_of,
    refusing_roles,
    session_count,
)
from fulian_mediation.service.bars import bar_of_violence, is_severe

SETTLED = (WRITTEN_AGREEMENT, ORAL_AGREEMENT, PARTIAL)
# An agreement in effect binds both (人民调解法第三十一条): that one was sued for not performing it stands in a visit.
UNSETTLED = (NOT_REACHED, REFUSED_OR_WITHDRAWN, TO_COURT, TO_OTHERS, NOT_OURS)
IN_EFFECT = "协议已经生效，不能按这个结果办结。请按协议选“调解成功”或“部分达成”；没有履行、已起诉的，记在回访里。"


def guard_closing(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """Whether the case may be closed with data["outcome"].

    A severe case is only closed once the police know, and as handed to them; one that is settled also as settled.
    """
    outcome = data.get("outcome")
    settled = agreement_in_effect(case.id) is not None
    ends = (TO_POLICE, *SETTLED) if settled else (TO_POLICE,)
    if is_severe(case) and (outcome not in ends or not police_reports_of(case.id)):
        return bar_of_violence(case)
    if outcome in SETTLED:
        return _lacks_agreement(case, str(outcome))
    if settled and outcome in UNSETTLED:
        return Refused(IN_EFFECT, "outcome")
    if outcome == NOT_REACHED:
        return _lacks_duty(case, data, by)
    if outcome == REFUSED_OR_WITHDRAWN and not refusing_roles(case.id):
        return Refused("还没有记下谁不愿意。请先用“登记意愿”记下是哪一方、哪天说的。", "outcome")
    if outcome == TO_POLICE and not police_reports_of(case.id):
        return Refused("还没有报告公安的记录。请先用“报告公安”记下时间和接报单位。", "outcome")
    if outcome in (TO_COURT, TO_OTHERS) and not data.get("transferred_to"):
        return Refused("请写明转到哪里，例如“东昌府区人民法院”。", "transferred_to")
    if outcome == NOT_OURS and session_count(case.id):
        return Refused("已经调解过，不能按“不属受理范围”办结，请另选结果。", "outcome")
    return None


def close_mediation(case: CaseLike, data: Data, by: Actor) -> None:
    """Write down who told the parties of other ways and when, and where the case was handed."""
    detail = find_detail(case.id)
    if data.get("routes_told_on"):
        detail.routes_told_on, detail.routes_told_by = data["routes_told_on"], data.get("routes_told_by") or by.name
    detail.transferred_to = data.get("transferred_to") or None


def _lacks_agreement(case: CaseLike, outcome: str) -> Refused | None:
    """An outcome with an agreement needs one of its kind, in effect (人民调解法第二十九、三十条)."""
    agreement = current_agreement(case.id)
    if agreement is None:
        return Refused("还没有协议，不能按这个结果办结。请先写协议书，或登记口头协议。", "outcome")
    if agreement.effective_on is None:
        return Refused("协议书还没签字、盖章，没有生效。请先用“登记签字盖章”。", "outcome")
    if agreement.partial != (outcome == PARTIAL):
        fitting = "部分达成" if agreement.partial else "调解成功"
        return Refused(f"协议登记的是“{fitting}”，请选对应的结果。", "outcome")
    if not agreement.partial and agreement.kind != {WRITTEN_AGREEMENT: WRITTEN, ORAL_AGREEMENT: ORAL}[outcome]:
        return Refused("书面协议和口头协议是两种结果，请选对应的一种。", "outcome")
    return None


def _lacks_duty(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """Who failed to mediate must have tried, and must tell the parties of other ways (人民调解法第二十六条)."""
    if not session_count(case.id):
        return Refused("还没有调解过，不能按“调解不成”办结。请先登记调解，或另选结果。", "outcome")
    if not data.get("routes_told_on"):
        return Refused(
            "调解不成，要告知双方可走仲裁、行政、诉讼途径（人民调解法第二十六条）。请填哪天告知的。", "routes_told_on"
        )
    if data["routes_told_on"] > local_date(by.now):
        return Refused("这一天还没到。告知以后再办结。", "routes_told_on")
    return None
