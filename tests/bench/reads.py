"""G2, G4, G5: every filter with its worst subtree, a county of old cases, searches; against a join of fifty rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from random import Random
from typing import Any

from sqlalchemy import func, select

from fulian.accounts.models import Account
from fulian.accounts.roles import rights
from fulian.audit.actor import Actor, Held
from fulian.cases.models import Case, CaseScope
from fulian.cases.queries.lists import CaseFilter, case_count, case_rows
from fulian.cases.queries.search import case_tokens
from fulian.db import db
from fulian.orgs.models import Organisation
from fulian.people.models import Person
from fulian.people.queries import match_people, newest_people, search_people
from fulian.web.paging import DESK_ROWS, Cursor
from tests.bench.data import BUSY, COMMON_NAME, NOW, OLD, Tree, busy_handler
from tests.bench.measure import Result, times_of

LIMIT = 15  # J
ROUNDS = 7
POSTS = 30


@dataclass(frozen=True)
class Question:
    """A list as somebody asks for it. `place` is how deep in the list she is: 0 at its beginning, 1 at its end."""

    what: str
    wanted: CaseFilter
    place: float = 0.0
    back: bool = False


# --- who asks ------------------------------------------------------------------------------------------------------


def viewers(tree: Tree) -> dict[str, Actor]:
    """Those whose lists are measured, by name: every role, wide and narrow scopes, old cases only, many posts."""
    city, busy, old = tree.ids["3715"], tree.unit(BUSY), tree.unit(OLD)
    townships, villages = tree.below(BUSY, "township"), tree.below(BUSY, "village")
    old_township = tree.below(OLD, "township")[0]
    unit_of = {tree.ids[org.key]: tree.ids[org.county_key] for org in tree.orgs}
    level_of = {tree.ids[org.key]: org.level for org in tree.orgs}

    def held(role: str, org_id: int, programme: str | None = None) -> Held:
        return Held(role, org_id, unit_of[org_id], level_of[org_id], programme)

    places = [org_id for code in (BUSY, "371503", "371581", OLD) for org_id in tree.below(code, "village")]
    posts = tuple(held("caseworker", org_id) for org_id in Random(30).sample(places, POSTS))
    grants = {
        "city": (held("city_admin", city),),
        "busy county": (held("county_admin", busy),),
        "old county": (held("county_admin", old),),
        "busy township": (held("township_admin", townships[0]),),
        "old township": (held("township_admin", old_township),),
        "county caseworker": (held("caseworker", busy),),
        "old county caseworker": (held("caseworker", old),),
        "village caseworker": (held("caseworker", villages[0]),),
        "county lead": (held("programme_lead", busy, "mediation"),),
        "lead, rare programme": (held("programme_lead", busy, "employment"),),
        "busy handler": (held("caseworker", townships[0]),),
        f"{POSTS} posts": posts,
    }
    account_of = {
        "busy handler": busy_handler(tree),
        "county caseworker": tree.unit(BUSY),
        "old county caseworker": tree.unit(OLD),
    }
    return {
        name: Actor(
            account_id=account_of.get(name, 10_000 + place),
            name=name,
            county_id=held_here[0].county_id,
            now=NOW,
            org_id=held_here[0].org_id,
            grants=held_here,
            permissions=rights().permissions_of(held_here),
        )
        for place, (name, held_here) in enumerate(grants.items())
    }


# --- what is asked -------------------------------------------------------------------------------------------------


def questions(tree: Tree) -> list[Question]:
    """Every filter of the case list, both orders, deep pages both ways."""
    newest = {
        "all": CaseFilter(),
        "status open": CaseFilter(status="open"),
        "status closed": CaseFilter(status="closed"),
        "status void": CaseFilter(status="void"),
        "programme, usual": CaseFilter(programme="mediation"),
        "programme, rare": CaseFilter(programme="employment"),
        "status open, programme usual": CaseFilter(status="open", programme="mediation"),
        "status open, programme rare": CaseFilter(status="open", programme="employment"),
        "handler, busy": CaseFilter(handler_id=busy_handler(tree)),
        "handler, busy, open": CaseFilter(handler_id=busy_handler(tree), status="open"),
        "handler of the old county": CaseFilter(handler_id=tree.unit(OLD)),
        "handler without cases": CaseFilter(handler_id=10_001),
        "risk r, rare": CaseFilter(risk="r"),
        "risk b, usual": CaseFilter(risk="b"),
        "stage": CaseFilter(stage="agreement", status="open"),
        "outcome, rare": CaseFilter(outcome="90", status="closed"),
        "organisation": CaseFilter(org_id=tree.below(BUSY, "township")[0]),
        "organisation, old": CaseFilter(org_id=tree.unit(OLD)),
    }
    due = {
        "due first": CaseFilter(order="due"),
        "due first, overdue": CaseFilter(order="due", due_until=NOW),
        "due first, within 7 days": CaseFilter(order="due", due_from=NOW, due_until=NOW + timedelta(days=7)),
        "due first, programme rare": CaseFilter(order="due", programme="employment"),
        "due first, handler": CaseFilter(order="due", handler_id=busy_handler(tree), status="open"),
    }
    found = [Question(f"list: {what}", wanted) for what, wanted in (newest | due).items()]
    for what in ("all", "status open", "status closed", "programme, usual", "programme, rare"):
        for place, back in ((0.5, False), (0.5, True), (0.98, False)):
            where = f"{'back from' if back else 'at'} {place:.0%}"
            found.append(Question(f"list: {what}, {where}", newest[what], place, back))
    found.append(Question("list: due first, at 50%", due["due first"], 0.5))
    return found


COUNTED = {
    "all": CaseFilter(),
    "status open": CaseFilter(status="open"),
    "overdue": CaseFilter(order="due", due_until=NOW),
}
OLD_LISTS = {
    "all": CaseFilter(),
    "closed": CaseFilter(status="closed"),
    "open (none)": CaseFilter(status="open"),
    "due first (none)": CaseFilter(order="due"),
}


def _cursor(question: Question, extent: Sequence[Any]) -> Cursor | None:
    """A place in the time that all cases span: the list below it may be empty, the walk to it must not be long."""
    if not question.place:
        return None
    first, last, highest = extent
    if question.wanted.order == "due":
        return Cursor(NOW, highest, question.back)
    return Cursor(last - (last - first) * question.place, highest, question.back)


def searches(phone_ending: str, document: str) -> dict[str, str]:
    """What is typed into a search box, by the kind of it."""
    return {
        "name, frequent": COMMON_NAME,
        "name, nobody's": "欧阳不存在",
        "two characters": COMMON_NAME[1:],
        "surname": COMMON_NAME[0],
        "pinyin": "wangx",
        "initials": "wxy",
        "phone ending": phone_ending,
        "document": document,
    }


# --- measuring -----------------------------------------------------------------------------------------------------

Ask = Callable[..., object]  # a query of the product: asked by a viewer, with what follows


class Reads:
    """The measurement of one database: its yardstick, those who ask, and the worst of them for each question."""

    def __init__(self, database: str, tree: Tree) -> None:
        self._database, self._tree = database, tree
        self._asking = viewers(tree)
        self._rng = Random(50)
        self._ids = list(db.session.execute(select(Case.id).order_by(Case.id)).scalars())

    def results(self) -> Iterator[Result]:
        """The lines of G2, G4 and G5."""
        extent = db.session.execute(
            select(func.min(CaseScope.opened_at), func.max(CaseScope.opened_at), func.max(CaseScope.case_id))
        ).one()
        for question in questions(self._tree):
            yield self._worst("G2", question.what, case_rows, question.wanted, _cursor(question, extent), DESK_ROWS)
        for what, wanted in COUNTED.items():
            yield self._worst("G2", f"count: {what}", case_count, wanted)
        for what, wanted in OLD_LISTS.items():
            yield self._worst("G4", f"old cases: {what}", case_rows, wanted, None, DESK_ROWS, only="old")
        yield from self._searches()

    def _searches(self) -> Iterator[Result]:
        somebody = db.session.execute(
            select(Person).where(Person.phone.is_not(None), Person.document_number.is_not(None)).limit(1)
        ).scalar_one()
        phone, document = somebody.unseal("phone") or "", somebody.unseal("document_number") or ""
        for what, typed in searches(phone[-4:], document).items():
            wanted = CaseFilter(tokens=case_tokens(typed) or ())
            yield self._worst("G5", f"cases by {what}", case_rows, wanted, None, DESK_ROWS)
            yield self._worst("G5", f"people by {what}", search_people, typed, None, DESK_ROWS)
        yield self._worst("G5", "people, newest", newest_people, None, DESK_ROWS)
        yield self._worst("G5", "candidates for a name", match_people, COMMON_NAME)

    def _worst(self, goal: str, what: str, ask: Ask, *about: object, only: str = "") -> Result:
        """The viewer for whom this takes longest, in J."""
        asking = {name: by for name, by in self._asking.items() if name.startswith(only)}
        works = [self._join_fifty, *(partial(ask, by, *about) for by in asking.values())]
        unit, *times = times_of(works, ROUNDS)
        took, name = max(zip(times, asking, strict=True))
        return Result(goal, self._database, f"{what} ({name})", f"{took * 1000:.2f} ms", took / unit, LIMIT)

    def _join_fifty(self) -> object:
        """J: one join by primary key of fifty cases with their handler and organisation."""
        fifty = self._rng.sample(self._ids, min(DESK_ROWS, len(self._ids)))
        return db.session.execute(_joined.where(Case.id.in_(fifty))).all()


_joined = (
    select(Case.id, Case.number, Case.title, Case.status, Case.opened_at, Account.name, Organisation.short_name)
    .join(Account, Account.id == Case.handler_id)
    .join(Organisation, Organisation.id == Case.org_id)
)
