"""What forbids mediation, asked by every rule that would mediate. Each returns the refusal, or None."""

from __future__ import annotations

from fulian.api import CaseLike, Refused
from fulian_mediation.codes import SIDES, label_of
from fulian_mediation.queries import all_agreed, find_detail, police_reports_of, refusing_roles
from fulian_mediation.service.screening import RED

SHANDONG_20 = "山东省反家庭暴力条例第二十条"


def is_severe(case: CaseLike) -> bool:
    """Whether the risk of violence is so severe that mediation is unfit: by the screen, or since raised to red."""
    return case.risk == RED or find_detail(case.id).severe


def bar_of_violence(case: CaseLike) -> Refused | None:
    """Severe violence bars mediation: the mediator must report to the police (山东省反家庭暴力条例第二十条).

    Once it is reported the case can only be closed as handed to the police [D].
    """
    if not is_severe(case):
        return None
    if police_reports_of(case.id):
        return Refused(f"已报告公安，不能再调解。请按“终止，转公安”办结（{SHANDONG_20}）。")
    return Refused(f"有严重家暴风险，不能调解。请先打 110，再用“报告公安”记下时间和接报单位（{SHANDONG_20}）。")


def bar_of_refusal(case: CaseLike) -> Refused | None:
    """A party who clearly refuses bars mediation (人民调解法第十七条; 山东省多元化解纠纷促进条例第二十二条)."""
    roles = refusing_roles(case.id)
    if not roles:
        return None
    who = "、".join(label_of(SIDES, role) for role in roles)
    return Refused(
        f"{who}明确拒绝，不能调解（人民调解法第十七条）。请按“当事人拒绝”办结；如又愿意了，先用“登记意愿”记下。"
    )


def bar_to_mediate(case: CaseLike) -> Refused | None:
    """Everything that forbids a session or an agreement now.

    Mediation rests on the free will of both (人民调解法第三条第一项), so both must have said yes.
    """
    barred = bar_of_violence(case) or bar_of_refusal(case)
    if barred is None and not all_agreed(case.id):
        barred = Refused("还没有记下双方都愿意。请先用“登记意愿”记下，再登记调解（人民调解法第三条）。")
    return barred
