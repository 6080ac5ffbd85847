"""The pages of jobs: hers for who asked, everybody's for the system administrator, without what they are about."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from fulian.db import db, transact
from fulian.jobs.kinds import Kind, init_jobs
from fulian.jobs.models import Job
from fulian.jobs.service import add_job
from fulian.testing.plugin import Content
from fulian.testing.world import NOW, PASSWORD, WORLD, actor

Browse = Callable[[str], FlaskClient]
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


@pytest.fixture
def browse(app: Flask) -> Browse:
    """A browser logged in as an account of the world."""

    def open_browser(username: str) -> FlaskClient:
        client = app.test_client()
        _post(client, "/login", "/login", username=username, password=PASSWORD)
        return client

    init_jobs(app, {"trial": Kind("导出台账", lambda _payload, _by: "好了")})
    return open_browser


def _post(client: FlaskClient, page: str, address: str, **fields: str) -> Any:
    found = TOKEN.search(client.get(page).text)
    assert found is not None
    return client.post(address, data={"csrf_token": found[1], **fields})


def ask(app: Flask, **values: Any) -> int:
    """A job of the mediator's, brought into a state."""
    with app.app_context():
        job_id = transact(add_job, "trial", {"name": "张三"}, actor("mediator"))
        if values:
            db.session.execute(update(Job).where(Job.id == job_id).values(**values))
            db.session.commit()
    return job_id


SAID = [
    ({}, ["排队中", "轮到了就办", "取消这项任务", "every 3s", "刷新这一页"], ["打开结果"]),
    ({"due_at": NOW + timedelta(days=3650)}, ["开始办"], []),
    ({"due_at": NOW + timedelta(days=3650), "error": "出错了。"}, ["上一次没有办成：出错了。", "再试"], []),
    (
        {"state": "running", "started_at": NOW, "progress": 3240, "total": 5210, "progress_text": "已核对"},
        ["正在办", '<progress max="5210" value="3240"', "3,240 / 5,210", "every 3s"],
        ["取消这项任务"],
    ),
    (
        {"state": "done", "ended_at": NOW, "result": "共 3 行", "result_url": "/cases/"},
        ["已办好", "共 3 行", 'href="/cases/"'],
        ["every 3s", "取消这项任务"],
    ),
    (
        {"state": "failed", "ended_at": NOW, "error": "程序出错。"},
        ["没有办成", "程序出错。", "告诉系统管理员"],
        ["every"],
    ),
    (
        {"state": "failed", "ended_at": NOW, "error": "不符合规定", "result": "张三没有同意。"},
        ["张三没有同意。"],
        ["告诉系统管理员", "不符合规定"],
    ),
    ({"state": "cancelled", "ended_at": NOW}, ["已取消", "没有改动"], ["every"]),
]


@pytest.mark.parametrize(("values", "there", "absent"), SAID)
def test_who_asked_is_told_how_it_goes(
    browse: Browse, app: Flask, values: dict[str, Any], there: list[str], absent: list[str]
) -> None:
    job_id = ask(app, **values)
    text = browse("mediator").get(f"/jobs/{job_id}").text
    assert [word for word in [*there, "导出台账"] if word not in text] == []
    assert [word for word in absent if word in text] == []
    assert f'href="/jobs/{job_id}"' in browse("mediator").get("/jobs/").text


def test_nobody_else_sees_it(browse: Browse, app: Flask) -> None:
    job_id = ask(app)
    for other in ("colleague", "admin", "system"):
        assert browse(other).get(f"/jobs/{job_id}").status_code == 404
        assert f"/jobs/{job_id}" not in browse(other).get("/jobs/").text


def test_who_asked_takes_it_back(browse: Browse, app: Flask) -> None:
    job_id = ask(app)
    mediator = browse("mediator")
    answer = _post(mediator, f"/jobs/{job_id}", f"/jobs/{job_id}/cancel")
    assert answer.headers["Location"] == f"/jobs/{job_id}"
    again = _post(mediator, "/account/password", f"/jobs/{job_id}/cancel")
    assert again.status_code == 422
    assert "不能取消了" in again.text


def test_the_system_administrator_sees_kinds_and_times_only(browse: Browse, app: Flask) -> None:
    ask(app, state="failed", ended_at=NOW, attempts=3, error="程序出错（KeyError）。", result="张三没有同意。")
    ask(app, state="done", ended_at=NOW, result="张三的台账", progress_text="张三")
    text = browse("system").get("/jobs/all").text
    assert all(
        word in text for word in ("导出台账", "程序出错（KeyError）。", "3 次", "没有办成 1", "已办好 1", "全部 2")
    )
    assert "张三" not in text
    assert "李秀英" not in text


def test_the_list_is_narrowed_by_state(browse: Browse, app: Flask) -> None:
    failed, waiting = ask(app, state="failed", ended_at=NOW, error="出错"), ask(app)
    system = browse("system")
    text = system.get("/jobs/all?state=failed").text
    assert f"第 {failed} 号" in text
    assert f"第 {waiting} 号" not in text
    assert "没有这样的任务" in system.get("/jobs/all?state=running").text
    assert system.get("/jobs/all?state=nonsense").status_code == 400


def test_a_failed_one_is_tried_again_and_a_waiting_one_taken_off(browse: Browse, app: Flask) -> None:
    failed, waiting = ask(app, state="failed", ended_at=NOW, error="出错"), ask(app)
    system = browse("system")
    assert _post(system, "/jobs/all", f"/jobs/all/{failed}/retry").status_code == 302
    assert _post(system, "/jobs/all", f"/jobs/all/{waiting}/cancel").status_code == 302
    with app.app_context():
        states = [db.session.get_one(Job, job_id).state for job_id in (failed, waiting)]
    assert states == ["waiting", "cancelled"]


@pytest.mark.parametrize(("username", "address"), [("mediator", "/jobs/"), ("system", "/jobs/all")])
def test_lists_go_on_page_by_page(browse: Browse, app: Flask, username: str, address: str) -> None:
    ids = [ask(app) for _n in range(23)]
    phone, pages = {"Sec-CH-UA-Mobile": "?1"}, []
    browser, url = browse(username), address
    while url:
        text = browser.get(url, headers=phone).text
        pages.append([int(found) for found in re.findall(r"/jobs/(?:all/)?(\d+)", text)])
        following = re.search(r'href="([^"]+)">下一页', text)
        url = following[1].replace("&amp;", "&") if following else ""
    assert [len(page) for page in pages] == [20, 3]
    assert sorted(pages[0] + pages[1]) == ids
