"""Mediation's own pages and its part of the case page."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
import time_machine
from flask import Flask, render_template
from flask.testing import FlaskClient
from fulian_mediation.panel import case_panel

from fulian.testing.acts import advance, find_row, tell
from fulian.testing.signing_in import log_in
from fulian.testing.world import NOW, VIOLENT, actor, open_mediation

from .conftest import AGREEMENT, REPORT, SESSION, VISIT


@pytest.fixture
def world(app: Flask) -> Iterator[Flask]:
    """The application in a request, on the day of the small world: pages write dates by their distance from today."""
    with time_machine.travel(NOW, tick=False), app.test_request_context("/"):
        yield app


def panel_of(case_id: int) -> str:
    template, context = case_panel(find_row(case_id), actor("mediator"))
    text = re.sub(r"<[^>]+>", " ", render_template(template, case=find_row(case_id), **context))
    return " ".join(text.split())


def test_a_new_case(accepted: int) -> None:
    shown = panel_of(accepted)
    assert "（2026）聊妇婚调字第371502-0001号" in shown
    assert "甲 意愿 11月24日 同意 乙 意愿 11月24日 同意" in shown
    assert "已告知（第 1 版）" in shown
    assert "安全筛查" not in shown


def test_what_the_applicant_told_carries_a_wall(world: Flask) -> None:
    shown = panel_of(open_mediation(threatened="yes", unsafe="unsaid").id)
    assert "仅甲方材料，不得告知乙方" in shown
    assert "曾有威胁、跟踪 回家不安全：没说" in shown
    assert "错开时间约见" in shown
    assert "公安 还没报告" not in shown


def test_severe_violence(world: Flask) -> None:
    case_id = open_mediation(data=VIOLENT).id
    assert "公安 还没报告" in panel_of(case_id)
    advance(case_id, "report_police", **REPORT)
    shown = panel_of(case_id)
    assert "公安 还没报告" not in shown
    assert "柳园派出所，回执号 3715021124001" in shown


def test_sessions_agreement_and_visits(mediated: int) -> None:
    advance(mediated, "write_agreement", **{**AGREEMENT, "partial": True, "matter_2": "status"})
    shown = panel_of(mediated)
    assert "第一次调解 11月24日 08:30 柳园街道婚调室 李秀英 谈成了" in shown
    assert "书面协议（部分） 还没签字盖章" in shown
    assert "一、男方每月支付抚养费 1,200 元。 （转账，每月 5 日前） 可司法确认" in shown
    assert "二、男方每周可以探望孩子一次。 不能司法确认" in shown
    assert SESSION["content"] not in shown  # it stands in the history beside the panel


def test_visits(signed: int) -> None:
    advance(signed, "record_follow_up", **VISIT)
    shown = panel_of(signed)
    assert "11月24日 起生效" in shown
    assert "回访 11月24日 上门双方，履行完毕，满意" in shown


def test_nothing_from_the_history(signed: int) -> None:
    tell(signed, "独角兽只对甲方说")
    assert "独角兽" not in panel_of(signed)


def test_the_programme_and_its_notice(client: FlaskClient) -> None:
    log_in(client, "mediator")
    page = client.get("/mediation/").get_data(as_text=True)
    assert "不收任何费用" in page
    assert "/cases/new?programme=mediation" in page
    notice = client.get("/mediation/notice").get_data(as_text=True)
    assert "第 1 版" in notice
    for article in ("第四条", "第二十三条", "第二十四条", "第二十六条", "第三十一条", "第三十三条"):
        assert article in notice


def test_who_opens_no_case_is_not_led_there(client: FlaskClient) -> None:
    log_in(client, "admin")
    assert "/cases/new" not in client.get("/mediation/").get_data(as_text=True)


@pytest.mark.parametrize(("username", "status"), [("system", 403), ("audit", 403), ("lead", 200), ("city", 200)])
def test_the_three_administrators_have_no_page_here(client: FlaskClient, username: str, status: int) -> None:
    log_in(client, username)
    assert client.get("/mediation/").status_code == status
    assert client.get("/mediation/notice").status_code == status
