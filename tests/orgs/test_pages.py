"""The pages of the tree, as each role sees them."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from fulian.audit.models import AuditEntry
from fulian.db import db, transact
from fulian.orgs.queries import find_org
from fulian.people.service import PersonData, hold_post, register_person
from fulian.testing.plugin import Content
from fulian.testing.signing_in import log_in, send, token_on
from fulian.testing.world import (
    BODY,
    CHIPING,
    DONGCHANGFU,
    GULOU,
    LIUYUAN,
    LIUYUAN_VILLAGE,
    WORLD,
    ZHENXING,
    actor,
    open_mediation,
)


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def chair(app: Flask, org_id: int, name: str) -> None:
    with app.app_context():
        by = actor("admin")
        person = transact(register_person, PersonData(name), DONGCHANGFU, by)
        transact(hold_post, person, org_id, "主席", date(2025, 3, 1), "当选", by)


def test_the_tree_opens_at_ones_own_place(client: FlaskClient) -> None:
    text = page(log_in(client, "mediator"), "/orgs/")
    assert "前罗村妇联" in text  # below her own street
    assert "东关村妇联" not in text  # below the next one, which is closed
    assert 'href="/orgs/?at=31#o31"' in text
    assert "展开 1" in text


def test_every_link_of_the_tree_works_without_scripts(client: FlaskClient) -> None:
    log_in(client, "mediator")
    assert "东关村妇联" in page(client, f"/orgs/?at={GULOU}")
    assert "古楼街道妇联" not in page(client, "/orgs/?at=1")  # the counties alone


@pytest.mark.parametrize(
    "address", ["/orgs/?at=x", "/orgs/?sort=name", "/orgs/?q=371502001001", "/orgs/?q=" + "村" * 61]
)
def test_addresses_that_are_not_ours(client: FlaskClient, address: str) -> None:
    page(log_in(client, "mediator"), address, 400)


def test_what_is_not_there(client: FlaskClient) -> None:
    log_in(client, "mediator")
    page(client, "/orgs/999", 404)
    page(client, "/orgs/?at=999", 404)


def test_searching(client: FlaskClient) -> None:
    log_in(client, "audit")
    answer = send(client, "/orgs/", q="柳园 罗村")
    assert answer.status_code == 302
    text = page(client, answer.location)
    assert "找到 2 个" in text
    assert "东昌府区 › 柳园街道" in text
    assert "没有叫“天津”的组织" in page(client, "/orgs/?q=天津")


def test_a_code_is_looked_up_but_never_in_an_address(client: FlaskClient) -> None:
    log_in(client, "mediator")
    answer = send(client, "/orgs/", q="371502002000")
    assert answer.status_code == 200
    assert "柳园街道妇联" in answer.get_data(as_text=True)


def test_people_and_cases_are_for_those_whose_area_it_is(app: Flask, client: FlaskClient) -> None:
    chair(app, LIUYUAN, "赵凤兰")
    with app.app_context():
        open_mediation("mediator")
    seen = {}
    for username in ("mediator", "lead", "admin", "city", "sibling", "other_admin", "audit"):
        other = app.test_client()
        text = page(log_in(other, username), f"/orgs/{LIUYUAN}")
        assert "国家统计局 2023 年" in text  # the organisation itself is public to every account
        seen[username] = ("赵凤兰" in text, f"/cases/?org={LIUYUAN}" in text)
    assert seen == {
        "mediator": (True, False),  # her own cases stand in her own list
        "lead": (True, True),
        "admin": (True, True),
        "city": (True, True),
        "sibling": (False, False),
        "other_admin": (False, False),
        "audit": (False, False),
    }


def test_bodies_and_lower_organisations(client: FlaskClient) -> None:
    text = page(log_in(client, "admin"), f"/orgs/{DONGCHANGFU}")
    assert "水城快递公司妇联" in text
    assert "挂在这里的单位、行业妇联" in text
    assert "柳园街道妇联" in text


# --- moving -------------------------------------------------------------------------------------------------------


def test_a_move_is_previewed_and_then_done(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        open_mediation("village")
    log_in(client, "admin")
    choose = page(client, f"/orgs/{LIUYUAN_VILLAGE}/move")
    assert "古楼街道" in choose
    assert "振兴街道" not in choose
    address = f"/orgs/{LIUYUAN_VILLAGE}/move?to={GULOU}"
    preview = page(client, address)
    assert "1 件跟着走" in preview
    assert "案号、经办人、经过、文书都不变" in preview
    answer = client.post(
        f"/orgs/{LIUYUAN_VILLAGE}/move",
        data={"csrf_token": token_on(client.get(address)), "parent_id": GULOU, "version": 1, "reason": "社区划转"},
    )
    assert answer.status_code == 302
    with app.app_context():
        assert find_org(LIUYUAN_VILLAGE).parent_id == GULOU
        acts = db.session.execute(select(AuditEntry.act)).scalars().all()
        assert acts.count("organisation.moved") == 1


def test_a_programme_closed_in_the_new_unit_is_told_before(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        open_mediation("mediator")
    text = page(log_in(client, "city"), f"/orgs/{LIUYUAN}/move?to=6")
    assert "经济技术开发区没有启用“水城家和”" in text
    assert "1 件在办案件将不能再办理" in text


def test_a_refused_move_keeps_the_reason(app: Flask, client: FlaskClient) -> None:
    log_in(client, "city")
    address = f"/orgs/{LIUYUAN_VILLAGE}/move?to={CHIPING}"
    fields = {"parent_id": BODY, "version": 1, "reason": "社区划转"}
    answer = client.post(f"/orgs/{LIUYUAN_VILLAGE}/move", data={"csrf_token": token_on(client.get(address)), **fields})
    assert answer.status_code == 422
    text = answer.get_data(as_text=True)
    assert "不能挂在水城快递公司妇联下" in text
    assert "社区划转" in text


def test_an_old_page_says_where_it_is_now(app: Flask, client: FlaskClient) -> None:
    log_in(client, "city")
    address = f"/orgs/{LIUYUAN_VILLAGE}/move"
    for parent, expected in ((GULOU, 302), (ZHENXING, 409)):
        token = token_on(client.get(f"{address}?to={parent}"))
        answer = client.post(
            address, data={"csrf_token": token, "parent_id": parent, "version": 1, "reason": "社区划转"}
        )
        assert answer.status_code == expected
    text = answer.get_data(as_text=True)
    assert "已被别人移动过" in text
    assert "古楼街道妇联" in text
    assert "社区划转" in text


@pytest.mark.parametrize(
    ("username", "status"), [("mediator", 403), ("audit", 403), ("other_admin", 404), ("city", 200)]
)
def test_who_reaches_the_move(client: FlaskClient, username: str, status: int) -> None:
    page(log_in(client, username), f"/orgs/{LIUYUAN_VILLAGE}/move", status)


def test_a_unit_stays_where_it_is(client: FlaskClient) -> None:
    assert "位置是固定的" in page(log_in(client, "city"), f"/orgs/{CHIPING}/move", 422)
