"""One case, as its page and its documents need it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import bindparam, exists, false, or_, select

from fulian.accounts.models import Account
from fulian.audit.actor import Viewer
from fulian.cases.models import Attachment, Case, CaseAccess, Event, Party, Task
from fulian.cases.scope import sees
from fulian.codes.documents import mask_id
from fulian.db import db
from fulian.errors import NotFound
from fulian.people.facts import area_name, masked_phone
from fulian.people.models import Person
from fulian.people.scope import visible_people
from fulian.prepared import Prepared

OTHER_CHANGES = ("handler", "restricted", "unrestricted")  # kinds of lines that change the version but no state


@dataclass(frozen=True)
class PartyView:
    """A person in a case."""

    id: int
    person_id: int
    role: str
    relation: str
    hidden: bool
    name: str
    sex: str
    birth_date: date | None


@dataclass(frozen=True)
class EventView:
    """A line of history with its text opened."""

    id: int
    kind: str
    title: str
    text: str
    party_id: int | None
    at: datetime
    recorded_at: datetime
    actor_name: str


@dataclass(frozen=True)
class AccessView:
    """Somebody beyond the handler who may read a restricted case."""

    kind: str
    name: str
    role: str | None
    ends_at: datetime | None
    reason: str


def find_case(viewer: Viewer, case_id: int) -> Case:
    """The case with this id. Raises NotFound alike for no such id and for one out of scope."""
    case = db.session.execute(select(Case).where(Case.id == case_id, sees(viewer))).scalar_one_or_none()
    if case is None:
        raise NotFound
    return case


def case_numbers(case_ids: Iterable[int]) -> dict[int, str]:
    """The numbers of these cases by id, without asking who looks: the log may name a number, never a person."""
    return {
        row.id: row.number for row in db.session.execute(select(Case.id, Case.number).where(Case.id.in_(set(case_ids))))
    }


def may_do(viewer: Viewer, case: Case, permissions: Iterable[str]) -> frozenset[str]:
    """Which of these the viewer may do to a case that she sees: decides which buttons are drawn."""
    asked = [permission for permission in permissions if viewer.may(permission)]
    if not asked:
        return frozenset()
    allowed = select(*(sees(viewer, permission).label(permission) for permission in asked)).where(Case.id == case.id)
    answers = db.session.execute(allowed).one()
    return frozenset(permission for permission, yes in zip(asked, answers, strict=True) if yes)


def find_submission(viewer: Viewer, submission_id: str) -> Case | None:
    """The case that this form was saved as before, where the viewer saved it herself."""
    return db.session.execute(
        select(Case).where(Case.submission_id == submission_id, Case.created_by == viewer.account_id)
    ).scalar_one_or_none()


def case_parties(case_id: int) -> tuple[PartyView, ...]:
    """The parties in their order: the first role first."""
    return tuple(PartyView(*row) for row in _parties.rows({"of": case_id}))


_parties = Prepared(
    select(
        Party.id,
        Party.person_id,
        Party.role,
        Party.relation,
        Party.hidden,
        Person.name,
        Person.sex,
        Person.birth_date,
    )
    .join(Person, Person.id == Party.person_id)
    .where(Party.case_id == bindparam("of"))
    .order_by(Party.sort, Party.id)
)


def case_events(case_id: int) -> list[EventView]:
    """The history, newest first."""
    events = db.session.execute(
        select(Event).where(Event.case_id == case_id).order_by(Event.at.desc(), Event.id.desc())
    ).scalars()
    return [_view(event) for event in events]


def _view(event: Event) -> EventView:
    return EventView(
        event.id,
        event.kind,
        event.title,
        event.unseal("text") or "",
        event.party_id,
        event.at,
        event.recorded_at,
        event.actor_name,
    )


def last_change(case_id: int) -> EventView | None:
    """The newest line that tells of a changed version of the case: who saved it last, and when."""
    event = db.session.execute(
        select(Event)
        .where(Event.case_id == case_id, or_(Event.status.is_not(None), Event.kind.in_(OTHER_CHANGES)))
        .order_by(Event.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return _view(event) if event is not None else None


def open_tasks(case_id: int) -> list[Task]:
    """What is still due, the earliest first."""
    return list(
        db.session.execute(
            select(Task).where(Task.case_id == case_id, Task.done_at.is_(None)).order_by(Task.due_at, Task.id)
        ).scalars()
    )


def dropped_tasks(case_id: int, ended_at: datetime) -> list[Task]:
    """What was left undone when the case ended at this instant, the earliest first."""
    left = select(Task).where(Task.case_id == case_id, Task.result == "dropped", Task.done_at == ended_at)
    return list(db.session.execute(left.order_by(Task.due_at, Task.id)).scalars())


def find_task(case_id: int, task_id: int, sent: str = "") -> Task:
    """An open task of a case that is in scope; one that is done only for the submission `sent`, by which it was done.

    Raises NotFound.
    """
    done_by_it = exists().where(Event.case_id == case_id, Event.submission_id == sent) if sent else false()
    task = db.session.execute(
        select(Task).where(Task.id == task_id, Task.case_id == case_id, or_(Task.done_at.is_(None), done_by_it))
    ).scalar_one_or_none()
    if task is None:
        raise NotFound
    return task


def case_attachments(case_id: int) -> list[Attachment]:
    """The files of a case, newest first."""
    return list(
        db.session.execute(
            select(Attachment)
            .where(Attachment.case_id == case_id, Attachment.withdrawn_at.is_(None))
            .order_by(Attachment.id.desc())
        ).scalars()
    )


def case_readers(case: Case, now: datetime) -> list[AccessView]:
    """Who beyond the handler may read a restricted case, those who opened it in an emergency among them."""
    rows = db.session.execute(
        select(CaseAccess.kind, Account.name, CaseAccess.role, CaseAccess.ends_at, CaseAccess.reason)
        .outerjoin(Account, Account.id == CaseAccess.account_id)
        .where(CaseAccess.case_id == case.id)
        .order_by(CaseAccess.id)
    )
    return [
        AccessView(kind, name or "", role, ends_at, reason)
        for kind, name, role, ends_at, reason in rows
        if ends_at is None or ends_at > now
    ]


def county_of_case(case_id: int) -> int | None:
    """The county unit of a case, for the gate; None where there is none with this id."""
    return db.session.execute(select(Case.county_id).where(Case.id == case_id)).scalar_one_or_none()


def known_to(viewer: Viewer, parties: tuple[PartyView, ...], permission: str = "people.view") -> frozenset[int]:
    """The persons among the parties whose files the viewer may open: a restricted case links them to few."""
    persons = select(Person.id).where(Person.id.in_([party.person_id for party in parties]))
    if not viewer.may(permission):
        return frozenset()
    return frozenset(db.session.execute(persons.where(visible_people(viewer, permission))).scalars())


@dataclass(frozen=True)
class Contact:
    """What of a party's numbers may stand on a screen: masked, and where she lives down to the township."""

    document: str
    phone: str
    area: str
    has_address: bool


def party_contacts(parties: tuple[PartyView, ...]) -> dict[int, Contact]:
    """The masked contacts by person."""
    persons = db.session.execute(select(Person).where(Person.id.in_([party.person_id for party in parties]))).scalars()
    return {
        person.id: Contact(
            mask_id(person.unseal("document_number") or ""),
            masked_phone(person.unseal("phone")),
            area_name(person.division_code),
            person.address is not None,
        )
        for person in persons
    }
