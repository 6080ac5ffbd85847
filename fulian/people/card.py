"""The facts of one person as her page shows them: in words, numbers masked."""

from __future__ import annotations

from dataclasses import dataclass

from fulian.audit.actor import Viewer
from fulian.calendar import local_date
from fulian.codes.documents import KINDS, NONE
from fulian.orgs.queries import find_org
from fulian.people.data import facts_of
from fulian.people.facts import sex_and_age, shown
from fulian.people.models import Person
from fulian.people.words import FIELD_LABELS, SEALED_LABELS

_ORDER = (
    "document_number",
    "birth_date",
    "phone",
    "phone_note",
    "division_code",
    "address",
    "registered_division_code",
    "registered_address",
    "ethnicity",
    "education",
    "marital",
    "political",
    "occupation",
    "employer",
    "note",
)


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of the page: `sealed` names the field that can be shown, "" where nothing is hidden."""

    label: str
    text: str
    sealed: str


@dataclass(frozen=True, slots=True)
class PersonCard:
    """Who somebody is at a glance (`facts` 女，34 岁), what is known, what is missing, and where she was registered."""

    facts: str
    lines: tuple[Fact, ...]
    missing: tuple[str, ...]
    org_name: str

    def mask_of(self, field: str) -> str:
        """What is shown of a sealed field; "" where nothing is saved."""
        return next((line.text for line in self.lines if line.sealed == field), "")


def person_card(person: Person, viewer: Viewer) -> PersonCard:
    """The facts of a person as the viewer's page shows them; the caller has looked her up in scope."""
    facts = facts_of(person)
    lines, missing = [], []
    for field in _ORDER:
        text = shown(field, facts)
        label = FIELD_LABELS[field]
        if field == "document_number" and facts.document_kind not in (NONE, "id_card"):
            label = KINDS[facts.document_kind]
        if text:
            lines.append(Fact(label, text, field if field in SEALED_LABELS else ""))
        elif field in ("document_number", "phone", "division_code"):
            missing.append(label)
    return PersonCard(
        sex_and_age(facts.sex, facts.birth_date, local_date(viewer.now)),
        tuple(lines),
        tuple(missing),
        find_org(person.org_id).short_name,
    )
