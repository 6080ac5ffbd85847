"""Promise 2: one entry for each change, in its transaction; one for each refusal; one for each reading that counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
from typing import Any

from flask import Flask

from fulian.calendar import SHANGHAI
from fulian.db import db, transact
from fulian.people.models import Person
from fulian.people.service import PersonData, register_person

from .calls import call_of
from .forms import in_days, late
from .log import Entries, breaking_after_the_record
from .objects import Spot, keeper_of, unique_name
from .places import PLACES, SIGNED_IN
from .routes import TOKEN_ONLY, Route, read_expected, routes
from .site import Site
from .writes import watching

COUNTY = next(place for place in PLACES if place.name == "county")
TOWNSHIP = next(place for place in PLACES if place.name == "township")
RESTRICTED = next(place for place in PLACES if place.name == "restricted")

DONE = Counter(done=1)
# What leaves no entry, and what is a reading.
ENTRIES: Mapping[str, Counter[str]] = {
    "cases.search": Counter(),
    "orgs.search": Counter(),
    "people.match": Counter(),
    "people.search": Counter(),
    "people.show_sealed": Counter(read=1),
}
READINGS: Mapping[str, Counter[str]] = {
    "cases.document": Counter(read=1),
    "cases.file": Counter(read=1),
}
RESTRICTED_READINGS = ("cases.show", "cases.history", "cases.edit")
LONG_AGO = "2019-01-01"


def _same(spot: Spot) -> dict[str, str]:
    """Somebody who cannot be both parties."""
    person = db.session.get_one(Person, spot.get("person_id"))
    chosen = {"name": person.name, "same": str(person.id)}
    return {f"{role}-{field}": value for role in ("applicant", "respondent") for field, value in chosen.items()}


def _known_document(spot: Spot) -> str:
    """A document number that is somebody's already."""
    number = "371502199001011234"
    person = PersonData(name=unique_name(), document_kind="id_card", document_number=number)
    transact(register_person, person, spot.org_id, keeper_of(spot.org_id))
    return number


