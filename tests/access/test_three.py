"""Promise 12: each of the three administrators alone, by any sequence of routes, reads no case and no person; the
audit administrator changes nothing; what the other two begin needs a second one of them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping

import pytest
from sqlalchemy import select

from fulian.accounts.models import Grant
from fulian.db import db

from ..harness.calls import call_of
from ..harness.forms import ENDS_SESSIONS
from ..harness.objects import Spot
from ..harness.places import THREE
from ..harness.routes import Route, routes
from ..harness.site import Reply, Site
from ..harness.writes import watching
from .canaries import canaries
from .test_canaries import links_of, text_of

STEPS = 300
SEED = 20261124
MAY_WRITE = {"system_admin": {"account_request"}, "security_admin": {"account_request"}, "audit_admin": set()}


@pytest.mark.parametrize("caller", THREE)
def test_alone_she_reads_no_case_and_changes_nothing(caller: str, site: Site, spots: Mapping[str, Spot]) -> None:
    secret = [canary for canary in canaries(caller, spots) if canary.sight == "never"]
    walk = Walk(site, caller, spots, random.Random(f"{SEED} {caller}"))
    with site.app.app_context():
        engine = db.engine
    with watching(engine) as writes:
        told = "".join(text_of(walk.step()) for _ in range(STEPS))
    assert [f"{canary.what} of {canary.place.name}" for canary in secret if canary.word in told] == []
    assert writes.changed <= MAY_WRITE[caller]
    assert walk.let_in > STEPS / 10  # she did get somewhere
    assert site.problems() == []


def test_nobody_holds_two_of_them(site: Site, spots: Mapping[str, Spot]) -> None:
    """Not even where two of them ask and confirm that one of them, or a caseworker of the same name, gets another."""
    system, security = site.browser("system_admin"), site.browser("security_admin")
    for account_id in (9, 10, 11, spots["township"].ids["account_id"]):
        for role in THREE:
            form = {"role": role, "programme": "", "org_id": "聊城市妇女联合会", "reason": "兼任"}
            asked = system.post(f"/accounts/{account_id}/requests/grant", form)
            if asked.status == 302:
                security.post(f"{asked.place}/confirm")
    with site.app.app_context():
        held = db.session.execute(select(Grant.account_id, Grant.role).where(Grant.ended_at.is_(None))).all()
    holders = Counter(account_id for account_id, role in {tuple(row) for row in held} if role in THREE)
    assert max(holders.values()) == 1
    assert not set(holders) & {row.account_id for row in held if row.role not in THREE}


class Walk:
    """A walk by chance: along a link of the last page, or to any route with any object and a form that is filled in."""

    def __init__(self, site: Site, caller: str, spots: Mapping[str, Spot], chance: random.Random) -> None:
        self.site, self.caller, self.chance = site, caller, chance
        self.spots = list(spots.values())
        self.routes = [route for route in routes(site.app) if route.endpoint not in ENDS_SESSIONS]
        self.browser = site.browser(caller)
        self.last: Reply = self.browser.get("/")
        self.let_in = 0

    def step(self) -> Reply:
        """Go one step; the reply."""
        links = sorted(set(links_of(self.last)))
        if links and self.chance.random() < 0.4:
            reply = self.browser.get(self.chance.choice(links))
        else:
            reply = self._any(self.chance.choice(self.routes))
        self.let_in += reply.let_in
        self.last = reply
        return reply

    def _any(self, route: Route) -> Reply:
        spot = self.chance.choice(self.spots)
        if not set(route.arguments) <= set(spot.ids):  # a merge, a request: by a number that may exist
            ids = {name: spot.ids.get(name, self.chance.randint(1, 20)) for name in route.arguments}
            spot = Spot(spot.place, self.caller, {**spot.ids, **ids}, spot.words)
        return call_of(self.site, self.caller, route, spot, granted=False).send()
