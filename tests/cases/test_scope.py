"""Which cases each role sees: a list, one case and a count all agree, and what is out of scope is not there at all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from fulian.accounts.roles import rights
from fulian.cases.models import Case
from fulian.cases.queries.case import find_case, may_do
from fulian.cases.queries.lists import CaseFilter, case_count, case_page, case_rows
from fulian.cases.queries.search import case_tokens
from fulian.cases.scope import visible_cases
from fulian.cases.service import break_glass, hand_over
from fulian.db import db, transact
from fulian.errors import Forbidden, NotFound
from fulian.testing.world import ACCOUNTS, NOW, VIOLENT, actor, open_mediation

# case → who sees it; written by hand from section 1 of the design
SEEN = {
    "liuyuan": {"mediator", "colleague", "lead", "township", "admin", "city"},
    "gulou": {"sibling", "lead", "admin", "city", "several"},
    "village": {"village", "lead", "township", "admin", "city", "several"},
    "chiping": {"other_mediator", "other_lead", "other_admin", "city"},
    "restricted": {"mediator", "lead", "admin"},
}


@dataclass(frozen=True)
class World:
    cases: dict[str, int]


@pytest.fixture
def world(app: Flask) -> World:
    with app.app_context():
        return World(
            {
                "liuyuan": open_mediation("mediator").id,
                "gulou": open_mediation("sibling").id,
                "village": open_mediation("village").id,
                "chiping": open_mediation("other_mediator").id,
                "restricted": open_mediation("mediator", VIOLENT).id,
            }
        )


@pytest.mark.parametrize("username", [name for name in ACCOUNTS if name != "disabled"])
def test_every_way_of_looking_agrees(app: Flask, world: World, username: str) -> None:
    expected = {world.cases[name] for name, who in SEEN.items() if username in who}
    with app.app_context():
        viewer = actor(username)
        for wanted in (
            CaseFilter(),
            CaseFilter(status="open"),
            CaseFilter(programme="mediation"),
            CaseFilter(order="due"),
            CaseFilter(risk=None, stage="accepted"),
        ):
            assert {row.id for row in case_rows(viewer, wanted, None, 50).rows} == expected
            page = case_page(viewer, wanted, None, 50)
            assert {row.id for row in page.rows} == expected
            assert page.count == case_count(viewer, wanted) == len(expected)
        assert set(db.session.execute(visible_cases(viewer)).scalars()) == expected
        searched = case_rows(viewer, CaseFilter(tokens=case_tokens("赵春梅") or ()), None, 50).rows
        assert {row.id for row in searched} == expected - {world.cases["restricted"]}
        for case_id in world.cases.values():
            if case_id in expected:
                assert find_case(viewer, case_id).id == case_id
            else:
                with pytest.raises(NotFound):
                    find_case(viewer, case_id)


def test_who_may_change_what_she_sees(app: Flask, world: World) -> None:
    with app.app_context():
        case = find_case(actor("mediator"), world.cases["liuyuan"])
        may = {username for username in SEEN["liuyuan"] if may_do(actor(username), case, ("cases.edit",))}
        assert may == {"mediator", "colleague", "lead", "admin"}
        village = find_case(actor("village"), world.cases["village"])
        assert not may_do(actor("several"), find_case(actor("several"), world.cases["gulou"]), ("cases.edit",))
        assert may_do(actor("several"), village, ("cases.edit",))


def test_the_handler_sees_her_case_wherever_it_hangs(app: Flask, world: World) -> None:
    with app.app_context():
        transact(hand_over, ACCOUNTS["village"][0], ACCOUNTS["lead"][0], "离岗", actor("admin"))
        rows = case_rows(actor("lead"), CaseFilter(handler_id=ACCOUNTS["lead"][0]), None, 50).rows
        assert [row.id for row in rows] == [world.cases["village"]]


def test_break_glass_opens_for_a_day_and_is_seen(app: Flask, world: World) -> None:
    with app.app_context():
        number = db.session.execute(select(Case.number).where(Case.id == world.cases["restricted"])).scalar_one()
        with pytest.raises(NotFound):
            find_case(actor("city"), world.cases["restricted"])
        with pytest.raises(NotFound):
            transact(break_glass, number, "公安要求配合", actor("other_admin"))
        with pytest.raises(Forbidden):
            transact(break_glass, number, "公安要求配合", actor("colleague"))
        assert transact(break_glass, number, "公安要求配合", actor("city")) == world.cases["restricted"]
        assert find_case(actor("city"), world.cases["restricted"]).number == number
        assert not may_do(actor("city"), find_case(actor("city"), world.cases["restricted"]), ("cases.edit",))
        with pytest.raises(NotFound):
            find_case(actor("city", NOW + timedelta(hours=24, seconds=1)), world.cases["restricted"])


def test_the_three_have_no_permission_for_cases(app: Flask) -> None:
    with app.app_context():
        for username in ("system", "security", "audit"):
            assert not {name for name in actor(username).permissions if name.startswith(("cases.", "people."))}
        assert rights().names() >= {"cases.view"}
