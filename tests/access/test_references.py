"""Promise 1: what a form names must lie in scope as well as the address: organisations, people, colleagues, parties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from fulian.cases.models import Party
from fulian.db import db
from fulian.testing.world import CHIPING, ZHENXING

from ..harness.calls import call_of
from ..harness.forms import FORMS
from ..harness.objects import PDF, Spot
from ..harness.places import PLACES
from ..harness.routes import Route, routes
from ..harness.site import Site
from ..harness.writes import watching

Spots = Mapping[str, Spot]
ABROAD = "振兴街道妇联"  # the name of an organisation in the other county
TOWNSHIP = next(place for place in PLACES if place.name == "township")


@dataclass(frozen=True)
class Reference:
    """A field of a form that is given something out of the caller's scope."""

    endpoint: str
    caller: str
    fields: Callable[[Spots], Mapping[str, Any]]


def _party_of(spots: Spots, name: str) -> str:
    of = (Party.case_id == spots[name].ids["case_id"], Party.role == "applicant")
    return str(db.session.execute(select(Party.id).where(*of)).scalar_one())


REFERENCES: Mapping[str, Reference] = {
    "a case for a strange organisation": Reference("cases.new", "caseworker", lambda _: {"org_id": str(ZHENXING)}),
    "a case below her own": Reference("cases.new", "caseworker", lambda _: {"org_id": "300"}),
    "a stranger as a party": Reference(
        "cases.new", "caseworker", lambda spots: {"applicant-same": str(spots["sibling"].ids["person_id"])}
    ),
    "a party of a restricted case": Reference(
        "cases.new", "caseworker", lambda spots: {"respondent-same": str(spots["restricted"].ids["person_id"])}
    ),
    "a strange handler": Reference(
        "cases.handler", "county_admin", lambda spots: {"handler_id": str(spots["sibling"].ids["account_id"])}
    ),
    "a line told by somebody of another case": Reference(
        "cases.note", "caseworker", lambda spots: {"wall": _party_of(spots, "sibling")}
    ),
    "a file about somebody of another case": Reference(
        "cases.new_file",
        "caseworker",
        lambda spots: {"party": _party_of(spots, "sibling"), "file": (BytesIO(PDF), "a.pdf")},
    ),
    "a person for a strange organisation": Reference("people.new", "caseworker", lambda _: {"org_id": str(ZHENXING)}),
    "a post in a strange organisation": Reference(
        "people.new_post", "county_admin", lambda _: {"org_id": str(ZHENXING)}
    ),
    "an organisation to another county": Reference("orgs.move", "county_admin", lambda _: {"parent_id": str(CHIPING)}),
    "an account in another county": Reference(
        "accounts.invite", "county_admin", lambda _: {"org_id": ABROAD, "org_pick": str(ZHENXING)}
    ),
    "an admin invited": Reference("accounts.invite", "county_admin", lambda _: {"role": "county_admin"}),
    "a role in another county": Reference(
        "accounts.add_role", "county_admin", lambda _: {"org_id": ABROAD, "org_pick": str(ZHENXING)}
    ),
    "a role above her own": Reference(
        "accounts.add_role", "county_admin", lambda _: {"role": "city_admin", "org_id": "聊城市妇女联合会"}
    ),
    "an account moved to another county": Reference(
        "accounts.edit", "county_admin", lambda _: {"org_id": ABROAD, "org_pick": str(ZHENXING)}
    ),
    "open cases to a strange colleague": Reference("accounts.disable", "county_admin", lambda _: {"heir_id": "12"}),
    "a strange number": Reference(
        "cases.urgent", "county_admin", lambda spots: FORMS["cases.urgent"](spots["sibling_restricted"])
    ),
    "a number of another programme's lead": Reference(
        "cases.urgent", "programme_lead", lambda spots: FORMS["cases.urgent"](spots["sibling_restricted"])
    ),
}


@pytest.mark.parametrize("what", REFERENCES)
def test_what_a_form_names_lies_in_scope(what: str, site: Site, spots: Spots) -> None:
    reference = REFERENCES[what]
    [route] = [one for one in routes(site.app) if (one.endpoint, one.method) == (reference.endpoint, "POST")]
    call = call_of(site, reference.caller, route, _spot_of(route, reference, spots), granted=True)
    with site.app.app_context():
        call, engine = call.with_data(reference.fields(spots)), db.engine
    with watching(engine) as writes:
        reply = call.send()
    assert reply.status in (400, 403, 404, 422), f"{reply.status} {reply.place}"
    assert writes.changed == set()
    names = [word for what, word in spots["sibling"].words.items() if what in ("applicant", "respondent", "person")]
    names += [spots["restricted"].words["applicant"]]
    assert [name for name in names if name in reply.text] == []


def _spot_of(route: Route, reference: Reference, spots: Spots) -> Spot:
    if reference.endpoint == "cases.urgent":
        return spots["restricted"]
    return Spot(TOWNSHIP, reference.caller)
