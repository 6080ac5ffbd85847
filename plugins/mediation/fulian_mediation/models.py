"""Facts of mediation. Every table carries the case and the county unit; what somebody said is sealed. No money is ever
asked of the parties (人民调解法第四条), so no table has a column for it. Rows name parties, never persons.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from fulian.api import Base, CText, Sealed, UtcDateTime


class MediationDetail(Base):
    """What mediation adds to a case: its file number, the violence screen, what was told, how it ended.

    `hit`, `threatened` and `unsafe` are answers of the screen (yes, no, unsaid); `severe` says that mediation is barred
    until the police know (山东省反家庭暴力条例第二十条). One case, one file, one number.
    """

    __tablename__ = "mediation_detail"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    file_number: Mapped[str] = mapped_column(CText(60))
    hit: Mapped[str] = mapped_column(String(10))
    threatened: Mapped[str] = mapped_column(String(10))
    unsafe: Mapped[str] = mapped_column(String(10))
    severe: Mapped[bool]
    notice_version: Mapped[str] = mapped_column(String(20), default="")  # "" where nobody was told yet
    notice_given_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    routes_told_by: Mapped[str | None] = mapped_column(String(50))
    routes_told_on: Mapped[date | None]
    transferred_to: Mapped[str | None] = mapped_column(String(100))
    extended_until: Mapped[date | None]  # both agreed to go on until then


class MediationDispute(Base):
    """One of the things a case is about, a code of `codes.DISPUTES`."""

    __tablename__ = "mediation_dispute"

    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"), primary_key=True)
    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))


class MediationWillingness(Base):
    """What a party said of being mediated, on which day. The newest line of a party holds; none is overwritten."""

    __tablename__ = "mediation_willingness"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    answer: Mapped[str] = mapped_column(String(10))
    said_on: Mapped[date]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MediationSession(Sealed, Base):
    """A mediation session (调解), numbered from 1 in its case. `content` is sealed.

    `guests` are relatives, neighbours and experts, invited with the consent of the parties (人民调解法第二十条);
    `public` only where a party asked for it (第二十三条).
    """

    __tablename__ = "mediation_session"
    __table_args__ = (UniqueConstraint("case_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int]
    held_at: Mapped[datetime] = mapped_column(UtcDateTime)
    place: Mapped[str] = mapped_column(String(60))
    mediators: Mapped[str] = mapped_column(String(100))
    guests: Mapped[str] = mapped_column(String(200), default="")
    public: Mapped[bool] = mapped_column(default=False)
    content: Mapped[bytes | None] = mapped_column(LargeBinary)
    result: Mapped[str] = mapped_column(String(10))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MediationAgreement(Sealed, Base):
    """An agreement of the parties: `kind` written or oral, `partial` where part of the dispute stays open.

    A written one is in effect from the last of the parties' signatures, the mediator's and the seal, an oral one from
    the day it was agreed (人民调解法第二十九、三十条): `effective_on`, None until then. `facts` and `disputed` are
    sealed. One that was never signed and given up keeps its row, with `discarded_at`.
    """

    __tablename__ = "mediation_agreement"
    __table_args__ = (CheckConstraint("kind IN ('written', 'oral')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(10))
    partial: Mapped[bool] = mapped_column(default=False)
    facts: Mapped[bytes | None] = mapped_column(LargeBinary)
    disputed: Mapped[bytes | None] = mapped_column(LargeBinary)
    applicant_signed_on: Mapped[date | None]
    respondent_signed_on: Mapped[date | None]
    mediator_signed_on: Mapped[date | None]
    sealed_on: Mapped[date | None]
    effective_on: Mapped[date | None]
    discarded_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MediationClause(Sealed, Base):
    """A clause of an agreement, numbered from 1: what (sealed), how, where and until when it is performed.

    `matter` is a code of `codes.CLAUSE_MATTERS` and decides whether a court can confirm it.
    """

    __tablename__ = "mediation_clause"
    __table_args__ = (UniqueConstraint("agreement_id", "number"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"), index=True)
    agreement_id: Mapped[int] = mapped_column(ForeignKey("mediation_agreement.id", ondelete="RESTRICT"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    number: Mapped[int]
    text: Mapped[bytes | None] = mapped_column(LargeBinary)
    matter: Mapped[str] = mapped_column(String(10))
    way: Mapped[str] = mapped_column(String(10), default="")
    place: Mapped[str] = mapped_column(String(60), default="")
    term: Mapped[str] = mapped_column(String(60), default="")


class MediationFollowUp(Base):
    """A visit after the agreement (回访): whether it is performed, how content they are, whether it flares up again."""

    __tablename__ = "mediation_follow_up"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    visited_on: Mapped[date]
    visited: Mapped[str] = mapped_column(String(10))  # both, or a role
    way: Mapped[str] = mapped_column(String(10))
    performance: Mapped[str] = mapped_column(String(10))
    satisfaction: Mapped[str] = mapped_column(String(12))
    recurred: Mapped[bool]
    escalated: Mapped[bool]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MediationPoliceReport(Base):
    """A report to the police: when, to whom, their receipt (人民调解法第二十五条; 山东省反家庭暴力条例第二十条)."""

    __tablename__ = "mediation_police_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="RESTRICT"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    reported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    station: Mapped[str] = mapped_column(String(60))
    receipt: Mapped[str] = mapped_column(String(60), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
