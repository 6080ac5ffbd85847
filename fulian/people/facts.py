"""What pages say of a person: age, area and masked numbers, from plain values."""

from __future__ import annotations

from datetime import date

from fulian.codes import divisions
from fulian.codes.documents import KINDS, mask_id, mask_phone
from fulian.codes.sets import label
from fulian.people.data import CODE_SETS, SEALED_FIELDS, PersonData

PHONE_ENDING = 4
TOWNSHIP = "township"


def age_on(born: date | None, day: date) -> int | None:
    """Age in full years (周岁) on a day; None where the birth date is unknown."""
    if born is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def sex_and_age(sex: str, born: date | None, day: date) -> str:
    """女，34 岁; only what is known of the two."""
    age = age_on(born, day)
    known = [label("gender", sex, short=True)] if sex in ("1", "2") else []
    return "，".join([*known, *([f"{age} 岁"] if age is not None else [])])


def area_name(division_code: str | None) -> str:
    """The township (or county) of a division's code: 柳园街道; "" where it is unknown."""
    found = divisions.division(division_code) if division_code else None
    while found is not None and found.level == "village" and found.parent_code:
        found = divisions.division(found.parent_code)
    return found.name if found is not None else ""


def phone_ending(phone: str | None) -> str:
    """The last four digits of a phone; "" where there is none."""
    return phone[-PHONE_ENDING:] if phone else ""


def masked_name(name: str) -> str:
    """A name of which only the first character is shown: 赵**."""
    return name[:1] + "*" * max(len(name) - 1, 1)


def masked_phone(phone: str | None) -> str:
    """138****5512; "" where there is none."""
    return mask_phone(phone) if phone else ""


def shown(field: str, facts: PersonData) -> str:
    """A fact as a page shows it: codes as words, numbers masked, other sealed texts only as 已登记; "" for nothing."""
    value = getattr(facts, field)
    if not value:
        return ""
    if field in CODE_SETS:
        return label(CODE_SETS[field], value, short=True)
    if field in ("division_code", "registered_division_code"):
        return divisions.full_name(value)
    if field == "document_kind":
        return KINDS[value]
    if field == "document_number":
        return mask_id(value)
    if field == "phone":
        return masked_phone(value)
    return "已登记" if field in SEALED_FIELDS else str(value)
