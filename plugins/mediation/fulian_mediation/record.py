"""What mediation adds to a person's file."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from fulian.api import Party, RecordSection, db
from fulian_mediation.codes import ORAL, WILLINGNESS, label_of
from fulian_mediation.models import MediationAgreement, MediationFollowUp, MediationWillingness

TITLE = "调解"

Line = tuple[date, str, int | None]


def person_record(person_id: int) -> list[RecordSection]:
    """Her own words on being mediated, and of her cases what both sides know; newest first."""
    lines = sorted(
        (*_willingness(person_id), *_agreements(person_id), *_visits(person_id)), key=lambda line: line[0], reverse=True
    )
    return [RecordSection(TITLE, tuple(lines))] if lines else []


def _willingness(person_id: int) -> list[Line]:
    rows = db.session.execute(
        select(MediationWillingness.said_on, MediationWillingness.answer, MediationWillingness.case_id)
        .join(Party, Party.id == MediationWillingness.party_id)
        .where(Party.person_id == person_id)
    )
    return [(said_on, f"调解意愿：{label_of(WILLINGNESS, answer)}", case_id) for said_on, answer, case_id in rows]


def _agreements(person_id: int) -> list[Line]:
    rows = db.session.execute(
        select(MediationAgreement.effective_on, MediationAgreement.kind, MediationAgreement.case_id)
        .join(Party, Party.case_id == MediationAgreement.case_id)
        .where(Party.person_id == person_id)
    )
    return [
        (effective_on, "口头协议生效" if kind == ORAL else "书面协议生效", case_id)
        for effective_on, kind, case_id in rows
        if effective_on is not None
    ]


def _visits(person_id: int) -> list[Line]:
    rows = db.session.execute(
        select(MediationFollowUp.visited_on, MediationFollowUp.case_id)
        .join(Party, Party.case_id == MediationFollowUp.case_id)
        .where(Party.person_id == person_id)
    )
    return [(visited_on, "协议履行回访", case_id) for visited_on, case_id in rows]
