"""Forms of people. What is sealed never comes back into a field: a form leaves it empty and says what is there."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import Length, Optional

from fulian.codes import divisions
from fulian.codes.documents import ID_CARD, KINDS, NONE, OLD_ID_CARD, read_document, read_phone
from fulian.codes.names import fold_name
from fulian.codes.sets import choices
from fulian.errors import Refused
from fulian.people.data import (
    ADDRESS_LENGTH,
    EMPLOYER_LENGTH,
    NOTE_LENGTH,
    PHONE_NOTE_LENGTH,
    UNKNOWN_SEX,
    WORK_LENGTH,
    PersonData,
    facts_of,
)
from fulian.people.facts import shown
from fulian.people.models import Person
from fulian.people.service.edit import CLEARABLE
from fulian.people.words import BASES, BEGINNINGS, ENDINGS, PURPOSES, REVEAL_REASONS, SEALED_LABELS, TITLES
from fulian.sealing.columns import blind_index
from fulian.web.dates import today
from fulian.web.forms import BaseForm, Filled, row_id

SEXES = (("2", "女"), ("1", "男"), (UNKNOWN_SEX, "没说"))  # GB/T 2261.1
REASON_LENGTH = 200
_FACTS = tuple(field.name for field in fields(PersonData))
_PLAIN = tuple(name for name in _FACTS if name not in SEALED_LABELS and name != "submission_id")


def new_submission() -> str:
    """A name for one filling of a form, so that a doubled submit is found again."""
    return str(uuid.uuid4())


@lru_cache(maxsize=1)
def _places() -> dict[str, list[tuple[str, str]]]:
    """Every township of the city by county, in official order; somebody from elsewhere has her address in words."""
    groups: dict[str, list[tuple[str, str]]] = {"": [("", "不清楚或在外地")]}
    for county in divisions.children(divisions.CITY_CODE):
        whole = (county.code, f"{county.name}（乡镇不清楚）")
        groups[county.name] = [whole, *((place.code, place.name) for place in divisions.children(county.code))]
    return groups


def _plain(facts: PersonData) -> dict[str, Any]:
    """The facts that are not sealed, as the form's fields hold them."""
    values = {name: getattr(facts, name) for name in _PLAIN}
    return {name: "" if value is None and name != "birth_date" else value for name, value in values.items()}


def _as_text(value: object) -> str:
    return str(value or "")


def _base_of(facts: PersonData) -> dict[str, str]:
    """The facts as the form was drawn with: of sealed ones only a keyed digest, to see whether they have changed."""
    plain = {name: _as_text(value) for name, value in _plain(facts).items()}
    return plain | {name: blind_index(f"form.{name}", getattr(facts, name)).hex() for name in SEALED_LABELS}


def _from_json(text: object) -> dict[str, Any]:
    """What `_base_of` gave; nothing where it was tampered with: then every field counts as changed by her."""
    try:
        values = json.loads(str(text))
    except ValueError:
        return {}
    return values if isinstance(values, dict) else {}


def _codes(set_name: str, *, top_only: bool = False) -> list[tuple[str, str]]:
    return [("", "没说"), *choices(set_name, short=True, top_only=top_only)]


def _say(rule: Callable[..., object], *values: object) -> None:
    """Put a rule's refusal at the field that is being checked."""
    try:
        rule(*values)
    except Refused as refused:
        raise ValidationError(refused.message) from refused


