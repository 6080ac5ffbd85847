"""Consents and their withdrawal, showing a sealed value, posts from and to."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fulian.accounts.models import Grant
from fulian.audit.models import AuditEntry
from fulian.db import db, transact
from fulian.errors import Forbidden, NotFound
from fulian.people.models import Consent, Post
from fulian.people.queries import consents_of, find_person, people_in_post, people_once_in_post, posts_of
from fulian.people.service import end_post, hold_post, record_consent, reveal, withdraw_consent
from fulian.people.service.consents import NOTICE_LENGTH
from fulian.testing.acts import refusal_of
from fulian.testing.world import ACCOUNTS, GULOU, LIUYUAN, LIUYUAN_VILLAGE, NOW, ZHENXING, actor

from .conftest import PHONE, ZHAO, Acts, Register

TODAY = NOW.date()


@pytest.fixture
def zhao(register: Register, acts: Acts) -> int:
    person_id = register("赵春梅", document_number=ZHAO, phone=PHONE)
    acts()
    return person_id


# --- consents -------------------------------------------------------------------------------------------------------


def consent(person_id: int, purpose: str = "sensitive", basis: str = "consent", by: str = "mediator") -> int:
    return transact(record_consent, person_id, purpose, basis, actor(by), notice_version="第 3 版")


def test_a_consent_is_withdrawn_and_stays_written_down(session: Session, zhao: int, acts: Acts) -> None:
    consent_id = consent(zhao)
    transact(withdraw_consent, consent_id, actor("colleague"))
    assert acts() == ["consent.recorded", "consent.withdrawn"]
    (found,) = consents_of(zhao)
    assert (found.given_at, found.withdrawn_at, found.notice_version) == (NOW, NOW, "第 3 版")
    assert "已经撤回" in refusal_of(lambda: transact(withdraw_consent, consent_id, actor("mediator"))).message


def test_what_is_no_consent_cannot_be_withdrawn(session: Session, zhao: int) -> None:
    duty = consent(zhao, "notice", "duty")
    assert "不能撤回" in refusal_of(lambda: transact(withdraw_consent, duty, actor("mediator"))).message


def test_consents_are_refused_at_their_fields(session: Session, zhao: int) -> None:
    wrong = [("all", "consent", "purpose"), ("notice", "habit", "basis"), ("portrait", "duty", "basis")]
    assert [refusal_of(consent, zhao, purpose, basis).field for purpose, basis, _field in wrong] == [
        field for _purpose, _basis, field in wrong
    ]
    long, tomorrow = {"notice_version": "版" * (NOTICE_LENGTH + 1)}, {"given_at": NOW + timedelta(days=1)}
    given = [refusal_of(transact, record_consent, zhao, "notice", "duty", actor("mediator"), **one).field
             for one in (long, tomorrow)]  # fmt: skip
    assert given == ["notice_version", "given_at"]
    with pytest.raises(NotFound):
        consent(zhao, by="sibling")
    assert session.execute(select(Consent)).first() is None


def test_as_a_part_of_a_case_a_consent_is_not_logged(session: Session, zhao: int, acts: Acts) -> None:
    transact(record_consent, zhao, "notice", "consent", actor("mediator"), recorded=False)
    assert (acts(), len(consents_of(zhao))) == ([], 1)


# --- showing --------------------------------------------------------------------------------------------------------


def test_a_value_is_shown_with_a_reason_that_the_log_keeps(session: Session, zhao: int, acts: Acts) -> None:
    assert transact(reveal, zhao, "document_number", "verify", actor("mediator")) == ZHAO
    assert transact(reveal, zhao, "phone", "other", actor("lead"), text="约调解时间") == PHONE
    assert transact(reveal, zhao, "address", "contact", actor("mediator")) == ""
    assert acts() == ["person.revealed"] * 3
    entries = session.execute(select(AuditEntry).where(AuditEntry.act == "person.revealed")).scalars()
    assert {(entry.outcome, entry.fields) for entry in entries} == {
        ("read", '["document_number"]'),
        ("read", '["phone"]'),
        ("read", '["address"]'),
    }


def test_nothing_is_shown_without_a_reason_or_out_of_scope(session: Session, zhao: int, acts: Acts) -> None:
    def try_reveal(field: str = "phone", reason: str = "contact", by: str = "mediator", text: str = "") -> str:
        return transact(reveal, zhao, field, reason, actor(by), text=text)

    assert refusal_of(try_reveal, reason="curious").field == "reason"
    assert refusal_of(try_reveal, reason="other").field == "text"
    assert refusal_of(try_reveal, text="长" * 201).field == "text"
    for values in ({"field": "name"}, {"by": "sibling"}, {"by": "township"}, {"by": "city"}):
        with pytest.raises(NotFound):
            try_reveal(**values)
    assert set(acts()) == {"refused.reveal"}


# --- posts ----------------------------------------------------------------------------------------------------------


def hold(person_id: int, org_id: int = LIUYUAN, title: str = "执委", by: str = "admin", **given: Any) -> int:
    starts = given.pop("starts_on", date(2024, 3, 1))
    return transact(hold_post, person_id, org_id, title, starts, given.pop("change", "当选"), actor(by), **given)


def end(post_id: int, ends_on: date = TODAY, change: str = "届满", by: str = "admin", version: int = 1) -> None:
    transact(end_post, post_id, version, ends_on, change, actor(by))


def test_posts_run_from_to_and_several_at_once(session: Session, zhao: int, acts: Acts) -> None:
    first, second = hold(zhao), hold(zhao, LIUYUAN_VILLAGE, "主席")
    end(first, date(2026, 3, 1))
    again = hold(zhao, starts_on=date(2026, 3, 2))
    assert acts() == ["post.held", "post.held", "post.ended", "post.held"]
    assert [post.id for post in posts_of(zhao)] == [again, second, first]
    assert [post.id for post in people_in_post(LIUYUAN, TODAY)] == [again]
    assert [post.id for post in people_in_post(LIUYUAN, date(2026, 3, 1))] == [first]
    assert [post.id for post in people_once_in_post(LIUYUAN, TODAY)] == [first]
    assert db.session.get_one(Post, first).change == "当选"


def test_the_same_title_twice_at_once_is_refused(session: Session, zhao: int, register: Register) -> None:
    hold(zhao)
    assert refusal_of(hold, zhao, starts_on=date(2025, 1, 1)).field == "title"
    past = {"starts_on": date(2020, 3, 1), "ends_on": date(2024, 2, 29), "end_change": "届满"}
    assert hold(zhao, **past)
    assert refusal_of(hold, zhao, **past | {"ends_on": date(2024, 3, 1)}).field == "title"
    hold(zhao, title="主席", change="增选")
    other = register("孙建国")
    assert "赵春梅" in refusal_of(hold, other, title="主席").message
    assert hold(other, title="副主席")


def test_posts_are_refused_at_their_fields(session: Session, zhao: int) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"title": "书记"}, "title"),
        ({"change": "指派"}, "change"),
        ({"starts_on": date(2026, 11, 25)}, "starts_on"),
        ({"ends_on": date(2024, 2, 1), "end_change": "届满"}, "ends_on"),
        ({"ends_on": date(2025, 2, 1)}, "end_change"),
        ({"end_change": "届满"}, "ends_on"),
    ]
    assert [refusal_of(hold, zhao, **facts).field for facts, _field in wrong] == [field for _facts, field in wrong]
    post_id = hold(zhao)
    assert refusal_of(end, post_id, date(2024, 2, 29)).field == "ends_on"
    assert refusal_of(end, post_id, date(2026, 11, 25)).field == "ends_on"
    assert refusal_of(end, post_id, change="调走").field == "end_change"
    assert "刚被别人改过" in refusal_of(end, post_id, version=2).message


def test_posts_are_noted_only_in_ones_own_area(session: Session, zhao: int, register: Register) -> None:
    for username, org_id in (("admin", ZHENXING), ("township", GULOU), ("mediator", LIUYUAN)):
        with pytest.raises(Forbidden):
            hold(zhao, org_id, by=username)
    post_id = hold(zhao, by="township")
    with pytest.raises(NotFound):
        end(post_id, by="other_admin")
    elsewhere = register("王桂兰", by="other_mediator")
    with pytest.raises(NotFound):
        hold(elsewhere)


def test_a_post_makes_her_visible_and_its_end_does_not_hide_her(session: Session, zhao: int) -> None:
    with pytest.raises(NotFound):
        find_person(actor("sibling"), zhao)
    post_id = hold(zhao, GULOU)
    assert find_person(actor("sibling"), zhao)
    end(post_id)
    assert find_person(actor("sibling"), zhao)


def test_grants_that_hang_on_a_post_end_with_it(session: Session, zhao: int) -> None:
    post_id = hold(zhao)
    hers = Grant.account_id == ACCOUNTS["colleague"][0]
    transact(lambda: session.execute(update(Grant).where(hers).values(post_id=post_id)))
    end(post_id, date(2026, 10, 31))
    assert session.execute(select(Grant.ends_on).where(hers)).scalar_one() == date(2026, 10, 31)
