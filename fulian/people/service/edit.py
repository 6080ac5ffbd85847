"""Correcting a person's facts. What is sealed is never sent to a form: an empty field leaves it as it was."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import delete, insert, select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date
from fulian.codes.documents import KINDS, NONE
from fulian.db import db
from fulian.errors import NotFound, Refused, Stale
from fulian.people.bulk import token_rows
from fulian.people.data import SEALED_FIELDS, UNKNOWN_SEX, PersonData, facts_of, read_person
from fulian.people.facts import shown
from fulian.people.merges import lacking
from fulian.people.models import TOKENS, Person, PersonToken
from fulian.people.scope import visible_people
from fulian.people.service.register import EDIT, logged, refuse_known
from fulian.people.tokens import document_key, person_tokens
from fulian.people.words import FIELD_LABELS

# Emptied by a tick of their own; a document goes by picking the kind `none`.
CLEARABLE = frozenset(SEALED_FIELDS) - {"document_number"}


def edit_person(
    person_id: int, version: int, data: PersonData, by: Actor, *, clear: frozenset[str] = frozenset()
) -> None:
    """Save corrected facts of a person; "" leaves a sealed one as it was, those named in `clear` are emptied.

    Raises NotFound out of scope, Stale (with both, field → text) where somebody saved since `version`, Refused with
    the field's name, AlreadyRegistered where the document is somebody else's, ValueError for a field that cannot be
    emptied. Nothing is written, and no version used up, where nothing differs.
    """
    if clear - CLEARABLE:
        raise ValueError(f"cannot be emptied: {', '.join(sorted(clear - CLEARABLE))}")
    person = hold_person(person_id, by, EDIT)
    before = facts_of(person)
    after = read_person(_completed(data, before, clear), local_date(by.now))
    if person.version != version:
        raise _stale(before, after)
    if after.document_number and after.document_number != before.document_number:
        refuse_known(after.document_number, by, but=person_id)
    if after == before:
        return
    changed = [field for field in FIELD_LABELS if getattr(before, field) != getattr(after, field)]
    _write(person, after, changed)
    person.version += 1
    if {"name", "phone", "document_number"} & set(changed):
        rebuild_tokens(person)
    record(
        by,
        "person.edited",
        "person",
        person_id,
        county_id=person.county_id,
        before=logged(before),
        after=logged(after),
        fields=changed,
    )


def hold_person(person_id: int, by: Actor, permission: str) -> Person:
    """Lock a person for a change. Raises NotFound out of the scope in which the actor has this permission."""
    person = db.session.execute(
        select(Person)
        .where(Person.id == person_id, visible_people(by, permission))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if person is None:
        raise NotFound
    return person


def rebuild_tokens(person: Person, units: Iterable[int] = ()) -> None:
    """Write the search tokens of a person again, with those of everybody who was merged into her.

    They stand in every unit where they stood, in her own, and in `units`; whoever was merged has none.
    """
    of_person = PersonToken.person_id == person.id
    known = db.session.execute(select(PersonToken.county_id).where(of_person).distinct()).scalars()
    wanted = {*known, *units, person.county_id}
    db.session.execute(delete(PersonToken).where(of_person), execution_options={"synchronize_session": False})
    if person.merged_into is not None:
        return
    merged = db.session.execute(select(Person).where(Person.merged_into == person.id)).scalars()
    tokens: set[str] = set()
    for one in (person, *merged):
        tokens |= person_tokens(one.name, one.unseal("phone") or "", one.unseal("document_number") or "")
    db.session.execute(insert(TOKENS), token_rows(person.id, wanted, tokens))


def fill_facts(kept: Person, merged: Person) -> list[str]:
    """Take what the kept file lacks from the other; returns the fields taken."""
    mine, other = facts_of(kept), facts_of(merged)
    taken = lacking(mine, other)
    _write(kept, replace(mine, **{field: getattr(other, field) for field in taken}), taken)
    return taken


def take_back_facts(kept: Person, merged: Person, taken: Iterable[str]) -> None:
    """Undo `fill_facts`: what was taken and has not been changed since is empty again."""
    mine, other = facts_of(kept), facts_of(merged)
    nothing = PersonData(name=mine.name)
    given_back = [field for field in taken if getattr(mine, field) == getattr(other, field)]
    _write(kept, replace(mine, **{field: getattr(nothing, field) for field in given_back}), given_back)


def _completed(data: PersonData, saved: PersonData, clear: frozenset[str]) -> PersonData:
    """What was typed, with the sealed values that were left empty taken from what is saved."""
    kept: dict[str, Any] = {
        field: "" if field in clear else getattr(data, field) or getattr(saved, field) for field in CLEARABLE
    }
    number = data.document_number
    if not number and data.document_kind == saved.document_kind:
        number = saved.document_number
    if not number and data.document_kind != NONE:
        raise Refused(f"证件类型改成了{KINDS.get(data.document_kind, '别的')}，请填写证件号。", "document_number")
    return replace(data, **kept, document_number=number, submission_id=saved.submission_id, sex=data.sex or UNKNOWN_SEX)


def _write(person: Person, after: PersonData, changed: list[str]) -> None:
    for field in changed:
        if field in SEALED_FIELDS:
            person.seal(field, getattr(after, field) or None)
        else:
            setattr(person, field, getattr(after, field) or None)
    person.document_key = document_key(after.document_number) if after.document_number else None
    db.session.flush()


def _stale(saved: PersonData, mine: PersonData) -> Stale:
    """Both versions of what differs: sealed values masked where they are saved, as typed where she typed them."""
    differing = [field for field in FIELD_LABELS if getattr(saved, field) != getattr(mine, field)]
    typed = {field: getattr(mine, field) for field in differing if field in SEALED_FIELDS}
    return Stale(
        "您打开之后，有人改过这份档案。请看两份内容，再决定用哪一份。",
        {field: shown(field, saved) for field in differing},
        {field: shown(field, mine) for field in differing} | typed,
    )
