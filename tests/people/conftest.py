"""A small world for the rules of people: two counties, two townships in one of them, a village, one actor per role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pluggy
import pytest
from flask import Flask
from sqlalchemy import func, insert, select

import fulian.cases.models  # noqa: F401 - consents point at cases
from fulian import hooks
from fulian.accounts.models import Account
from fulian.accounts.roles import PERMISSIONS
from fulian.audit.actor import Actor, Held
from fulian.audit.log import set_city_unit
from fulian.audit.models import AuditEntry
from fulian.db import Base, db, init_db, transact
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.people.service import PersonData, register_person
from fulian.programmes.loader import EXTENSION, Installed
from fulian.sealing.keys import create_keys, init_keys
from fulian.testing.databases import Database

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
ZHAO, SUN, WANG = "371599199203070020", "371599198505121044", "37159919781231006X"

# id → (level, county unit, parent)
ORGS = {
    1: ("city", 2, None),
    2: ("county", 2, 1),  # 市本级
    10: ("county", 10, 1),
    11: ("township", 10, 10),
    12: ("township", 10, 10),
    13: ("village", 10, 11),
    20: ("county", 20, 1),
    21: ("township", 20, 20),
}
NAMES = {1: "聊城市", 2: "市本级", 10: "东昌府", 11: "柳园街道", 12: "古楼街道", 13: "李庄村", 20: "莘县", 21: "燕店镇"}


def held(role: str, org_id: int, programme: str | None = None) -> Held:
    """A grant in one of the world's organisations."""
    level, county_id, _parent = ORGS[org_id]
    return Held(role, org_id, county_id, level, programme)


def actor(account_id: int, *grants: Held) -> Actor:
    """An actor with these grants and everything they give."""
    roles = {grant.role for grant in grants}
    given = frozenset(name for name, allowed in PERMISSIONS.items() if allowed & roles)
    first = grants[0]
    base = Actor(account_id, f"账号{account_id}", first.county_id, NOW, "192.0.2.1", "r-1")
    return replace(base, org_id=first.org_id, grants=grants, permissions=given)


ACTORS = {
    "caseworker": actor(1, held("caseworker", 11)),
    "neighbour": actor(2, held("caseworker", 12)),
    "township": actor(3, held("township_admin", 11)),
    "lead": actor(4, held("programme_lead", 10, "mediation")),
    "other_lead": actor(5, held("programme_lead", 10, "lectures")),
    "county": actor(6, held("county_admin", 10)),
    "sibling": actor(7, held("county_admin", 20)),
    "sibling_worker": actor(8, held("caseworker", 21)),
    "city": actor(9, held("city_admin", 1)),
    "village": actor(10, held("caseworker", 13)),
    "audit": actor(11, held("audit_admin", 1)),
}


def fill_world() -> None:
    """The organisations with their closure, and the accounts of ACTORS."""
    rows = [
        {
            "id": org_id,
            "name": f"{NAMES[org_id]}妇联",
            "short_name": NAMES[org_id],
            "level": level,
            "kind": "federation",
            "county_id": county_id,
            "parent_id": parent,
            "number_code": "371500" if org_id == 2 else None,
        }
        for org_id, (level, county_id, parent) in ORGS.items()
    ]
    db.session.execute(insert(Organisation).values(rows))  # one statement: the city's unit stands below it
    for org_id in ORGS:
        ancestor: int | None = org_id
        depth = 0
        while ancestor is not None:
            db.session.execute(insert(OrgAncestor), [{"ancestor_id": ancestor, "org_id": org_id, "depth": depth}])
            ancestor, depth = ORGS[ancestor][2], depth + 1
    for by in ACTORS.values():
        db.session.add(
            Account(
                id=by.account_id or 0,
                username=f"user{by.account_id}",
                name=by.name,
                org_id=by.org_id or 0,
                county_id=by.county_id,
                password_hash="-",
                password_at=NOW,
                created_at=NOW,
            )
        )
        db.session.flush()


@pytest.fixture
def world(database: Database, tmp_path: Path) -> Iterator[Flask]:
    """An application with the rules of people only, and the small world in its database."""
    app = Flask("people_only")
    app.config["SQLALCHEMY_DATABASE_URI"] = database.url
    init_db(app)
    init_keys(app, create_keys(tmp_path / "keys"))
    set_city_unit(app, lambda: 2)
    manager = pluggy.PluginManager(hooks.PROJECT)
    manager.add_hookspecs(hooks)
    app.extensions[EXTENSION] = Installed(manager)
    with app.app_context():
        transact(fill_world)
        yield app
        db.session.remove()
        db.engine.dispose()


@dataclass(frozen=True)
class Log:
    """What stands in the log."""

    entries: list[AuditEntry]

    @property
    def acts(self) -> list[str]:
        return [entry.act for entry in self.entries]


@pytest.fixture
def log(world: Flask) -> Callable[[], Log]:
    """Reads the log as it stands now."""

    def read() -> Log:
        return Log(list(db.session.execute(select(AuditEntry).order_by(AuditEntry.at, AuditEntry.seq)).scalars()))

    return read


@pytest.fixture
def register(world: Flask) -> Callable[..., int]:
    """Registers somebody as the caseworker of 柳园街道, or `by` another actor in `org_id`."""

    def _register(name: str, by: str = "caseworker", org_id: int | None = None, **facts: Any) -> int:
        doing = ACTORS[by]
        number = facts.get("document_number")
        data = PersonData(name=name, **({"document_kind": "id_card"} if number else {}), **facts)
        return transact(register_person, data, org_id or doing.org_id or 0, doing)

    return _register


def later(by: Actor, now: datetime) -> Actor:
    """The same actor at another time."""
    return replace(by, now=now)


def count_rows(table: type[Base]) -> int:
    """How many rows a table has."""
    return db.session.execute(select(func.count()).select_from(table)).scalar_one()
