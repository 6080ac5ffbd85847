"""Consents and notices of a person: what for, on which basis, and the withdrawal that must be as easy (PIPL 15)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.people.models import Consent, Person
from fulian.people.scope import visible_people
from fulian.people.service.register import EDIT
from fulian.people.words import BASES, CONSENT_ONLY, PURPOSES

NOTICE_LENGTH = 20


def record_consent(
    person_id: int,
    purpose: str,
    basis: str,
    by: Actor,
    *,
    notice_version: str = "",
    case_id: int | None = None,
    given_at: datetime | None = None,
    recorded: bool = True,
) -> int:
    """Write down a consent or a notice; returns its id. `purpose` is a key of PURPOSES, `basis` one of BASES.

    With `recorded=False` it is part of a larger act (opening a case) that logs it and has checked the scope. Raises
    Refused with the field's name, NotFound out of scope.
    """
    if purpose not in PURPOSES:
        raise Refused("请选择同意或告知的是什么。", "purpose")
    if basis not in BASES:
        raise Refused("请选择处理的依据。", "basis")
    if purpose in CONSENT_ONLY and basis != "consent":
        raise Refused("用于宣传必须本人单独同意（《个人信息保护法》第二十五条），不能用别的依据。", "basis")
    if len(notice_version.strip()) > NOTICE_LENGTH:
        raise Refused(f"告知书版本最多 {NOTICE_LENGTH} 个字，请写短一些。", "notice_version")
    given = given_at or by.now
    if given > by.now:
        raise Refused("这个时间还没到，请填实际同意或告知的时间。", "given_at")
    person = select(Person.county_id).where(Person.id == person_id)
    county_id = db.session.execute(person.where(visible_people(by, EDIT)) if recorded else person).scalar_one_or_none()
    if county_id is None:
        raise NotFound
    consent = Consent(
        person_id=person_id,
        case_id=case_id,
        county_id=county_id,
        purpose=purpose,
        basis=basis,
        notice_version=notice_version.strip(),
        given_at=given,
        recorded_by=by.account_id,
    )
    db.session.add(consent)
    db.session.flush()
    if recorded:
        after = {"person": person_id, "purpose": purpose, "basis": basis, "notice_version": consent.notice_version}
        record(by, "consent.recorded", "consent", consent.id, county_id=county_id, case_id=case_id, after=after)
    return consent.id


def withdraw_consent(consent_id: int, by: Actor) -> None:
    """Note that a consent was withdrawn. What was done before stays valid, files kept by law stay (PIPL 15, 47).

    Raises NotFound out of scope, Refused where it is withdrawn already or was no consent.
    """
    found = db.session.execute(
        select(Consent)
        .join(Person, Person.id == Consent.person_id)
        .where(Consent.id == consent_id, visible_people(by, EDIT))
        .with_for_update(of=Consent, key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    if found.withdrawn_at is not None:
        raise Refused("这项同意已经撤回过了。")
    if found.basis != "consent":
        raise Refused("这一项不是凭同意办理的，不能撤回。本人有异议的，请记在备注里并报告县级管理员。")
    found.withdrawn_at = by.now
    db.session.flush()
    record(
        by,
        "consent.withdrawn",
        "consent",
        consent_id,
        county_id=found.county_id,
        case_id=found.case_id,
        before={"purpose": found.purpose, "withdrawn": False},
        after={"purpose": found.purpose, "withdrawn": True},
    )
