"""Reads of referrals: what of a case was shared or transferred, and what waits for an organisation's answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, exists, func, select
from sqlalchemy.orm import aliased

from fulian.accounts.models import Account
from fulian.audit.actor import Viewer
from fulian.cases.models import Case, Referral
from fulian.cases.service.sharing import KINDS, TRANSFER, basis_words, receives
from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.models import Organisation
from fulian.people.models import Consent
from fulian.programmes.queries import label

SHOWN = 100
STATE_WORDS = {"asked": "等对方接收", "live": "可以查看", "refused": "已退回", "ended": "已收回"}


@dataclass(frozen=True)
class ReferralLine:
    """A referral as the case page shows it; `state` ∈ asked, live, refused, ended."""

    id: int
    kind: str
    from_org: str
    to_org: str
    reason: str
    basis: str
    asked_by: str
    asked_at: datetime
    answer: str
    state: str
    transfer: bool
    withdrawn_consent: bool

    @property
    def state_words(self) -> str:
        """What the state is called; of a transfer, who reads on."""
        if self.state == "live" and self.transfer:
            return f"已接收，{self.from_org}可以查看"
        return STATE_WORDS[self.state]


@dataclass(frozen=True)
class Incoming:
    """Something that waits for an answer: of the case only its number, programme and what it is about."""

    id: int
    case_id: int
    number: str
    subject: str
    programme: str
    code: str
    restricted: bool
    to_org_id: int
    line: ReferralLine


_to, _from = aliased(Organisation), aliased(Organisation)


def _lines() -> Select[*tuple[Any, ...]]:
    withdrawn = exists().where(
        Consent.case_id == Referral.case_id,
        Consent.purpose == "share",
        Consent.withdrawn_at.is_not(None),
        Consent.given_at >= Referral.asked_at,
        Referral.basis == "consent",
    )
    return (
        select(Referral, _from.short_name, _to.short_name, Account.name, withdrawn)
        .join(_from, _from.id == Referral.from_org_id)
        .join(_to, _to.id == Referral.to_org_id)
        .join(Account, Account.id == Referral.asked_by)
    )


def _line(referral: Referral, from_org: str, to_org: str, asked_by: str, withdrawn: bool) -> ReferralLine:
    return ReferralLine(
        referral.id,
        KINDS[referral.kind],
        from_org,
        to_org,
        referral.reason,
        basis_words(referral),
        asked_by,
        referral.asked_at,
        referral.answer,
        _state(referral),
        referral.kind == TRANSFER,
        withdrawn,
    )


def _state(referral: Referral) -> str:
    if referral.decision == "refused":
        return "refused"
    if referral.ended_at is not None:
        return "ended"
    return "live" if referral.decision == "accepted" else "asked"


def referrals_of(case_id: int) -> list[ReferralLine]:
    """What was asked about a case, newest first."""
    rows = db.session.execute(_lines().where(Referral.case_id == case_id).order_by(Referral.id.desc()))
    return [_line(*row) for row in rows]


def find_referral(case_id: int, referral_id: int) -> ReferralLine:
    """One referral of a case that is in scope. Raises NotFound."""
    for line in referrals_of(case_id):
        if line.id == referral_id:
            return line
    raise NotFound


def incoming_count(viewer: Viewer) -> int:
    """How many referrals wait for the viewer's answer."""
    waiting = select(func.count()).select_from(Referral).join(Case, Case.id == Referral.case_id)
    return db.session.execute(waiting.where(*_waiting(), receives(viewer))).scalar_one()


def incoming(viewer: Viewer) -> list[Incoming]:
    """What waits for the viewer's answer, the oldest first."""
    return _incoming(_lines().where(*_waiting(), receives(viewer)).order_by(Referral.id).limit(SHOWN))


def find_incoming(viewer: Viewer, referral_id: int) -> Incoming:
    """One referral that was sent to the viewer, answered or not. Raises NotFound."""
    found = _incoming(_lines().where(Referral.id == referral_id, receives(viewer)))
    if not found:
        raise NotFound
    return found[0]


def _waiting() -> tuple[Any, ...]:
    return Referral.decided_at.is_(None), Referral.ended_at.is_(None)


def _incoming(query: Select[*tuple[Any, ...]]) -> list[Incoming]:
    of_case = query.join(Case, Case.id == Referral.case_id).add_columns(
        Case.number, Case.subject, Case.programme, Case.restricted
    )
    return [
        Incoming(
            row[0].id,
            row[0].case_id,
            row.number,
            row.subject,
            label(row.programme, "programme", row.programme),
            row.programme,
            row.restricted,
            row[0].to_org_id,
            _line(*row[:5]),
        )
        for row in db.session.execute(of_case)
    ]
