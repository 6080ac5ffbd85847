"""Who sees whom: each role, the sibling county, rows of an account, merged files."""

from __future__ import annotations

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulian.db import db, transact
from fulian.errors import NotFound
from fulian.people.models import Person
from fulian.people.queries import find_person, match_people, may_change, newest_people, search_people
from fulian.people.scope import visible_people
from fulian.people.service import link_person, merge_people, require_visible, unlink_person
from fulian.testing.world import ACCOUNTS, GULOU, actor

from .conftest import Register

LIUYUAN_VIEWERS = {"mediator", "colleague", "disabled", "township", "lead", "foreign_lead", "admin", "city"}
CHIPING_VIEWERS = {"other_mediator", "other_lead", "other_admin", "city"}


def is_visible(person_id: int, username: str) -> bool:
    """Whether the scope function shows a person to an account."""
    seen = select(Person.id).where(Person.id == person_id, visible_people(actor(username)))
    return db.session.execute(seen).first() is not None


def seeing(person_id: int) -> set[str]:
    """The accounts that see a person, checked to be the same in every read."""
    db.session.rollback()  # see what others have committed
    found = set()
    name = db.session.get_one(Person, person_id).name
    for username in ACCOUNTS:
        by, seen = actor(username), is_visible(person_id, username)
        assert (person_id in {line.id for line in newest_people(by, None, 50)}) is seen
        assert (person_id in {line.id for line in search_people(by, name, None, 50)}) is seen
        assert (person_id in {line.id for line in match_people(by, name)}) is seen
        if seen:
            assert find_person(by, person_id).id == person_id
            found.add(username)
        else:
            with pytest.raises(NotFound):
                find_person(by, person_id)
    return found


def test_registered_people_are_seen_by_their_organisation_and_above(session: Session, register: Register) -> None:
    assert seeing(register("赵春梅")) == LIUYUAN_VIEWERS
    village = {"village", "several", "township", "lead", "foreign_lead", "admin", "city"}
    assert seeing(register("孙建国", by="village")) == village
    assert seeing(register("王桂兰", by="other_mediator")) == CHIPING_VIEWERS


def test_a_lead_sees_a_party_only_through_her_own_programme(session: Session, register: Register) -> None:
    person_id = register("赵春梅", by="other_mediator")
    transact(link_person, person_id, org_id=GULOU, source="party", source_id=1, programme="mediation")
    assert seeing(person_id) == CHIPING_VIEWERS | {"sibling", "several", "lead", "admin"}


def test_a_restricted_case_shows_its_parties_to_single_accounts_alone(session: Session, register: Register) -> None:
    person_id = register("赵春梅", by="other_mediator")
    transact(unlink_person, "registered", person_id)
    assert seeing(person_id) == set()
    transact(link_person, person_id, account_id=ACCOUNTS["mediator"][0], source="party", source_id=1)
    assert seeing(person_id) == {"mediator"}
    transact(link_person, person_id, account_id=ACCOUNTS["audit"][0], source="party", source_id=1)
    assert seeing(person_id) == {"mediator"}, "an administrator reads no people, whatever row names her"


def test_a_reason_taken_back_leaves_the_others(session: Session, register: Register) -> None:
    person_id = register("赵春梅")
    transact(link_person, person_id, org_id=GULOU, source="party", source_id=7)
    assert seeing(person_id) == LIUYUAN_VIEWERS | {"sibling", "several"}
    transact(unlink_person, "party", 7, person_id)
    assert seeing(person_id) == LIUYUAN_VIEWERS


def test_a_merged_file_is_hidden_and_the_kept_one_takes_its_viewers(session: Session, register: Register) -> None:
    kept, merged = register("赵春梅"), register("赵春美", by="sibling")
    transact(merge_people, kept, merged, "电话核对", actor("admin"))
    assert seeing(kept) == LIUYUAN_VIEWERS | {"sibling", "several"}
    assert not is_visible(merged, "city")
    assert [line.id for line in search_people(actor("city"), "赵春美", None, 50)] == [kept]


def test_a_permission_is_asked_of_the_grant_that_reaches_the_person(session: Session, register: Register) -> None:
    person_id = register("赵春梅", by="sibling")
    require_visible(person_id, actor("several"))
    with pytest.raises(NotFound):
        require_visible(person_id, actor("several"), "people.edit")  # she edits in the village, and only reads here
    require_visible(person_id, actor("admin"), "people.edit")
    may = {name: [may_change(actor(username), person_id, name) for username in ("several", "sibling", "township")]
           for name in ("people.edit", "people.merge")}  # fmt: skip
    assert may == {"people.edit": [False, True, False], "people.merge": [False, False, False]}
    assert may_change(actor("admin"), person_id, "people.merge")


def test_a_link_needs_exactly_one_holder(session: Session, register: Register) -> None:
    person_id = register("赵春梅")
    with pytest.raises(ValueError, match="organisation or to an account"):
        link_person(person_id, source="party", source_id=1)
