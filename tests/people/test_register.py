"""Registering: what is read from a document, who is known already, the doubled submit, what the database holds."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulian.audit.actor import Actor
from fulian.db import db, transact
from fulian.errors import Forbidden, NotFound
from fulian.people.models import Person
from fulian.people.queries import find_person
from fulian.people.service import (
    AlreadyRegistered,
    PersonData,
    announce_known,
    check_new,
    claim_person,
    link_person,
    merge_people,
    register_person,
    store_person,
    unlink_person,
)
from fulian.people.service.register import logged
from fulian.testing.acts import refusal_of
from fulian.testing.databases import Database
from fulian.testing.world import ACCOUNTS, DONGCHANGFU, GULOU, LIUYUAN, ZHENXING, actor

from .conftest import PHONE, SUN, ZHAO, Acts, Register


def try_register(by: Actor | None = None, org_id: int = LIUYUAN, **facts: Any) -> int:
    data = PersonData(**{"name": "赵春梅", **facts})
    return transact(register_person, data, org_id, by or actor("mediator"))


def test_a_document_brings_sex_and_birth_date_but_no_residence(session: Session, register: Register) -> None:
    person = db.session.get_one(Person, register("赵春梅", document_number=f" {ZHAO} ", sex="1"))
    assert (person.sex, person.birth_date) == ("2", date(1990, 3, 7))
    assert person.division_code is None
    assert person.unseal("document_number") == ZHAO


@pytest.mark.parametrize("name", ["abc", "zcm", "ａｂｃ", "z"])
def test_initials_that_were_typed_to_search_are_nobodys_name(session: Session, name: str) -> None:
    refused = refusal_of(try_register, name=name)
    assert (refused.field, "拼音首字母" in refused.message) == ("name", True)
    assert session.execute(select(func.count()).select_from(Person)).scalar_one() == 0


@pytest.mark.parametrize("name", ["Anna", "Li Na", "玛丽a"])
def test_a_foreign_name_is_a_name(session: Session, name: str) -> None:
    assert try_register(name=name)


def test_what_was_typed_is_folded(session: Session, register: Register) -> None:
    person = db.session.get_one(
        Person,
        register("阿依古丽•买买提", document_number="３７１５９９１９７８１２３１００６ｘ", phone="138-0000 5512"),
    )
    assert person.name == "阿依古丽·买买提"
    assert person.unseal("document_number") == "37159919781231006X"
    assert person.unseal("phone") == PHONE


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"name": "  "}, "name", "请填写姓名"),
    ({"name": "赵" * 51}, "name", "50"),
    ({"name": "12"}, "name", "文字"),
    ({"document_kind": "id_card", "document_number": "37159919900307002"}, "document_number", "18位"),
    ({"document_kind": "id_card", "document_number": "371599199003070027"}, "document_number", "最后一位"),
    ({"document_kind": "id_card", "document_number": "371599199002300020"}, "document_number", "真实的日期"),
    ({"document_kind": "id_card"}, "document_number", "请填写身份证号"),
    ({"document_kind": "passport", "document_number": "??"}, "document_number", "护照号"),
    ({"document_kind": "driving"}, "document_kind", "证件类型"),
    ({"phone": "1380000551"}, "phone", "11位"),
    ({"birth_date": date(2026, 11, 25)}, "birth_date", "晚于今天"),
    ({"birth_date": date(1890, 1, 1)}, "birth_date", "太早"),
    ({"sex": "3"}, "sex", "选项"),
    ({"marital": "4"}, "marital", "选项"),
    ({"division_code": "371599000000"}, "division_code", "区划"),
    ({"address": "长" * 121}, "address", "120"),
    ({"note": "长" * 501}, "note", "500"),
]


def test_bad_input_is_refused_at_its_field(session: Session) -> None:
    for facts, field, says in REFUSED:
        refused = refusal_of(try_register, **facts)
        assert (refused.field, says in refused.message) == (field, True), (facts, refused.message)
        assert "3715991990" not in refused.message
    assert session.execute(select(func.count()).select_from(Person)).scalar_one() == 0


def test_nobody_registers_for_an_organisation_that_is_not_hers(session: Session) -> None:
    for username, org_id in (("mediator", GULOU), ("lead", ZHENXING), ("township", LIUYUAN), ("audit", LIUYUAN)):
        with pytest.raises(Forbidden):
            try_register(actor(username), org_id)
    assert try_register(actor("lead"), LIUYUAN)


def test_a_doubled_submit_makes_one_person(session: Session, acts: Acts) -> None:
    first = try_register(submission_id="s-1")
    assert try_register(submission_id="s-1") == first
    assert acts() == ["person.registered"]
    assert try_register(submission_id="s-2") != first


def test_as_a_part_of_a_case_she_is_neither_linked_nor_logged(session: Session, acts: Acts) -> None:
    by = actor("mediator")
    person_id = transact(lambda: store_person(check_new(PersonData("赵春梅"), by), LIUYUAN, DONGCHANGFU, by))
    assert acts() == []
    with pytest.raises(NotFound):
        find_person(by, person_id)


def test_a_document_of_somebody_in_scope_is_refused_with_her_file(session: Session, register: Register) -> None:
    person_id = register("赵春梅", document_number=ZHAO)
    refused = refusal_of(try_register, name="赵春美", document_kind="id_card", document_number=ZHAO)
    assert isinstance(refused, AlreadyRegistered)
    assert (refused.field, refused.known.person_id) == ("document_number", person_id)
    assert "赵春梅" in refused.message
    assert ZHAO not in refused.message


def test_somebody_elsewhere_is_announced_masked_and_can_be_claimed(
    session: Session, register: Register, acts: Acts
) -> None:
    register("赵春梅", by="other_mediator", document_number=ZHAO, phone=PHONE)
    acts()
    refused = refusal_of(try_register, document_kind="id_card", document_number=ZHAO)
    assert isinstance(refused, AlreadyRegistered)
    assert refused.known.person_id is None
    assert "赵**" in refused.message
    assert "赵春梅" not in refused.message
    assert acts() == ["refused.register_person"]
    known = transact(announce_known, ZHAO, actor("mediator"))
    assert known is not None
    assert "茌平区" in known.text
    assert acts() == ["person.found_elsewhere"]


def test_somebody_elsewhere_is_claimed_by_her_number(session: Session, register: Register, acts: Acts) -> None:
    person_id = register("赵春梅", by="other_mediator", document_number=ZHAO)
    acts()
    assert transact(claim_person, ZHAO, LIUYUAN, actor("mediator")) == person_id
    assert acts() == ["person.linked"]
    assert find_person(actor("mediator"), person_id).name == "赵春梅"
    assert find_person(actor("other_mediator"), person_id)
    assert transact(claim_person, ZHAO, LIUYUAN, actor("mediator")) == person_id
    assert acts() == []


def test_nobody_is_claimed_without_her_number_or_for_another_organisation(session: Session, register: Register) -> None:
    register("赵春梅", by="other_mediator", document_number=ZHAO)
    with pytest.raises(NotFound):
        transact(claim_person, SUN, LIUYUAN, actor("mediator"))
    with pytest.raises(Forbidden):
        transact(claim_person, ZHAO, GULOU, actor("mediator"))


def test_who_is_known_only_through_restricted_cases_is_never_announced(session: Session, register: Register) -> None:
    hidden = register("赵春梅", by="other_mediator", document_number=ZHAO)
    transact(unlink_person, "registered", hidden)
    transact(link_person, hidden, account_id=ACCOUNTS["other_mediator"][0], source="party", source_id=1)
    assert transact(announce_known, ZHAO, actor("mediator")) is None
    with pytest.raises(NotFound):
        transact(claim_person, ZHAO, LIUYUAN, actor("mediator"))
    second = try_register(document_kind="id_card", document_number=ZHAO)
    assert second != hidden
    refused = refusal_of(try_register, actor("other_mediator"), ZHENXING, document_kind="id_card", document_number=ZHAO)
    assert isinstance(refused, AlreadyRegistered)
    assert refused.known.person_id == hidden


def test_a_number_of_15_digits_is_kept_and_is_the_same_citizen(session: Session, register: Register) -> None:
    old = ZHAO[:6] + ZHAO[8:17]
    person = db.session.get_one(Person, register("赵春梅", document_number=old))
    assert (person.document_kind, person.unseal("document_number")) == ("id_card_15", old)
    assert person.birth_date == date(1990, 3, 7)
    refused = refusal_of(try_register, document_kind="id_card", document_number=ZHAO)
    assert isinstance(refused, AlreadyRegistered)


def test_the_document_of_a_merged_file_leads_to_the_kept_one(session: Session, register: Register) -> None:
    kept, merged = register("赵春梅"), register("赵春梅", document_number=ZHAO)
    transact(merge_people, kept, merged, "电话核对", actor("admin"))
    refused = refusal_of(try_register, document_kind="id_card", document_number=ZHAO)
    assert isinstance(refused, AlreadyRegistered)
    assert refused.known.person_id == kept


def test_the_log_says_what_is_known_without_numbers_and_long_texts() -> None:
    facts = PersonData(name="赵春梅", note="孩子有病", phone=PHONE, document_kind="id_card", document_number=ZHAO)
    assert logged(facts) == {
        "name": "赵春梅",
        "sex": "0",
        "note": "有",
        "birth_date": "",
        "document_kind": "id_card",
        "document_number": "371599********0026",
        "phone": "138****5512",
    }


def test_the_database_holds_no_number_in_the_clear(session: Session, register: Register, database: Database) -> None:
    sealed = {"address": "前罗村三号", "registered_address": "后罗村四号", "phone_note": "别打电话", "note": "孩子有病"}
    register("赵春梅", document_number=ZHAO, phone=PHONE, **sealed)
    stored = b""
    for table in Person.metadata.sorted_tables:
        for row in session.execute(select(table)):
            stored += b"\n".join(value if isinstance(value, bytes) else str(value).encode() for value in row)
    if database.kind == "sqlite":
        path = Path(database.url.removeprefix("sqlite:///"))
        stored += b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    assert "赵春梅".encode() in stored
    for secret in (ZHAO, PHONE, *sealed.values()):
        forms = (
            secret.encode(),
            secret.encode("utf-16-le"),
            secret.encode().hex().encode(),
            b64encode(secret.encode()),
        )
        assert not [form for form in forms if form in stored]
