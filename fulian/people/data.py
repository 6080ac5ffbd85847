"""What is known of a person, as plain values, and the rules those values must keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from fulian.codes import divisions, sets
from fulian.codes.documents import KINDS, NONE, read_document, read_phone
from fulian.codes.names import fold_name
from fulian.errors import Refused
from fulian.people.models import Person

WORK_LENGTH, EMPLOYER_LENGTH = 50, 80
ADDRESS_LENGTH, NOTE_LENGTH, PHONE_NOTE_LENGTH = 120, 500, 100
LONGEST_LIFE = 130  # years; nobody is known to have lived longer
UNKNOWN_SEX = "0"  # GB/T 2261.1

SEALED_FIELDS = ("document_number", "phone", "phone_note", "address", "registered_address", "note")
PLAIN_FIELDS = (
    "name",
    "sex",
    "birth_date",
    "document_kind",
    "division_code",
    "registered_division_code",
    "ethnicity",
    "education",
    "marital",
    "political",
    "submission_id",
)
TEXT_FIELDS = ("occupation", "employer")  # "" is stored as NULL

CODE_SETS: Mapping[str, str] = {
    "sex": "gender",
    "ethnicity": "ethnic",
    "education": "education",
    "marital": "marital",
    "political": "political",
}


@dataclass(frozen=True)
class PersonData:
    """The facts of a person. "" and None mean unknown; when editing, "" leaves a sealed value as it was.

    `document_kind` is a key of `codes.documents.KINDS`; `sex`, `ethnicity`, `education`, `marital` and `political` are
    codes of the national sets; division codes have 12 digits. `phone_note` is how and when she can safely be reached.
    `submission_id` is made when the form is drawn: a doubled submit makes one person.
    """

    name: str
    sex: str = UNKNOWN_SEX
    birth_date: date | None = None
    document_kind: str = NONE
    document_number: str = ""
    phone: str = ""
    phone_note: str = ""
    division_code: str | None = None
    address: str = ""
    registered_division_code: str | None = None
    registered_address: str = ""
    ethnicity: str | None = None
    education: str | None = None
    marital: str | None = None
    political: str | None = None
    occupation: str = ""
    employer: str = ""
    note: str = ""
    submission_id: str | None = None


def read_person(data: PersonData, on: date) -> PersonData:
    """The same facts folded and checked; sex and birth date come from the document where its number carries them.

    `on` is today's local date. Raises Refused with the field's name.
    """
    document_kind, number, sex, born = data.document_kind, "", data.sex or UNKNOWN_SEX, data.birth_date
    if document_kind not in KINDS:
        raise Refused("请从列出的证件类型里选。", "document_kind")
    if document_kind != NONE:
        document = read_document(document_kind, data.document_number, on, field_name="document_number")
        document_kind, number = document.kind, document.number
        sex, born = document.sex_code or sex, document.birth_date or born
    _check_birth(born, on)
    _check_codes(data)
    _check_lengths(data)
    return replace(
        data,
        name=fold_name(data.name, field_name="name"),
        sex=sex,
        birth_date=born,
        document_kind=document_kind,
        document_number=number,
        phone=read_phone(data.phone, field_name="phone") if data.phone.strip() else "",
        division_code=data.division_code or None,
        registered_division_code=data.registered_division_code or None,
        ethnicity=data.ethnicity or None,
        education=data.education or None,
        marital=data.marital or None,
        political=data.political or None,
    )


def facts_of(person: Person) -> PersonData:
    """The facts of a person with everything opened: for rules, never for a page."""
    facts: dict[str, Any] = {field: person.unseal(field) or "" for field in SEALED_FIELDS}
    facts |= {field: getattr(person, field) or "" for field in TEXT_FIELDS}
    facts |= {field: getattr(person, field) for field in PLAIN_FIELDS}
    return PersonData(**facts)


def _check_birth(born: date | None, on: date) -> None:
    if born is not None and born > on:
        raise Refused("出生日期晚于今天，请改正。", "birth_date")
    if born is not None and on.year - born.year > LONGEST_LIFE:
        raise Refused("出生日期太早了，请检查年份。", "birth_date")


def _check_codes(data: PersonData) -> None:
    for field, set_name in CODE_SETS.items():
        code = getattr(data, field)
        if code and not sets.is_code(set_name, code):
            raise Refused("请从列出的选项里选。", field)
    for field in ("division_code", "registered_division_code"):
        code = getattr(data, field)
        if code and divisions.division(code) is None:
            raise Refused("没有这个区划，请从列出的里选。", field)


def _check_lengths(data: PersonData) -> None:
    longest = {
        "occupation": WORK_LENGTH,
        "employer": EMPLOYER_LENGTH,
        "address": ADDRESS_LENGTH,
        "registered_address": ADDRESS_LENGTH,
        "phone_note": PHONE_NOTE_LENGTH,
        "note": NOTE_LENGTH,
    }
    for field, most in longest.items():
        length = len(getattr(data, field))
        if length > most:
            raise Refused(f"最多 {most} 个字，现在有 {length} 个，请删短。", field)
