"""Making the demo: once, in one transaction, and never beside real data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import func, insert, select

from fulian.accounts.models import Account, Authenticator, SecondFactorRule
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date, start_of_day
from fulian.cases.models import Case
from fulian.db import db
from fulian.demo.cases import Casework
from fulian.demo.people import Home, People
from fulian.demo.places import Worked, worked_places
from fulian.demo.plan import (
    AREAS,
    CASES,
    END_REASON,
    GUARDED,
    OPEN_REASON,
    PERSONS,
    SEED,
    STOP_REASON,
    TRIAL_END,
    TRIAL_REASON,
    TRIALS,
)
from fulian.demo.staff import Staff, Worker, login_plan, mediator_plan
from fulian.errors import Refused
from fulian.orgs.models import Organisation
from fulian.orgs.network import CITY_KEY, CITY_OWN_KEY, lateral_bodies, read_network
from fulian.orgs.queries import ancestors_of
from fulian.orgs.service import load_network
from fulian.people.bulk import Reason, load_reasons
from fulian.people.models import Person, PersonScope
from fulian.people.service.links import REGISTERED
from fulian.programmes.loader import programmes
from fulian.programmes.models import Opening
from fulian.programmes.programme import Programme
from fulian.programmes.service import refresh_labels

MAKER = "演示数据"


@dataclass(frozen=True)
class DemoAccount:
    """An account to log in with, as it is printed. `programmes` are the codes of those she works with."""

    username: str
    password: str
    totp_secret: str | None
    role: str
    organisation: str
    programmes: tuple[str, ...]


@dataclass(frozen=True)
class Secrets:
    """What no seed may decide: a password and its hash for each user name; the hash of a password nobody knows; the
    secret of the one authenticator."""

    passwords: Mapping[str, str]
    hashes: Mapping[str, str]
    unknown: str
    totp_secret: str


def is_demo() -> bool:
    """Whether this database holds the demo: its lateral bodies are marked, no real organisation ever is."""
    return db.session.execute(select(Organisation.id).where(Organisation.demo).limit(1)).first() is not None


def require_empty() -> None:
    """Raises Refused where the database holds anything real: an account, a person or a case."""
    for model, word in ((Account, "个账号"), (Person, "人"), (Case, "件案件")):
        n = db.session.execute(select(func.count()).select_from(model)).scalar_one()
        if n:
            raise Refused(f"这个数据库里已有 {n} {word}，是正式数据，不能加演示数据。请另用一个空的 FULIAN_INSTANCE。")
    if db.session.execute(select(Organisation.id).limit(1)).first() is not None:
        raise Refused("这个数据库里已有正式的组织，不能加演示数据。请另用一个空的 FULIAN_INSTANCE。")


def login_usernames() -> list[str]:
    """The user names of the accounts to log in with, before anything is made."""
    nowhere = Home(0, 0, "", None)
    worked = [Worked(area, (nowhere, nowhere), ()) for area in AREAS]
    return [username for username, *_ in login_plan(worked, nowhere, _first(_told()))]


def load_demo(secrets: Secrets, now: datetime, *, persons: int = PERSONS, cases: int = CASES) -> list[DemoAccount]:
    """Write the whole demo; returns the accounts to log in with. Logged as one entry.

    The same `now`, `persons` and `cases` give the same data. Raises Refused on a database that holds anything.
    """
    require_empty()
    rng, today = Random(SEED), local_date(now)  # noqa: S311 - invented data, no secret
    network = [*read_network(), *lateral_bodies(SEED)]
    ids = load_network(network)
    city = Home(ids[CITY_KEY], ids[CITY_OWN_KEY], network[0].short_name, None)
    places, people = worked_places(network, ids), People(rng, today)
    staff, told = Staff(people, rng, now, today), _told()
    plan = list(login_plan(places, city, _first(told)))
    hired = [Worker(name, role, home, secrets.hashes[name], code) for name, role, home, code in plan]
    hired += [Worker(name, role, home, secrets.unknown, code) for name, role, home, code in mediator_plan(places)]
    accounts = staff.hire(hired)
    chaired = frozenset(worker.home.org_id for worker in hired if worker.role == "township_admin")
    staff.elect([home for worked in places for home in worked.homes], chaired)
    _guard(secrets.totp_secret, accounts[[worker.username for worker in hired].index(GUARDED)], now)
    refresh_labels()
    _open(told, ids, accounts[[worker.role for worker in hired].index("city_admin")], today)
    handlers = _handlers(hired, accounts)
    for programme in told:
        Casework(programme, people, rng, now, today).write(
            places, cases // len(told), (persons - staff.persons) // len(told), handlers
        )
    _link_the_rest()
    _log(ids, now, cases=cases if told else 0)
    return [_printed(worker, secrets, told) for worker in hired[: len(plan)]]


def _told() -> list[Programme]:
    """The installed programmes that have demo cases."""
    return [programme for programme in programmes().values() if programme.demo is not None]


def _first(told: Sequence[Programme]) -> str | None:
    return told[0].code if told else None


def _handlers(hired: Sequence[Worker], accounts: Sequence[int]) -> dict[int, tuple[int, str]]:
    """(account, name) of the mediator of each organisation."""
    names: dict[int, str] = {
        row.id: row.name for row in db.session.execute(select(Account.id, Account.name).where(Account.id.in_(accounts)))
    }
    return {
        worker.home.org_id: (account, names[account])
        for worker, account in zip(hired, accounts, strict=True)
        if worker.role == "caseworker"
    }


def _open(told: Sequence[Programme], ids: Mapping[str, int], by: int, today: date) -> None:
    """Openings as history: running, ended, tried, and one that begins later."""

    def ago(days: int | None) -> datetime | None:
        return start_of_day(today - timedelta(days=days)) if days else None

    rows: list[dict[str, Any]] = []
    for programme in told:
        base = {"programme": programme.code, "opened_by": by, "stopped_by": None, "stop_reason": None}
        base |= {"ended_by": None, "end_reason": None, "intake_ends_at": None, "ends_at": None, "reason": OPEN_REASON}
        for area in AREAS:
            row = {**base, "county_id": ids[area.code], "starts_at": ago(area.opened)}
            if area.ended is not None:
                row |= {"intake_ends_at": ago(area.stopped), "stopped_by": by, "stop_reason": STOP_REASON}
                row |= {"ends_at": ago(area.ended), "ended_by": by, "end_reason": END_REASON}
            rows.append(row)
        for trial in TRIALS:
            starts = ago(trial.opened) or start_of_day(today + timedelta(days=trial.starts_in))
            row = {**base, "county_id": ids[trial.code], "starts_at": starts}
            if trial.ended:
                end = ago(trial.ended)
                row |= {"reason": TRIAL_REASON, "intake_ends_at": end, "stopped_by": by, "stop_reason": TRIAL_END}
                row |= {"ends_at": end, "ended_by": by, "end_reason": TRIAL_END}
            rows.append(row)
    if rows:
        db.session.execute(insert(Opening), rows)


def _link_the_rest() -> None:
    """People who stand in no case and hold no post are visible where they were registered."""
    linked = select(PersonScope.person_id)
    rest = db.session.execute(
        select(Person.id, Person.org_id, Person.county_id).where(Person.id.not_in(linked)).order_by(Person.id)
    ).all()
    above = ancestors_of(row.org_id for row in rest)
    load_reasons([Reason(row.id, row.county_id, REGISTERED, row.id, org_id=row.org_id) for row in rest], above)


def _log(ids: Mapping[str, int], now: datetime, cases: int) -> None:
    by = Actor(None, MAKER, ids[CITY_OWN_KEY], now)
    counts = {
        "organisations": len(ids),
        "accounts": db.session.execute(select(func.count()).select_from(Account)).scalar_one(),
        "people": db.session.execute(select(func.count()).select_from(Person)).scalar_one(),
        "cases": cases,
    }
    record(by, "demo.loaded", "demo", "*", after=counts)


def _guard(secret: str, account_id: int, now: datetime) -> None:
    """One account has an authenticator; the others need none, else nobody could look around in the demo."""
    device = Authenticator(account_id=account_id, last_step=0, set_at=now)
    device.seal("secret", secret)
    db.session.add_all((device, SecondFactorRule(required=False, reason=MAKER, set_at=now)))
    db.session.flush()


def _printed(worker: Worker, secrets: Secrets, told: Sequence[Programme]) -> DemoAccount:
    works = worker.role.removesuffix("_admin") not in ("system", "security", "audit")
    codes = (worker.programme,) if worker.programme else tuple(programme.code for programme in told)
    name = db.session.execute(select(Organisation.name).where(Organisation.id == worker.home.org_id)).scalar_one()
    secret = secrets.totp_secret if worker.username == GUARDED else None
    password = secrets.passwords[worker.username]
    return DemoAccount(worker.username, password, secret, worker.role, name, codes if works else ())
