"""The search in a browser: while typing, without scripts, and with a number that must not reach the address."""

from __future__ import annotations

from typing import Any

import pytest

from fulian.testing.browser import OpenPage
from fulian.testing.world import PASSWORD

from .conftest import PHONE, ZHAO, Register

pytestmark = pytest.mark.browser


def enter(page: Any, username: str = "mediator") -> Any:
    page.goto("/login")
    page.fill("[name=username]", username)
    page.fill("[name=password]", PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.wait_for_url("/")
    return page


@pytest.fixture
def people(register: Register) -> None:
    register("赵春梅", document_number=ZHAO, phone=PHONE)
    register("孙建国")


def test_people_are_found_while_one_types(people: None, browser_page: OpenPage) -> None:
    page = enter(browser_page())
    page.goto("/people/")
    page.locator("[name=q]").press_sequentially("zcm", delay=40)
    page.get_by_text("孙建国").wait_for(state="detached")
    assert page.get_by_role("link", name="赵春梅").is_visible()
    page.fill("[name=q]", PHONE)
    page.get_by_text("查到的人").wait_for()
    assert page.get_by_role("link", name="赵春梅").is_visible()
    assert PHONE not in page.url


def test_the_search_works_without_scripts(people: None, browser_page: OpenPage) -> None:
    page = enter(browser_page(javascript=False))
    page.goto("/people/")
    page.fill("[name=q]", "春梅")
    page.get_by_role("button", name="查找").click()
    assert page.url.endswith("/people/?q=%E6%98%A5%E6%A2%85")
    page.fill("[name=q]", ZHAO)
    page.get_by_role("button", name="查找").click()
    assert ZHAO not in page.url
    page.get_by_role("link", name="赵春梅").click()
    page.get_by_role("link", name="显示电话").click()
    page.get_by_text("联系本人").click()
    page.get_by_role("button", name="显示电话").click()
    assert page.get_by_text(PHONE).is_visible()
