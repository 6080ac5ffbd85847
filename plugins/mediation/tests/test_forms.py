"""Forms: what they ask, what they say where something is missing, that every field has its place on the page."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from fulian_mediation import forms
from fulian_mediation.codes import DISPUTES, RELATIONS
from fulian_mediation.programme import PROGRAMME

from fulian.api import BaseForm

FORMS = [
    PROGRAMME.intake.form,
    *dict.fromkeys(transition.form for transition in PROGRAMME.transitions),
    forms.ClosingForm,
]
INTAKE = {
    "disputes": ["feelings", "betrothal_gifts"],
    "summary": "分居四个月。",
    "source": "hotline",
    "hit": "no",
    "threatened": "unsaid",
    "unsafe": "no",
    "applicant_willing": "agreed",
    "respondent_willing": "unreached",
}


@pytest.fixture(scope="module")
def bare() -> Flask:
    app = Flask(__name__)
    app.config.update(SECRET_KEY="test", WTF_CSRF_ENABLED=False)
    return app


def filled(app: Flask, form: type[BaseForm], data: dict[str, Any]) -> Any:
    with app.test_request_context("/", method="POST", data=data):
        made = form()
        made.validate()
        return made


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_field_stands_in_one_part_of_the_page(bare: Flask, form: type[Any]) -> None:
    with bare.test_request_context():
        fields = set(form()._fields) - {"csrf_token"}
    placed = [name for _title, names in form.sections for name in names]
    assert sorted(placed) == sorted(fields)
    titles = {title for title, _names in form.sections}
    assert set(getattr(form, "hints", {})) <= titles
    assert set(getattr(form, "warns", {})) | set(getattr(form, "first", {})) <= fields


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_an_empty_form_says_what_is_missing(bare: Flask, form: type[Any]) -> None:
    made = filled(bare, form, {"none": "1"})
    required = {field.name for field in made if field.flags.required}
    assert set(made.errors) == required
    for field in made:
        assert len(field.errors) <= 1
        for text in field.errors:
            assert text.startswith(("请", "双方都同意"))
            assert text.endswith(("。", "？"))


def test_the_intake_is_answered(bare: Flask) -> None:
    made = filled(bare, forms.IntakeForm, INTAKE)
    assert not made.errors
    assert made.data["disputes"] == ["feelings", "betrothal_gifts"]
    assert made.data["keep_hidden"] is False


@pytest.mark.parametrize(
    ("name", "value"), [("disputes", ["money"]), ("hit", "maybe"), ("source", "x"), ("summary", "长" * 501)]
)
def test_bad_answers_are_refused_at_their_field(bare: Flask, name: str, value: object) -> None:
    assert set(filled(bare, forms.IntakeForm, {**INTAKE, name: value}).errors) == {name}


@pytest.mark.parametrize("form", [forms.AgreementForm, forms.OralAgreementForm])
def test_what_is_missing_in_any_clause_is_said_at_once(bare: Flask, form: type[Any]) -> None:
    made = filled(bare, form, {"facts": "", "text_1": "每月付抚养费。", "text_2": "每周探望。", "term_3": "每月"})
    errors = {name: texts for name, texts in made.errors.items() if name != "agreed_on"}
    assert set(errors) == {"facts", "matter_1", "matter_2", "text_3"}
    assert all(len(texts) == 1 for texts in errors.values())


def test_former_spouses_and_lovers_are_there() -> None:
    """妇女权益保障法第二十九条: they too can ask for a protection order."""
    assert {"前夫", "前妻", "恋人", "前恋人"} <= {label for _code, label in RELATIONS}


def test_labels_fit_a_phone() -> None:
    """Four characters beside each other at 390 px, so that no choice is cut off."""
    for _code, label in (*DISPUTES, *RELATIONS):
        assert len(label) <= 4
