"""app.js in a real browser: what it spares the user, and that nothing needs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1366, "height": 768}


@pytest.fixture(params=[True, False], ids=["with-js", "without-js"])
def scripts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def sheet(browser: Browser, served: str) -> Iterator[Page]:
    """The sample form on a phone; at the end no complaint of the content security policy may stand in the console."""
    context = browser.new_context(viewport=PHONE, locale="zh-CN", base_url=served)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto("/cases/new")
    yield page
    context.close()
    assert [text for text in said if "Security Policy" in text or "Error:" in text] == []


def fill(page: Page) -> None:
    page.get_by_label("申请人姓名").fill("赵春梅")
    page.get_by_text("部分达成").click()
    page.get_by_label("双方意见").fill("抚养费谈拢了。")
    page.get_by_label("已告知权利义务").check()


def test_the_form_works_with_and_without_scripts(browser: Browser, served: str, app: Flask, scripts: bool) -> None:
    context = browser.new_context(viewport=PHONE, locale="zh-CN", base_url=served, java_script_enabled=scripts)
    page = context.new_page()
    page.goto("/cases/new")
    expect(page.get_by_text("筛选条件")).to_be_visible(visible=not scripts)
    page.get_by_role("button", name="登记调解").click()
    expect(page.get_by_role("alert")).to_contain_text("有 4 处要改，改好再登记。")
    fill(page)
    page.get_by_role("button", name="登记调解").click()
    page.wait_for_url("**/cases/")
    assert len(app.extensions["posts"]) == 2
    context.close()


def test_a_double_click_sends_once_and_says_so(sheet: Page, app: Flask) -> None:
    fill(sheet)
    app.extensions["pause"] = 0.5
    button = sheet.locator(".bar.fix button")
    # Playwright looks at nothing while a page is being left: the name of the window carries what was seen
    button.evaluate("""b => new MutationObserver(() => { window.name = b.disabled + ' ' + b.textContent })
        .observe(b, {attributes: true, childList: true})""")
    button.dblclick(no_wait_after=True)
    sheet.wait_for_url("**/cases/")
    assert sheet.evaluate("window.name") == "true 正在保存…"
    assert len(app.extensions["posts"]) == 1


def test_without_network_nothing_is_lost_and_it_is_sent_later(sheet: Page, app: Flask) -> None:
    fill(sheet)
    sheet.context.set_offline(True)
    sheet.get_by_role("button", name="登记调解").click()
    expect(sheet.locator("#notice")).to_contain_text("未保存，没有网络")
    expect(sheet.get_by_label("双方意见")).to_have_value("抚养费谈拢了。")
    expect(sheet.get_by_role("button", name="登记调解")).to_be_enabled()
    sheet.context.set_offline(False)
    sheet.wait_for_url("**/cases/")
    (post,) = app.extensions["posts"]
    assert (post["name"], post["words"]) == ("赵春梅", "抚养费谈拢了。")


def test_a_request_that_fails_leaves_the_page_and_is_sent_again(sheet: Page, app: Flask) -> None:
    fill(sheet)
    sheet.route("**/cases/new", lambda route: route.abort("connectionreset"))  # the browser believes to be online
    sheet.get_by_role("button", name="登记调解").click()
    expect(sheet.locator("#notice")).to_contain_text("未保存，没有网络")
    expect(sheet.get_by_label("双方意见")).to_have_value("抚养费谈拢了。")
    assert app.extensions["posts"] == []
    sheet.unroute("**/cases/new")
    sheet.wait_for_url("**/cases/")
    assert [post["words"] for post in app.extensions["posts"]] == ["抚养费谈拢了。"]


@pytest.mark.parametrize(
    ("name", "said"), [("forbidden", "只有项目负责人能办这件事"), ("busy", "没有保存"), ("bug", "没有办成")]
)
def test_an_answer_that_is_no_page_leaves_the_page(sheet: Page, name: str, said: str) -> None:
    fill(sheet)
    sheet.evaluate("name => { document.querySelector('main form').action = `/fail/${name}` }", name)
    sheet.get_by_role("button", name="登记调解").click()
    expect(sheet.locator("#notice")).to_contain_text(said)
    expect(sheet.get_by_label("双方意见")).to_have_value("抚养费谈拢了。")
    expect(sheet.get_by_role("button", name="登记调解")).to_be_enabled()


def test_what_is_to_be_mended_comes_back_alive(sheet: Page, app: Flask) -> None:
    sheet.get_by_label("双方意见").fill("抚养费谈拢了。")
    sheet.get_by_role("button", name="登记调解").click()
    expect(sheet.get_by_role("alert")).to_contain_text("处要改")
    expect(sheet.get_by_role("alert")).to_be_focused()
    expect(sheet.get_by_text("筛选条件")).to_be_hidden()  # the script knows the new page
    fill(sheet)
    sheet.get_by_role("button", name="登记调解").click()
    sheet.wait_for_url("**/cases/")
    assert len(app.extensions["posts"]) == 2


def test_small_things_on_the_page(sheet: Page) -> None:
    secret = sheet.get_by_label("密码")
    show = sheet.locator("[data-show]")
    show.click()
    expect(secret).to_have_attribute("type", "text")
    expect(show).to_have_text("隐藏")
    show.click()
    expect(secret).to_have_attribute("type", "password")
    filters = sheet.get_by_text("筛选条件")
    expect(filters).to_be_hidden()
    sheet.get_by_role("button", name="筛选").click()
    expect(filters).to_be_visible()


def test_a_shown_value_is_masked_again_after_a_minute(browser: Browser, served: str) -> None:
    context = browser.new_context(viewport=PHONE, base_url=served)
    page = context.new_page()
    page.clock.install()
    page.goto("/cases/new")
    value = page.locator("[data-reveal-seconds]")
    page.clock.run_for(59_000)
    expect(value).to_have_text("13812345512")
    page.clock.run_for(2_000)
    expect(value).to_have_text("138****5512")
    context.close()


def test_htmx_swaps_what_is_to_be_mended_and_reports_what_failed(sheet: Page) -> None:
    sheet.get_by_role("button", name="出错的一部分").click()
    expect(sheet.locator("#notice")).to_contain_text("这一步没有办成")
    expect(sheet.locator("#notice")).not_to_contain_text("ZeroDivisionError")
    sheet.get_by_role("button", name="换一部分").click()
    expect(sheet.locator("#part")).to_contain_text("对方明确拒绝，不能调解。")


@pytest.mark.parametrize("size", [PHONE, DESK, {"width": 360, "height": 640}], ids=["phone", "desk", "small"])
def test_axe_finds_nothing_and_nothing_overflows(browser: Browser, served: str, size: dict[str, int]) -> None:
    context = browser.new_context(viewport=size, locale="zh-CN", base_url=served)
    page = context.new_page()
    for address in ("/cases/new", "/nowhere", "/abort/503"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    page.goto("/cases/new")
    page.get_by_role("button", name="登记调解").click()
    expect(page.get_by_role("alert")).to_be_visible()
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    context.close()
