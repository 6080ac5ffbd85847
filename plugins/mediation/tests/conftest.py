"""The small world of fulian.testing, with mediation alone; a case at each stage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from fulian.testing.acts import advance
from fulian.testing.plugin import Content
from fulian.testing.world import NOW, WORLD, open_mediation

TODAY = date(2026, 11, 24)  # NOW in Shanghai

SESSION: dict[str, Any] = {
    "at": NOW - timedelta(hours=1),
    "place": "柳园街道婚调室",
    "mediators": "",
    "guests": "",
    "guests_agreed": False,
    "public": False,
    "told": True,
    "content": "双方同意由女方直接抚养孩子，抚养费未谈拢。",
    "result": "reached",
    "next_at": None,
}
AGREEMENT: dict[str, Any] = {
    "partial": False,
    "facts": "双方分居四个月，孩子随女方生活。",
    "disputed": "抚养费的数额。",
    "text_1": "男方每月支付抚养费 1,200 元。",
    "matter_1": "payment",
    "way_1": "transfer",
    "place_1": "",
    "term_1": "每月 5 日前",
    "text_2": "男方每周可以探望孩子一次。",
    "matter_2": "care",
    "text_3": "",
    "matter_3": None,
}
SIGNED: dict[str, Any] = {
    "applicant_signed_on": TODAY,
    "same_day": True,
    "respondent_signed_on": None,
    "mediator_signed_on": None,
    "sealed_on": None,
}
VISIT: dict[str, Any] = {
    "visited_on": TODAY,
    "visited": "both",
    "way": "home",
    "performance": "done",
    "satisfaction": "satisfied",
    "recurred": "no",
    "escalated": "no",
    "note": "",
}
REPORT: dict[str, Any] = {
    "at": NOW - timedelta(hours=1),
    "station": "柳园派出所",
    "receipt": "3715021124001",
    "note": "",
}


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


@pytest.fixture(scope="session")
def plugins() -> list[str]:
    return ["mediation"]


@pytest.fixture
def world(app: Flask) -> Iterator[Flask]:
    """The application in context."""
    with app.app_context():
        yield app


@pytest.fixture
def accepted(world: Flask) -> int:
    """A case just accepted, both sides willing; its id."""
    return open_mediation().id


@pytest.fixture
def mediated(accepted: int) -> int:
    """A case with one session, in which the parties came to terms."""
    advance(accepted, "record_session", **SESSION)
    return accepted


@pytest.fixture
def written(mediated: int) -> int:
    """A case whose agreement is written down and not yet signed."""
    advance(mediated, "write_agreement", **AGREEMENT)
    return mediated


@pytest.fixture
def signed(written: int) -> int:
    """A case whose agreement is in effect since today."""
    advance(written, "sign_agreement", **SIGNED)
    return written
