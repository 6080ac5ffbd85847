"""Promise 1: every route × method × caller × object, against the hand-written expected.csv: no wrong grant, no wrong
refusal; what is out of scope answers exactly like what does not exist, and nobody who is refused changes anything.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from flask import Flask
from lxml import html

from fulian.db import db
from fulian.testing.world import CHIPING, CITY_UNIT, DONGCHANGFU

from ..harness.calls import call_nowhere, call_of
from ..harness.forms import FORMS, READING, late
from ..harness.objects import Spot
from ..harness.places import CALLERS, PLACES, Place, object_class, reaches
from ..harness.routes import ABSENT_ID, OBJECTS, TOKEN_ONLY, Route, read_expected, routes
from ..harness.site import Reply, Site
from ..harness.writes import watching

UNITS = (Place("county", DONGCHANGFU), Place("sibling_unit", CHIPING), Place("city_unit", CITY_UNIT))
TOWNSHIP = next(place for place in PLACES if place.name == "township")
# A task that is done, a file that was withdrawn, a role that ended: gone for everybody.
GONE_FOR_ALL = ("task_id", "file_id", "grant_id")
# The tree and its units are public to every account, so a refusal there need not look like "no such".
PUBLIC_ROWS = frozenset({"programmes.switch"})
# A county admin is shown doubles that only restricted cases know.
ANNOUNCED = frozenset({"people.merge", "people.undo"})
CASE_LISTS = ("cases.urgent",)  # its form names a restricted case in the area


def test_every_route_stands_in_the_matrix_and_nothing_else(app: Flask) -> None:
    expected, found = read_expected(), {(route.endpoint, route.method): route for route in routes(app)}
    assert sorted(set(found) ^ set(expected)) == []
    for key, row in expected.items():
        words = OBJECTS if found[key].arguments else ("yes", "no")
        assert set(row.values()) <= set(words), key
        assert found[key].method == "GET" or found[key].endpoint in FORMS, f"{key}: nothing to send"


def places_of(route: Route) -> tuple[Place, ...]:
    """Where the objects of a route can stand."""
    if "county_id" in route.arguments:
        return UNITS
    if "request_id" in route.arguments:
        return (TOWNSHIP,)
    if route.about == "other":
        return tuple(place for place in PLACES if place.kind in ("plain", "gone"))
    if {"merge_id", "post_id"} & set(route.arguments):
        return tuple(place for place in PLACES if place.kind == "plain")
    if route.about == "person":
        return tuple(place for place in PLACES if place.kind != "handled")
    return PLACES


def is_reached(route: Route, widest: str, caller: str, place: Place) -> bool:
    if route.endpoint in ANNOUNCED and place.kind == "restricted":
        return widest != "none" and object_class(caller, place) != "outside"
    return reaches(widest, caller, place, route.about)


@pytest.mark.parametrize("caller", CALLERS)
def test_no_wrong_grant_and_no_wrong_refusal(caller: str, site: Site, spots: Mapping[str, Spot]) -> None:
    expected = read_expected()
    matrix = Matrix(site, caller, spots)
    for route in sorted(routes(site.app), key=lambda route: late(route.endpoint, route.method)):
        matrix.try_route(route, expected[route.endpoint, route.method][caller])
    assert not matrix.wrong, "\n".join(matrix.wrong)
    assert not site.problems(), "\n".join(site.problems())
    assert matrix.tried > 100


class Matrix:
    """The cells of one caller."""

    def __init__(self, site: Site, caller: str, spots: Mapping[str, Spot]) -> None:
        self.site, self.app, self.caller, self.spots = site, site.app, caller, spots
        self.wrong: list[str] = []
        self.tried = 0

    def try_route(self, route: Route, widest: str) -> None:
        """Call a route for every object, and look at what came back and what was written."""
        if not route.arguments:
            kind = "restricted" if route.endpoint in CASE_LISTS else "plain"
            spot = Spot(Place("county", DONGCHANGFU, kind), self.caller)
            self._judge(route, spot, widest == "yes", widest)
            return
        absent = self._nowhere(route, self._absent(route))
        self._expect(route, "absent", absent, False, widest)
        for place in places_of(route):
            reached = is_reached(route, widest, self.caller, place)
            reply = self._judge(route, self._spot(route, place, reached), reached, widest)
            if not reached and widest != "none" and route.endpoint not in PUBLIC_ROWS:
                self._compare(route, place, reply, absent)
            if not reached or len(route.arguments) < 2:
                continue
            stranger = self._stranger(route, place)
            if stranger is not None:
                self._compare(route, place, self._nowhere(route, stranger), absent)

    def _spot(self, route: Route, place: Place, reached: bool) -> Spot:
        """Fresh objects where something will be done to them, else those of the grounds."""
        standing = self.spots.get(place.name)
        if (
            standing is not None
            and not (reached and route.method == "POST")
            and set(route.arguments) <= set(standing.ids)
        ):
            return standing
        return Spot(place, self.caller)

    def _absent(self, route: Route) -> dict[str, int]:
        return {name: ABSENT_ID + n for n, name in enumerate(route.arguments)}

    def _stranger(self, route: Route, place: Place) -> dict[str, int] | None:
        """An object that is reached, with a part that belongs to another one."""
        mine, other = self.spots.get(place.name), self.spots["sibling"]
        last = route.arguments[-1]
        if mine is None or last not in other.ids or place.name == "sibling":
            return None
        return {**{name: mine.ids[name] for name in route.arguments[:-1]}, last: other.ids[last]}

    def _nowhere(self, route: Route, ids: Mapping[str, int]) -> Reply:
        return call_nowhere(self.site, self.caller, route, ids, self.spots["township"]).send()

    def _judge(self, route: Route, spot: Spot, reached: bool, widest: str) -> Reply:
        self.tried += 1
        call = call_of(self.site, self.caller, route, spot, granted=reached)
        where = f"{self.caller} {route.method} {call.url} at {spot.place.name}"
        with self.app.app_context():
            engine = db.engine
        with watching(engine) as writes:
            reply = call.send()
        if spot.gone and route.arguments[-1] in GONE_FOR_ALL:
            if reply.let_in:
                self.wrong.append(f"{where}: shows what is gone")
        elif reached and spot.gone:
            if reply.status in (401, 403) or reply.to_log_in:
                self.wrong.append(f"{where}: refused with {reply.status} {reply.place}")
        else:
            self._expect(route, spot.place.name, reply, reached, widest)
            if reached and route.method == "POST" and not writes.changed and route.endpoint not in READING:
                self.wrong.append(f"{where}: changed nothing")
        if not reached and writes.changed:
            self.wrong.append(f"{where}: refused with {reply.status}, but wrote {sorted(writes.changed)}")
        return reply

    def _expect(self, route: Route, place: str, reply: Reply, reached: bool, widest: str) -> None:
        where = f"{self.caller} {route.method} {reply.url} at {place}: {reply.status} {reply.place}"
        if reached and not reply.let_in and route.endpoint != "accounts.leave":
            self.wrong.append(f"wrong refusal: {where} {_errors(reply)}")
        if not reached and not self._is_refusal(route, reply, widest):
            self.wrong.append(f"wrong grant, or refused otherwise: {where}")

    def _is_refusal(self, route: Route, reply: Reply, widest: str) -> bool:
        """Whether it is the refusal that is due: log-in, then permission (403), then object (404)."""
        if route.endpoint in TOKEN_ONLY:
            return reply.status == 404
        if self.caller in ("anonymous", "disabled"):
            return reply.to_log_in
        if widest in ("none", "no"):
            return reply.status == 403
        return reply.status == 404 or (reply.status == 403 and route.endpoint in PUBLIC_ROWS)

    def _compare(self, route: Route, place: Place, reply: Reply, absent: Reply) -> None:
        if reply.likeness() != absent.likeness():
            self.wrong.append(
                f"tells: {self.caller} {route.method} {reply.url} at {place.name} is {reply.status} {reply.place}, "
                f"no such id is {absent.status} {absent.place}"
            )


def _errors(reply: Reply) -> str:
    """What a page said was wrong."""
    text = " ".join(html.fromstring(reply.text).text_content().split()) if reply.text else ""
    return text[:600]
