"""By which rows a case is found: its list rows, and whom its parties are linked to; also where it is shared."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Select, and_, delete, insert, or_, select, update

from fulian.audit.actor import Actor
from fulian.cases.models import Case, CaseScope, Party, Referral
from fulian.cases.rows import scope_rows
from fulian.db import db
from fulian.orgs.queries import ancestors_of
from fulian.people.service import link_people, link_person, unlink_person

SHARE = "share"  # the reason in `person_scope` by which a party is visible to an organisation that only reads
_LIVE = and_(Referral.decision == "accepted", Referral.ended_at.is_(None))


def facts_of(case: Case) -> dict[str, Any]:
    """What the rows of lists repeat of a case."""
    names = ("id", "org_id", "county_id", "opened_at", "status", "programme", "due_at")
    return {name: getattr(case, name) for name in names}


def live_referrals(case_id: int) -> list[Referral]:
    """What was accepted and is not ended: by each of them an organisation reads the case."""
    return list(db.session.execute(select(Referral).where(Referral.case_id == case_id, _LIVE)).scalars())


def relist(case: Case) -> None:
    """Write the list rows of a case anew: of its organisation, of those that read it too, and of all above them."""
    db.session.flush()
    db.session.execute(delete(CaseScope).where(CaseScope.case_id == case.id))
    if case.restricted:
        return
    orgs = dict.fromkeys([case.org_id, *(referral.reader_id for referral in live_referrals(case.id))])
    above, facts = ancestors_of(orgs), facts_of(case)
    rows = [row for org_id in orgs for row in scope_rows({**facts, "org_id": org_id}, above[org_id])]
    db.session.execute(insert(CaseScope), list({(row["scope_id"], row["own"]): row for row in rows}.values()))


def relist_shared(moved: Select[int]) -> None:
    """Write the list rows anew of the cases that these organisations have shared, or read: the tree has changed."""
    touched = select(Referral.case_id).where(_LIVE, or_(Referral.from_org_id.in_(moved), Referral.to_org_id.in_(moved)))
    for case in db.session.execute(select(Case).where(Case.id.in_(touched))).scalars().all():
        db.session.refresh(case)
        relist(case)


def relink(case: Case) -> list[int]:
    """Link the parties to the handler's account (restricted) or to the organisation; returns the persons' ids."""
    persons = []
    for party in db.session.execute(select(Party).where(Party.case_id == case.id)).scalars():
        unlink_person(source="party", source_id=party.id)
        if case.restricted:
            link_person(party.person_id, account_id=case.handler_id, source="party", source_id=party.id)
        else:
            link_person(
                party.person_id, org_id=case.org_id, source="party", source_id=party.id, programme=case.programme
            )
        persons.append(party.person_id)
    return persons


def link_reader(case: Case, referral: Referral) -> None:
    """Show the parties' files to the organisation that reads by this referral, but not hers whose address is hidden."""
    shown = select(Party.person_id).where(Party.case_id == case.id, Party.hidden.is_(False))
    persons = dict.fromkeys(db.session.execute(shown).scalars(), referral.id)
    if persons:
        link_people(persons, org_id=referral.reader_id, source=SHARE, programme=case.programme)


def end_all_referrals(case: Case, by: Actor) -> None:
    """Nobody but those responsible reads the case any more, and nobody is still asked to share it."""
    ended = update(Referral).where(
        Referral.case_id == case.id,
        Referral.ended_at.is_(None),
        or_(_LIVE, and_(Referral.kind == SHARE, Referral.decision.is_(None))),
    )
    for referral in live_referrals(case.id):
        unlink_person(source=SHARE, source_id=referral.id)
    db.session.execute(
        ended.values(ended_at=by.now, ended_by=by.account_id), execution_options={"synchronize_session": False}
    )
