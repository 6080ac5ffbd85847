"""Opening a case: one transaction from the persons to the statistics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql

from fulian.accounts.queries import may_handle
from fulian.accounts.roles import PERMISSIONS
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date
from fulian.cases.models import CASES, PARTIES, SCOPE_ROWS, TOKENS, Case, CaseAccess
from fulian.cases.numbers import case_number, next_number
from fulian.cases.rows import RESTRICTED_AT_OPENING, access_rows, scope_rows
from fulian.cases.service.held import Repeated, add_event, add_tasks, state_of
from fulian.cases.statistics import count, event_cells, now_cells, stat_scopes
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.queries import OrgRef, ancestors
from fulian.orgs.scope import OWN_ORG_ROLES, grants_for
from fulian.people.models import TOKENS as PERSON_TOKENS
from fulian.people.queries import person_names, seen_names
from fulian.people.service import PersonData, check_new, known_holder, link_people, store_person
from fulian.prepared import PreparedChange
from fulian.programmes.loader import find_programme
from fulian.programmes.programme import Assessment, PartyRole, PlannedTask, Programme
from fulian.programmes.service import hold_intake, no_intake

TITLE_LENGTH = 120
TWICE = "同一个人不能既是这一方又是那一方，请核对选的是谁。"


@dataclass(frozen=True)
class NewParty:
    """One party as the opening form gives it: a person who is known (`person_id`), or the facts of a new one.

    With `claim` the document among the facts is somebody's who is known elsewhere, and it was confirmed that it is her:
    she is taken up by this case.
    """

    role: str
    person_id: int | None = None
    person: PersonData | None = None
    relation: str = ""
    claim: bool = False


@dataclass(frozen=True)
class OpenCase:
    """A case to be opened. `data` holds the values of the programme's own intake form.

    `submission_id` is made when the form is drawn: a doubled submit makes one case. `handler_id` None: she herself.
    """

    programme: str
    org_id: int
    submission_id: str
    parties: tuple[NewParty, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    handler_id: int | None = None


@dataclass(frozen=True)
class Opened:
    """The new case."""

    id: int
    number: str


def open_case(new: OpenCase, by: Actor) -> Opened:
    """Open a case with its parties, detail, first event, tasks, scope, tokens and statistics.

    Raises Refused where the programme takes no case there, a party is missing or an answer forbids it; NotFound for a
    person out of scope; Forbidden without the right in that organisation; Repeated for a submission saved before.
    """
    programme = find_programme(new.programme)
    if programme is None:
        raise NotFound
    takes_cases = hold_intake(new.org_id, new.programme, by.now)
    above = ancestors(new.org_id)
    _check_right(new, above, by)
    if not takes_cases:
        raise no_intake(above[0].county_id, new.programme)
    _check_parties(programme.intake.roles, new.parties)
    found = programme.intake.assess(new.data, by)
    persons = _persons(new.parties, above[0], by)
    case = _insert_case(new, programme, found, "、".join(persons.values()), above, by)
    parties = _insert_parties(case, new.parties, persons, found.hidden)
    db.session.add(programme.intake.create(case, new.data, by))
    db.session.flush()
    add_event(case, "opened", "登记", found.text, by, state=True)
    _lay_down(case, programme.intake.tasks(case, new.data, by), by)
    _make_visible(case, above, parties, by)
    scopes = stat_scopes(above)
    count([*now_cells(scopes, state_of(case)), *event_cells(scopes, "opened", case.opened_at, state_of(case))])
    record(
        by,
        "case.opened",
        "cases",
        case.id,
        county_id=case.county_id,
        case_id=case.id,
        after={"number": case.number, "subject": case.subject, "risk": case.risk or "", "stage": case.stage},
    )
    return Opened(case.id, case.number)


def _check_right(new: OpenCase, above: tuple[OrgRef, ...], by: Actor) -> None:
    if not above:
        raise NotFound
    if above[0].level == "city":
        raise Refused("市妇联自己的案件，请登记到“市本级”。", "org_id")
    ids = {org.id for org in above}
    allowed = PERMISSIONS["cases.open"]
    for held in grants_for(by, new.programme):
        reach = held.org_id == new.org_id if held.role in OWN_ORG_ROLES else held.org_id in ids
        if held.role in allowed and reach:
            break
    else:
        raise Forbidden("您不能在这个组织登记案件。请选您自己的组织，或请那里的同事登记。", "org_id")
    if new.handler_id not in (None, by.account_id) and not may_handle(
        new.handler_id or 0, new.org_id, new.programme, by.now
    ):
        raise Refused("这位同事不能办这个组织的案件，请另选经办人。", "handler_id")


def _check_parties(roles: tuple[PartyRole, ...], parties: tuple[NewParty, ...]) -> None:
    for role in roles:
        n = sum(1 for party in parties if party.role == role.code)
        if n < role.min:
            raise Refused(f"请填写{role.label}姓名。", f"{role.code}-name")
        if n > role.max:
            raise Refused(f"{role.label}最多 {role.max} 人。", f"{role.code}-name")
    if {party.role for party in parties} - {role.code for role in roles}:
        raise Refused("有一位当事人的身份不属于这个项目，请重新选择。")
    known = [party.person_id for party in parties if party.person_id is not None]
    if len(known) != len(set(known)):
        raise Refused(TWICE)


def _persons(parties: tuple[NewParty, ...], org: OrgRef, by: Actor) -> dict[int, str]:
    """Name by id of each party's person, in the order of the parties; new ones are written."""
    known = [party.person_id for party in parties if party.person_id is not None]
    names = seen_names(by, known) if known else {}
    if len(names) < len(known):
        raise NotFound
    new = {party: _checked(party, by) for party in parties if party.person_id is None and not party.claim}
    persons = {}
    for party in parties:
        if party.person_id is not None:
            persons[party.person_id] = names[party.person_id]
        elif party.claim:
            holder_id = known_holder(party.person.document_number if party.person else "", by)
            persons |= person_names([holder_id])
        else:
            person_id = store_person(new[party], org.id, org.county_id, by)
            if person_id is None:
                raise Repeated
            persons[person_id] = new[party].name
    if len(persons) < len(parties):
        raise Refused(TWICE)
    return persons


