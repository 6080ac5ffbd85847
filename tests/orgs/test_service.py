"""Hanging an organisation somewhere else, and looking for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from fulian.accounts.models import Account
from fulian.audit.models import AuditEntry
from fulian.cases.counting import differing_cells
from fulian.cases.models import Case, CaseScope, CaseStat
from fulian.cases.queries.lists import CaseFilter, case_rows
from fulian.cases.service import move_organisation
from fulian.db import db, transact
from fulian.errors import NotFound, Refused, Stale
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.queries import ancestors, ancestors_of, find_org, search_orgs
from fulian.testing.plugin import Content
from fulian.testing.world import (
    BODY,
    CHIPING,
    CITY,
    CITY_UNIT,
    DONGCHANGFU,
    GULOU,
    LIUYUAN,
    LIUYUAN_VILLAGE,
    WORLD,
    ZHENXING,
    actor,
    open_mediation,
)

REASON = "聊政通字〔2025〕2号"


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


@pytest.fixture
def world(app: Flask) -> Iterator[Flask]:
    with app.app_context():
        yield app


def parent_rows() -> set[tuple[int, int, int]]:
    """The closure counted again, by walking up from every organisation."""
    above = {row.id: row.parent_id for row in db.session.execute(select(Organisation.id, Organisation.parent_id))}
    rows = set()
    for org_id in above:
        depth, at = 0, org_id
        while at is not None:
            rows.add((at, org_id, depth))
            at, depth = above[at], depth + 1
    return rows


def closure() -> set[tuple[int, int, int]]:
    rows = db.session.execute(select(OrgAncestor.ancestor_id, OrgAncestor.org_id, OrgAncestor.depth))
    return {tuple(row) for row in rows}


def move(org_id: int, parent_id: int, username: str = "city", *, version: int = 1, reason: str = REASON) -> int:
    return transact(move_organisation, org_id, parent_id, version, reason, actor(username))


# --- moving -------------------------------------------------------------------------------------------------------


def test_a_move_takes_everything_along(world: Flask) -> None:
    first, second = open_mediation("mediator").id, open_mediation("village").id

    assert move(LIUYUAN, CHIPING) == 2

    assert closure() == parent_rows()
    below = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == LIUYUAN)
    units = db.session.execute(select(Organisation.county_id).distinct().where(Organisation.id.in_(below))).scalars()
    assert list(units) == [CHIPING]
    assert [org.id for org in ancestors(LIUYUAN_VILLAGE)] == [LIUYUAN_VILLAGE, LIUYUAN, CHIPING, CITY]
    assert db.session.execute(select(Case.county_id).distinct()).scalars().all() == [CHIPING]
    scopes = db.session.execute(select(CaseScope.scope_id).where(CaseScope.case_id == second, CaseScope.own == 0))
    assert set(scopes.scalars()) == {LIUYUAN_VILLAGE, LIUYUAN, CHIPING, CITY}
    assert {row.id for row in case_rows(actor("other_admin"), CaseFilter(), None, 9).rows} == {first, second}
    assert case_rows(actor("admin"), CaseFilter(), None, 9).rows == []
    assert differing_cells() == {}
    counted = db.session.execute(select(func.sum(CaseStat.n)).where(CaseStat.scope_id == DONGCHANGFU)).scalar_one()
    assert counted == 0


def test_the_people_who_work_there_go_along(world: Flask) -> None:
    move(LIUYUAN, CHIPING)
    unit = db.session.execute(select(Account.county_id).where(Account.username == "mediator")).scalar_one()
    assert unit == CHIPING


def test_a_move_is_one_entry_of_the_log(world: Flask) -> None:
    move(LIUYUAN, CHIPING)
    entries = db.session.execute(select(AuditEntry)).scalars().all()
    assert [(entry.act, entry.county_id, entry.subject_id) for entry in entries] == [
        ("organisation.moved", CITY_UNIT, str(LIUYUAN))  # two units: on the city's own chain
    ]


def test_there_and_back_again(world: Flask) -> None:
    open_mediation("mediator")
    before, stats = closure(), case_stats()
    move(LIUYUAN, CHIPING)
    move(LIUYUAN, DONGCHANGFU, version=2)
    assert closure() == before
    assert case_stats() == stats


def case_stats() -> dict[object, int]:
    rows = db.session.execute(select(CaseStat).where(CaseStat.n != 0)).scalars()
    return {(row.scope_id, row.month, row.measure, row.stage, row.risk): row.n for row in rows}


@pytest.mark.parametrize(
    ("org_id", "parent_id", "said"),
    [
        (LIUYUAN, LIUYUAN_VILLAGE, "乡镇（街道）的组织不能挂在前罗村下"),
        (LIUYUAN, GULOU, "不能挂在古楼街道下"),
        (LIUYUAN, CITY_UNIT, "市本级下面只挂"),
        (LIUYUAN_VILLAGE, CITY, "不能挂在聊城市妇女联合会下"),
        (LIUYUAN_VILLAGE, LIUYUAN, "现在就在柳园街道下面"),
        (BODY, BODY, "它自己或它的下级"),
        (BODY, 999, "不在您管的范围内"),
        (DONGCHANGFU, CITY_UNIT, "位置是固定的"),
        (CITY, DONGCHANGFU, "位置是固定的"),
    ],
)
def test_a_place_that_does_not_fit(world: Flask, org_id: int, parent_id: int, said: str) -> None:
    before = closure()
    with pytest.raises(Refused, match=said):
        move(org_id, parent_id)
    assert closure() == before


def test_a_body_never_hangs_below_itself(world: Flask) -> None:
    lower = Organisation(
        name="站点妇联", short_name="站点", level="body", kind="new_economic", parent_id=BODY, county_id=DONGCHANGFU
    )
    transact(lambda: (db.session.add(lower), db.session.flush(), _own_closure(lower.id)))
    with pytest.raises(Refused, match="它自己或它的下级"):
        move(BODY, lower.id)


def _own_closure(org_id: int) -> None:
    for ancestor_id, depth in ((org_id, 0), (BODY, 1), (DONGCHANGFU, 2), (CITY, 3)):
        db.session.add(OrgAncestor(ancestor_id=ancestor_id, org_id=org_id, depth=depth))


def test_who_may_move_what(world: Flask) -> None:
    move(LIUYUAN_VILLAGE, GULOU, "admin")  # both inside her county
    with pytest.raises(Refused, match="跨县移动"):
        move(GULOU, CHIPING, "admin")
    with pytest.raises(NotFound):
        move(ZHENXING, DONGCHANGFU, "admin")  # not hers: as if there were none
    for username in ("mediator", "lead", "township", "system", "audit"):
        with pytest.raises(Refused, match="没有调整组织的权限"):
            move(GULOU, CHIPING, username)


def test_a_closed_place_and_an_empty_reason(world: Flask) -> None:
    transact(
        db.session.execute, update(Organisation).where(Organisation.id == GULOU).values(closed_on=date(2026, 1, 1))
    )
    with pytest.raises(Refused, match="已经撤销"):
        move(LIUYUAN_VILLAGE, GULOU)
    with pytest.raises(Refused, match="事由") as refused:
        move(LIUYUAN_VILLAGE, ZHENXING, reason=" ")
    assert refused.value.field == "reason"


def test_a_move_from_an_old_page(world: Flask) -> None:
    move(LIUYUAN_VILLAGE, GULOU)
    with pytest.raises(Stale) as stale:
        move(LIUYUAN_VILLAGE, ZHENXING)
    assert stale.value.saved == {"上级": "古楼街道妇联"}
    assert stale.value.mine == {"上级": "振兴街道妇联"}
    assert find_org(LIUYUAN_VILLAGE).parent_id == GULOU


# --- looking ------------------------------------------------------------------------------------------------------


def found(text_typed: str) -> list[int]:
    return [hit.line.id for hit in search_orgs(text_typed, 50)]


def test_search(world: Flask) -> None:
    assert found("罗村") == [LIUYUAN_VILLAGE, LIUYUAN_VILLAGE + 1]
    assert found("柳园 前罗") == [LIUYUAN_VILLAGE]
    assert found("茌平 前罗") == []
    assert found("柳园 街道") == found("街道 柳园") == [LIUYUAN]
    assert found("3715020 柳园") == [LIUYUAN]
    assert found("371502002") == [LIUYUAN]
    assert found("3715a1") == [6]
    assert found("100%") == found("") == found("_") == []


def test_a_hit_says_where_it_hangs(world: Flask) -> None:
    assert search_orgs("前罗", 1)[0].path == "东昌府区 › 柳园街道"


def test_the_same_ancestors_for_many_at_once(world: Flask) -> None:
    ids = [LIUYUAN_VILLAGE, BODY, CITY]
    assert ancestors_of(ids) == {org_id: ancestors(org_id) for org_id in ids}
