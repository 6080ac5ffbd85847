"""Mediation's part of a person's file, and what a merge means for it."""

from __future__ import annotations

from dataclasses import dataclass

from fulian_mediation import fulian_person_merged, fulian_person_record

from fulian.api import Base, case_parties
from fulian.testing.acts import advance, tell
from fulian.testing.world import DONGCHANGFU, actor

from .conftest import TODAY, VISIT


@dataclass(frozen=True)
class Known:
    id: int
    name: str = "孙建国"
    county_id: int = DONGCHANGFU


def test_the_record_of_a_person(signed: int) -> None:
    advance(signed, "record_follow_up", **VISIT)
    applicant, respondent = case_parties(signed)
    tell(signed, "只对甲方说的话", party_id=applicant.id)
    (section,) = fulian_person_record(Known(respondent.person_id), actor("mediator"), "page")
    assert section.title == "调解"
    assert set(section.lines) == {
        (TODAY, "调解意愿：同意", signed),
        (TODAY, "书面协议生效", signed),
        (TODAY, "协议履行回访", signed),
    }


def test_nobody_else_has_one(accepted: int) -> None:
    assert fulian_person_record(Known(999_999), actor("mediator"), "page") == []


def test_a_merge_has_nothing_to_repoint(accepted: int) -> None:
    """Rows of mediation name parties, whom the core repoints; none names a person."""
    tables = [table for name, table in Base.metadata.tables.items() if name.startswith("mediation_")]
    keys = [key.target_fullname for table in tables for key in table.foreign_keys]
    assert "party.id" in keys
    assert "person.id" not in keys
    first, second = (Known(party.person_id) for party in case_parties(accepted))
    assert fulian_person_merged(first, second, actor("mediator")) is None
