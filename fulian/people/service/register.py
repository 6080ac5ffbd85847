"""Registering a person, and taking up one who is already known elsewhere."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, func, insert, or_, select
from sqlalchemy.dialects import postgresql

from fulian.audit.actor import Actor
from fulian.audit.log import record, record_read
from fulian.calendar import local_date
from fulian.codes.documents import mask_id
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.models import Organisation
from fulian.orgs.scope import in_scope
from fulian.people.bulk import person_row, token_rows
from fulian.people.data import PersonData, read_person
from fulian.people.facts import masked_name, masked_phone, sex_and_age
from fulian.people.models import PERSONS, TOKENS, Person, PersonScope
from fulian.people.scope import acting, visible_people
from fulian.people.service.links import REGISTERED, link_person
from fulian.people.tokens import document_keys, person_tokens
from fulian.prepared import PreparedChange

EDIT = "people.edit"
INITIALS = re.compile("[a-z]{1,6}")  # what is typed to search for somebody; no name is written in small letters only

# Written alike on both databases: a submission saved before gives no row back.
_add_person = PreparedChange(
    postgresql.insert(PERSONS).on_conflict_do_nothing(index_elements=["submission_id"]).returning(PERSONS.c.id)
)
_add_tokens = PreparedChange(insert(TOKENS))


@dataclass(frozen=True)
class Known:
    """Somebody who already has the document that was typed. `person_id` is None where she is out of scope."""

    text: str
    person_id: int | None


class AlreadyRegistered(Refused):
    """The document belongs to somebody known: in scope (`known.person_id`) or elsewhere, where she can be linked."""

    def __init__(self, message: str, known: Known) -> None:
        super().__init__(message, "document_number")
        self.known = known


def register_person(data: PersonData, org_id: int, by: Actor) -> int:
    """Register somebody for an organisation; returns her id. The same submission again returns the same person.

    She is linked to the organisation as registered there. Raises Refused with the field's name, AlreadyRegistered
    where the document is somebody's, Forbidden for an organisation where the actor may not register.
    """
    saved = _saved_before(data.submission_id, by)
    if saved is not None:
        return saved
    county_id = _county_of(org_id, by)
    facts = check_new(data, by)
    person_id = store_person(facts, org_id, county_id, by)
    if person_id is None:
        return _saved_before(data.submission_id, by) or 0
    link_person(person_id, org_id=org_id, source=REGISTERED, source_id=person_id)
    record(by, "person.registered", "person", person_id, county_id=county_id, after=logged(facts))
    return person_id


def check_new(data: PersonData, by: Actor) -> PersonData:
    """The facts of somebody who is about to be registered, folded and checked.

    Raises Refused with the field's name, AlreadyRegistered where the document is somebody's.
    """
    facts = read_person(data, local_date(by.now))
    if INITIALS.fullmatch(facts.name):
        raise Refused("这像是拼音首字母，不是姓名。请写证件上的姓名；外文姓名的首字母大写。", "name")
    if facts.document_number:
        refuse_known(facts.document_number, by)
    return facts


def store_person(facts: PersonData, org_id: int, county_id: int, by: Actor) -> int | None:
    """Write somebody whom `check_new` has let pass, with her tokens; returns her id.

    For a larger act (a new case) that has asked whether the actor may register in the organisation, logs the whole
    and links her. None where the same submission was being saved at this very moment.
    """
    row = person_row(facts, org_id, county_id, by.account_id, by.now)
    added = _add_person.run(row)
    if not added:
        return None
    person_id: int = added[0][0]
    tokens = person_tokens(facts.name, facts.phone, facts.document_number)
    _add_tokens.run(*token_rows(person_id, [county_id], tokens))
    return person_id


def logged(facts: PersonData) -> dict[str, str]:
    """What the log says of a person's facts: numbers masked, long texts only as there or not."""
    plain = ("name", "sex", "division_code", "registered_division_code", "ethnicity", "education", "marital")
    values = {field: getattr(facts, field) or "" for field in (*plain, "political", "occupation", "employer")}
    hidden = {field: "有" for field in ("phone_note", "address", "registered_address", "note") if getattr(facts, field)}
    return {
        **{field: text for field, text in values.items() if text},
        **hidden,
        "birth_date": facts.birth_date.isoformat() if facts.birth_date else "",
        "document_kind": facts.document_kind,
        "document_number": mask_id(facts.document_number),
        "phone": masked_phone(facts.phone),
    }