class PersonForm(BaseForm):
    """The facts of a person."""

    name = StringField("姓名", [Filled(), Length(max=50)])
    document_kind = SelectField("证件", choices=[kind for kind in KINDS.items() if kind[0] != OLD_ID_CARD])
    document_number = StringField("证件号", [Length(max=40)], description="填了身份证号，性别和出生日期不用填。")
    sex = RadioField("性别", choices=list(SEXES), default=UNKNOWN_SEX)
    birth_date = DateField("出生日期", [Optional()])
    phone = StringField("电话", [Length(max=30)], description="手机号，或带区号的座机。")
    phone_note = StringField(
        "联系提示", [Length(max=PHONE_NOTE_LENGTH)], description="怎样联系才安全，例如“白天打，别发短信”。"
    )
    division_code = SelectField("现住地", choices=[], default="")
    address = StringField("现住址", [Length(max=ADDRESS_LENGTH)], description="村、小区和门牌，会加密保存。")
    registered_division_code = SelectField("户籍地", choices=[], default="")
    registered_address = StringField("户籍地址", [Length(max=ADDRESS_LENGTH)])
    ethnicity = SelectField("民族", choices=[], default="")
    education = SelectField("文化程度", choices=[], default="")
    marital = SelectField("婚姻状况", choices=[], default="")
    political = SelectField("政治面貌", choices=[], default="")
    occupation = StringField("职业", [Length(max=WORK_LENGTH)])
    employer = StringField("工作单位", [Length(max=EMPLOYER_LENGTH)])
    note = TextAreaField("备注", [Length(max=NOTE_LENGTH)], description="会加密保存；要看须写事由。")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.division_code.choices = self.registered_division_code.choices = _places()
        self.ethnicity.choices = _codes("ethnic")
        self.education.choices = _codes("education", top_only=True)
        self.marital.choices = _codes("marital")
        self.political.choices = _codes("political")

    def validate_name(self, field: StringField) -> None:
        """A name that can be stored; said together with what else is wrong."""
        _say(fold_name, field.data)

    def validate_document_number(self, field: StringField) -> None:
        """A number that fits the kind of document; left empty it is none, or stays as it was."""
        if field.data and self.document_kind.data in KINDS:
            _say(read_document, self._kind, field.data, today())

    def validate_phone(self, field: StringField) -> None:
        """A mobile number, or a landline with its area code."""
        if field.data:
            _say(read_phone, field.data)

    def values(self) -> PersonData:
        """What was filled in, as plain values."""
        typed: dict[str, Any] = {name: getattr(self, name).data for name in _FACTS if name in self}
        typed |= {name: "" for name, value in typed.items() if value is None and name != "birth_date"}
        return PersonData(**typed | {"submission_id": self.submission, "document_kind": self._kind})

    @property
    def _kind(self) -> str:
        """The kind of document: a number typed beside “无证件” is meant as an identity card's."""
        kind = str(self.document_kind.data)
        return ID_CARD if kind == NONE and self.document_number.data else kind

    @property
    def submission(self) -> str | None:
        """Which filling of the form this is; None for a form that only corrects."""
        return None


