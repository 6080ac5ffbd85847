"""What of a person is printed on a paper of a case: opened, for those who may print it. The caller logs it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from fulian.codes import divisions
from fulian.codes.sets import label
from fulian.db import db
from fulian.people.facts import age_on
from fulian.people.models import Person


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """A person in words, "" where something is unknown; `age` in full years."""

    name: str
    sex: str
    ethnicity: str
    age: str
    occupation: str
    employer: str
    phone: str
    address: str
    document_number: str


def person_facts(person_id: int, day: date) -> PersonFacts:
    """The facts of a party on a day, numbers and address in full.

    Asks for no scope: the caller has looked up the case in scope, and writes the reading to the log before the paper
    leaves. Raises `sqlalchemy.exc.NoResultFound` for no such person.
    """
    person = db.session.get_one(Person, person_id)
    age = age_on(person.birth_date, day)
    area = divisions.full_name(person.division_code) if person.division_code else ""
    return PersonFacts(
        name=person.name,
        sex=label("gender", person.sex, short=True) if person.sex in ("1", "2") else "",
        ethnicity=label("ethnic", person.ethnicity),
        age="" if age is None else str(age),
        occupation=person.occupation or "",
        employer=person.employer or "",
        phone=person.unseal("phone") or "",
        address=area + (person.unseal("address") or ""),
        document_number=person.unseal("document_number") or "",
    )
