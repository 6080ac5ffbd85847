"""Correcting facts: what stays as it was, the stale save, tokens that follow, what the log says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy.orm import Session

from fulian.audit.models import AuditEntry
from fulian.db import db, transact
from fulian.errors import NotFound, Stale
from fulian.people.data import facts_of
from fulian.people.models import Person
from fulian.people.queries import search_people
from fulian.people.service import AlreadyRegistered, PersonData, edit_person
from fulian.sealing.columns import unseal_text
from fulian.testing.acts import refusal_of
from fulian.testing.world import actor

from .conftest import OTHER_PHONE, PHONE, SUN, WANG, ZHAO, Acts, Register


def edit(person_id: int, version: int = 1, by: str = "mediator", clear: tuple[str, ...] = (), **facts: Any) -> None:
    data = PersonData(**{"name": "赵春梅", "document_kind": "id_card", **facts})
    transact(edit_person, person_id, version, data, actor(by), clear=frozenset(clear))


def person(person_id: int) -> Person:
    return db.session.get_one(Person, person_id, populate_existing=True)


@pytest.fixture
def zhao(register: Register, acts: Acts) -> int:
    person_id = register("赵春梅", document_number=ZHAO, phone=PHONE, address="前罗村 3 号", note="孩子有病")
    acts()
    return person_id


def test_an_empty_field_leaves_a_sealed_value(session: Session, zhao: int, acts: Acts) -> None:
    edit(zhao, occupation="教师")
    saved = facts_of(person(zhao))
    assert (saved.document_number, saved.phone, saved.address, saved.note) == (ZHAO, PHONE, "前罗村 3 号", "孩子有病")
    assert (saved.occupation, saved.sex, saved.birth_date) == ("教师", "2", date(1990, 3, 7))
    assert acts() == ["person.edited"]
    assert person(zhao).version == 2


def test_a_tick_empties_it(session: Session, zhao: int) -> None:
    edit(zhao, clear=("phone", "note"))
    saved = facts_of(person(zhao))
    assert (saved.phone, saved.note, saved.address) == ("", "", "前罗村 3 号")
    assert search_people(actor("mediator"), "5512", None, 5) == []
    with pytest.raises(ValueError, match="document_number"):
        edit(zhao, 2, clear=("document_number",))


def test_search_follows_what_was_corrected(session: Session, zhao: int) -> None:
    edit(zhao, name="赵秋菊", phone=OTHER_PHONE, document_number=WANG)
    by = actor("mediator")
    assert [line.id for text in ("zqj", "7730", WANG) for line in search_people(by, text, None, 5)] == [zhao] * 3
    assert [line.id for text in ("zcm", "5512", ZHAO) for line in search_people(by, text, None, 5)] == []
    assert person(zhao).birth_date == date(1978, 12, 31)


def test_a_document_goes_by_its_kind(session: Session, zhao: int) -> None:
    edit(zhao, document_kind="none", sex="2", birth_date=date(1990, 3, 8))
    assert (person(zhao).document_number, person(zhao).document_key) == (None, None)
    assert person(zhao).birth_date == date(1990, 3, 8)
    refused = refusal_of(edit, zhao, 2, document_kind="passport")
    assert (refused.field, "请填写证件号" in refused.message) == ("document_number", True)


def test_nothing_is_written_where_nothing_differs(session: Session, zhao: int, acts: Acts) -> None:
    edit(zhao)
    assert (person(zhao).version, acts()) == (1, [])


def test_a_stale_save_shows_both_and_changes_nothing(session: Session, zhao: int) -> None:
    edit(zhao, by="colleague", occupation="教师", phone=OTHER_PHONE)
    with pytest.raises(Stale) as caught:
        edit(zhao, occupation="会计", address="后罗村 9 号")
    assert caught.value.saved == {"occupation": "教师", "address": "已登记"}
    assert caught.value.mine == {"occupation": "会计", "address": "后罗村 9 号"}
    assert facts_of(person(zhao)).occupation == "教师"


def test_somebody_elses_document_is_refused(session: Session, zhao: int, register: Register) -> None:
    register("孙建国", document_number=SUN)
    assert isinstance(refusal_of(edit, zhao, document_number=SUN), AlreadyRegistered)


def test_who_may_not_edit_finds_nobody(session: Session, zhao: int) -> None:
    for username in ("township", "city", "sibling", "other_admin", "audit"):
        with pytest.raises(NotFound):
            edit(zhao, by=username, occupation="教师")


def test_the_log_names_the_fields_and_masks_the_secrets(session: Session, zhao: int) -> None:
    edit(zhao, phone=OTHER_PHONE, address="后罗村 9 号")
    entry = session.query(AuditEntry).filter_by(act="person.edited").one()
    assert entry.fields == '["phone","address"]'
    assert entry.change is not None
    change = unseal_text("audit_entry", "change", entry.seal_id, entry.change)
    assert "138****5512" in change
    assert not [secret for secret in (PHONE, OTHER_PHONE, ZHAO, "罗村") if secret in change]
