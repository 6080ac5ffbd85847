"""The rows of the case list as HTML: whatever stands in a text stays text, and stays in its own cell."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from fulian.cases.queries.lists import CaseRow
from fulian.cases.views.lines import draw_lines
from fulian.cases.views.lists import shorten_numbers

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
ROW = CaseRow(
    7,
    "聊妇调〔2026〕371502-000123",
    "赵春梅",
    "抚养费",
    "mediation",
    "open",
    "accepted",
    None,
    "r",
    False,
    NOW,
    NOW + timedelta(days=3),
    "回访",
    "王海燕",
    "柳园街道妇联",
)
STAGES = {("mediation", "accepted"): "已受理"}
TEXTS = ("number", "title", "subject", "next_step", "handler_name", "org_name")


def cells(row: CaseRow) -> list[str]:
    drawn = str(draw_lines([ROW, row, ROW], 0, STAGES, {}, NOW)).split("\n")
    assert drawn[0] == drawn[2] == str(draw_lines([ROW], 0, STAGES, {}, NOW))
    return re.findall(r"<td[^>]*>(.*?)</td>", drawn[1])


def test_a_row() -> None:
    number, who = "聊妇调〔2026〕371502-000123", "王海燕 · 柳园街道妇联"
    title, risk = '<a href="/cases/7">赵春梅</a>', '<span class="risk k-r" title="风险等级：红">红</span>'
    stage, due = '<span class="tag">已受理</span>', '<span class="tag t-soon">还有 3 天</span>'
    assert cells(ROW) == [title, number, "抚养费", risk, stage, who, "11月24日", "回访", due]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("text", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;b&gt;", "a\0<b>"])
def test_a_hostile_text_stays_text(name: str, text: str) -> None:
    found = cells(ROW._replace(**{name: text}))
    written = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&#34;")
    assert len(found) == len(cells(ROW))
    assert [cell for cell, usual in zip(found, cells(ROW), strict=True) if cell != usual and written in cell]
    assert "<script" not in "".join(found)
    assert "<img" not in "".join(found)


def test_a_hostile_label_stays_text() -> None:
    drawn = draw_lines([ROW], 0, {("mediation", "accepted"): "<b>已受理</b>"}, {}, NOW)
    assert "&lt;b&gt;已受理" in drawn
    assert "<b>" not in drawn


def test_nothing_due() -> None:
    assert cells(ROW._replace(due_at=None, next_step=None))[-2:] == ["—", "—"]


@pytest.mark.parametrize(
    ("numbers", "head"),
    [
        ([], ""),
        (["聊妇调〔2026〕371502-000123"], "聊妇调〔2026〕371502-"),
        (["聊妇调〔2026〕371502-000123", "聊妇调〔2026〕371502-000007"], "聊妇调〔2026〕371502-"),
        (["聊妇调〔2026〕371502-000123", "聊妇调〔2026〕371503-000123"], "聊妇调"),
        (["聊妇调〔2026〕371502-000123", "聊妇调〔2025〕371502-000123"], "聊妇调"),
        (["聊妇调〔2026〕371502-000123", "聊妇就〔2026〕371502-000123"], ""),
        (["聊妇调〔2026〕371502-000123", "聊妇调〔2026〕371502-1-000123"], "聊妇调"),
    ],
)
def test_what_all_numbers_begin_with_is_left_out(numbers: list[str], head: str) -> None:
    assert shorten_numbers(numbers) == head
