"""Showing one sealed value: with a reason, and on the log before it leaves."""

from __future__ import annotations

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record_read
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.people.models import Person
from fulian.people.scope import visible_people
from fulian.people.words import REVEAL_REASONS, SEALED_LABELS

REVEAL = "people.reveal"
REASON_LENGTH = 200


def reveal(person_id: int, field: str, reason: str, by: Actor, *, text: str = "") -> str:
    """The value of a sealed field (a key of SEALED_LABELS), logged as a reading; "" where nothing is saved.

    `reason` is a key of REVEAL_REASONS, `text` its own words: needed with `other`. A use case for `transact`, run
    before the page is made. Raises NotFound for another field or out of scope, Refused without a reason.
    """
    if reason not in REVEAL_REASONS:
        raise Refused("请选择为什么要看。", "reason")
    if reason == "other" and not text.strip():
        raise Refused("选了“其他”，请写明为什么要看。", "text")
    if len(text.strip()) > REASON_LENGTH:
        raise Refused(f"事由最多 {REASON_LENGTH} 个字，请写短一些。", "text")
    person = db.session.execute(
        select(Person).where(Person.id == person_id, visible_people(by, REVEAL))
    ).scalar_one_or_none()
    if person is None or field not in SEALED_LABELS:
        raise NotFound
    why = "，".join(part for part in (REVEAL_REASONS[reason], text.strip()) if part)
    record_read(
        by,
        "person.revealed",
        "person",
        person_id,
        county_id=person.county_id,
        after={"field": field, "reason": why},
        fields=[field],
    )
    return person.unseal(field) or ""
