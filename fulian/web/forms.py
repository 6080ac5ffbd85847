"""The form every form derives from: CSRF, Chinese texts that say how to mend it, clean input, accessible markup."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from flask import request
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.datastructures import FileStorage, MultiDict
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Field,
    FieldList,
    FileField,
    FormField,
    PasswordField,
    SelectFieldBase,
    StringField,
    TextAreaField,
    ValidationError,
    i18n,
    widgets,
)
from wtforms.validators import DataRequired, Length, StopValidation

from fulian.errors import Refused

LINE_LENGTH = 200  # a name, an address, a title
TEXT_LENGTH = 5000  # an account of what happened: about ten pages of manuscript paper
LARGEST_INTEGER = 2_147_483_647  # PostgreSQL's integer (appendix B of its manual: 4 bytes, signed)
LARGEST_DECIMAL = 10**12
EARLIEST, LATEST = date(1900, 1, 1), date(2100, 12, 31)
SHANGHAI = ZoneInfo("Asia/Shanghai")

WRONG_YEAR = "请检查年份：要在 1900 年到 2100 年之间。"
STALE_PAGE = "这一页打开得太久，或您重新登录过。填过的都在，请再按一次按钮。"
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # XML and PostgreSQL refuse them

_TEXTS = {
    "This field is required.": "请填写这一项。",
    "Field must be equal to %(other_name)s.": "两次填的不一样，请重新填写。",
    "Field must be at least %(min)d character long.": "至少要 %(min)d 个字，现在有 %(length)d 个，请补充。",
    "Field cannot be longer than %(max)d character.": "最多 %(max)d 个字，现在有 %(length)d 个，请删短。",
    "Field must be exactly %(max)d character long.": "要正好 %(max)d 个字，现在有 %(length)d 个。",
    "Field must be between %(min)d and %(max)d characters long.": "要 %(min)d 到 %(max)d 个字，现在有 %(length)d 个。",
    "Number must be at least %(min)s.": "不能小于 %(min)s，请改正。",
    "Number must be at most %(max)s.": "不能大于 %(max)s，请改正。",
    "Number must be between %(min)s and %(max)s.": "要在 %(min)s 到 %(max)s 之间，请改正。",
    "Invalid input.": "写法不对，请检查后重填。",
    "Invalid email address.": "邮箱写法不对，请检查后重填。",
    "Invalid URL.": "网址写法不对，请检查后重填。",
    "Invalid value, must be one of: %(values)s.": "请从列出的选项里选。",
    "Invalid Choice: could not coerce.": "请从列出的选项里选。",
    "Not a valid choice.": "请从列出的选项里选。",
    "Invalid choice(s): one or more data inputs could not be coerced.": "请从列出的选项里选。",
    "'%(value)s' is not a valid choice for this field.": "请从列出的选项里选。",
    "Not a valid datetime value.": "请把日期和时间填完整，例如 2026-11-24 14:30。",
    "Not a valid date value.": "请按 2026-11-24 的样子填写日期。",
    "Not a valid time value.": "请按 14:30 的样子填写时间。",
    "Not a valid integer value.": "请填写整数，例如 3。",
    "Not a valid decimal value.": "请填写数字，例如 12.5。",
    "Not a valid float value.": "请填写数字，例如 12.5。",
}


class _Texts:
    """WTForms' messages in our words; what is not listed comes from its own zh catalogue."""

    def __init__(self) -> None:
        self._catalogue = i18n.get_translations(("zh",))

    def gettext(self, string: str) -> str:
        return _TEXTS.get(string) or str(self._catalogue.gettext(string))

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        return _TEXTS.get(singular) or str(self._catalogue.ngettext(singular, plural, n))


_texts = _Texts()


class Filled(DataRequired):  # type: ignore[misc]  # wtforms has no types
    """Must be filled in; without a text of its own the error names the field: 请填写姓名。"""

    def __call__(self, form: Any, field: Field) -> None:
        if field.data and (not isinstance(field.data, str) or field.data.strip()):
            return
        if isinstance(field.data, int | Decimal | float) and not isinstance(field.data, bool):
            return  # a zero is an answer
        field.errors = []  # "not a valid date" says less about a field left empty
        raise StopValidation(self.message or asked_for(field))


def asked_for(field: Field) -> str:
    """The sentence that asks for a field left empty, by its kind and label."""
    label = str(field.label.text).rstrip("：:")
    if label.endswith(("？", "?")):
        return f"请回答：{label}"
    if isinstance(field, BooleanField):
        return f"请勾选“{label}”。"
    verb = "选择" if isinstance(field, SelectFieldBase | FileField) else "填写"
    return f"请{verb}{label}。"


