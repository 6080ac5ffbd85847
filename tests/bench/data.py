"""The data of the benchmark: the real tree, unevenly spread cases, one county whose cases are all old.

An even spread hides what is slow: the newest fifty of a subtree that has none of the newest cases.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from random import Random

from flask import Flask
from sqlalchemy import insert, select, update

from fulian.accounts.models import Account, Grant, SecondFactorRule
from fulian.cases.bulk import BulkCase, BulkEvent, BulkParty, BulkTask, load_cases
from fulian.cases.models import CASES, PARTIES, SCOPE_ROWS
from fulian.codes.documents import check_character
from fulian.codes.namelists import given_names, surnames
from fulian.db import db, transact
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.network import NetworkOrg, read_network
from fulian.people.bulk import NewPerson, load_people
from fulian.people.data import PersonData
from fulian.people.models import SCOPE_ROWS as PEOPLE_SCOPE
from fulian.programmes.models import Opening
from fulian.programmes.programme import PlannedTask
from fulian.programmes.service import refresh_labels

NOW = datetime.now(UTC).replace(microsecond=0)
SINCE = NOW - timedelta(days=5 * 365)
OLD_FROM, OLD_UNTIL = NOW - timedelta(days=14 * 365), NOW - timedelta(days=10 * 365)  # all of the old county's cases

# Number code of a unit → its share of all cases.
SHARES = {
    "371502": 0.45,
    "371503": 0.18,
    "371581": 0.12,
    "371521": 0.08,
    "371525": 0.05,
    "371522": 0.03,
    "3715A1": 0.03,
    "371500": 0.02,
    "371526": 0.04,
}
BUSY, OLD = "371502", "371526"
UNIT_SHARE, TOWNSHIP_SHARE = 0.04, 0.30  # of a unit's cases: registered by itself, by a township; the rest in villages
FALL = 0.8  # the n-th township or village of a unit has 1 / n ** FALL of the first one's cases
RESTRICTED_SHARE, RECENT_OPEN, OLD_OPEN, VOID_SHARE = 0.04, 0.7, 0.02, 0.01
RECENT = timedelta(days=90)
DAYS_TO_CONCLUDE = 30
BUSY_HANDLER_SHARE = 0.5  # of the first township's cases: one handler who has many

RISKS, RISK_WEIGHTS = ("b", "y", "o", "r"), (62.0, 25.0, 12.7, 0.3)
OUTCOMES, OUTCOME_WEIGHTS = ("10", "11", "12", "20", "30", "90"), (40.0, 25.0, 10.0, 15.0, 9.8, 0.2)
STAGES, STAGE_WEIGHTS = ("accepted", "mediation", "agreement", "follow_up"), (30.0, 40.0, 20.0, 10.0)
# Programmes whose plugin is not installed here: every so-many-th case is given to them afterwards.
OTHER_PROGRAMMES = {"lectures": 9, "employment": 211}

COMMON_NAME, COMMON_SHARE = "王秀英", 0.01
CHUNK = 2_000


@dataclass(frozen=True)
class Tree:
    """The organisations as they were written: ids by key, and the units' townships and villages.

    `handlers` has the account that handles an organisation's cases: a unit's or township's own, a village's township's.
    """

    ids: Mapping[str, int]
    orgs: Sequence[NetworkOrg]
    handlers: Mapping[int, int]

    def unit(self, code: str) -> int:
        """The id of the unit with this number code."""
        return self.ids[code]

    def below(self, code: str, level: str) -> list[int]:
        """The ids of a unit's townships or villages, in their order."""
        return [self.ids[org.key] for org in self.orgs if org.county_key == code and org.level == level]


def read_tree() -> Tree:
    """The shipped tree, with the ids that `fill` gives."""
    orgs = read_network()
    ids = {org.key: place for place, org in enumerate(orgs, start=1)}
    handlers = {ids[org.key]: ids[str(org.parent_key)] if org.level == "village" else ids[org.key] for org in orgs}
    return Tree(ids, orgs, handlers)


def busy_handler(tree: Tree) -> int:
    """The account that handles half of the busiest township's cases: its number is that of the unit's last township."""
    return tree.below(BUSY, "township")[-1]


def fill(app: Flask, cases: int) -> None:
    """Write the tree, the accounts, as many persons as cases, and the cases; commits."""
    tree, rng = read_tree(), Random(3715)
    with app.app_context():
        transact(_write_frame, tree)
        drawn = sorted(_draw_places(tree, rng, cases), key=lambda place: place[0])
        people = _People(tree, rng)
        for start in range(0, cases, CHUNK):
            transact(_write_chunk, tree, rng, people, drawn[start : start + CHUNK], start)
        transact(_give_to_other_programmes)


