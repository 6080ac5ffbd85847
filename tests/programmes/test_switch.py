"""The switch: openings as history, who may, what is refused, and what its pages say before anything is changed."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from fulian.audit.actor import Viewer
from fulian.audit.models import AuditEntry
from fulian.calendar import local_date
from fulian.cases.service import close_programme
from fulian.db import db, is_sqlite, transact
from fulian.errors import Refused
from fulian.programmes import views
from fulian.programmes.loader import installed
from fulian.programmes.models import Opening
from fulian.programmes.queries import OpeningRow, intake_stops, is_open, open_codes, opening_history
from fulian.programmes.service import hold_intake, open_programme, require_open, resume_intake, stop_intake
from fulian.testing.acts import close
from fulian.testing.plugin import Content
from fulian.testing.signing_in import log_in, send
from fulian.testing.world import CHIPING, DONGCHANGFU, NOW, WORLD, YANGGU, ZONE, actor, open_mediation

CODE = "mediation"
REASON = "聊妇发〔2026〕8号"


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def states(county_id: int, now: datetime = NOW) -> list[str]:
    return [row.state(now) for row in opening_history(CODE, county_id)]


# --- rules --------------------------------------------------------------------------------------------------------


def test_two_openings_at_once_are_one(app: Flask) -> None:
    """In a unit that never had one: on SQLite changes go one after the other, on PostgreSQL they wait at the unit."""
    said: list[object] = []
    together = threading.Barrier(2)

    def open_it() -> None:
        with app.app_context():
            together.wait(10)
            try:
                said.append(transact(open_programme, CODE, ZONE, REASON, actor("city")))
            except Refused as refused:
                said.append(refused.message)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=open_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(one).__name__ for one in said) == ["int", "str"], said
    with app.app_context():
        assert states(ZONE) == ["open"]


def test_an_opening_waits_for_another_that_is_not_committed(app: Flask) -> None:
    done = threading.Event()

    def open_it() -> None:
        with app.app_context(), contextlib.suppress(Refused):
            transact(open_programme, CODE, ZONE, REASON, actor("city"))
        done.set()

    with app.app_context():
        if is_sqlite():
            return  # there a change waits for its turn before it begins: tests/db
        open_programme(CODE, ZONE, REASON, actor("city"))
        thread = threading.Thread(target=open_it)
        thread.start()
        assert not done.wait(0.5)
        db.session.commit()
        thread.join(10)
        assert done.is_set()
        assert states(ZONE) == ["open"]


def test_the_database_holds_one_running_opening(app: Flask) -> None:
    with app.app_context():
        row = {"programme": CODE, "county_id": ZONE, "starts_at": NOW, "reason": REASON}
        db.session.execute(insert(Opening).values(row))
        with pytest.raises(IntegrityError):
            db.session.execute(insert(Opening).values(row))
        db.session.rollback()


def test_a_stop_that_is_over_stays_in_the_history(app: Flask) -> None:
    with app.app_context():
        for n in (1, 2):
            transact(stop_intake, CODE, CHIPING, f"停{n}号文", actor("city"))
            transact(resume_intake, CODE, CHIPING, f"恢复{n}号文", actor("city"))
        (row,) = opening_history(CODE, CHIPING)
        assert (row.state(NOW), row.stop_reason) == ("open", None)
        stops = intake_stops(CODE, CHIPING)[row.id]
        assert [(stop.stop_reason, stop.resume_reason) for stop in stops] == [
            ("停2号文", "恢复2号文"),
            ("停1号文", "恢复1号文"),
        ]
        assert intake_stops(CODE, DONGCHANGFU) == {}
    client = app.test_client()
    log_in(client, "other_admin")
    page = client.get(f"/programmes/{CODE}/{CHIPING}").get_data(as_text=True)
    assert [page.index(word) for word in ("恢复2号文", "停2号文", "恢复1号文", "停1号文")] == sorted(
        page.index(word) for word in ("恢复2号文", "停2号文", "恢复1号文", "停1号文")
    )


def test_every_opening_stays_in_the_history(app: Flask) -> None:
    with app.app_context():
        transact(open_programme, CODE, YANGGU, REASON, actor("city"))
        transact(stop_intake, CODE, YANGGU, REASON, actor("city"))
        assert states(YANGGU) == ["stopping", "ended"]
        assert not transact(hold_intake, YANGGU, CODE, NOW)
        transact(require_open, YANGGU, CODE, NOW)
        transact(resume_intake, CODE, YANGGU, REASON, actor("city"))
        assert transact(hold_intake, YANGGU, CODE, NOW)
        transact(close_programme, CODE, YANGGU, REASON, actor("city"))
        assert states(YANGGU) == ["ended", "ended"]
        with pytest.raises(Refused, match="没有启用"):
            transact(require_open, YANGGU, CODE, NOW)
        acts = db.session.execute(select(AuditEntry.act).where(AuditEntry.outcome == "done")).scalars().all()
        assert sorted(acts) == [
            "programme.closed",
            "programme.intake_resumed",
            "programme.intake_stopped",
            "programme.opened",
        ]


@pytest.mark.parametrize(
    ("begins", "stops", "ends", "state"),
    [
        (1, None, None, "planned"),
        (0, None, None, "open"),
        (-5, 1, None, "open"),
        (-5, 0, None, "stopping"),
        (-5, -1, 1, "stopping"),
        (-5, -1, 0, "ended"),
        (3, 3, 3, "ended"),  # cancelled before it began
        (3, None, 4, "planned"),
    ],
)
def test_the_state_of_an_opening(begins: int, stops: int | None, ends: int | None, state: str) -> None:
    """In days from now: each state begins at its very instant."""
    starts, stop, end = (None if days is None else NOW + timedelta(days=days) for days in (begins, stops, ends))
    assert starts is not None
    assert OpeningRow(1, CODE, DONGCHANGFU, starts, stop, end, REASON, None, None).state(NOW) == state


def test_an_opening_of_a_later_day(app: Flask) -> None:
    with app.app_context():
        tomorrow = NOW + timedelta(days=1)
        transact(open_programme, CODE, ZONE, REASON, actor("city"), tomorrow)
        assert not is_open(ZONE, CODE, NOW)
        assert is_open(ZONE, CODE, tomorrow)
        assert states(ZONE) == ["planned"]


def test_nobody_is_left_alone_by_a_click(app: Flask) -> None:
    with app.app_context():
        case_id = open_mediation("mediator").id
        with pytest.raises(Refused, match="还有 1 件案件没有办结"):
            transact(close_programme, CODE, DONGCHANGFU, REASON, actor("admin"))
        assert is_open(DONGCHANGFU, CODE, NOW)
        close(case_id, "90")
        transact(close_programme, CODE, DONGCHANGFU, REASON, actor("admin"))
        assert not is_open(DONGCHANGFU, CODE, NOW)


@pytest.mark.parametrize(
    ("username", "may"),
    [
        ("lead", True),
        ("admin", True),
        ("city", True),
        ("other_admin", False),
        ("foreign_lead", False),
        ("township", False),
    ],
)
def test_who_may_switch(app: Flask, username: str, may: bool) -> None:
    with app.app_context():
        if may:
            transact(stop_intake, CODE, DONGCHANGFU, REASON, actor(username))
        else:
            with pytest.raises(Refused, match="您的授权不能"):
                transact(stop_intake, CODE, DONGCHANGFU, REASON, actor(username))


# --- pages --------------------------------------------------------------------------------------------------------


def page(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.get_data(as_text=True)


def test_the_matrix_says_every_state_in_words(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        transact(open_programme, CODE, ZONE, REASON, actor("city"), datetime.now(UTC) + timedelta(days=300))
        transact(stop_intake, CODE, CHIPING, REASON, actor("city"))
    text = page(log_in(client, "mediator"), "/programmes/")
    for words in (
        "启用</span> 2025-01-01 起",
        "停止受理</span> 2026-11-24",
        "已停</span> 2026-03-01",
        "待启用</span>",
        "未启用",
    ):
        assert words in text


def test_work_of_a_unit_is_counted_only_for_who_may_switch_it(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        open_mediation("mediator")
    address = f"/programmes/{CODE}/{DONGCHANGFU}"
    assert "在办案件" not in page(log_in(client, "mediator"), address)
    admin = log_in(app.test_client(), "admin")
    text = page(admin, address)
    assert "1 件" in text
    assert f'href="{address}/stop"' in text
    assert f'href="{address}/open"' not in text
    foreign = page(log_in(app.test_client(), "other_admin"), address)
    assert "/stop" not in foreign
    assert "由本县（市、区）的管理员" in foreign


@pytest.mark.parametrize(
    ("username", "status"), [("mediator", 403), ("township", 403), ("other_admin", 403), ("audit", 403), ("lead", 200)]
)
def test_who_reaches_the_switch(client: FlaskClient, username: str, status: int) -> None:
    page(log_in(client, username), f"/programmes/{CODE}/{DONGCHANGFU}/stop", status)


@pytest.mark.parametrize("address", [f"/programmes/{CODE}/999", "/programmes/none/3", f"/programmes/{CODE}/30"])
def test_what_is_not_there(client: FlaskClient, address: str) -> None:
    page(log_in(client, "city"), address, 404)
    page(client, f"{address}/open", 404)


def test_an_unknown_act_or_filter(client: FlaskClient) -> None:
    log_in(client, "city")
    page(client, f"/programmes/{CODE}/{DONGCHANGFU}/delete", 404)
    page(client, "/programmes/?p=none", 400)
    page(client, "/programmes/?sort=name", 400)


def test_stopping_tells_first_and_needs_a_reason(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        open_mediation("mediator")
    address = f"/programmes/{CODE}/{DONGCHANGFU}/stop"
    text = page(log_in(client, "admin"), address)
    for words in ("2 个镇街、3 个村（社区）", "1 件</b>照常办理", "其中期限 1 项", "一条都不删"):
        assert words in text
    empty = send(client, address, reason=" ")
    assert empty.status_code == 422
    assert "请填写事由" in empty.get_data(as_text=True)
    assert send(client, address, reason=REASON).status_code == 302
    with app.app_context():
        assert states(DONGCHANGFU, datetime.now(UTC)) == ["stopping"]
    assert "现在不用停止受理" in page(client, address)


def test_closing_is_barred_while_cases_are_open(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        open_mediation("mediator")
    text = page(log_in(client, "admin"), f"/programmes/{CODE}/{DONGCHANGFU}/close")
    assert "现在不能停用" in text
    assert "<textarea" not in text
    assert "先停止受理" in text


def test_opening_on_a_day(app: Flask, client: FlaskClient) -> None:
    address = f"/programmes/{CODE}/{ZONE}/open"
    log_in(client, "city")
    today = local_date(NOW)
    late = send(client, address, reason=REASON, starts_on=(today - timedelta(days=900)).isoformat())
    assert late.status_code == 422
    assert "已经过去了" in late.get_data(as_text=True)
    assert REASON in late.get_data(as_text=True)
    assert send(client, address, reason=REASON, starts_on="2099-12-01").status_code == 302
    text = page(client, f"/programmes/{CODE}/{ZONE}")
    assert "2099年12月1日" in text
    assert "到那天自动启用" in text
    with app.app_context():
        assert db.session.execute(select(func.count()).select_from(Opening)).scalar_one() == 4


# --- the menu -----------------------------------------------------------------------------------------------------


def labels(client: FlaskClient) -> str:
    text = page(client, "/account")
    return text[text.index("主导航") : text.index("</nav>")]


def test_the_menu_holds_what_one_may_use(app: Flask) -> None:
    clerk = labels(log_in(app.test_client(), "mediator"))
    for word in ("工作台", "案件", "人员", "组织", "品牌项目", "水城家和"):
        assert word in clerk
    assert "日志" not in clerk
    auditor = labels(log_in(app.test_client(), "audit"))
    assert "日志" in auditor
    for word in ("案件", "人员", "品牌项目", "水城家和"):
        assert word not in auditor


def test_a_closed_programme_is_not_in_the_menu(app: Flask, client: FlaskClient) -> None:
    with app.app_context():
        assert CODE in open_codes(actor("mediator"))
        transact(close_programme, CODE, DONGCHANGFU, REASON, actor("admin"))
    assert "水城家和" not in labels(log_in(client, "mediator"))


def test_the_menu_reads_the_database_once(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    log_in(client, "mediator")
    asked: list[int | None] = []

    def counted(viewer: Viewer) -> frozenset[str]:
        asked.append(viewer.account_id)
        return open_codes(viewer)

    monkeypatch.setattr(views, "open_codes", counted)
    page(client, "/account")
    assert asked == [1]
    page(client, "/account")
    assert asked == [1, 1]  # nothing is kept beyond the request: a switch holds at once


def test_nobody_has_no_menu(app: Flask) -> None:
    with app.test_request_context("/login"):
        assert list(views.menu(installed())) == []
