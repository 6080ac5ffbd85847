"""Every page, as the role that uses it, at the width of a phone and of a desk: as it is, and sent back with errors."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pyotp import TOTP

from fulian.testing.looks import faults, log_in
from fulian.testing.server import DemoServer
from fulian.testing.tour import DOWNLOADS, STOPS

pytestmark = pytest.mark.browser

ROLES = tuple(dict.fromkeys(stop.role for stop in STOPS))
SEND_EMPTY = """() => { const form = document.querySelector('main form[method=post]')
  form.noValidate = true; form.submit() }"""
FORMS = "main form[method=post]"


def logged_in(demo_page: Any, demo_server: DemoServer, role: str, width: int) -> Any:
    account = demo_server.account(role)
    page = demo_page(width=width)
    log_in(page, account["username"], account["password"])
    return page


def parts(demo_server: DemoServer) -> set[str]:
    """The Latin words that are user names."""
    names = [account["username"] for account in demo_server.accounts]
    return {word for name in names for word in re.findall(r"[a-z]{3,}", name)}


@pytest.mark.parametrize("width", [390, 1366])
@pytest.mark.parametrize("role", ROLES)
def test_every_page_of_a_role(
    demo_page: Any, demo_server: DemoServer, tour_ids: Mapping[str, int], role: str, width: int
) -> None:
    page = logged_in(demo_page, demo_server, role, width)
    known = parts(demo_server)
    found = []
    for stop in STOPS:
        if stop.role != role:
            continue
        response = page.goto(stop.address.format(**tour_ids))
        if response.status != 200:
            found.append(f"{stop.name}: answered {response.status}")
            continue
        found += [f"{stop.name}: {fault}" for fault in faults(page, known)]
        if stop.act and not page.locator(FORMS).count():
            found.append(f"{stop.name}: no form to send")
        elif stop.act:
            with page.expect_navigation() as sent:
                page.evaluate(SEND_EMPTY)
            if sent.value.status != 422:
                found.append(f"{stop.name}, sent empty: answered {sent.value.status}")
            found += [f"{stop.name}, sent empty: {fault}" for fault in faults(page, known)]
    assert found == []


@pytest.mark.parametrize("width", [390, 1366])
def test_log_in_and_errors(demo_page: Any, demo_server: DemoServer, width: int) -> None:
    page = demo_page(width=width)
    page.goto("/login")
    found = faults(page, set())
    page.fill("[name=username]", "nobody")
    page.fill("[name=password]", "wrong")
    page.click("form .btn-primary")
    found += faults(page, {"nobody"})
    assert page.input_value("[name=username]") == "nobody"
    account = demo_server.account("caseworker")
    log_in(page, account["username"], account["password"])
    for address, status in (("/no-such-page", 404), ("/cases/999999", 404), ("/audit/", 403), ("/cases/?sort=x", 400)):
        assert page.goto(address).status == status
        found += [f"{address}: {fault}" for fault in faults(page, set())]
    assert found == []


@pytest.mark.parametrize("width", [390, 1366])
def test_log_in_with_a_code_and_print_slips(demo_page: Any, demo_server: DemoServer, width: int) -> None:
    """The one demo account with an authenticator. At the second width it begins again with another code."""
    [account] = [account for account in demo_server.accounts if account["totp_secret"]]
    totp, known = TOTP(account["totp_secret"]), parts(demo_server)
    page = demo_page(width=width)
    page.goto("/login")
    page.fill("[name=username]", account["username"])
    page.fill("[name=password]", account["password"])
    page.click("form .btn-primary")
    page.wait_for_url("**/login/code")
    found = faults(page, known)
    page.fill("[name=code]", "000000")
    page.click("form .btn-primary")
    found += [f"a wrong code: {fault}" for fault in faults(page, known)]
    codes = fresh_codes(totp)
    page.fill("[name=code]", next(codes))
    page.click("form .btn-primary")
    page.wait_for_url(lambda url: "/login" not in url)
    for address in ("/account/device", "/account/slips"):
        assert page.goto(address).status == 200
        found += [f"{address}: {fault}" for fault in faults(page, known)]
    page.fill("[name=present]", account["password"])
    page.fill("[name=code]", next(codes))
    page.click("main .btn-primary")
    assert page.locator("main li.mask").count() == 10
    found += [f"slips: {fault}" for fault in faults(page, known)]
    assert found == []


USED_STEPS: list[int] = []


def fresh_codes(totp: TOTP) -> Iterator[str]:
    """Codes of steps that no test of this worker has used, each waited for until the server takes it."""
    while True:
        step = max(totp.timecode(datetime.now(UTC)), *(used + 1 for used in USED_STEPS), 0)
        USED_STEPS.append(step)
        while totp.timecode(datetime.now(UTC)) + 1 < step:
            time.sleep(0.5)
        yield totp.generate_otp(step)


@pytest.mark.parametrize("width", [390, 1366])
def test_empty_lists_say_what_to_do(demo_page: Any, demo_server: DemoServer, width: int) -> None:
    page = logged_in(demo_page, demo_server, "caseworker", width)
    found = []
    for address in ("/cases/?q=鎏鎏鎏", "/people/?q=鎏鎏鎏", "/orgs/?q=鎏鎏鎏", "/cases/?status=void&risk=r"):
        assert page.goto(address).status == 200
        found += [f"{address}: {fault}" for fault in faults(page, set())]
        assert page.locator("main .ic-big").count() == 1, address
    assert found == []


def test_candidates_are_a_part_of_a_page(demo_page: Any, demo_server: DemoServer) -> None:
    page = logged_in(demo_page, demo_server, "caseworker", 390)
    page.goto("/people/")
    name = page.locator("td.big a").first.inner_text()
    assert page.goto(f"/people/match?name={name}").status == 200
    assert page.locator("input[type=radio]").count() > 1


def test_downloads_are_downloads(demo_page: Any, demo_server: DemoServer, tour_ids: Mapping[str, int]) -> None:
    page = logged_in(demo_page, demo_server, "caseworker", 390)
    for stop in DOWNLOADS:
        reply = page.evaluate(
            """async address => { const r = await fetch(address)
              return [r.status, r.headers.get('content-disposition'), (await r.arrayBuffer()).byteLength] }""",
            stop.address.format(**tour_ids),
        )
        assert reply[0] == 200, stop.name
        assert reply[1].startswith("attachment"), stop.name
        assert reply[2] > 20, stop.name
