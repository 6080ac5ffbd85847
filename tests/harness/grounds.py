"""The grounds: the small world with every kind of object at every place, each text in them a word of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from sqlalchemy import insert

from fulian.accounts.models import Account, Grant
from fulian.calendar import local_date
from fulian.cases.models import Case
from fulian.cases.service import advance_case
from fulian.db import db, transact
from fulian.programmes.models import Opening
from fulian.testing.plugin import Content
from fulian.testing.world import CITY_UNIT, LIUYUAN, ORGS, SINCE, fill_world

from . import objects
from .objects import FIRST_KEEPER, Spot, actor_of, keeper_of, unique_word
from .places import PLACES, Place

FILE = "grounds.json"
PLAIN_ONLY = frozenset({"post_id"})  # whoever is known through a restricted case only is not put into a post
STANDING = (
    "case_id",
    "task_id",
    "file_id",
    "event_id",
    "person_id",
    "second_person_id",
    "consent_id",
    "post_id",
    "org_id",
    "account_id",
    "grant_id",
    "county_id",
)


def fill_grounds(app: Flask) -> None:
    """Write the world, a keeper in each organisation, and all objects at all places; commits."""
    fill_world(app)
    _add_keepers()
    spots = [_standing(place) for place in PLACES]
    saved = {"count": next(objects.counter), "spots": [asdict(spot) for spot in spots]}
    (Path(current_app.instance_path) / FILE).write_text(json.dumps(saved, ensure_ascii=False), encoding="utf-8")


def _add_keepers() -> None:
    """Somebody who registered and opened what stands in an organisation; mediation also open for the city's own."""
    now = datetime.now(UTC)
    accounts = [
        {
            "id": FIRST_KEEPER + org_id,
            "username": f"keeper{org_id}",
            "name": f"守{org_id}",
            "org_id": org_id,
            "county_id": ORGS[org_id][3],
            "password_hash": "-",
            "password_at": now,
            "must_change": False,
            "status": "active",
            "created_at": SINCE,
            "version": 1,
        }
        for org_id in ORGS
    ]
    grants = [
        {
            "account_id": FIRST_KEEPER + org_id,
            "role": "caseworker",
            "org_id": org_id,
            "starts_on": date(2025, 1, 1),
            "granted_at": SINCE,
            "reason": "",
        }
        for org_id in ORGS
    ]
    db.session.execute(insert(Account), accounts)
    db.session.execute(insert(Grant), grants)
    db.session.add(Opening(programme="mediation", county_id=CITY_UNIT, starts_at=SINCE, reason="聊妇发〔2025〕1号"))
    db.session.commit()


def _standing(place: Place) -> Spot:
    spot = Spot(place)
    for argument in STANDING:
        if argument in PLAIN_ONLY and place.kind != "plain":
            continue
        spot.get(argument)
        if argument == "case_id":
            _tell_story(spot)
    return spot


def _tell_story(spot: Spot) -> None:
    """Bring a case up to its visits, so that every table of the plugin has a row with a word in it."""
    if spot.gone:
        return  # void: entered by mistake, nothing happened in it
    by = keeper_of(spot.org_id)
    if spot.place.kind == "handled":
        by = actor_of(objects.KEEPER, "李秀英", "caseworker", LIUYUAN)
    case_id, earlier = spot.get("case_id"), by.now - timedelta(minutes=1)
    for code, data in _story(spot, earlier, local_date(earlier)):
        db.session.expire_all()
        version = db.session.get_one(Case, case_id).version
        db.session.rollback()
        transact(advance_case, case_id, version, code, data, by)


def _story(spot: Spot, at: datetime, day: date) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield (
        "record_session",
        {
            "at": at,
            "place": spot.word("session_place"),
            "mediators": spot.word("session_mediators"),
            "guests": spot.word("session_guests"),
            "guests_agreed": True,
            "public": False,
            "told": True,
            "content": spot.word("session_content"),
            "result": "reached",
            "next_at": None,
        },
    )
    yield (
        "write_agreement",
        {
            "partial": False,
            "facts": spot.word("agreement_facts"),
            "disputed": spot.word("agreement_disputed"),
            "text_1": spot.word("clause"),
            "matter_1": "payment",
            "way_1": "transfer",
            "place_1": spot.word("clause_place"),
            "term_1": spot.word("clause_term"),
        },
    )
    yield "sign_agreement", {"applicant_signed_on": day, "same_day": True}
    visit = {"visited": "both", "way": "home", "performance": "done", "satisfaction": "satisfied"}
    visit |= {"recurred": "no", "escalated": "no", "note": spot.word("visit_note")}
    yield "record_follow_up", {"visited_on": day, **visit}
    report = {"station": spot.word("police_station"), "receipt": spot.word("police_receipt")}
    yield "report_police", {"at": at, **report, "note": unique_word()}


def read_grounds(app: Flask) -> dict[str, Spot]:
    """The spots of a test's copy of the grounds, by the name of their place."""
    saved = json.loads((Path(app.instance_path) / FILE).read_text(encoding="utf-8"))
    objects.count_from(saved["count"])
    places = {place.name: place for place in PLACES}
    return {
        spot["place"]["name"]: Spot(places[spot["place"]["name"]], ids=spot["ids"], words=spot["words"])
        for spot in saved["spots"]
    }


GROUNDS = Content("grounds", fill_grounds)