# --- organisations and accounts ------------------------------------------------------------------------------------


def _write_frame(tree: Tree) -> None:
    ids = tree.ids
    above = {org.key: org.parent_key for org in tree.orgs}
    session = db.session
    session.execute(insert(Organisation), [_org_row(org, ids) for org in tree.orgs])
    closure = [
        {"ancestor_id": ids[key], "org_id": ids[org.key], "depth": depth}
        for org in tree.orgs
        for depth, key in enumerate(_chain(org.key, above))
    ]
    session.execute(insert(OrgAncestor), closure)
    handlers = [(ids[org.key], ids[org.county_key]) for org in tree.orgs if org.level in ("county", "township")]
    session.execute(insert(Account), [_account_row(*handler) for handler in handlers])
    session.execute(insert(Grant), [_grant_row(org_id) for org_id, _unit in handlers])
    session.add(SecondFactorRule(required=False, reason="基准", set_at=OLD_FROM))
    units = [{"programme": "mediation", "county_id": tree.unit(code)} for code in SHARES]
    session.execute(insert(Opening), [{**unit, "starts_at": OLD_FROM, "reason": "基准"} for unit in units])
    refresh_labels()


def _chain(key: str, above: Mapping[str, str | None]) -> Iterator[str]:
    here: str | None = key
    while here is not None:
        yield here
        here = above[here]


def _org_row(org: NetworkOrg, ids: Mapping[str, int]) -> dict[str, object]:
    return {
        "id": ids[org.key],
        "name": org.name,
        "short_name": org.short_name,
        "level": org.level,
        "kind": org.kind,
        "parent_id": ids[org.parent_key] if org.parent_key else None,
        "county_id": ids[org.county_key],
        "number_code": org.number_code,
        "division_code": org.division_code,
        "division_year": org.division_year,
        "division_source": org.division_source,
        "sort": org.sort,
        "demo": False,
        "version": 1,
    }


def _account_row(org_id: int, county_id: int) -> dict[str, object]:
    """The account that handles the cases of a unit or a township and its villages: it has the number of that."""
    return {
        "id": org_id,
        "username": f"bench{org_id}",
        "name": "王海燕",
        "org_id": org_id,
        "county_id": county_id,
        "password_hash": "-",  # nobody logs in with a password here: the benchmark begins a session itself
        "password_at": NOW,
        "must_change": False,
        "status": "active",
        "created_at": OLD_FROM,
        "version": 1,
    }


def _grant_row(org_id: int) -> dict[str, object]:
    day = OLD_FROM.date()
    row = {"account_id": org_id, "org_id": org_id, "starts_on": day, "granted_at": OLD_FROM, "reason": ""}
    return {**row, "role": "caseworker", "programme": None}


# --- where and when ------------------------------------------------------------------------------------------------


def _falling(n: int) -> list[float]:
    return list(accumulate(1 / (place + 1) ** FALL for place in range(n)))


def _draw_places(tree: Tree, rng: Random, cases: int) -> Iterator[tuple[datetime, str, int]]:
    """(opened at, number code of the unit, organisation) of each case."""
    below = {code: (tree.below(code, "township"), tree.below(code, "village")) for code in SHARES}
    falling = {code: tuple(_falling(len(ids)) for ids in levels) for code, levels in below.items()}
    for code in rng.choices(list(SHARES), list(SHARES.values()), k=cases):
        start, end = (OLD_FROM, OLD_UNTIL) if code == OLD else (SINCE, NOW - timedelta(minutes=5))
        opened = start + timedelta(seconds=rng.randrange(int((end - start).total_seconds())))
        drawn = rng.random()
        level = 0 if drawn < UNIT_SHARE + TOWNSHIP_SHARE else 1
        places, weights = below[code][level], falling[code][level]
        if drawn < UNIT_SHARE or not places:  # 市本级 has nothing below it
            yield opened, code, tree.unit(code)
        else:
            yield opened, code, rng.choices(places, cum_weights=weights)[0]


# --- persons -------------------------------------------------------------------------------------------------------


