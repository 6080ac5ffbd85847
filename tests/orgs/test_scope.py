"""The one scope function of everything but cases and people, on the organisations' own rows."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulian.orgs.models import Organisation
from fulian.orgs.scope import grants_for, in_scope
from fulian.testing.plugin import Content
from fulian.testing.world import (
    DONGCHANGFU,
    GULOU,
    LIUYUAN,
    LIUYUAN_VILLAGE,
    ORGS,
    WORLD,
    actor,
)

EVERYTHING = set(ORGS)
OF_COUNTY = {org_id for org_id, row in ORGS.items() if row[3] == DONGCHANGFU}
BELOW_LIUYUAN = {org_id for org_id, row in ORGS.items() if row[2] == LIUYUAN} | {LIUYUAN}
BELOW_GULOU = {org_id for org_id, row in ORGS.items() if row[2] == GULOU} | {GULOU}


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


@pytest.mark.parametrize(
    ("username", "programme", "reached"),
    [
        ("mediator", None, {LIUYUAN}),  # her own organisation's, not those below it
        ("mediator", "mediation", {LIUYUAN}),
        ("township", None, BELOW_LIUYUAN),
        ("admin", "lectures", OF_COUNTY),
        ("city", "mediation", EVERYTHING),
        ("several", None, {LIUYUAN_VILLAGE} | BELOW_GULOU),
        ("lead", "mediation", OF_COUNTY),
        ("lead", "lectures", set()),  # another programme's rows are not hers
        ("lead", None, OF_COUNTY),  # rows of no programme are
        ("foreign_lead", "mediation", set()),
        ("system", None, set()),
        ("security", "mediation", set()),
        ("audit", None, set()),
    ],
)
def test_who_reaches_which_rows(session: Session, username: str, programme: str | None, reached: set[int]) -> None:
    seen = in_scope(actor(username), Organisation.id, Organisation.county_id, programme=programme)
    assert set(session.execute(select(Organisation.id).where(seen)).scalars()) == reached


def test_nobody_without_a_grant_reaches_anything(session: Session) -> None:
    nobody = replace(actor("city"), grants=())
    assert grants_for(nobody, None) == ()
    seen = in_scope(nobody, Organisation.id, Organisation.county_id)
    assert session.execute(select(Organisation.id).where(seen)).all() == []