class NewPersonForm(PersonForm):
    """Somebody new: where she is registered, and (once her document turned out to be known) whether to link her."""

    org_id = SelectField("登记到", coerce=row_id)
    submission_id = HiddenField(validators=[Filled(), Length(max=36)])
    link = BooleanField("核对过了，是同一个人，关联到本组织")

    def __init__(self, orgs: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.org_id.choices = list(orgs)
        self.submission_id.data = self.submission_id.data or new_submission()
        if not self.document_kind.data:
            self.document_kind.data = ID_CARD

    @property
    def submission(self) -> str | None:
        return str(self.submission_id.data)

    def values(self) -> PersonData:
        """A kind of document without a number, as the form is first drawn, means that none was given."""
        data = super().values()
        return replace(data, document_kind=NONE) if data.document_kind == ID_CARD and not data.document_number else data


class EditPersonForm(PersonForm):
    """Corrections. Sealed fields stay empty: what is saved is said, masked, under each; a tick empties it."""

    version = HiddenField()
    base = HiddenField(validators=[Length(max=2000)])  # the facts as they were when the form was drawn
    clear_phone = BooleanField("清除已登记的电话")
    clear_phone_note = BooleanField("清除已登记的联系提示")
    clear_address = BooleanField("清除已登记的现住址")
    clear_registered_address = BooleanField("清除已登记的户籍地址")
    clear_note = BooleanField("清除已登记的备注")

    def __init__(self, person: Person) -> None:
        saved = facts_of(person)
        plain = _plain(saved)
        base = json.dumps(_base_of(saved), ensure_ascii=False)
        super().__init__(data={**plain, "version": str(person.version), "base": base})
        if saved.document_kind == OLD_ID_CARD:
            self.document_kind.choices = [(OLD_ID_CARD, KINDS[OLD_ID_CARD]), *self.document_kind.choices]
        for name in SEALED_LABELS:
            there = shown(name, saved)
            if there:
                there = "" if there == "已登记" else f" {there}"
                getattr(self, name).description = f"已登记{there}，不改就留空。"
            elif name in CLEARABLE:
                del self[f"clear_{name}"]

    def take_over(self, saved: PersonData, version: int) -> tuple[list[str], list[str]]:
        """After a stale save: what she had not touched becomes what is saved now.

        Returns the fields that changed so, and those that both changed differently: these clash.
        """
        base, now = _from_json(self.base.data), _base_of(saved)
        taken, clashing = [], []
        for name, value in _plain(saved).items():
            hers, moved = _as_text(self[name].data) != base.get(name), now[name] != base.get(name)
            if moved and not hers:
                self[name].data, self[name].raw_data = value, None
                taken.append(name)
            elif moved and _as_text(self[name].data) != now[name]:
                clashing.append(name)
        typed = {name for name in SEALED_LABELS if self[name].data} | self.cleared
        clashing += [name for name in SEALED_LABELS if name in typed and now[name] != base.get(name)]
        self.version.data, self.base.data = str(version), json.dumps(now, ensure_ascii=False)
        return taken, clashing

    @property
    def cleared(self) -> frozenset[str]:
        """The sealed fields that are to be emptied."""
        return frozenset(name for name in CLEARABLE if f"clear_{name}" in self and self[f"clear_{name}"].data)


class RevealForm(BaseForm):
    """Why a sealed value is looked at."""

    reason = RadioField("为什么要看", [Filled("请选择为什么要看。")], choices=list(REVEAL_REASONS.items()))
    text = StringField("具体说明", [Length(max=REASON_LENGTH)], description="选“其他”时必填。")


class HoldPostForm(BaseForm):
    """A post that begins, or one of the past with its end."""

    org_id = SelectField("在哪个组织", [Filled()], coerce=row_id, choices=[])
    title = RadioField("职务", [Filled("请选择职务。")], choices=[(title, title) for title in TITLES])
    change = RadioField("怎样任职", [Filled("请选择怎样任职的。")], choices=[(word, word) for word in BEGINNINGS])
    starts_on = DateField("任职日期", [Filled()])
    ends_on = DateField("离任日期", [Optional()], description="还在任就留空；补记过去的任职才填。")
    end_change = SelectField("怎样离任", [Optional()], choices=[("", "还在任"), *((word, word) for word in ENDINGS)])


class EndPostForm(BaseForm):
    """The end of a post."""

    ends_on = DateField("离任日期", [Filled()], description="这一天仍算在任。")
    end_change = RadioField("怎样离任", [Filled("请选择怎样离任的。")], choices=[(word, word) for word in ENDINGS])
    heir_id = SelectField("在办案件交给", [Optional()], choices=[], coerce=lambda text: int(text) if text else None)
    version = HiddenField()

    def offer(self, heirs: Sequence[tuple[int, str]]) -> None:
        """Say who can take the open cases."""
        self.heir_id.choices = [("", "请选择"), *heirs]


class ConsentForm(BaseForm):
    """A consent or a notice."""

    purpose = RadioField(
        "告知或同意什么",
        [Filled("请选择是哪一项。")],
        choices=list(PURPOSES.items()),
        description="信息告知：告诉本人怎样处理个人信息。其余几项要逐项单独同意。",
    )
    basis = RadioField("依据", [Filled("请选择依据。")], choices=list(BASES.items()), default="consent")
    notice_version = StringField("告知书版本", [Length(max=20)], description="例如“第 3 版”，没有就留空。")


class MergeForm(BaseForm):
    """How it was found that two files are of one person."""

    reason = StringField(
        "怎样核对的",
        [Filled("请写明怎样核对出是同一个人。"), Length(max=REASON_LENGTH)],
        description="例如：电话问过本人，两份都是她的。",
    )


class ConfirmForm(BaseForm):
    """An act that asks nothing more."""
