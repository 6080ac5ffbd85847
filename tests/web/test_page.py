from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

import fulian.web
from fulian.web.assets import STATIC, asset

TEMPLATES = Path(fulian.web.__file__).parent / "templates"


def test_the_frame_has_menu_tabs_and_who(app: Flask) -> None:
    page = app.test_client().get("/nowhere").text
    menu = re.search(r'<nav aria-label="主导航".*?</nav>', page)
    tabs = re.search(r'<nav class="tabs".*?</nav>', page)
    assert menu is not None
    assert tabs is not None
    assert re.findall(r">([^<]+)</a>", menu[0]) == ["工作台", "案件", "人员", "组织", "品牌项目"]
    assert re.findall(r"</svg>([^<]+)</a>", tabs[0]) == ["工作台", "案件", "人员", "我的"]
    assert "李秀英　柳园街道" in page
    assert re.search(r'<form method="post" action="/logout"><input type="hidden" name="csrf_token" value="\S+">', page)
    assert 'class="has-tabs"' in page


def test_the_current_place_is_marked_once(app: Flask) -> None:
    page = app.test_client().get("/cases/new").text
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', page) == ["/cases/"]
    assert 'class="has-bar"' in page
    assert 'class="tabs"' not in page
    assert '<a class="back" href="/cases/"' in page
    assert re.findall(r"<title>(.*)</title>", page) == ["登记第二次调解 · 聊城市妇联案件系统"]


def test_before_log_in_there_is_no_menu(app: Flask) -> None:
    page = app.test_client().get("/nowhere?out").text
    assert "退出" not in page
    assert "工作台</a></nav>" not in page


def test_pager_due_and_risk_are_drawn(app: Flask) -> None:
    page = app.test_client().get("/cases/new").text
    assert "第 51—52 件" in page
    assert 'href="/cases/?status=open&amp;after=' in page
    assert '<span class="risk k-o" title="风险等级：橙">橙</span>' in page
    assert 'href="/people/1/show" aria-label="显示证件号码"' in page


@pytest.mark.parametrize("path", sorted(TEMPLATES.glob("*.html")), ids=lambda path: path.name)
def test_templates_hold_no_inline_script_or_style(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"""\sstyle=|<style|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:""", text)


def test_own_files_keep_their_size() -> None:
    assert (STATIC / "theme.css").stat().st_size <= 12_000
    assert (STATIC / "app.js").stat().st_size <= 10_000  # a fifth of it keeps a form whose network fails


def test_every_icon_used_is_shipped() -> None:
    shipped = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    house = Path(fulian.web.__file__).parent.parent
    used = {
        name
        for path in [*house.rglob("*.html"), *house.rglob("*.py")]
        for name in re.findall(r"""(?:icon|empty)\(\s*["']([a-z0-9-]+)["']""", path.read_text("utf-8"))
    }
    assert used - shipped == set()


def test_an_address_changes_with_the_content() -> None:
    assert re.fullmatch(r"/static/theme\.css\?v=[0-9a-f]{12}", asset("theme.css"))
    with pytest.raises(FileNotFoundError):
        asset("none.css")