class MomentField(DateTimeLocalField):  # type: ignore[misc]
    """A date and time typed in Shanghai time; `data` is an aware datetime in UTC, or None."""

    data: datetime | None

    def __init__(self, label: str | None = None, validators: Any = None, **kwargs: Any) -> None:
        kwargs.setdefault("format", ["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"])
        super().__init__(label, validators, **kwargs)

    def _value(self) -> str:
        if self.raw_data:
            return " ".join(self.raw_data)
        return self.data.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M") if self.data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        typed: datetime | None = self.data
        self.data = None
        if typed is None:
            return
        if not EARLIEST <= typed.date() <= LATEST:
            raise ValueError(WRONG_YEAR)
        self.data = typed.replace(tzinfo=SHANGHAI).astimezone(UTC)


class _Csrf(FlaskForm.Meta.csrf_class):  # type: ignore[misc]
    """Flask-WTF's check with a text that says what to do."""

    def validate_csrf_token(self, form: Any, field: Field) -> None:
        try:
            super().validate_csrf_token(form, field)
        except ValidationError as error:
            raise ValidationError(STALE_PAGE) from error


class BaseForm(FlaskForm):  # type: ignore[misc]
    """Base of every form that is posted.

    Text is stripped (passwords are not), line ends become \\n; unseen characters, over-long text, numbers and dates
    that no column holds are field errors. A longer text needs an own `Length(max=…)` on its field.
    """

    class Meta(FlaskForm.Meta):  # type: ignore[misc]
        locales = ("zh",)
        csrf_class = _Csrf

        def get_translations(self, form: Any) -> _Texts:
            return _texts

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            wanted = formdata is not None and not hasattr(formdata, "getlist")
            if wanted and request and not request.form and not request.files and request.is_json:
                return None  # a JSON body is no form: its values need not be text
            return _each_in_its_kind(form, super().wrap_formdata(form, formdata))

        def bind_field(self, form: Any, unbound_field: Any, options: dict[str, Any]) -> Field:
            pairs = unbound_field.kwargs.get("choices")
            if isinstance(pairs, list | tuple) and all(isinstance(pair, tuple) for pair in pairs):
                options["choices"] = dict(pairs)  # the code sets give pairs, which WTForms wants no longer
            field = super().bind_field(form, unbound_field, options)
            if isinstance(field, StringField) and not isinstance(field, PasswordField):
                field.filters = (_clean, *field.filters)
            field.validators = (_storable, *field.validators)
            return field

        def render_field(self, field: Field, render_kw: dict[str, Any]) -> Any:
            return super().render_field(field, _dressed(field, render_kw))


class PartForm(BaseForm):
    """A form inside another (`FormField`): the outer one carries the CSRF token."""

    class Meta(BaseForm.Meta):
        csrf = False


class FormParts:
    """Several forms that are one page and are posted together; to the page it is one form.

    `form_errors` are the texts that belong to no field.
    """

    def __init__(self, *forms: BaseForm) -> None:
        self.forms = forms
        self.form_errors: list[str] = []

    def __iter__(self) -> Iterator[Field]:
        """Every field, in the order of the page."""
        for form in self.forms:
            yield from form

    @property
    def names(self) -> frozenset[str]:
        """The names of the fields, as they are posted."""
        return frozenset(field.name for field in self)

    @property
    def errors(self) -> dict[str, list[str]]:
        """The texts of each field that has to be mended."""
        return {field.name: field.errors for field in self if field.errors}

    def hidden_tag(self) -> Markup:
        """The hidden fields of all parts, but the token of the session only once."""
        hidden = [field for field in self if isinstance(field.widget, widgets.HiddenInput)]
        return Markup("").join({field.name: field() for field in hidden}.values())

    def validate_on_submit(self) -> bool:
        """Check every part, so that all errors are shown at once; False where nothing was posted."""
        results = [form.validate_on_submit() for form in self.forms]
        return all(results)


def refuse(form: BaseForm | FormParts, refused: Refused) -> None:
    """Put a rule's refusal at the field it names (also one of a part form), else at the top of the form."""
    for field in _all_fields(form):
        if refused.field and refused.field in (field.name, field.short_name):
            field.errors = [*field.errors, refused.message]
            return
    form.form_errors = [*form.form_errors, refused.message]


def form_problems(form: BaseForm | FormParts) -> list[tuple[str, str]]:
    """Every error of a form as (id of the field or "", text), in the order of the page, the form's own first."""
    problems = [("", text) for text in form.form_errors]
    for field in _all_fields(form):
        at = "" if isinstance(field.widget, widgets.HiddenInput) else field.id
        problems += [(at, text) for text in field.errors if isinstance(text, str)]
    return problems


