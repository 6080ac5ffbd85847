"""Forms of cases: the opening form in its numbered parts, and the small forms of what the core does to a case."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    FileField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.validators import Length, Optional

from fulian.cases.service.editing import RISKS
from fulian.cases.service.opening import NewParty, OpenCase
from fulian.cases.service.sharing import KINDS, LAW_LENGTH
from fulian.codes.documents import NONE
from fulian.errors import Refused
from fulian.orgs.queries import search_orgs
from fulian.people.service import PersonData, read_person
from fulian.programmes.programme import PartyRole, Programme
from fulian.web.forms import BaseForm, Filled, FormParts, MomentField, PartForm, refuse, row_id

NEW_PERSON, CLAIM = "new", "claim"
SUBMISSION_LENGTH = 36  # of a UUID in text
ID_CARD = "id_card"
OFFERED = 8  # organisations to choose from where a name is not clear
OTHER_LAW = "other"
# The duties by which a women's federation gives a case on; each with its article.
LAWS = [
    ("violence", "《反家庭暴力法》第十三条：接到家庭暴力投诉，应当给予帮助、处理"),
    ("shandong", "《山东省反家庭暴力条例》第二十六条：首接负责，涉及几个单位的转有关单位"),
    ("minor", "《未成年人保护法》第十一条：未成年人受侵害或面临危险，立即报告"),
    ("women", "《妇女权益保障法》第七十三条：妇女联合会要求并协助有关单位查处"),
    ("petition", "《信访工作条例》第二十三条：转送有权处理的机关、单位"),
]


def new_submission() -> str:
    """A name for one filling of a form, so that a doubled submit is found again."""
    return str(uuid.uuid4())


class PartyForm(PartForm):
    """One party: somebody who is known (`same` is her id), or the facts of a new person (`same` is "new")."""

    name = StringField("姓名", [Length(max=50)])
    same = HiddenField()
    document_number = StringField("身份证号", [Length(max=40)], description="没带或不方便，可以不填。")
    phone = StringField("手机号", [Length(max=30)])
    relation = RadioField("是申请人的", [Optional()], choices=[], validate_choice=False)

    role: PartyRole
    known_id: int | None = None  # who has this document, where she is in scope
    elsewhere = ""  # who has this document, where she is known elsewhere: offered to be taken up

    @property
    def claims(self) -> bool:
        """Whether it was confirmed that the document is hers who is known elsewhere."""
        return bool(self.same.data == CLAIM and self.document_number.data)

    @property
    def person_id(self) -> int | None:
        """The id of the known person who was chosen, if one was."""
        chosen = str(self.same.data or "")
        return int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None

    @property
    def is_filled(self) -> bool:
        """Whether anybody was entered here at all."""
        return bool(self.name.data or self.person_id)

    @property
    def facts(self) -> PersonData:
        """What was typed about a new person."""
        number = self.document_number.data or ""
        return PersonData(
            name=self.name.data or "",
            document_kind=ID_CARD if number else NONE,
            document_number=number,
            phone=self.phone.data or "",
        )

    def check_facts(self, on: date) -> bool:
        """Check the facts of a new person as registering her will, so that number and phone are refused together."""
        if self.person_id is not None or not self.name.data:
            return True
        told = set()
        without_document = replace(self.facts, document_kind=NONE, document_number="")
        for facts in (replace(self.facts, phone=""), without_document):
            try:
                read_person(facts, on)
            except Refused as refused:
                told.add((refused.message, refused.field if refused.field in self._fields else "name"))
        for message, field in told:
            refuse(self, Refused(message, field))
        return not told


class WhereForm(PartForm):
    """Where the case is registered, and which filling of the form this is."""

    org_id = SelectField("登记到", coerce=row_id)
    submission_id = HiddenField(validators=[Filled(), Length(max=SUBMISSION_LENGTH)])


class OpeningForm(FormParts):
    """The whole opening form: where, the parties of the programme's roles, the programme's own fields."""

    def __init__(self, programme: Programme, orgs: Sequence[tuple[int, str]]) -> None:
        self.programme = programme
        self.where = WhereForm()
        self.where.org_id.choices = list(orgs)
        if not self.where.is_submitted():
            self.where.submission_id.data = new_submission()
            self.where.org_id.data = orgs[0][0]
        self.parties = [self._party(role) for role in programme.intake.roles]
        self.own: BaseForm = programme.intake.form()
        super().__init__(self.where, *self.parties, self.own)

    @staticmethod
    def _party(role: PartyRole) -> PartyForm:
        form = PartyForm(prefix=f"{role.code}-")
        form.role = role
        form.relation.choices = list(role.relations)
        form.name.label.text = f"{role.label}姓名"
        return form

    def validate_on_submit(self) -> bool:
        """Check every part, and that nobody is missing whom the programme needs."""
        results = [super().validate_on_submit()]
        for party in self.parties:
            if party.role.min and not party.is_filled:
                party.name.errors = [*party.name.errors, f"请填写{party.role.label}姓名。"]
                results.append(False)
            if party.relation.data and party.relation.data not in dict(party.role.relations):
                party.relation.errors = [*party.relation.errors, "请从列出的选项里选。"]
                results.append(False)
        return all(results)

    def values(self) -> OpenCase:
        """What was filled in, as plain values."""
        parties = tuple(self._new_party(form) for form in self.parties if form.is_filled)
        own = {name: value for name, value in self.own.data.items() if name != "csrf_token"}
        return OpenCase(
            programme=self.programme.code,
            org_id=self.where.org_id.data,
            submission_id=self.where.submission_id.data,
            parties=parties,
            data=own,
        )

    @staticmethod
    def _new_party(form: PartyForm) -> NewParty:
        relation = form.relation.data or ""
        if form.person_id is not None:
            return NewParty(form.role.code, person_id=form.person_id, relation=relation)
        return NewParty(form.role.code, person=form.facts, relation=relation, claim=form.claims)


class CloseForm(BaseForm):
    """Closing: the outcome, and why."""

    outcome = SelectField("结果", [Filled("请选择结果。")], choices=[])
    note = TextAreaField(
        "办结情况", [Filled("请写明办结情况，一两句话就可以。"), Length(max=2000)], render_kw={"rows": 3}
    )
    version = HiddenField()
    submission_id = HiddenField(validators=[Length(max=SUBMISSION_LENGTH)])


class EditForm(BaseForm):
    """The case's own fields, named in `of_case`: on the page of two versions each of them is chosen by itself.

    `merged` comes from that page, where two texts were written together.
    """

    of_case = ("summary", "risk")

    summary = TextAreaField("一句话说清", [Filled("请用一句话说清是什么事。"), Length(max=500)], render_kw={"rows": 3})
    risk = RadioField("风险等级", [Optional()], choices=[(code, label) for code, label in RISKS.items()])
    version = HiddenField()
    merged = HiddenField(validators=[Length(max=500)])

    def validate(self, extra_validators: Any = None) -> bool:
        """Take the merged text where neither version was chosen, then check."""
        self.summary.data = self.summary.data or self.merged.data
        return bool(super().validate(extra_validators))


class HandlerForm(BaseForm):
    """Who takes the case over."""

    handler_id = SelectField("经办人", [Filled("请选择换给谁。")], coerce=row_id, choices=[])
    reason = StringField("原因", [Filled("请写明为什么换经办人。"), Length(max=200)])
    version = HiddenField()


class ReasonForm(BaseForm):
    """An act that asks only why."""

    reason = StringField("理由", [Filled("请写明理由。"), Length(max=200)])
    version = HiddenField()


class HandoverForm(BaseForm):
    """Why the open cases of a colleague are given on; the rows are read by themselves."""

    reason = StringField("原因", [Filled("请写明为什么交接，例如“产假”。"), Length(max=200)])


class ReopenForm(ReasonForm):
    """Going on with a closed case: where, and why."""

    stage = RadioField("回到哪个阶段", [Filled("请选择回到哪个阶段。")], choices=[])


class ReferralForm(BaseForm):
    """Asking another organisation to share in a case or to take it over: who, why, and on what the giving rests."""

    kind = RadioField("共享还是转办", [Filled("请选择共享还是转办。")], choices=[*KINDS.items()])
    to_org = StringField(
        "接收的组织",
        [Filled("请填写接收的组织。"), Length(max=60)],
        description="写组织的全称，或上级加名称，如：茌平 振兴街道妇联",
    )
    org_pick = RadioField("是哪一个", [Optional()], choices=[], validate_choice=False)
    reason = StringField("事由", [Filled("请写明为什么、要对方做什么。"), Length(max=200)])
    basis = RadioField("依据什么", [Filled("请选择依据。")], choices=[("consent", "当事人同意"), ("duty", "法定职责")])
    consented = BooleanField(
        "每一位当事人都单独同意了：已经告知给哪个组织、为什么、给哪些内容（《个人信息保护法》第二十三条）"
    )
    law = SelectField("哪部法律", [Optional()], choices=[("", "请选择"), *LAWS, (OTHER_LAW, "其他法律")])
    other_law = StringField("其他法律的名称和条款", [Optional(), Length(max=LAW_LENGTH)])

    def chosen_org(self) -> int:
        """The id of the organisation meant. Raises Refused where none or several are, and then offers these."""
        found = search_orgs(self.to_org.data, OFFERED + 1)
        exact = [one for one in found if self.to_org.data in (one.line.name, one.line.short_name)] or found
        self.org_pick.choices = [(str(one.line.id), f"{one.line.name}（{one.path}）") for one in exact[:OFFERED]]
        picked = [one.line.id for one in exact if str(one.line.id) == self.org_pick.data]
        if len(exact) == 1 or picked:
            return picked[0] if picked else exact[0].line.id
        if not exact:
            raise Refused("没有找到这个组织，请检查名称。", "to_org")
        if len(exact) > OFFERED:
            self.org_pick.choices = []
            raise Refused("叫这个名称的组织太多，请写得更全。", "to_org")
        raise Refused("有几个组织都含这几个字，请在下面选一个。", "to_org")

    def named_law(self) -> str:
        """The law on which the giving rests, "" for consent. Raises Refused where what was chosen is not filled in."""
        if self.basis.data == "consent":
            if not self.consented.data:
                raise Refused("没有每一位当事人的单独同意，不能凭同意给出去。请先征得，或选“法定职责”。", "consented")
            return ""
        law = self.other_law.data if self.law.data == OTHER_LAW else dict(LAWS).get(self.law.data, "")
        if not law:
            raise Refused("请选择或写明依据哪部法律的哪一条。", "other_law" if self.law.data == OTHER_LAW else "law")
        return str(law)


class AnswerForm(BaseForm):
    """What a receiving organisation says: taken, with a handler where it takes the case over, or sent back and why."""

    decision = RadioField(
        "怎样答复", [Filled("请选择接收还是退回。")], choices=[("accept", "接收"), ("refuse", "退回")]
    )
    handler_id = SelectField(
        "经办人", [Optional()], choices=[], coerce=lambda text: int(text) if text else None, validate_choice=False
    )
    reason = StringField("退回的原因", [Optional(), Length(max=200)], description="退回的必填，例如：不是我们辖区的。")


class NoteForm(BaseForm):
    """A line of history."""

    title = StringField("标题", [Optional(), Length(max=60)], description="例如：电话联系、走访。可以不填。")
    at = MomentField("时间", [Filled("请填写时间。")])
    text = TextAreaField("经过", [Filled("请写下经过，一两句话就可以。"), Length(max=5000)], render_kw={"rows": 5})
    wall = RadioField(
        "谁说的", [Optional()], choices=[], description="只有一方说的，不写进给另一方的文书，也不要告诉另一方。"
    )
    submission_id = HiddenField(validators=[Length(max=SUBMISSION_LENGTH)])


class TaskForm(BaseForm):
    """Something to be done by a day."""

    title = StringField("办什么", [Filled("请写明要办什么，例如“走访老人住处”。"), Length(max=60)])
    due_on = DateField("哪天以前", [Filled("请选哪天以前办完。")])
    due_time = TimeField("几点", [Optional()], description="约好了钟点的才填。")
    submission_id = HiddenField(validators=[Length(max=SUBMISSION_LENGTH)])


class TaskDoneForm(BaseForm):
    """How a task ended."""

    note = TextAreaField("办得怎样", [Optional(), Length(max=2000)], description="可以不填。", render_kw={"rows": 3})
    submission_id = HiddenField(validators=[Length(max=SUBMISSION_LENGTH)])


class FileForm(BaseForm):
    """A file for the dossier."""

    file = FileField("照片或文件", [Filled("请选择照片或文件。")])
    label = StringField("是什么", [Filled("请写明是什么，例如“甲方身份证复印件”。"), Length(max=60)])
    party = SelectField("关于谁", [Optional()], choices=[])
    submission_id = HiddenField(validators=[Length(max=SUBMISSION_LENGTH)])


class BreakGlassForm(BaseForm):
    """Opening a restricted case in an emergency."""

    number = StringField(
        "完整案号", [Filled("请填写完整案号。"), Length(max=40)], description="例如：聊妇调〔2026〕371502-000123"
    )
    reason = TextAreaField(
        "为什么必须现在看", [Filled("请写明为什么必须现在看。"), Length(max=200)], render_kw={"rows": 3}
    )


def choices_of(rows: Sequence[tuple[Any, str]], empty: str | None = None) -> list[tuple[str, str]]:
    """Choices of a select from (value, label) rows, with an empty one first where `empty` names it."""
    first = [("", empty)] if empty is not None else []
    return first + [(str(value), label) for value, label in rows]
