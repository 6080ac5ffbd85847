"""Reads of mediation: what holds now in a case, for rules and pages."""

from __future__ import annotations

from sqlalchemy import func, select

from fulian.api import Party, case_parties, db
from fulian_mediation.codes import AGREED, REFUSED
from fulian_mediation.models import (
    MediationAgreement,
    MediationClause,
    MediationDetail,
    MediationDispute,
    MediationFollowUp,
    MediationPoliceReport,
    MediationSession,
    MediationWillingness,
)


def find_detail(case_id: int) -> MediationDetail:
    """The detail of a mediation case; every one has it from its opening."""
    return db.session.get_one(MediationDetail, case_id)


def dispute_codes(case_id: int) -> tuple[str, ...]:
    """What the case is about, as codes."""
    query = select(MediationDispute.code).where(MediationDispute.case_id == case_id)
    return tuple(db.session.execute(query).scalars())


def latest_willingness(case_id: int) -> dict[int, MediationWillingness]:
    """The newest line of willingness of each party, by the party's id; parties nobody asked are missing."""
    rows = db.session.execute(
        select(MediationWillingness)
        .where(MediationWillingness.case_id == case_id)
        .order_by(MediationWillingness.said_on, MediationWillingness.id)
    ).scalars()
    return {row.party_id: row for row in rows}


def refusing_roles(case_id: int) -> tuple[str, ...]:
    """The roles of the parties whose last word is a refusal."""
    latest = latest_willingness(case_id)
    return tuple(
        party.role for party in case_parties(case_id) if party.id in latest and latest[party.id].answer == REFUSED
    )


def all_agreed(case_id: int) -> bool:
    """Whether the last word of every party is that she or he agrees to be mediated."""
    latest = latest_willingness(case_id)
    return all(party.id in latest and latest[party.id].answer == AGREED for party in case_parties(case_id))


def changed_her_mind(case_id: int, role: str) -> bool:
    """Whether the last two things that the party in this role said, in the order of recording, differ."""
    answers = db.session.execute(
        select(MediationWillingness.answer)
        .join(Party, Party.id == MediationWillingness.party_id)
        .where(MediationWillingness.case_id == case_id, Party.role == role)
        .order_by(MediationWillingness.id.desc())
        .limit(2)
    ).scalars()
    return len(set(answers)) > 1


def session_count(case_id: int) -> int:
    """How many sessions were held."""
    query = select(func.count()).select_from(MediationSession).where(MediationSession.case_id == case_id)
    return db.session.execute(query).scalar_one()


def sessions_of(case_id: int) -> tuple[MediationSession, ...]:
    """The sessions of a case, the first one first."""
    query = select(MediationSession).where(MediationSession.case_id == case_id).order_by(MediationSession.number)
    return tuple(db.session.execute(query).scalars())


def current_agreement(case_id: int) -> MediationAgreement | None:
    """The agreement of a case that was not given up: written down, signed, or oral."""
    return db.session.execute(
        select(MediationAgreement)
        .where(MediationAgreement.case_id == case_id, MediationAgreement.discarded_at.is_(None))
        .order_by(MediationAgreement.id.desc())
        .limit(1)
    ).scalar_one_or_none()


def agreement_in_effect(case_id: int) -> MediationAgreement | None:
    """The agreement of a case, where it is in effect: signed and sealed, or oral (人民调解法第二十九、三十条)."""
    agreement = current_agreement(case_id)
    return agreement if agreement is not None and agreement.effective_on is not None else None


def clauses_of(agreement_id: int) -> tuple[MediationClause, ...]:
    """The clauses of an agreement in their order."""
    query = select(MediationClause).where(MediationClause.agreement_id == agreement_id).order_by(MediationClause.number)
    return tuple(db.session.execute(query).scalars())


def follow_ups_of(case_id: int) -> tuple[MediationFollowUp, ...]:
    """The visits after the agreement, the first one first."""
    query = (
        select(MediationFollowUp)
        .where(MediationFollowUp.case_id == case_id)
        .order_by(MediationFollowUp.visited_on, MediationFollowUp.id)
    )
    return tuple(db.session.execute(query).scalars())


def police_reports_of(case_id: int) -> tuple[MediationPoliceReport, ...]:
    """The reports to the police, the first one first."""
    query = (
        select(MediationPoliceReport)
        .where(MediationPoliceReport.case_id == case_id)
        .order_by(MediationPoliceReport.reported_at, MediationPoliceReport.id)
    )
    return tuple(db.session.execute(query).scalars())