def _checked(party: NewParty, by: Actor) -> PersonData:
    if party.person is None:
        raise Refused("请填写当事人姓名。", f"{party.role}-name")
    try:
        return check_new(party.person, by)
    except Refused as refused:
        refused.field = f"{party.role}-{refused.field or 'name'}"
        raise


# Written alike on both databases: a submission saved before gives no row back.
_add_case = PreparedChange(
    postgresql.insert(CASES).on_conflict_do_nothing(index_elements=["submission_id"]).returning(CASES.c.id)
)
_add_party = PreparedChange(insert(PARTIES).returning(PARTIES.c.person_id, PARTIES.c.id))
_set_due = PreparedChange(
    update(CASES)
    .where(CASES.c.id == bindparam("of"))
    .values(due_at=bindparam("due_at"), next_step=bindparam("next_step"))
)
_add_scope = PreparedChange(insert(SCOPE_ROWS))
_add_tokens = PreparedChange(
    insert(TOKENS).from_select(
        ("token", "opened_at", "case_id", "person_id", "county_id"),
        select(
            PERSON_TOKENS.c.token,
            CASES.c.opened_at,
            CASES.c.id,
            PERSON_TOKENS.c.person_id,
            CASES.c.county_id,
        )
        .join_from(CASES, PARTIES, PARTIES.c.case_id == CASES.c.id)
        .join(PERSON_TOKENS, PERSON_TOKENS.c.person_id == PARTIES.c.person_id)
        .where(CASES.c.id == bindparam("of"), PERSON_TOKENS.c.county_id == CASES.c.county_id),
    )
)


def _insert_case(
    new: OpenCase, programme: Programme, found: Assessment, title: str, above: tuple[OrgRef, ...], by: Actor
) -> Case:
    """The new case as a plain object: what is written to it later must be written by a statement."""
    org, year = above[0], local_date(by.now).year
    code = next((unit.number_code for unit in above if unit.id == org.county_id), None)
    n = next_number(f"case:{programme.code}", org.county_id, year)
    values: dict[str, Any] = {
        "number": case_number(programme.number_word, year, code or "", n),
        "programme": programme.code,
        "status": "open",
        "stage": found.stage,
        "outcome": None,
        "risk": found.risk,
        "restricted": found.restricted,
        "org_id": org.id,
        "county_id": org.county_id,
        "handler_id": new.handler_id or by.account_id,
        "opened_at": by.now,
        "title": title[:TITLE_LENGTH],
        "subject": found.subject,
        "summary": found.summary,
        "source": found.source,
        "version": 1,
        "submission_id": new.submission_id,
        "created_by": by.account_id,
    }
    added = _add_case.run(values)
    if not added:
        raise Repeated
    return Case(id=added[0][0], **values)


def _insert_parties(
    case: Case, parties: tuple[NewParty, ...], persons: Mapping[int, str], hidden: tuple[str, ...]
) -> dict[int, int]:
    """The party's id by the person's."""
    rows = [
        {
            "case_id": case.id,
            "person_id": person_id,
            "role": party.role,
            "relation": party.relation,
            "hidden": party.role in hidden,
            "sort": sort,
        }
        for sort, (party, person_id) in enumerate(zip(parties, persons, strict=True))
    ]
    return dict(_add_party.run(*rows))


def _lay_down(case: Case, planned: Sequence[PlannedTask], by: Actor) -> None:
    """The first tasks; the earliest is repeated on the case (and with it on its list rows, which come after)."""
    rows = add_tasks(case, planned, by)
    if not rows:
        return
    first = min(rows, key=lambda row: row["due_at"])
    case.due_at, case.next_step = first["due_at"], first["title"]
    _set_due.run({"of": case.id, "due_at": case.due_at, "next_step": case.next_step})


def _make_visible(case: Case, above: tuple[OrgRef, ...], parties: dict[int, int], by: Actor) -> None:
    row = {
        "id": case.id,
        "org_id": case.org_id,
        "county_id": case.county_id,
        "opened_at": case.opened_at,
        "status": case.status,
        "programme": case.programme,
        "due_at": case.due_at,
    }
    if case.restricted:
        link_people(parties, account_id=case.handler_id, source="party")
        db.session.execute(insert(CaseAccess), access_rows(row, RESTRICTED_AT_OPENING, by.now, by.account_id))
        return
    link_people(parties, org_id=case.org_id, source="party", programme=case.programme)
    _add_scope.run(*scope_rows(row, above))
    _add_tokens.run({"of": case.id})
