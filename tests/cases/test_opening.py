"""Opening a case: what it writes, and what it refuses, without HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulian.audit.models import AuditEntry
from fulian.cases.counting import differing_cells
from fulian.cases.models import Case, CaseAccess, CaseScope, CaseToken, Event, Party, Task
from fulian.cases.service import NewParty, OpenCase, Repeated, open_case
from fulian.db import transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.people.models import Person
from fulian.people.scope import visible_people
from fulian.people.service import AlreadyRegistered, PersonData, register_person
from fulian.testing.world import (
    CITY,
    DONGCHANGFU,
    LIUYUAN,
    PEACEFUL,
    VIOLENT,
    YANGGU,
    ZHENXING,
    actor,
    open_mediation,
)


def counts(session: Session, *models: type[Any]) -> list[int]:
    return [session.execute(select(func.count()).select_from(model)).scalar_one() for model in models]


def new_case(**changed: Any) -> OpenCase:
    parties = (
        NewParty("applicant", person=PersonData(name="赵春梅")),
        NewParty("respondent", person=PersonData(name="孙建国"), relation="husband"),
    )
    return replace(OpenCase("mediation", LIUYUAN, "s-1", parties, dict(PEACEFUL)), **changed)


def test_a_case_is_written_whole(session: Session) -> None:
    opened = open_mediation()
    case = session.get_one(Case, opened.id)
    assert case.number == "聊妇调〔2026〕371502-000001"
    assert (case.status, case.org_id, case.county_id, case.handler_id) == ("open", LIUYUAN, DONGCHANGFU, 1)
    assert case.title == "赵春梅、孙建国"
    assert case.due_at is not None
    scope = session.execute(select(CaseScope.scope_id, CaseScope.own).where(CaseScope.case_id == case.id)).all()
    assert sorted(tuple(row) for row in scope) == [(CITY, 0), (DONGCHANGFU, 0), (LIUYUAN, 0), (LIUYUAN, 1)]
    assert counts(session, Party, Event) == [2, 1]
    assert session.execute(select(Task.title).where(Task.case_id == case.id)).scalars().all()
    tokens = set(session.execute(select(CaseToken.token)).scalars())
    assert {token[0] for token in tokens} >= {"n", "y"} or tokens
    entries = session.execute(select(AuditEntry).where(AuditEntry.case_id == case.id)).scalars().all()
    assert [entry.act for entry in entries] == ["case.opened"]
    assert differing_cells() == {}


def test_numbers_count_without_gaps_in_each_unit(session: Session) -> None:
    numbers = [open_mediation().number[-6:] for _ in range(3)]
    with pytest.raises(Refused):
        transact(open_case, new_case(parties=()), actor("mediator"))
    numbers.append(open_mediation().number[-6:])
    assert numbers == ["000001", "000002", "000003", "000004"]
    assert open_mediation("other_mediator").number == "聊妇调〔2026〕371503-000001"


def test_the_same_submission_makes_one_case(session: Session) -> None:
    transact(open_case, new_case(), actor("mediator"))
    before = counts(session, Case, Person, Party, AuditEntry)
    with pytest.raises(Repeated):
        transact(open_case, new_case(), actor("mediator"))
    assert counts(session, Case, Person, Party, AuditEntry) == before


@pytest.mark.parametrize(
    ("username", "changed", "error"),
    [
        ("sibling", {}, Forbidden),  # another township
        ("township", {}, Forbidden),  # sees, but does not open
        ("foreign_lead", {}, Forbidden),  # a lead of another programme
        ("mediator", {"org_id": DONGCHANGFU}, Forbidden),  # above her own
        ("mediator", {"org_id": 999_999}, NotFound),
        ("mediator", {"programme": "no_such"}, NotFound),
        ("mediator", {"parties": ()}, Refused),
        ("lead", {"org_id": YANGGU}, Forbidden),
    ],
)
def test_who_may_not_open(session: Session, username: str, changed: dict[str, Any], error: type[Exception]) -> None:
    before = counts(session, Case, Person, Party)
    with pytest.raises(error):
        transact(open_case, new_case(**changed), actor(username))
    assert counts(session, Case, Person, Party) == before


def test_a_lead_opens_below_her_own_unit(session: Session) -> None:
    opened = transact(open_case, new_case(), actor("lead"))
    assert session.get_one(Case, opened.id).org_id == LIUYUAN


def test_one_person_is_not_both_parties(session: Session) -> None:
    opened = open_mediation()
    person = session.execute(select(Party.person_id).where(Party.case_id == opened.id)).scalars().first()
    both = (NewParty("applicant", person_id=person), NewParty("respondent", person_id=person, relation="husband"))
    with pytest.raises(Refused, match="同一个人"):
        transact(open_case, new_case(parties=both), actor("mediator"))


def test_a_person_out_of_scope_cannot_be_taken(session: Session) -> None:
    opened = open_mediation("other_mediator")
    person = session.execute(select(Party.person_id).where(Party.case_id == opened.id)).scalars().first()
    parties = (NewParty("applicant", person_id=person), new_case().parties[1])
    with pytest.raises(NotFound):
        transact(open_case, new_case(parties=parties), actor("mediator"))


def test_a_violent_case_has_no_rows_that_others_could_find(session: Session) -> None:
    opened = open_mediation(data=VIOLENT)
    case = session.get_one(Case, opened.id)
    assert case.restricted
    assert counts(session, CaseScope, CaseToken) == [0, 0]
    roles = session.execute(select(CaseAccess.role, CaseAccess.org_id)).all()
    assert sorted(tuple(row) for row in roles) == [("county_admin", DONGCHANGFU), ("programme_lead", DONGCHANGFU)]
    assert differing_cells() == {}  # it is counted all the same


def test_a_refused_field_names_the_party(session: Session) -> None:
    wrong = PersonData(name="赵春梅", document_kind="id_card", document_number="371599199003070021")
    parties = (NewParty("applicant", person=wrong), new_case().parties[1])
    with pytest.raises(Refused) as refused:
        transact(open_case, new_case(parties=parties), actor("mediator"))
    assert refused.value.field == "applicant-document_number"
    with pytest.raises(Refused) as refused:
        transact(open_case, new_case(parties=(parties[1], NewParty("applicant"))), actor("mediator"))
    assert refused.value.field == "applicant-name"


def known_elsewhere() -> None:
    person = PersonData(name="王桂兰", document_kind="id_card", document_number=ELSEWHERE)
    transact(register_person, person, ZHENXING, actor("other_mediator"))


ELSEWHERE = "371599198505121044"


def test_a_document_known_elsewhere_is_taken_up_when_confirmed(session: Session) -> None:
    known_elsewhere()
    person = PersonData(name="王桂兰", document_kind="id_card", document_number=ELSEWHERE)
    parties = (NewParty("applicant", person=person), new_case().parties[1])
    with pytest.raises(AlreadyRegistered) as refused:
        transact(open_case, new_case(parties=parties), actor("mediator"))
    assert refused.value.field == "applicant-document_number"
    assert refused.value.known.person_id is None
    assert "王**" in refused.value.known.text
    before = counts(session, Person)[0]
    opened = transact(open_case, new_case(parties=(replace(parties[0], claim=True), parties[1])), actor("mediator"))
    assert counts(session, Person)[0] == before + 1  # the respondent only
    assert session.get_one(Case, opened.id).title == "王桂兰、孙建国"
    assert session.execute(select(Person.id).where(visible_people(actor("mediator")), Person.name == "王桂兰")).all()


def test_a_claim_needs_somebody_to_claim(session: Session) -> None:
    person = PersonData(name="王桂兰", document_kind="id_card", document_number=ELSEWHERE)
    with pytest.raises(NotFound):
        transact(
            open_case,
            new_case(parties=(NewParty("applicant", person=person, claim=True), new_case().parties[1])),
            actor("mediator"),
        )