def find_known(number: str, by: Actor, but: int | None = None) -> Known | None:
    """Whose document this is: somebody in scope, or somebody who may be announced; None for neither.

    Whoever is known only through restricted cases (linked to accounts, never to an organisation) is not announced.
    """
    holder = _find_holder(number, by, but)
    if holder is None:
        return None
    name = holder.name if holder.visible else masked_name(holder.name)
    facts = sex_and_age(holder.sex, holder.birth_date, local_date(by.now))
    told = [text for text in (name, facts, holder.unit) if text]
    return Known("，".join(told), holder.id if holder.visible else None)


def refuse_known(number: str, by: Actor, but: int | None = None) -> None:
    """Raises AlreadyRegistered where the document is somebody's (other than `but`'s)."""
    known = find_known(number, by, but)
    if known is None:
        return
    if known.person_id is not None:
        raise AlreadyRegistered(f"这个证件号已有档案：{known.text}。请直接用那份档案，不要再登记。", known)
    raise AlreadyRegistered(f"这个证件号在别处登记过：{known.text}。核对是同一个人，可以关联过来。", known)


def announce_known(number: str, by: Actor) -> Known | None:
    """Somebody out of scope who has exactly this document, masked; logged as a reading. None where there is none."""
    holder = _find_holder(number, by)
    if holder is None or holder.visible:
        return None
    record_read(by, "person.found_elsewhere", "person", holder.id, counties={holder.county_id, by.county_id})
    return find_known(number, by)


def known_holder(number: str, by: Actor) -> int:
    """The id of whoever is known, here or elsewhere, by exactly this document. Raises NotFound.

    For an act that takes her up and logs it, as opening a case does.
    """
    holder = _find_holder(number, by)
    if holder is None:
        raise NotFound
    person_id: int = holder.id
    return person_id


def claim_person(number: str, org_id: int, by: Actor) -> int:
    """Link somebody known elsewhere to an organisation, by the exact number of her document; returns her id.

    Whoever is in scope already is returned as she is. Raises NotFound where nobody may be announced by this number,
    Forbidden for an organisation where the actor may not register.
    """
    county_id = _county_of(org_id, by)
    holder = _find_holder(number, by)
    if holder is None:
        raise NotFound
    if not holder.visible:
        link_person(holder.id, org_id=org_id, source=REGISTERED, source_id=holder.id)
        after = {"organisation": org_id, "document_number": mask_id(number)}
        record(by, "person.linked", "person", holder.id, counties={holder.county_id, county_id}, after=after)
    person_id: int = holder.id
    return person_id


def _find_holder(number: str, by: Actor, but: int | None = None) -> Row[*tuple[Any, ...]] | None:
    """Who has this document: somebody in scope first, else somebody who is linked to any organisation."""
    holders = select(func.coalesce(Person.merged_into, Person.id)).where(Person.document_key.in_(document_keys(number)))
    seen = visible_people(by)
    announced = exists().where(PersonScope.person_id == Person.id, PersonScope.org_id.is_not(None))
    return db.session.execute(
        select(
            Person.id,
            Person.county_id,
            Person.name,
            Person.sex,
            Person.birth_date,
            Organisation.short_name.label("unit"),
            seen.label("visible"),
        )
        .join(Organisation, Organisation.id == Person.county_id)
        .where(Person.id.in_(holders), Person.id != (but or 0), or_(seen, announced))
        .order_by(seen.desc(), Person.id)
        .limit(1)
    ).first()


def _county_of(org_id: int, by: Actor) -> int:
    """The unit of an organisation in which the actor may register people. Raises Forbidden."""
    reach = in_scope(acting(by, EDIT), Organisation.id, Organisation.county_id)
    county_id: int | None = db.session.execute(
        select(Organisation.county_id).where(Organisation.id == org_id, reach)
    ).scalar_one_or_none()
    if county_id is None:
        raise Forbidden("您不能在这个组织登记人员。请选您自己的组织，或请那里的同事登记。", "org_id")
    return county_id


def _saved_before(submission_id: str | None, by: Actor) -> int | None:
    if not submission_id:
        return None
    mine = select(Person.id).where(Person.submission_id == submission_id, Person.created_by == by.account_id)
    return db.session.execute(mine).scalar_one_or_none()
