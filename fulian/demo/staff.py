"""The people who work there: accounts to log in with, mediators without a known password, and who holds which post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, cast

from sqlalchemy import Table, insert

from fulian.accounts.grants import AccountRow, NewGrant, create_account_rows
from fulian.accounts.roles import THREE
from fulian.db import db, reserve_ids
from fulian.demo.names import WOMAN
from fulian.demo.people import Home, People
from fulian.demo.places import Worked
from fulian.demo.plan import LOGIN_AREAS
from fulian.orgs.queries import ancestors_of
from fulian.people.bulk import NewPerson, Reason, load_people, load_reasons
from fulian.people.data import PersonData
from fulian.people.models import Post
from fulian.people.service.links import IN_POST

_POSTS = cast(Table, Post.__table__)
TITLE_OF_ROLE = {
    "caseworker": "专干",
    "programme_lead": "执委",
    "township_admin": "主席",
    "county_admin": "副主席",
    "city_admin": "副主席",
}
OFFICERS = ("主席", "副主席", "执委")
TERM_DAYS = 5 * 365  # 村（社区）、乡镇和县的妇联五年一届


@dataclass(frozen=True)
class Worker:
    """Somebody who is given an account: her role, and where she works."""

    username: str
    role: str
    home: Home
    password_hash: str
    programme: str | None = None


def login_plan(
    places: Sequence[Worked], city: Home, programme: str | None
) -> Iterator[tuple[str, str, Home, str | None]]:
    """(user name, role, where, programme) of the accounts to log in with: county roles twice, the others once."""
    for n, worked in enumerate((place for place in places if place.area.code in LOGIN_AREAS), start=1):
        yield f"mediator{n}", "caseworker", worked.first_township, None
        if programme is not None:
            yield f"lead{n}", "programme_lead", worked.unit, programme
        yield f"township{n}", "township_admin", worked.first_township, None
        yield f"county{n}", "county_admin", worked.unit, None
    yield "city", "city_admin", city, None
    for role in ("system_admin", "security_admin", "audit_admin"):
        yield role.removesuffix("_admin"), role, city, None


def mediator_plan(places: Sequence[Worked]) -> Iterator[tuple[str, str, Home, str | None]]:
    """The mediators that nobody logs in as: one in every organisation with cases that has none yet."""
    for worked in places:
        taken = worked.first_township if worked.area.code in LOGIN_AREAS else None
        for home in worked.homes:
            if home is not taken:
                yield f"m{home.org_id}", "caseworker", home, None


class Staff:
    """Writes accounts, their persons and posts, and the officers of the organisations with cases."""

    def __init__(self, people: People, rng: Random, now: datetime, today: date) -> None:
        self._people, self._rng, self._now, self._today = people, rng, now, today
        self.persons = 0

    def hire(self, workers: Sequence[Worker]) -> list[int]:
        """Write persons, accounts and posts of these workers; returns the accounts' ids in the same order."""
        facts = [self._people.draw(WOMAN, self._rng.randrange(1972, 1999), worker.home) for worker in workers]
        ids = self._register(facts, [worker.home for worker in workers])
        accounts = create_account_rows(
            [
                AccountRow(
                    worker.username,
                    person.name,
                    worker.home.org_id,
                    worker.home.county_id,
                    worker.password_hash,
                    (NewGrant(worker.role, worker.home.org_id, worker.programme, reason="演示"),),
                    person_id,
                )
                for worker, person, person_id in zip(workers, facts, ids, strict=True)
            ],
            self._now,
        )
        posts = [
            self._post(person_id, worker.home, TITLE_OF_ROLE[worker.role], 200 + self._rng.randrange(900))
            for worker, person_id in zip(workers, ids, strict=True)
            if worker.role not in THREE
        ]
        self._write_posts(posts)
        return accounts

    def elect(self, homes: Sequence[Home], chaired: frozenset[int]) -> None:
        """Give organisations officers of today, and a chairwoman of the term before; `chaired` have a chair already."""
        facts: list[PersonData] = []
        plan: list[tuple[Home, str, int, int | None]] = []
        for home in homes:
            since = self._rng.randrange(150, 1500)
            for title in OFFICERS:
                if title != "主席" or home.org_id not in chaired:
                    plan.append((home, title, since, None))
            plan.append((home, "主席", since + TERM_DAYS, since + 1))
        for _ in plan:
            facts.append(self._people.draw(WOMAN, self._rng.randrange(1962, 1996), home))
        ids = self._register(facts, [home for home, *_ in plan])
        self._write_posts(
            [
                self._post(person_id, place, title, since, until)
                for person_id, (place, title, since, until) in zip(ids, plan, strict=True)
            ]
        )

    def _register(self, facts: Sequence[PersonData], homes: Sequence[Home]) -> list[int]:
        self.persons += len(facts)
        at = self._now - timedelta(days=1400)
        return load_people(
            [
                NewPerson(person, home.org_id, home.county_id, None, at)
                for person, home in zip(facts, homes, strict=True)
            ]
        )

    def _post(self, person_id: int, home: Home, title: str, since: int, until: int | None = None) -> dict[str, Any]:
        """A post held since and (None: still) until so many days ago."""
        starts_on = self._today - timedelta(days=since)
        return {
            "person_id": person_id,
            "org_id": home.org_id,
            "county_id": home.county_id,
            "title": title,
            "starts_on": starts_on,
            "ends_on": self._today - timedelta(days=until) if until is not None else None,
            "change": "聘任" if title == "专干" else "当选",
            "end_change": "届满" if until is not None else None,
            "recorded_by": None,
            "recorded_at": self._now,
            "version": 1,
        }

    def _write_posts(self, posts: list[dict[str, Any]]) -> None:
        ids = reserve_ids(Post, len(posts))
        db.session.execute(insert(_POSTS), [{"id": id_, **post} for id_, post in zip(ids, posts, strict=True)])
        reasons = [
            Reason(post["person_id"], post["county_id"], IN_POST, id_, org_id=post["org_id"])
            for id_, post in zip(ids, posts, strict=True)
        ]
        load_reasons(reasons, ancestors_of(post["org_id"] for post in posts))