def _all_fields(form: Any) -> Iterator[Field]:
    for field in form:
        if isinstance(field, FormField):
            yield from _all_fields(field.form)
        elif isinstance(field, FieldList):
            yield field
            yield from _all_fields(field)
        else:
            yield field


def _each_in_its_kind(form: Any, formdata: Any) -> Any:
    """What was sent, without files in fields for text and without text in fields for files."""
    uploads = {field.name for field in form._fields.values() if isinstance(field, FileField)}
    if formdata is None or not (uploads or (request and request.files)):
        return formdata
    sent = formdata.items(multi=True)
    return MultiDict([(name, value) for name, value in sent if isinstance(value, FileStorage) == (name in uploads)])


def _clean(value: Any) -> Any:
    if value is None:
        return ""  # a field that the page has and the request left out
    return value.strip().replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


@lru_cache(1024)  # the filters of a list are the same for all who look at it from one place
def filter_select(
    name: str, label: str, choices: tuple[tuple[str, str], ...], chosen: str, everything: str = "全部"
) -> Markup:
    """A labelled select above a list: `choices` are (value, words), `everything` the words for not narrowing it."""
    options = Markup("").join(
        Markup('<option value="{}"{}>{}</option>').format(value, Markup(" selected") * (value == chosen != ""), words)
        for value, words in (("", everything), *choices)
    )
    return Markup(
        '<div class="col-6 col-lg"><label for="f-{name}">{label}</label>'
        '<select id="f-{name}" name="{name}" class="form-select">{options}</select></div>'
    ).format(name=name, label=label, options=options)


def row_id(value: str | int) -> int:
    """`coerce` of a select whose values are ids. Raises ValueError for what no id can be."""
    number = int(value)
    if not 0 < number <= LARGEST_INTEGER:
        raise ValueError(value)
    return number


def _storable(form: Any, field: Field) -> None:
    """First validator of every field: what no column can hold stops here, in words."""
    if field.process_errors and any(str(raw).strip() for raw in field.raw_data or ()):
        raise StopValidation()  # its own text stands; an empty field is left to Filled or Optional
    data: Any = field.data
    if isinstance(data, str):
        _storable_text(field, data)
    elif isinstance(data, bool):
        return
    elif isinstance(data, int) and abs(data) > LARGEST_INTEGER:
        raise StopValidation("这个数太大，请检查。")
    elif isinstance(data, float | Decimal) and not _is_sane(data):
        raise StopValidation("请填写数字，例如 12.5；太大的数请检查。")
    elif isinstance(data, date):
        day = data.date() if isinstance(data, datetime) else data
        if not EARLIEST <= day <= LATEST:
            raise StopValidation(WRONG_YEAR)


def _storable_text(field: Field, text: str) -> None:
    if _UNSEEN.search(text):
        raise StopValidation("里面有看不见的字符，请删掉后重新填写。")
    if any(isinstance(validator, Length) and (validator.max or 0) > 0 for validator in field.validators):
        return
    longest = TEXT_LENGTH if isinstance(field, TextAreaField) else LINE_LENGTH
    if isinstance(field, StringField) and len(text) > longest:
        raise StopValidation(_TEXTS["Field cannot be longer than %(max)d character."] % _counted(longest, text))


def _is_sane(data: float | Decimal) -> bool:
    finite = data.is_finite() if isinstance(data, Decimal) else math.isfinite(data)  # isfinite fails on sNaN
    return finite and abs(float(data)) <= LARGEST_DECIMAL


def _counted(longest: int, text: str) -> dict[str, int]:
    return {"max": longest, "length": len(text)}


def _dressed(field: Field, given: dict[str, Any]) -> dict[str, Any]:
    """Classes of theme.css and the aria attributes; the browser's own bubbles stay off, our texts stand instead."""
    if isinstance(field.widget, widgets.HiddenInput | widgets.SubmitInput | widgets.ListWidget):
        return given
    if isinstance(field.widget, widgets.CheckboxInput | widgets.RadioInput):
        kind = "form-check-input"
    else:
        kind = "form-select" if isinstance(field.widget, widgets.Select) else "form-control"
    dressed: dict[str, Any] = {"class": f"{kind} is-invalid" if field.errors else kind}
    described = [f"{field.id}-hint"] * bool(field.description) + [f"{field.id}-error"] * bool(field.errors)
    if described:
        dressed["aria-describedby"] = " ".join(described)
    if field.errors:
        dressed["aria-invalid"] = "true"
    if getattr(field.flags, "required", False):
        dressed["aria-required"] = "true"
    # `required` would bring the browser's bubble, `maxlength` would cut what is pasted without a word
    return dressed | {"required": False, "maxlength": False, "minlength": False} | given
