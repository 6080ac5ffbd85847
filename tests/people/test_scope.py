"""Who sees whom: each role, the sibling county, rows of an account, merged files."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select

from fulian.db import db, transact
from fulian.errors import NotFound
from fulian.people.models import Person
from fulian.people.queries import find_person, match_people, newest_people, search_people
from fulian.people.scope import visible_people
from fulian.people.service import link_person, merge_people, require_visible, unlink_person

from .conftest import ACTORS

Register = Callable[..., int]
CENTRAL = {"caseworker", "township", "lead", "other_lead", "county", "city"}


def is_visible(person_id: int, name: str) -> bool:
    """Whether the scope function shows a person to an actor."""
    seen = select(Person.id).where(Person.id == person_id, visible_people(ACTORS[name]))
    return db.session.execute(seen).first() is not None


def seeing(person_id: int) -> set[str]:
    """The actors to whom a person is visible, checked to be the same in every read."""
    found = set()
    for name, by in ACTORS.items():
        seen = is_visible(person_id, name)
        person = db.session.get_one(Person, person_id)
        assert (person_id in {line.id for line in newest_people(by, None, 50)}) is seen
        assert (person_id in {line.id for line in search_people(by, person.name, None, 50)}) is seen
        assert (person_id in {line.id for line in match_people(by, person.name)}) is seen
        if seen:
            assert find_person(by, person_id).id == person_id
            found.add(name)
        else:
            with pytest.raises(NotFound):
                find_person(by, person_id)
    return found


def test_registered_people_are_seen_by_their_organisation_and_all_above_it(register: Register) -> None:
    assert seeing(register("赵春梅")) == CENTRAL
    assert seeing(register("孙建国", by="village")) == {"village", "township", "lead", "other_lead", "county", "city"}
    assert seeing(register("王桂兰", by="sibling_worker")) == {"sibling_worker", "sibling", "city"}


def test_a_lead_sees_a_party_only_through_her_own_programme(world: Flask, register: Register) -> None:
    person_id = register("赵春梅", by="sibling_worker")
    transact(lambda: link_person(person_id, org_id=12, source="party", source_id=1, programme="mediation"))
    assert seeing(person_id) == {"sibling_worker", "sibling", "city", "neighbour", "lead", "county"}


def test_a_restricted_case_shows_its_parties_to_single_accounts_alone(world: Flask, register: Register) -> None:
    person_id = register("赵春梅", by="sibling_worker")
    transact(lambda: unlink_person("registered", person_id))
    assert seeing(person_id) == set()
    transact(lambda: link_person(person_id, account_id=8, source="party", source_id=1))
    assert seeing(person_id) == {"sibling_worker"}
    transact(lambda: link_person(person_id, account_id=11, source="party", source_id=1))
    assert seeing(person_id) == {"sibling_worker"}, "an administrator reads no people, whatever row names her"


def test_a_reason_taken_back_leaves_the_others(world: Flask, register: Register) -> None:
    person_id = register("赵春梅")
    transact(lambda: link_person(person_id, org_id=12, source="party", source_id=7))
    assert seeing(person_id) == CENTRAL | {"neighbour"}
    transact(lambda: unlink_person("party", 7, person_id))
    assert seeing(person_id) == CENTRAL


def test_a_merged_file_is_hidden_and_the_kept_one_takes_its_viewers(world: Flask, register: Register) -> None:
    kept, merged = register("赵春梅"), register("赵春美", by="neighbour")
    transact(merge_people, kept, merged, "电话核对", ACTORS["county"])
    assert seeing(kept) == CENTRAL | {"neighbour"}
    assert not is_visible(merged, "city")
    assert [line.id for line in search_people(ACTORS["city"], "赵春美", None, 50)] == [kept]


def test_a_permission_is_asked_of_the_grant_that_reaches_the_person(world: Flask, register: Register) -> None:
    person_id = register("赵春梅")
    require_visible(person_id, ACTORS["township"])
    with pytest.raises(NotFound):
        require_visible(person_id, ACTORS["township"], "people.edit")
    require_visible(person_id, ACTORS["county"], "people.edit")


def test_a_link_needs_exactly_one_holder(world: Flask, register: Register) -> None:
    person_id = register("赵春梅")
    with pytest.raises(ValueError, match="organisation or to an account"):
        link_person(person_id, source="party", source_id=1)
