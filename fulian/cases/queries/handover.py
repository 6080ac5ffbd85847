"""A colleague's open cases, as whoever may give them on sees them: who could take each, and what is out of reach."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from fulian.accounts.models import Account, Grant
from fulian.accounts.queries import ACTIVE, AccountRef, handlers_for, in_force
from fulian.accounts.roles import INVITED
from fulian.audit.actor import Viewer
from fulian.calendar import local_date
from fulian.cases.models import OPEN_STATUSES, Case, Task
from fulian.cases.scope import sees
from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.models import Organisation
from fulian.orgs.scope import in_scope
from fulian.people.scope import acting
from fulian.programmes.queries import label

ASSIGN = "cases.assign"
AT_ONCE = 200  # rows of one handover: what a page can show and an address can hold
SHOWN = 200  # colleagues in the list


@dataclass(frozen=True)
class Colleague:
    """Somebody with open cases; `gone` where she can handle none any more (disabled, or without a role)."""

    id: int
    name: str
    org_name: str
    cases: int
    late: int
    gone: bool


@dataclass(frozen=True)
class HandoverCase:
    """One open case of hers: `heirs` can take it, the nearest organisation first; the first of them is proposed."""

    heirs: tuple[AccountRef, ...]
    id: int
    number: str
    title: str
    subject: str
    risk: str | None
    restricted: bool
    org_name: str
    due_at: datetime | None
    tasks: int

    def heir(self, account_id: int) -> AccountRef | None:
        """The one among them with this id."""
        return next((heir for heir in self.heirs if heir.id == account_id), None)


@dataclass(frozen=True)
class OutOfReach:
    """Open cases of hers that the viewer may not give on: in which unit, of which programme, how many."""

    unit: str
    programme: str
    n: int
    restricted: int


def colleagues_with_cases(viewer: Viewer, text: str = "") -> list[Colleague]:
    """The colleagues in the viewer's area with open cases that she may give on, those who are gone first, then by name.

    `text` is part of a name or of an organisation's name.
    """
    today = local_date(viewer.now)
    role = exists().where(Grant.account_id == Account.id, Grant.role.in_(INVITED), in_force(today))
    works = and_(Account.status == ACTIVE, role)
    late = func.count().filter(Case.due_at <= viewer.now)
    query = (
        select(Account.id, Account.name, Organisation.short_name, func.count(), late, works.label("works"))
        .join(Case, Case.handler_id == Account.id)
        .join(Organisation, Organisation.id == Account.org_id)
        .where(Case.status.in_(OPEN_STATUSES), sees(viewer, ASSIGN), _in_area(viewer))
        .group_by(Account.id, Account.name, Organisation.short_name, Account.status)
        .order_by(works, Account.name, Account.id)
        .limit(SHOWN)
    )
    if text:
        named = (column.contains(text, autoescape=True) for column in (Account.name, Organisation.name))
        query = query.where(or_(*named))
    return [
        Colleague(id_, name, org, n, n_late, not working)
        for id_, name, org, n, n_late, working in db.session.execute(query)
    ]


def colleague(viewer: Viewer, account_id: int) -> tuple[str, str]:
    """Name and organisation of a colleague in the viewer's area, or who handles a case there. Raises NotFound."""
    handles = exists().where(Case.handler_id == Account.id, Case.status.in_(OPEN_STATUSES), sees(viewer, ASSIGN))
    row = db.session.execute(
        select(Account.name, Organisation.short_name)
        .join(Organisation, Organisation.id == Account.org_id)
        .where(Account.id == account_id, or_(_in_area(viewer), handles))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row.name, row.short_name


def handover_cases(viewer: Viewer, account_id: int) -> list[HandoverCase]:
    """Her open cases that the viewer may give on, the next due first, at most AT_ONCE."""
    tasks = select(func.count()).where(Task.case_id == Case.id, Task.done_at.is_(None)).correlate(Case)
    rows = db.session.execute(
        select(
            Case.id,
            Case.number,
            Case.title,
            Case.subject,
            Case.risk,
            Case.restricted,
            Organisation.short_name,
            Case.due_at,
            tasks.scalar_subquery().label("tasks"),
            Case.org_id,
            Case.programme,
        )
        .join(Organisation, Organisation.id == Case.org_id)
        .where(_hers(account_id), sees(viewer, ASSIGN))
        .order_by(Case.due_at.is_(None), Case.due_at, Case.id)
        .limit(AT_ONCE)
    ).all()
    heirs: dict[tuple[int, str], tuple[AccountRef, ...]] = {}
    for row in rows:
        key = row.org_id, row.programme
        if key not in heirs:
            heirs[key] = tuple(heir for heir in handlers_for(*key, viewer.now) if heir.id != account_id)
    return [HandoverCase(heirs[row.org_id, row.programme], *row[:9]) for row in rows]


def out_of_reach(viewer: Viewer, account_id: int) -> list[OutOfReach]:
    """How many open cases of hers the viewer may not give on, by unit and programme."""
    restricted = func.count().filter(Case.restricted)
    query = (
        select(Organisation.short_name, Case.programme, func.count(), restricted)
        .join(Organisation, Organisation.id == Case.county_id)
        .where(_hers(account_id), ~sees(viewer, ASSIGN))
        .group_by(Organisation.short_name, Case.programme)
        .order_by(Organisation.short_name, Case.programme)
    )
    rows = db.session.execute(query)
    return [OutOfReach(unit, label(code, "programme", code), n, shut) for unit, code, n, shut in rows]


def heirs_of_post(post_id: int, org_id: int, now: datetime) -> list[AccountRef]:
    """Who can take the open cases of somebody whose post in this organisation ends: all but those who hold it."""
    holders = set(db.session.execute(select(Grant.account_id).where(Grant.post_id == post_id)).scalars())
    return [heir for heir in handlers_for(org_id, None, now) if heir.id not in holders]


def _hers(account_id: int) -> ColumnElement[bool]:
    return and_(Case.handler_id == account_id, Case.status.in_(OPEN_STATUSES))


def _in_area(viewer: Viewer) -> ColumnElement[bool]:
    """The accounts that work in the reach of those grants that let her give cases on."""
    return in_scope(acting(viewer, ASSIGN), Account.org_id, Account.county_id)
