"""What may she see, and why: each grant with its reach, each act with its grant, and not one word of a case."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from fulian.accounts.models import Grant
from fulian.accounts.reach import actor_of, reach_of, reasons_of
from fulian.accounts.roles import OWN, PERMISSIONS, rights
from fulian.audit import tried
from fulian.cases.queries.access import restricted_counts
from fulian.cases.service.access import break_glass
from fulian.db import db, transact
from fulian.errors import NotFound
from fulian.testing.world import ACCOUNTS, NOW, ORGS, VIOLENT, actor, open_mediation
from tests.accounts.conftest import Browser

Open = Callable[..., Browser]


def subtree(org_id: int) -> int:
    """How many organisations hang under one, itself among them, by the tree of the small world."""
    return 1 + sum(subtree(below) for below, row in ORGS.items() if row[2] == org_id)


def test_every_permission_has_words() -> None:
    assert set(tried.PERMISSIONS) == set(PERMISSIONS) | OWN


@pytest.mark.parametrize("username", sorted(set(ACCOUNTS) - {"disabled"}))
def test_it_is_who_a_session_would_be(within: Flask, username: str) -> None:
    found, wanted = actor_of(ACCOUNTS[username][0], rights(), NOW), actor(username)
    assert (found.grants, found.permissions, found.org_id) == (wanted.grants, wanted.permissions, wanted.org_id)


@pytest.mark.parametrize("username", ["mediator", "lead", "township", "admin", "city", "system", "several"])
def test_each_grant_with_what_it_reaches(within: Flask, username: str) -> None:
    account_id, _name, _org, grants = ACCOUNTS[username]
    reaches = {reach.grant.role: reach for reach in reach_of(account_id, rights(), NOW)}
    assert len(reaches) == len(grants)
    for role, org_id, programme in grants:
        n = None if username == "system" else 1 if role == "caseworker" else subtree(org_id)
        assert (reaches[role].n_orgs, reaches[role].grant.programme) == (n, programme)
    together = frozenset().union(*(reach.permissions for reach in reaches.values()))
    assert together == actor(username).permissions - OWN


def test_each_act_with_the_grant_it_comes_from(within: Flask) -> None:
    reasons = reasons_of(reach_of(ACCOUNTS["several"][0], rights(), NOW))
    because = {name: {reach.grant.role for reach in reaches} for name, reaches in reasons.items()}
    assert because["cases.open"] == {"caseworker"}
    assert because["posts.edit"] == {"township_admin"}
    assert because["cases.view"] == {"caseworker", "township_admin"}


def test_a_grant_that_ended_gives_nothing(within: Flask) -> None:
    transact(lambda: db.session.execute(update(Grant).where(Grant.account_id == 1).values(ends_on=NOW.date())))
    assert len(reach_of(1, rights(), NOW)) == 1
    assert reach_of(1, rights(), NOW + timedelta(days=1)) == []
    assert actor_of(1, rights(), NOW + timedelta(days=1)).permissions == OWN


def test_nobody_is_nobody(within: Flask) -> None:
    with pytest.raises(NotFound):
        actor_of(987_654, rights(), NOW)


def test_restricted_cases_are_counted_by_what_opens_them(within: Flask) -> None:
    case = open_mediation("mediator", VIOLENT)
    open_mediation("other_mediator", VIOLENT)
    transact(break_glass, case.number, "正受伤害，公安要求配合", actor("city"))
    wanted = {"mediator": {"handler": 1}, "lead": {"handler": 0, "role": 1}, "admin": {"handler": 0, "role": 1}}
    wanted |= {"colleague": {"handler": 0}, "system": {"handler": 0}, "city": {"handler": 0, "break_glass": 1}}
    for username, counts in wanted.items():
        assert restricted_counts(actor_of(ACCOUNTS[username][0], rights(), NOW)) == counts, username


def test_the_page_says_it_all_and_names_no_case(app: Flask, browse: Open) -> None:
    with app.app_context():
        case = open_mediation("mediator", VIOLENT, names=("钱若冰", "冯大勇"))
        db.session.remove()
    browse("lead")
    text = browse("security").get("/accounts/5/rights").get_data(as_text=True)
    words = " ".join(re.sub(r"<[^>]+>", " ", text).split())
    assert "项目负责人 · 水城家和 · 东昌府区" in words
    assert f"{subtree(3)} 个，东昌府区和下面的" in words
    assert "换经办人 项目负责人" in words
    assert "因为角色（项目负责人、县级管理员） 1 件" in words
    assert "现在登录在 1 处" in words
    for secret in (case.number, "钱若冰", "冯大勇", "分居四个月"):
        assert secret not in text
