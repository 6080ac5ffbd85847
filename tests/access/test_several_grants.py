"""Promise 1, where one account holds several grants: each reaches what it reaches alone, nothing more together."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import insert

from fulian.accounts.models import Grant
from fulian.db import db
from fulian.testing.world import ACCOUNTS, DONGCHANGFU, GULOU, LIUYUAN, LIUYUAN_VILLAGE

from ..harness.forms import FORMS
from ..harness.objects import Spot
from ..harness.site import Site
from ..harness.writes import watching

# 宋梅: caseworker in one village, chair of another township; here caseworker of the county federation as well.
EXTRA = {"account_id": ACCOUNTS["several"][0], "role": "caseworker", "org_id": DONGCHANGFU}
# A list narrowed to an organisation → the places whose cases are in it and hers.
NARROWED: Mapping[int | None, set[str]] = {
    None: {"county", "village", "neighbour", "handled"},
    DONGCHANGFU: {"county", "village", "neighbour", "handled"},
    GULOU: {"neighbour", "handled"},
    LIUYUAN_VILLAGE: {"village"},
}


@pytest.fixture
def several(site: Site) -> Site:
    """The site, where 宋梅 holds three grants."""
    with site.app.app_context():
        row = {**EXTRA, "starts_on": date(2025, 1, 1), "granted_at": datetime(2025, 1, 1, tzinfo=UTC), "reason": ""}
        db.session.execute(insert(Grant), row)
        db.session.commit()
    return site


@pytest.mark.parametrize("org_id", NARROWED)
@pytest.mark.parametrize("order", ["newest", "due"])
def test_a_narrowed_list(several: Site, spots: Mapping[str, Spot], org_id: int | None, order: str) -> None:
    narrowed = f"&org={org_id}" if org_id is not None else ""
    page = several.new_browser("several").get(f"/cases/?status=all&order={order}{narrowed}")
    assert page.status == 200
    seen = {name for name, spot in spots.items() if spot.words["applicant"] in page.text}
    assert seen == NARROWED[org_id]


def test_she_narrows_only_inside_her_area(several: Site) -> None:
    browser = several.new_browser("several")
    assert browser.get(f"/cases/?org={LIUYUAN}").status == 400


def test_a_lead_opens_no_case_of_another_programme(site: Site, spots: Mapping[str, Spot]) -> None:
    """A lead of lectures in the same county: not by its number either."""
    browser = site.new_browser("foreign_lead")
    with site.app.app_context():
        form, engine = FORMS["cases.urgent"](spots["restricted"]), db.engine
    with watching(engine) as writes:
        reply = browser.post("/cases/urgent", form)
    assert reply.status == 422
    assert writes.changed == set()
    assert browser.get(f"/cases/{spots['restricted'].ids['case_id']}").status == 404
