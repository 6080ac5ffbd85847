"""The case list: paging over several arms, filters beside the path, restricted cases, the two ways of searching."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import insert, select

from fulian.cases.models import Case, CaseAccess
from fulian.cases.queries import lists, statements
from fulian.cases.queries.lists import CaseFilter, CaseRow, case_count, case_page, case_rows
from fulian.cases.queries.search import case_tokens
from fulian.cases.service import assign_handler, close_case, edit_case, restrict_case
from fulian.cases.service.editing import CaseEdit
from fulian.db import db, transact
from fulian.testing.world import ACCOUNTS, LIUYUAN, NOW, VIOLENT, actor, open_mediation
from fulian.web.paging import Cursor

N = 9
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def cases(app: Flask) -> Iterator[list[int]]:
    """Cases of one township and its village, one a minute, oldest first; every third is restricted."""
    with app.app_context():
        usernames = ("mediator", "village", "mediator")
        made = [
            open_mediation(usernames[i % 3], *([VIOLENT] if i % 3 == 2 else []), now=NOW + timedelta(minutes=i)).id
            for i in range(N)
        ]
        yield made


def pages(username: str, wanted: CaseFilter, limit: int) -> list[list[CaseRow]]:
    """Every page of a list, forwards; each is read backwards again and must say the same."""
    viewer, cursor, found = actor(username, LATER), None, []
    while True:
        got = case_page(viewer, wanted, cursor, limit)
        rows = got.rows[:limit]
        if found and rows:
            back = Cursor(*place(rows[0], wanted), back=True)
            before = case_rows(viewer, wanted, back, limit).rows[:limit]
            assert [row.id for row in reversed(before)] == [row.id for row in found[-1]]
        found.append(rows)
        if got.stopped is not None:
            cursor = got.stopped
        elif len(got.rows) > limit:
            cursor = Cursor(*place(rows[-1], wanted))
        else:
            return found


def place(row: CaseRow, wanted: CaseFilter) -> tuple[object, int]:
    return (row.due_at if wanted.order == "due" else row.opened_at), row.id


def ids(found: list[list[CaseRow]]) -> list[int]:
    return [row.id for page in found for row in page]


@pytest.mark.parametrize("limit", [1, 2, 4, 50])
@pytest.mark.parametrize("username", ["mediator", "admin", "lead", "several", "city"])
@pytest.mark.parametrize("order", ["newest", "due"])
def test_pages_show_every_case_once_in_order(cases: list[int], username: str, order: str, limit: int) -> None:
    wanted = CaseFilter(order=order)
    found = ids(pages(username, wanted, limit))
    whole = case_rows(actor(username, LATER), wanted, None, 50).rows
    assert found == [row.id for row in whole]
    assert len(found) == len(set(found)) == case_count(actor(username, LATER), wanted)
    places = [place(row, wanted) for row in whole]
    assert places == sorted(places, reverse=order == "newest")
    seen = {"mediator": 6, "admin": 9, "lead": 9, "several": 3, "city": 6}
    assert len(found) == seen[username]


def test_who_is_let_in_twice_sees_a_case_once(cases: list[int]) -> None:
    """By name and by breaking the glass, and nothing else is hers to see."""
    nobody = actor("sibling", LATER)
    held = db.session.execute(select(CaseAccess).where(CaseAccess.case_id == cases[2]).limit(1)).scalar_one()
    shared = {name: getattr(held, name) for name in ("case_id", "county_id", "opened_at", "status", "case_org_id")}
    for kind in ("person", "break_glass"):
        let_in = {"kind": kind, "account_id": nobody.account_id, "starts_at": NOW, "reason": "值班"}
        db.session.execute(insert(CaseAccess), {**shared, **let_in, "case_programme": "mediation"})
    page = case_page(nobody, CaseFilter(status="open", org_id=held.case_org_id), None, 50)
    assert [row.id for row in page.rows] == [cases[2]]
    assert page.count == 1


def test_a_restricted_case_stands_in_the_lists_of_its_status(cases: list[int]) -> None:
    restricted = cases[0]
    version = db.session.get_one(Case, restricted).version
    transact(restrict_case, restricted, version, "当事人要求保密", actor("mediator", LATER))
    transact(close_case, restricted, version + 1, "90", {"note": "双方自行和好。"}, actor("mediator", LATER))
    for username in ("mediator", "lead", "admin"):
        viewer = actor(username, LATER)
        assert restricted in {row.id for row in case_rows(viewer, CaseFilter(status="closed"), None, 50).rows}
        assert restricted not in {row.id for row in case_rows(viewer, CaseFilter(status="open"), None, 50).rows}
        assert restricted not in {row.id for row in case_rows(viewer, CaseFilter(order="due"), None, 50).rows}


def test_what_stands_beside_the_path_is_found_bit_by_bit(cases: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    case = db.session.get_one(Case, cases[0])
    edit = CaseEdit(case.summary, "y")
    transact(edit_case, case.id, case.version, edit, actor("mediator"))
    monkeypatch.setattr(statements, "EXAMINED", 2)
    statements.statements_for.cache_clear()
    found = pages("township", CaseFilter(risk="y"), 1)
    statements.statements_for.cache_clear()
    assert ids(found) == [case.id]
    assert len(found) >= 3  # two rows of the one arm at a time, of six


@pytest.mark.parametrize("small", [0, 1000])
def test_both_ways_to_search_find_the_same(cases: list[int], monkeypatch: pytest.MonkeyPatch, small: int) -> None:
    monkeypatch.setattr(lists, "SMALL", small)
    wanted = CaseFilter(tokens=case_tokens("赵春梅") or ())
    for username, n in {"mediator": 3, "township": 6, "city": 6, "several": 3, "other_admin": 0}.items():
        assert len(ids(pages(username, wanted, 2))) == n, username


def test_a_handler_finds_what_was_given_to_her_elsewhere(cases: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    case = db.session.get_one(Case, cases[1])
    transact(assign_handler, case.id, case.version, ACCOUNTS["lead"][0], "接手", actor("admin"))
    monkeypatch.setattr(lists, "SMALL", 0)
    assert case.org_id != LIUYUAN
    assert ids(pages("lead", CaseFilter(handler_id=ACCOUNTS["lead"][0]), 2)) == [case.id]
    assert ids(pages("admin", CaseFilter(handler_id=ACCOUNTS["lead"][0]), 2)) == [case.id]
    assert ids(pages("sibling", CaseFilter(handler_id=ACCOUNTS["lead"][0]), 2)) == []
