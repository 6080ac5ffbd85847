"""The tree in a browser: opened and closed in place, searched while one types, and all of it without scripts too."""

from __future__ import annotations

from typing import Any

import pytest

from fulian.testing.browser import OpenPage
from fulian.testing.plugin import Content
from fulian.testing.world import PASSWORD, WORLD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def signed_in(browser_page: OpenPage, username: str, **how: Any) -> Any:
    page = browser_page(**how)
    page.goto("/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/")
    return page


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"])
def test_opening_and_closing(browser_page: OpenPage, javascript: bool) -> None:
    page = signed_in(browser_page, "mediator", javascript=javascript)
    page.goto("/orgs/")
    page.get_by_role("link", name="展开 古楼街道").click()
    page.get_by_text("东关村妇联").wait_for()
    # with scripts what was open before stays open, without them the page is opened at the new place
    assert page.get_by_text("前罗村妇联").count() == (1 if javascript else 0)
    page.get_by_role("link", name="收起 古楼街道").click()
    page.get_by_role("link", name="展开 古楼街道").wait_for()
    assert page.get_by_text("东关村妇联").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_searching_while_typing(browser_page: OpenPage) -> None:
    page = signed_in(browser_page, "mediator", width=1366)
    page.goto("/orgs/")
    page.get_by_role("searchbox").press_sequentially("前罗", delay=30)
    page.get_by_role("heading", name="找到 1 个").wait_for()
    assert page.get_by_text("东昌府区 › 柳园街道").count() == 1
    assert page.get_by_role("searchbox").input_value() == "前罗"
    page.get_by_role("searchbox").fill("")
    page.get_by_text("当前位置").wait_for()


def test_searching_without_scripts(browser_page: OpenPage) -> None:
    page = signed_in(browser_page, "mediator", javascript=False)
    page.goto("/orgs/")
    page.get_by_role("searchbox").fill("前罗")
    page.get_by_role("button", name="查找").click()
    page.get_by_role("heading", name="找到 1 个").wait_for()
