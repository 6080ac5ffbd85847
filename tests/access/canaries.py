"""The canaries: a word of its own in every text of every object, and by hand who sees which.

A word is `must` where a page of the caller shows it, `never` where it lies out of her scope, `may` where it is hers to
see but no page she opens by GET need show it (a sealed note, an attachment that was withdrawn).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fulian.testing.world import DONGCHANGFU

from ..harness.objects import Spot
from ..harness.places import THREE, Place, lies_below, object_class, reaches

# What the pages of a case show to whoever may read it.
CASE_PAGE = frozenset(
    {
        "applicant",
        "respondent",
        "summary",
        "task",
        "file_label",
        "file_content",
        "note",
        "note_title",
        "session_content",
        "session_place",
        "session_mediators",
        "session_guests",
        "clause",
        "clause_place",
        "clause_term",
        "visit_note",
        "police_station",
        "restriction",
    }
)
CASE_DOCUMENT = frozenset({"agreement_facts"})  # printed, not shown: for whoever may print
CASE_KEPT = frozenset({"agreement_disputed", "file_name", "police_receipt", "task_result", "void_reason"})
PERSON_PAGE = frozenset({"person", "occupation", "employer", "notice"})
PERSON_KEPT = frozenset(
    {"second", "kept", "phone_note", "address", "registered_address", "person_note", "merge_reason"}
)  # "second" is shown as well; its facts stand in the same words as those of the first, so the first decides
PRINTS = frozenset({"caseworker", "programme_lead", "county_admin"})
OPENS_CASES = frozenset({"caseworker", "programme_lead", "township_admin", "county_admin", "city_admin"})
READS = {"caseworker": "own", "programme_lead": "subtree", "township_admin": "subtree", "county_admin": "subtree"}
READS |= {"city_admin": "subtree"}


@dataclass(frozen=True)
class Canary:
    """A word, what it is in, where it stands, and whether a caller must, may or never sees it."""

    word: str
    what: str
    place: Place
    sight: str


def canaries(caller: str, spots: Mapping[str, Spot]) -> Iterator[Canary]:
    """Every word of the grounds with what this caller has to do with it."""
    for spot in spots.values():
        for what, word in spot.words.items():
            if what != "org":  # names of organisations are public to every account
                yield Canary(word, what, spot.place, _sight(caller, spot.place, what))


def _sight(caller: str, place: Place, what: str) -> str:
    widest = READS.get(caller, "none")
    if what == "account":
        return _sight_of_account(caller, place)
    if what in CASE_PAGE | CASE_DOCUMENT | CASE_KEPT:
        return _sight_in_case(caller, place, what, widest)
    if what in PERSON_PAGE | PERSON_KEPT:
        if place.kind in ("restricted", "handled"):  # "second" and its facts: an ordinary person of that organisation
            seen = reaches(widest, caller, Place(place.name, place.org_id), "person")
        else:
            seen = reaches(widest, caller, place, "person")
        return "never" if not seen else "must" if what in PERSON_PAGE and place.kind == "plain" else "may"
    raise KeyError(f"{what}: say in tests/access/canaries.py who sees it")


def _sight_in_case(caller: str, place: Place, what: str, widest: str) -> str:
    if not reaches(widest, caller, place, "case"):
        if what in ("applicant", "respondent") and _is_seen_as_person(caller, place, widest):
            return "may"
        return "never"
    if place.kind == "gone" and what not in ("applicant", "respondent", "summary", "note"):
        return "may"
    if what in CASE_DOCUMENT:
        return "must" if caller in PRINTS else "may"
    return "must" if what in CASE_PAGE else "may"


def _is_seen_as_person(caller: str, place: Place, widest: str) -> bool:
    """A party of an ordinary case is a person of its organisation; one of a restricted case is not."""
    return place.kind != "restricted" and reaches(widest, caller, Place(place.name, place.org_id), "person")


def _sight_of_account(caller: str, place: Place) -> str:
    """Admins see the accounts of their subtree, the three see all; colleagues of a county know each other's names."""
    if caller in THREE:
        return "must"
    if caller in ("county_admin", "city_admin"):
        return "must" if object_class(caller, place) != "outside" else "never"
    in_county = place.org_id == DONGCHANGFU or lies_below(place.org_id, DONGCHANGFU)  # where all of them work
    return "may" if in_county else "never"