# What a form lets through and a rule refuses, for every act that has such a rule.
AGAINST_A_RULE: Mapping[str, Callable[[Spot], Mapping[str, Any]]] = {
    "accounts.add_role": lambda _spot: {"role": "programme_lead", "programme": ""},
    "accounts.ask_account": lambda _spot: {"username": "mediator"},
    "accounts.ask_renew": lambda _spot: {"ends_on": LONG_AGO},
    "accounts.ask_role": lambda _spot: {"role": "system_admin", "programme": "", "org_id": "聊城市妇女联合会"},
    "accounts.device": lambda _spot: {"present": "Bu-dui-2026"},
    "accounts.edit": lambda _spot: {"version": "77"},
    "accounts.end_session": lambda _spot: {"which": "00"},
    "accounts.invite": lambda _spot: {"username": "mediator"},
    "accounts.log_in": lambda _spot: {"password": "Bu-dui-2026"},
    "accounts.log_in_code": lambda _spot: {"code": "000000"},
    "accounts.password": lambda _spot: {"present": "Bu-dui-2026"},
    "accounts.renew_role": lambda _spot: {"ends_on": LONG_AGO},
    "accounts.slips": lambda _spot: {"code": "000000"},
    "cases.answer": lambda _spot: {"decision": "refuse", "reason": ""},
    "cases.close": lambda _spot: {"outcome": "10"},
    "cases.do": lambda _spot: {"said_on": in_days(1)},
    "cases.edit": lambda _spot: {"version": "77"},
    "cases.hand_on": lambda spot: {f"c{spot.ids['her_case_id']}": "12"},
    "cases.handler": lambda _spot: {"version": "77"},
    "cases.make_void": lambda _spot: {"version": "77"},
    "cases.new": _same,
    "cases.new_file": lambda _spot: {"file": (BytesIO(b"<svg onload=alert(1)>"), "a.svg")},
    "cases.new_task": lambda _spot: {"due_on": LONG_AGO},
    "cases.note": lambda _spot: {"at": (datetime.now(SHANGHAI) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")},
    "cases.reopen": lambda _spot: {"version": "77"},
    "cases.restrict": lambda _spot: {"version": "77"},
    "cases.share": lambda _spot: {"to_org": "聊城市妇女联合会"},
    "orgs.move": lambda _spot: {"version": "77"},
    "people.edit": lambda _spot: {"version": "77"},
    "people.finish_post": lambda _spot: {"ends_on": in_days(1)},
    "people.new": lambda spot: {"document_kind": "id_card", "document_number": _known_document(spot)},
    "people.new_consent": lambda _spot: {"purpose": "portrait", "basis": "duty"},
    "people.new_post": lambda _spot: {"starts_on": in_days(1)},
    "people.show_sealed": lambda _spot: {"reason": "other", "text": ""},
}


# Acts that are refused when they are done once more.
TWICE = frozenset(
    {
        "accounts.ask_act",
        "accounts.ask_end_role",
        "accounts.confirm",
        "accounts.decline",
        "accounts.disable",
        "accounts.enable",
        "cases.end_share",
        "jobs.cancel",
        "jobs.cancel_any",
        "jobs.retry",
        "people.withdraw",
        "programmes.switch",
    }
)
# No rule of a service can refuse these to whoever may do them: what is wrong is a 404, or a form's own word.
NEVER_REFUSED = frozenset(
    {
        "accounts.end_role",
        "accounts.leave",
        "cases.search",
        "cases.task_done",
        "cases.urgent",
        "cases.withdraw",
        "orgs.search",
        "people.match",
        "people.merge",
        "people.search",
        "people.undo",
    }
)


def acts(app: Flask) -> Iterator[tuple[Route, str]]:
    """Every write route with the first caller of the matrix who may do it."""
    expected = read_expected()
    for route in sorted(routes(app), key=lambda route: late(route.endpoint, route.method)):
        if route.method == "POST":
            row = expected[route.endpoint, route.method]
            yield route, next(caller for caller in SIGNED_IN if row[caller] not in ("none", "no"))


_serial = count(1)


def from_elsewhere() -> dict[str, Any]:
    """An address that nobody has: repeats of a refusal from one address within a minute are one entry."""
    n = next(_serial)
    return {"environ_overrides": {"REMOTE_ADDR": f"10.1.{n // 200}.{n % 200 + 1}"}}


def spot_for(route: Route, caller: str) -> Spot:
    """Objects that this caller reaches."""
    if route.endpoint == "cases.urgent":
        return Spot(RESTRICTED, caller)
    return Spot(
        TOWNSHIP if caller == "caseworker" or not route.arguments or "county_id" not in route.arguments else COUNTY,
        caller,
    )


def test_every_write_route_is_counted(app: Flask) -> None:
    endpoints = {route.endpoint for route, _caller in acts(app)}
    assert set(AGAINST_A_RULE) | TWICE | NEVER_REFUSED == endpoints


def test_a_change_leaves_one_entry(site: Site) -> None:
    wrong = []
    for route, caller in acts(site.app):
        call, entries = call_of(site, caller, route, spot_for(route, caller), granted=True), Entries(site.app)
        reply = call.send()
        added, names = entries.added()
        if added != ENTRIES.get(route.endpoint, DONE) or reply.status >= 400:
            wrong.append(f"{route.endpoint} → {reply.status}: {names}")
    assert wrong == []


def test_a_change_that_is_rolled_back_leaves_none(site: Site) -> None:
    with site.app.app_context():
        engine = db.engine
    wrong = []
    for route, caller in acts(site.app):
        call, entries = call_of(site, caller, route, spot_for(route, caller), granted=True), Entries(site.app)
        with watching(engine) as writes, breaking_after_the_record() as broken:
            reply = call.send()
        recorded = ENTRIES.get(route.endpoint, DONE).total() > 0
        added, names = entries.added()
        if added or writes.changed or bool(broken) != recorded or (reply.status == 500) != recorded:
            wrong.append(f"{route.endpoint} → {reply.status}: {names} and {sorted(writes.changed)} stayed")
    assert wrong == []


def test_what_a_rule_refuses_leaves_one_refusal(site: Site) -> None:
    wrong = []
    for route, caller in acts(site.app):
        if route.endpoint in NEVER_REFUSED:
            continue
        spot = spot_for(route, caller)
        call = call_of(site, caller, route, spot, granted=True)
        if route.endpoint in TWICE:
            assert call.send().let_in, route.endpoint
        else:
            with site.app.app_context():
                call = call.with_data(AGAINST_A_RULE[route.endpoint](spot))
        entries = Entries(site.app)
        reply = call.send(**from_elsewhere())
        added, names = entries.added()
        if added != Counter(refused=1) or reply.status < 400:
            wrong.append(f"{route.endpoint} → {reply.status}: {names}")
    assert wrong == []


def test_what_a_permission_refuses_leaves_one_refusal(site: Site, spots: Mapping[str, Spot]) -> None:
    expected, wrong = read_expected(), []
    for route in routes(site.app):
        if route.endpoint in TOKEN_ONLY:
            continue
        refused = [c for c in SIGNED_IN if expected[route.endpoint, route.method][c] in ("none", "no")]
        for caller in refused[:1]:
            spot = spots["township"] if set(route.arguments) <= set(spots["township"].ids) else Spot(TOWNSHIP, caller)
            call, entries = call_of(site, caller, route, spot, granted=False), Entries(site.app)
            reply = call.send(**from_elsewhere())
            added, names = entries.added()
            if reply.status != 403 or added != Counter(refused=1):
                wrong.append(f"{caller} {route.method} {route.endpoint} → {reply.status}: {names}")
    assert wrong == []


def test_what_does_not_exist_leaves_none(site: Site, spots: Mapping[str, Spot]) -> None:
    entries = Entries(site.app)
    for case_id in (spots["sibling"].ids["case_id"], 987_654_321):
        assert site.browser("caseworker").get(f"/cases/{case_id}").status == 404
        assert site.browser("caseworker").post(f"/cases/{case_id}/edit", {"summary": "x"}).status == 404
    assert entries.added() == (Counter(done=1), ["login.done"])


def test_a_reading_leaves_one_entry(site: Site, spots: Mapping[str, Spot]) -> None:
    browser, wrong = site.browser("county_admin"), []
    for route in routes(site.app):
        if route.method != "GET" or route.about != "case":
            continue
        for name in ("township", "restricted"):
            with site.app.app_context():
                url = route.url_at(site.app, spots[name])
            entries = Entries(site.app)
            assert browser.get(url).status == 200, url
            added, _names = entries.added()
            wanted = READINGS.get(route.endpoint, Counter()) + (Counter(read=1) if name == "restricted" else Counter())
            if added != wanted:
                wrong.append(f"{url}: {added}, not {wanted}")
    assert wrong == []
