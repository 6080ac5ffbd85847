"""Browser fixtures: pages of Debian's Chromium on the running product; what they opened goes into the report."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fulian.testing.databases import Database, lacking, postgres_server
from fulian.testing.run import Run
from fulian.testing.server import DemoServer, LiveServer, make_demo, serving, serving_demo

HEIGHTS = {390: 844, 1366: 900}  # the two widths that every page is looked at: a phone, an office screen
TABLET = 768  # below it: a finger, no mouse
NO_CHROMIUM = "no Chromium is installed (Debian: apt install chromium)"
# The environment in which Chromium speaks Chinese of its own, such as 年/月/日 in a date field.
CHINESE: dict[str, str | float | bool] = {**os.environ, "LANGUAGE": "zh_CN"}
QUIET = (
    "--lang=zh-CN",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

OpenPage = Callable[..., Any]


def find_chromium() -> str:
    """The program of Debian's Chromium (or another's build of it). Skips the test where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or lacking(NO_CHROMIUM)


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Any]:
    """One Chromium for all tests of a worker (a `playwright.sync_api.Browser`). Skips aloud where there is none."""
    program = find_chromium()
    playwright = request.getfixturevalue("playwright")  # of pytest-playwright: only one may run in a process
    browser = playwright.chromium.launch(executable_path=program, args=list(QUIET), env=CHINESE)
    yield browser
    browser.close()


@pytest.fixture
def open_page(chromium: Any, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """`open_page(url, width=390, javascript=True)`: a `playwright.sync_api.Page` in a fresh context (no cookies).

    Addresses are relative to `url`. At the end the test fails where a page broke the content security policy or a
    script raised. Every address answered well is written into the report, where `tools/check_report.py` reads it.
    """
    contexts: list[Any] = []
    visited: set[str] = set()
    complaints: list[str] = []

    def note(response: Any) -> None:
        if response.request.method == "GET" and response.status < 400:
            visited.add(urlsplit(response.url).path)

    def hear(message: Any) -> None:
        if "Content Security Policy" in message.text:
            complaints.append(message.text)

    def open_one(url: str, width: int = 390, javascript: bool = True) -> Any:
        context = chromium.new_context(
            base_url=url,
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            has_touch=width < TABLET,
            java_script_enabled=javascript,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
        )
        contexts.append(context)
        context.on("response", note)
        context.on("console", hear)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
    request.node.user_properties.append(("visited", " ".join(sorted(visited))))
    assert complaints == []


@pytest.fixture
def live_server(
    app_config: Mapping[str, Any], fulian_run: Run, database: Database, tmp_path: Path
) -> Iterator[LiveServer]:
    """The real server on the test's own database, as it is served in production."""
    settings = {name: str(value) for name, value in app_config.items() if name.startswith("FULIAN_")}
    with (
        postgres_server(fulian_run).durable() if database.kind == "postgresql" else nullcontext(),
        serving(settings, tmp_path) as server,
    ):
        yield server


@pytest.fixture
def browser_page(live_server: LiveServer, open_page: OpenPage) -> OpenPage:
    """`browser_page(width=390, javascript=True)`: a page on `live_server`."""
    return partial(open_page, live_server.url)


@pytest.fixture(scope="session")
def demo_server(fulian_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoServer]:
    """The real server on the demo data (SQLite), one for all tests of a worker: add to it, count on nothing in it."""
    made = fulian_run.once("demo", make_demo)
    with serving_demo(made, tmp_path_factory.mktemp("demo")) as server:
        yield server


@pytest.fixture
def demo_page(demo_server: DemoServer, open_page: OpenPage) -> OpenPage:
    """`demo_page(width=390, javascript=True)`: a page on `demo_server`."""
    return partial(open_page, demo_server.url)
