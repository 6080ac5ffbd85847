"""The shipped network in a database that has none yet."""

from __future__ import annotations

from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from fulian.audit.actor import Actor
from fulian.audit.models import AuditEntry
from fulian.db import db, transact
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.queries import ancestors, city_unit, county_units, size_of
from fulian.orgs.service import ensure_network
from fulian.testing.world import NOW

ORGANISATIONS = 6_511  # 1 city, 12 units, 135 townships, 6,363 villages


@pytest.fixture
def by() -> Actor:
    return Actor(None, "命令行", 0, NOW)


def test_it_is_loaded_once(app: Flask, by: Actor) -> None:
    with app.app_context():
        assert transact(ensure_network, by) == ORGANISATIONS
        assert transact(ensure_network, by) == 0
        levels = db.session.execute(select(Organisation.level, func.count()).group_by(Organisation.level))
        assert {row[0]: row[1] for row in levels} == {"city": 1, "county": 12, "township": 135, "village": 6_363}
        entry = db.session.execute(select(AuditEntry)).scalar_one()
        assert (entry.act, entry.county_id) == ("organisation.network_loaded", city_unit())


def test_every_organisation_has_its_unit_and_all_above_it(app: Flask, by: Actor) -> None:
    with app.app_context():
        transact(ensure_network, by)
        assert [unit.short_name for unit in county_units()][:3] == ["东昌府区", "茌平区", "临清市"]
        inside = text(
            "SELECT count(*) FROM organisation o JOIN organisation u ON u.id = o.county_id WHERE u.level = 'county'"
        )
        assert db.session.execute(inside).scalar_one() == ORGANISATIONS
        sizes = Counter[str]()
        for unit in county_units():
            sizes.update(size_of(unit.id))
        assert sizes["village"] == 6_363
        village = db.session.execute(select(Organisation).where(Organisation.level == "village").limit(1)).scalar_one()
        assert [org.level for org in ancestors(village.id)] == ["village", "township", "county", "city"]
        deepest = db.session.execute(select(func.max(OrgAncestor.depth))).scalar_one()
        assert deepest == 3


def test_new_organisations_are_numbered_after_it(app: Flask, by: Actor) -> None:
    with app.app_context():
        transact(ensure_network, by)
        unit = county_units()[0].id
        body = Organisation(name="新妇联", short_name="新", level="body", kind="group", parent_id=unit, county_id=unit)
        transact(lambda: (db.session.add(body), db.session.flush()))
        assert body.id > ORGANISATIONS
