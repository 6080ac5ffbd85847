"""Take the pictures of every page from the running product: `make pictures`.

Serves a fresh demo on the loopback address, opens each stop of `fulian.testing.tour` as the role that uses it, and
writes docs/pictures/<name>-phone.png (390 px) and <name>-desk.png (1366 px). Old pictures that no stop has are removed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from fulian.testing.browser import CHINESE, HEIGHTS, QUIET
from fulian.testing.server import DemoServer, make_demo, serving_demo
from fulian.testing.tour import STOPS, prepare_tour

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
WIDTHS = {"phone": 390, "desk": 1366}
TALLEST = 2400


def main(folder: Path, wanted: list[str]) -> None:
    """Take the pictures named in `wanted` (all, where it is empty)."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, _served(Path(scratch)) as (server, ids), _chromium() as browser:
        for suffix, width in WIDTHS.items():
            _log_in_page(browser, server, folder, suffix, width)
            for role in dict.fromkeys(stop.role for stop in STOPS):
                page = _signed_in(browser, server, role, width)
                for stop in STOPS:
                    if stop.role == role and (not wanted or stop.name in wanted):
                        page.goto(stop.address.format(**ids))
                        _take(page, folder / f"{stop.name}-{suffix}.png")
                page.context.close()
    known = {f"{name}-{suffix}.png" for name in ("login", *(stop.name for stop in STOPS)) for suffix in WIDTHS}
    for picture in folder.glob("*.png"):
        if picture.name not in known:
            picture.unlink()


@contextmanager
def _served(scratch: Path) -> Iterator[tuple[DemoServer, Mapping[str, int]]]:
    make_demo(scratch / "made")
    with serving_demo(scratch / "made", scratch) as server:
        yield server, prepare_tour(scratch / "instance", list(server.accounts))


@contextmanager
def _chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        sys.exit("Chromium is missing: please install it (Debian: apt install chromium chromium-l10n fonts-noto-cjk)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET), env=CHINESE)
        yield browser
        browser.close()


def _page(browser: Browser, server: DemoServer, width: int) -> Page:
    context = browser.new_context(
        base_url=server.url,
        viewport={"width": width, "height": HEIGHTS[width]},
        has_touch=width == WIDTHS["phone"],
        locale="zh-CN",
        timezone_id="Asia/Shanghai",
    )
    return context.new_page()


def _log_in_page(browser: Browser, server: DemoServer, folder: Path, suffix: str, width: int) -> None:
    page = _page(browser, server, width)
    page.goto("/login")
    _take(page, folder / f"login-{suffix}.png")
    page.context.close()


def _take(page: Page, file: Path) -> None:
    """The page, of a long list the beginning. The window grows first, so that a fixed bar stands at the foot."""
    size = page.viewport_size or {"width": WIDTHS["desk"], "height": 0}
    height = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
    page.set_viewport_size({"width": size["width"], "height": max(size["height"], height)})
    page.screenshot(path=file)
    page.set_viewport_size(size)
    print(file.name)


def _signed_in(browser: Browser, server: DemoServer, role: str, width: int) -> Page:
    account: Mapping[str, Any] = server.account(role)
    page = _page(browser, server, width)
    page.goto("/login")
    page.fill("[name=username]", account["username"])
    page.fill("[name=password]", account["password"])
    page.click("form .btn-primary")
    page.wait_for_url(lambda url: "/login" not in url)
    return page


if __name__ == "__main__":
    main(FOLDER, sys.argv[1:])
