"""The forms of mediation. `sections` are the numbered parts of the page, `hints` a short word beside a part's name;
`warns` are the answers that raise the risk, `first` how many choices stand before 更多.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from markupsafe import Markup
from wtforms import BooleanField, DateField, IntegerField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.validators import Length, Optional

from fulian.api import BaseForm, Filled, MomentField, refuse
from fulian_mediation.codes import (
    CLAUSE_MATTERS,
    CLAUSE_WAYS,
    DISPUTES,
    FIRST_DISPUTES,
    PERFORMANCE,
    SAFETY_ANSWERS,
    SATISFACTION,
    SCREEN_ANSWERS,
    SESSION_RESULTS,
    SIDES,
    SOURCES,
    VISIT_WAYS,
    VISITED,
    WILLINGNESS,
    YES,
    YES_NO,
)
from fulian_mediation.notice import NOTICE_VERSION
from fulian_mediation.numerals import chinese_number
from fulian_mediation.service.agreements import CLAUSES_AT_ONCE, wrong_clauses

Sections = tuple[tuple[str, tuple[str, ...]], ...]

SUMMARY_LENGTH = 500
NOTICE_LINK = Markup('<a class="tap" href="/mediation/notice" target="_blank" rel="noopener">看原文</a>')


class IntakeForm(BaseForm):
    """What mediation asks when a case begins, beside who the two parties are."""

    disputes = SelectMultipleField("纠纷类型", [Filled("请至少选一种纠纷类型。")], choices=DISPUTES)
    summary = TextAreaField("一句话说清", [Filled(), Length(max=SUMMARY_LENGTH)], render_kw={"rows": 2})
    source = RadioField("怎么来的", [Filled()], choices=SOURCES)
    hit = RadioField("对方打过您或孩子吗？", [Filled()], choices=SCREEN_ANSWERS)
    threatened = RadioField("对方威胁、跟踪、骚扰过您吗？", [Filled()], choices=SCREEN_ANSWERS)
    unsafe = RadioField(
        "今晚回家，您觉得安全吗？",
        [Filled()],
        choices=SAFETY_ANSWERS,
        description="正受伤害的，不要调解，先打 110，再在这里登记。",
    )
    notice_given = BooleanField(f"已告知权利义务（{NOTICE_VERSION}告知书）", description=NOTICE_LINK)
    applicant_willing = RadioField(
        "申请人愿意调解吗？", [Filled()], choices=WILLINGNESS, description="调解不收任何费用。"
    )
    respondent_willing = RadioField(
        "对方愿意调解吗？",
        [Filled()],
        choices=WILLINGNESS,
        description="还没问的选“未联系上”，联系上以后再记。明确拒绝的，不能调解。",
    )
    injury_consent = BooleanField("单独同意：登记伤情、病历（可不勾）")
    keep_hidden = BooleanField(
        "申请人的住址、电话对乙方保密", description="上面三问有一个答“有”或“不安全”的，自动保密。"
    )

    sections: Sections = (
        ("什么事", ("disputes", "summary", "source")),
        ("安全筛查", ("hit", "threatened", "unsafe")),
        ("告知与同意", ("notice_given", "applicant_willing", "respondent_willing", "injury_consent", "keep_hidden")),
    )
    hints: ClassVar[Mapping[str, str]] = {"安全筛查": "请单独、轻声地问"}
    warns: ClassVar[Mapping[str, tuple[str, ...]]] = {"hit": (YES,), "threatened": (YES,), "unsafe": (YES,)}
    first: ClassVar[Mapping[str, int]] = {"disputes": FIRST_DISPUTES}


class WillingnessForm(BaseForm):
    """What one side says of being mediated."""

    side = RadioField("谁", [Filled("请选是哪一方。")], choices=SIDES)
    answer = RadioField("愿意调解吗？", [Filled()], choices=WILLINGNESS, description="反悔、撤回也选“拒绝”。")
    said_on = DateField("哪天说的", [Filled("请填哪天说的。")])
    note = TextAreaField("补充", [Length(max=500)], render_kw={"rows": 2})

    sections: Sections = (("谁，怎么说", ("side", "answer", "said_on", "note")),)
    warns: ClassVar[Mapping[str, tuple[str, ...]]] = {"answer": ("refused",)}


class SessionForm(BaseForm):
    """One session: when, where, who, what was said, how it ended."""

    at = MomentField("调解时间", [Filled()])
    place = StringField("地点", [Filled(), Length(max=60)])
    mediators = StringField("调解员", [Length(max=100)], description="不填就是您本人；两名以上用顿号隔开。")
    guests = StringField("还有谁参加", [Length(max=200)], description="亲属、邻里、律师等，写姓名和身份。没有就空着。")
    guests_agreed = BooleanField("双方都同意他们参加")
    public = BooleanField("公开调解（当事人要求时才勾）")
    told = BooleanField("开始前已向双方告知权利义务", [Filled("请先向双方告知权利义务，再登记。已告知的请勾选。")])
    content = TextAreaField("调解经过", [Filled()], render_kw={"rows": 5})
    result = RadioField("结果", [Filled("请选结果。")], choices=SESSION_RESULTS)
    next_at = MomentField("下次调解时间", [Optional()], description="选“再约一次”的填；没约定就空着。")

    sections: Sections = (
        ("时间、地点、参加人", ("at", "place", "mediators", "guests", "guests_agreed", "public")),
        ("经过和结果", ("told", "content", "result", "next_at")),
    )


_CLAUSE_PARTS = ("text", "matter", "way", "place", "term")


def _clause(n: int) -> tuple[str, ...]:
    return tuple(f"{part}_{n}" for part in _CLAUSE_PARTS)


def _text(needed: Any) -> TextAreaField:
    return TextAreaField("内容", [needed, Length(max=2000)], render_kw={"rows": 3})


def _matter(needed: Any) -> RadioField:
    return RadioField("这一条说的是", [needed], choices=CLAUSE_MATTERS)


def _way() -> RadioField:
    return RadioField("怎样履行", [Optional()], choices=CLAUSE_WAYS)


def _place() -> StringField:
    return StringField("在哪里履行", [Length(max=60)])


def _term() -> StringField:
    return StringField("履行期限", [Length(max=60)], description="例如：每月 5 日前，到孩子满 18 岁。")


class OneClauseForm(BaseForm):
    """A clause more."""

    text_1, matter_1 = _text(Filled("请写这一条的内容。")), _matter(Filled())
    way_1, place_1, term_1 = _way(), _place(), _term()

    sections: Sections = (("协议的一条", _clause(1)),)


def _number() -> IntegerField:
    return IntegerField("第几条", [Filled()], render_kw={"readonly": True})


class ChangeClauseForm(OneClauseForm):
    """A clause anew, in place of the one with this number."""

    number = _number()

    sections: Sections = (("协议的一条", ("number", *_clause(1))),)


class DeleteClauseForm(BaseForm):
    """A clause that goes."""

    number = _number()
    note = TextAreaField("为什么删", [Length(max=500)], render_kw={"rows": 2}, description="可以不填。")

    sections: Sections = (("删去这一条", ("number", "note")),)


CLAUSE_HINTS = {"第二条": "没有就空着", "第三条": "再多的，保存后再加"}
_CLAUSE_SECTIONS = tuple((f"第{chinese_number(n)}条", _clause(n)) for n in range(1, CLAUSES_AT_ONCE + 1))


class _ClausesForm(OneClauseForm):
    """The facts and the first clauses; only the first one is asked for."""

    partial = BooleanField("只谈成了一部分")
    facts = TextAreaField(
        "主要事实", [Filled(), Length(max=3000)], render_kw={"rows": 4}, description="双方都会拿到，只写双方都说过的。"
    )
    disputed = TextAreaField("争议事项和各方责任", [Length(max=3000)], render_kw={"rows": 3})
    text_2, matter_2, way_2, place_2, term_2 = _text(Optional()), _matter(Optional()), _way(), _place(), _term()
    text_3, matter_3, way_3, place_3, term_3 = _text(Optional()), _matter(Optional()), _way(), _place(), _term()

    def validate(self, extra_validators: Any = None) -> bool:
        """Say of every clause at once what is missing, not only of the first one."""
        whole = bool(super().validate(extra_validators))
        told = [wrong for wrong in wrong_clauses(self.data) if not self[wrong.field or ""].errors]
        for wrong in told:
            refuse(self, wrong)
        return whole and not told


class AgreementForm(_ClausesForm):
    """A written agreement, to be printed and signed afterwards."""

    sections: Sections = (("事实", ("facts", "disputed", "partial")), *_CLAUSE_SECTIONS)
    hints: ClassVar[Mapping[str, str]] = CLAUSE_HINTS


class OralAgreementForm(_ClausesForm):
    """An agreement by word of mouth."""

    agreed_on = DateField("哪天谈成的", [Filled("请填哪天谈成的。")], description="口头协议从这一天起生效。")

    sections: Sections = (("事实", ("agreed_on", "facts", "disputed", "partial")), *_CLAUSE_SECTIONS)


class SigningForm(BaseForm):
    """When it was signed and sealed: four days, or one for all where she says so."""

    applicant_signed_on = DateField("甲方哪天签的", [Filled("请填甲方哪天签的。")])
    same_day = BooleanField("都是这一天：乙方、调解员、盖章")
    respondent_signed_on = DateField("乙方哪天签的", [Optional()])
    mediator_signed_on = DateField("调解员哪天签的", [Optional()])
    sealed_on = DateField("哪天盖的章", [Optional()], description="协议从最后一个签字、盖章的日子起生效。")

    sections: Sections = (
        ("签字盖章", ("applicant_signed_on", "same_day", "respondent_signed_on", "mediator_signed_on", "sealed_on")),
    )


class CorrectionForm(SigningForm):
    """The days of the signatures and the seal as they really were, and why they were wrong."""

    note = TextAreaField("为什么更正", [Filled("请写明为什么更正。"), Length(max=500)], render_kw={"rows": 2})

    sections: Sections = (*SigningForm.sections, ("更正", ("note",)))


class ReasonForm(BaseForm):
    """Why an agreement is not signed."""

    note = TextAreaField("为什么没签", [Filled()], render_kw={"rows": 3})

    sections: Sections = (("没有签成", ("note",)),)


class PlanForm(BaseForm):
    """A visit to come."""

    visit_on = DateField("哪天回访", [Filled("请填哪天回访。")])
    note = TextAreaField("补充", [Length(max=500)], render_kw={"rows": 2})

    sections: Sections = (("约定回访", ("visit_on", "note")),)


class FollowUpForm(BaseForm):
    """A visit and what it showed."""

    visited_on = DateField("哪天回访的", [Filled("请填哪天回访的。")])
    visited = RadioField("回访了谁", [Filled()], choices=VISITED)
    way = RadioField("怎样回访", [Filled()], choices=VISIT_WAYS)
    performance = RadioField("协议履行了吗？", [Filled()], choices=PERFORMANCE)
    satisfaction = RadioField("对调解满意吗？", [Filled()], choices=SATISFACTION)
    recurred = RadioField("矛盾有反复吗？", [Filled()], choices=YES_NO)
    escalated = RadioField(
        "有激化苗头吗？", [Filled()], choices=YES_NO, description="可能动手、出事的，请马上报告公安。"
    )
    note = TextAreaField("补充", [Length(max=2000)], render_kw={"rows": 3})

    sections: Sections = (
        ("谁，怎样", ("visited_on", "visited", "way")),
        ("情况", ("performance", "satisfaction", "recurred", "escalated", "note")),
    )
    warns: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "performance": ("none", "sued"),
        "recurred": (YES,),
        "escalated": (YES,),
    }


class PoliceForm(BaseForm):
    """A report to the police."""

    at = MomentField("报告时间", [Filled()])
    station = StringField("接报单位", [Filled(), Length(max=60)], description="例如：柳园派出所。")
    receipt = StringField("回执号", [Length(max=60)], description="没有给回执的，空着。")
    note = TextAreaField("补充", [Length(max=2000)], render_kw={"rows": 3})

    sections: Sections = (("报告公安", ("at", "station", "receipt", "note")),)


class ExtensionForm(BaseForm):
    """Both agree to go on beyond the time limit."""

    until = DateField("延到哪天", [Filled("请填延到哪天。")])
    both_agreed = BooleanField("双方都同意延期", [Filled("双方都同意，才能延期。都同意的请勾选。")])
    note = TextAreaField("补充", [Length(max=500)], render_kw={"rows": 2})

    sections: Sections = (("双方同意延期", ("until", "both_agreed", "note")),)


class ClosingForm(BaseForm):
    """What closing asks beside the outcome and its reason."""

    routes_told_on = DateField(
        "哪天告知其他途径的", [Optional()], description="调解不成的必须告知：可走仲裁、行政、诉讼途径。"
    )
    routes_told_by = StringField("谁告知的", [Length(max=50)], description="不填就是您本人。")
    transferred_to = StringField("转到哪里", [Length(max=100)], description="转法院、仲裁或其他单位的填。")

    sections: Sections = (("调解不成或转办", ("routes_told_on", "routes_told_by", "transferred_to")),)