class _People:
    """Draws persons, and parties among those that were written."""

    def __init__(self, tree: Tree, rng: Random) -> None:
        self._tree, self._rng = tree, rng
        self._surnames, weights = zip(*surnames(), strict=True)
        self._surname_weights = list(accumulate(weights))
        self._given = {sex: given_names(sex) for sex in ("1", "2")}
        self._given_weights = {sex: _falling(len(names)) for sex, names in self._given.items()}
        self._written: dict[str, list[int]] = {code: [] for code in SHARES}

    def write(self, codes: Sequence[str]) -> None:
        """Write a person for each of these units."""
        people = [self._draw(code) for code in codes]
        for code, person_id in zip(codes, load_people(people), strict=True):
            self._written[code].append(person_id)

    def two(self, code: str) -> tuple[int, int]:
        """Two persons of a unit."""
        first, second = self._rng.sample(self._written[code], 2)
        return first, second

    def _draw(self, code: str) -> NewPerson:
        rng, sex = self._rng, self._rng.choice("12")
        name = self._rng.choices(self._surnames, cum_weights=self._surname_weights)[0]
        name += self._rng.choices(self._given[sex], cum_weights=self._given_weights[sex])[0]
        if rng.random() < COMMON_SHARE:
            name, sex = COMMON_NAME, "2"
        born = date(1950, 1, 1) + timedelta(days=rng.randrange(55 * 365))
        number = f"371599{born:%Y%m%d}{rng.randrange(1000):03d}"  # no county has this code
        card = rng.random() < 0.6
        facts = PersonData(
            name=name,
            sex=sex,
            birth_date=born,
            document_kind="id_card" if card else "none",
            document_number=number + check_character(number) if card else "",
            phone=f"144{rng.randrange(10**8):08d}" if rng.random() < 0.85 else "",
        )
        unit = self._tree.unit(code)
        return NewPerson(facts, unit, unit, unit, OLD_FROM)


# --- cases ---------------------------------------------------------------------------------------------------------


def _write_chunk(
    tree: Tree, rng: Random, people: _People, drawn: Sequence[tuple[datetime, str, int]], start: int
) -> None:
    people.write([code for _opened, code, _org in drawn] + list(SHARES) * 2)
    busy, township = busy_handler(tree), tree.below(BUSY, "township")[0]
    cases = []
    for place, (opened, code, org_id) in enumerate(drawn, start=start):
        handler = busy if org_id == township and rng.random() < BUSY_HANDLER_SHARE else tree.handlers[org_id]
        cases.append(_draw_case(rng, opened, org_id, handler, people.two(code), f"bench-{place}"))
    load_cases(cases)


def _draw_case(
    rng: Random, opened: datetime, org_id: int, handler_id: int, persons: tuple[int, int], submission: str
) -> BulkCase:
    risk = rng.choices(RISKS, RISK_WEIGHTS)[0]
    stage = rng.choices(STAGES, STAGE_WEIGHTS)[0]
    still = rng.random() < (RECENT_OPEN if opened > NOW - RECENT else OLD_OPEN) and opened > SINCE
    events = [BulkEvent("opened", "登记", opened, stage=stage, risk=risk)]
    done = min(opened + timedelta(days=rng.randrange(5, 60)), NOW)
    if not still:
        outcome = rng.choices(OUTCOMES, OUTCOME_WEIGHTS)[0]
        void = rng.random() < VOID_SHARE
        kind, status = ("void", "void") if void else ("closed", "closed")
        end = BulkEvent(
            kind, "办结", done, stage="follow_up", status=status, outcome=None if void else outcome, risk=risk
        )
        events.append(end)
    elif rng.random() < 0.2:
        events.append(BulkEvent("waiting", "等待", done, stage=stage, status="waiting", risk=risk))
    due = PlannedTask(
        "deadline", "办结，或双方同意延期", (opened + timedelta(days=DAYS_TO_CONCLUDE)).date(), legal=True
    )
    return BulkCase(
        programme="mediation",
        org_id=org_id,
        handler_id=handler_id,
        subject="感情不和，子女抚养",
        summary="分居四个月，未给孩子生活费，要求按月支付。",
        parties=(BulkParty("applicant", persons[0]), BulkParty("respondent", persons[1], "husband")),
        events=tuple(events),
        submission_id=submission,
        tasks=(BulkTask(due, opened, None if still else done, None if still else "done"),),
        source="visit",
        restricted=rng.random() < RESTRICTED_SHARE,
    )


def _give_to_other_programmes() -> None:
    for code, every in OTHER_PROGRAMMES.items():
        db.session.execute(update(CASES).where(CASES.c.id % every == 1).values(programme=code))
        db.session.execute(update(SCOPE_ROWS).where(SCOPE_ROWS.c.case_id % every == 1).values(programme=code))
        theirs = select(PARTIES.c.id).where(PARTIES.c.case_id % every == 1)
        linked = update(PEOPLE_SCOPE).where(PEOPLE_SCOPE.c.source == "party", PEOPLE_SCOPE.c.source_id.in_(theirs))
        db.session.execute(linked.values(programme=code))
