"""Tests of people run in the small world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from fulian.audit.models import AuditEntry
from fulian.db import db, transact
from fulian.people.service import PersonData, register_person
from fulian.testing.plugin import Content
from fulian.testing.world import WORLD, actor

# Numbers of the county 371599, which does not exist: they are nobody's.
ZHAO, SUN, WANG, LI = "371599199003070026", "371599198505121044", "37159919781231006X", "37159919920229038X"
PHONE, OTHER_PHONE = "13800005512", "15900007730"

Register = Callable[..., int]
Inside = Callable[..., Any]
Acts = Callable[[], list[str]]


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


# Set-up runs in application contexts of its own: one that stays open would be shared by the requests of a client.


@pytest.fixture
def register(app: Flask) -> Register:
    """Registers somebody for the organisation of an account's first grant; `facts` as in PersonData."""

    def _register(name: str, by: str = "mediator", org_id: int | None = None, **facts: Any) -> int:
        if facts.get("document_number"):
            facts = {"document_kind": "id_card", **facts}
        with app.app_context():
            doing = actor(by)
            return transact(register_person, PersonData(name=name, **facts), org_id or doing.grants[0].org_id, doing)

    return _register


@pytest.fixture
def inside(app: Flask) -> Inside:
    """Calls a function in an application context of its own."""

    def _inside(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        with app.app_context():
            return function(*args, **kwargs)

    return _inside


@pytest.fixture
def acts(app: Flask) -> Acts:
    """What the log says was done, in order, since it was last asked."""
    seen: set[tuple[int, int]] = set()

    def _acts() -> list[str]:
        with app.app_context():
            entry = (AuditEntry.county_id, AuditEntry.seq, AuditEntry.act)
            rows = db.session.execute(select(*entry).order_by(AuditEntry.at, AuditEntry.seq)).all()
        new = [tuple(row) for row in rows if (row.county_id, row.seq) not in seen]
        seen.update((county, seq) for county, seq, _act in new)
        return [act for _county, _seq, act in new]

    return _acts
