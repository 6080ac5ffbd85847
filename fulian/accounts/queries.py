"""Reads of accounts: who somebody is, who may handle what, which accounts an admin sees."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, tuple_
from sqlalchemy.orm import aliased

from fulian.accounts.models import Account, Grant
from fulian.accounts.roles import ADMINS, INVITED, THREE
from fulian.audit.actor import Viewer
from fulian.calendar import local_date
from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.scope import Column, in_scope
from fulian.web.paging import Cursor

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class AccountRef:
    """An account as other rooms see it. `status` ∈ active, disabled."""

    id: int
    username: str
    name: str
    org_id: int
    county_id: int
    status: str


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A grant as a page shows it; `ended_at` is set where it was ended before its last day `ends_on`."""

    id: int
    account_id: int
    role: str
    org_id: int
    org_name: str
    programme: str | None
    starts_on: date
    ends_on: date | None
    ended_at: datetime | None
    reason: str

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on this local date."""
        return self.ended_at is None and self.starts_on <= day and (self.ends_on is None or day <= self.ends_on)


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account in a list, with the name of its organisation and the grants in force."""

    id: int
    username: str
    name: str
    org_id: int
    org_name: str
    status: str
    password_at: datetime
    created_at: datetime
    version: int
    grants: tuple[GrantLine, ...] = ()


_ref = (Account.id, Account.username, Account.name, Account.org_id, Account.county_id, Account.status)


def in_force(day: date) -> ColumnElement[bool]:
    """The condition on `Grant` that it is in force on this local date."""
    return and_(Grant.ended_at.is_(None), Grant.starts_on <= day, or_(Grant.ends_on.is_(None), Grant.ends_on >= day))


def find_account(account_id: int) -> AccountRef | None:
    """The account with this id, also a disabled one; None where there is none."""
    row = db.session.execute(select(*_ref).where(Account.id == account_id)).one_or_none()
    return AccountRef(*row) if row is not None else None


def account_names(account_ids: Iterable[int]) -> dict[int, str]:
    """The names of these accounts by id; ids that do not exist are left out."""
    rows = db.session.execute(select(Account.id, Account.name).where(Account.id.in_(set(account_ids))))
    return {row.id: row.name for row in rows}


def handlers_for(org_id: int, programme: str | None, now: datetime) -> tuple[AccountRef, ...]:
    """Whom a case of this organisation and programme (None: of any) can be given: the nearest first, then by name.

    Active accounts with a caseworker's or programme lead's grant in force there or in an organisation above it.
    """
    nearest = func.min(OrgAncestor.depth)
    rows = db.session.execute(
        _handlers(org_id, programme, now).group_by(*_ref).order_by(nearest, Account.name, Account.id)
    )
    return tuple(AccountRef(*row) for row in rows)


def may_handle(account_id: int, org_id: int, programme: str, now: datetime, besides: int | None = None) -> bool:
    """Whether `handlers_for` names this account; `besides`: also without the roles that hang on this post."""
    found = _handlers(org_id, programme, now).where(Account.id == account_id).limit(1)
    if besides is not None:
        found = found.where(Grant.post_id.is_distinct_from(besides))
    return db.session.execute(found).first() is not None


def _handlers(org_id: int, programme: str | None, now: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(*_ref)
        .join(Grant, Grant.account_id == Account.id)
        .join(OrgAncestor, OrgAncestor.ancestor_id == Grant.org_id)
        .where(
            OrgAncestor.org_id == org_id,
            Account.status == ACTIVE,
            Grant.role.in_(INVITED),
            or_(Grant.programme.is_(None), Grant.programme == programme) if programme else true(),
            in_force(local_date(now)),
        )
    )


def holders_of(role: str, org_id: int, now: datetime, programme: str | None = None) -> tuple[AccountRef, ...]:
    """The active accounts that hold `role` in exactly this organisation, by name.

    With a `programme`, those whose grant is for it or for all.
    """
    rows = db.session.execute(
        select(*_ref)
        .join(Grant, Grant.account_id == Account.id)
        .where(
            Grant.role == role,
            Grant.org_id == org_id,
            Account.status == ACTIVE,
            or_(Grant.programme.is_(None), Grant.programme == programme) if programme else true(),
            in_force(local_date(now)),
        )
        .distinct()
        .order_by(Account.name, Account.id)
    )
    return tuple(AccountRef(*row) for row in rows)


def roles_taken(now: datetime) -> frozenset[str]:
    """The roles of THREE that some account has."""
    found = select(Grant.role).where(Grant.role.in_(THREE), in_force(local_date(now))).distinct()
    return frozenset(db.session.execute(found).scalars())


# --- the accounts room's own pages ----------------------------------------------------------------------------------


def visible_accounts(viewer: Viewer) -> ColumnElement[bool]:
    """The condition on `Account`: the three administrators see all, county and city admins those of their subtree."""
    return _administered(viewer, Account.org_id, Account.county_id)


def orgs_named(viewer: Viewer, text: str, limit: int) -> list[tuple[int, str]]:
    """(id, name with the one above it) of at most `limit` organisations into which the viewer may let people.

    Those of exactly this name, full or short; where there is none, those whose name holds `text`.
    """
    above = aliased(Organisation)
    found = (
        select(Organisation.id, Organisation.name, above.short_name)
        .outerjoin(above, above.id == Organisation.parent_id)
        .where(Organisation.closed_on.is_(None), _administered(viewer, Organisation.id, Organisation.county_id))
    )
    exact = found.where(or_(Organisation.name == text, Organisation.short_name == text))
    holding = found.where(Organisation.name.contains(text, autoescape=True))
    for wanted in (exact, holding):
        rows = db.session.execute(wanted.order_by(Organisation.county_id, Organisation.id).limit(limit)).all()
        if rows:
            return [(row.id, f"{row.name}（{row.short_name}）" if row.short_name else row.name) for row in rows]
    return []


def _administered(viewer: Viewer, org_col: Column, county_col: Column) -> ColumnElement[bool]:
    if any(held.role in THREE for held in viewer.grants):
        return true()
    admin = replace(viewer, grants=tuple(held for held in viewer.grants if held.role in ADMINS))
    return in_scope(admin, org_col, county_col)


def search_accounts(viewer: Viewer, text: str, cursor: Cursor | None, limit: int) -> list[AccountLine]:
    """Up to `limit + 1` accounts from `cursor` on, the newest first (`cursor.back`: oldest first).

    `text` is part of a name, of an organisation's name, or the beginning of a user name; "" finds all.
    """
    place = tuple_(Account.created_at, Account.id)
    statement = _lines().where(visible_accounts(viewer))
    if text:
        statement = statement.where(
            or_(
                Account.name.contains(text, autoescape=True),
                Account.username.startswith(text.lower(), autoescape=True),
                Organisation.name.contains(text, autoescape=True),
            )
        )
    back = cursor is not None and cursor.back
    if cursor is not None:
        here = (cursor.at, cursor.id)
        statement = statement.where(place > here if back else place < here)
    order = (Account.created_at, Account.id)
    ordered = statement.order_by(*(order if back else (column.desc() for column in order))).limit(limit + 1)
    return _with_grants([AccountLine(*row) for row in db.session.execute(ordered)], local_date(viewer.now))


def account_line(viewer: Viewer, account_id: int) -> AccountLine:
    """One account that the viewer may see, with the grants in force. Raises NotFound."""
    return _line(viewer, Account.id == account_id, visible_accounts(viewer))


def own_account(viewer: Viewer) -> AccountLine:
    """The viewer's own account, with the grants in force. Raises NotFound where she has none."""
    return _line(viewer, Account.id == viewer.account_id)


def grants_of(account_ids: Collection[int]) -> list[GrantLine]:
    """Every grant these accounts have or had, those still open first, then the newest."""
    statement = (
        _grant_lines()
        .where(Grant.account_id.in_(account_ids))
        .order_by(Grant.ended_at.is_not(None), Grant.starts_on.desc(), Grant.id.desc())
    )
    return [GrantLine(*row) for row in db.session.execute(statement)]


def ending_grants(viewer: Viewer, days: int) -> list[tuple[str, GrantLine]]:
    """(name, grant) of the roles that end within `days` and are the viewer's to renew, the soonest first.

    County and city admins renew those they give in their scope; the three see to those above. Active accounts only.
    """
    today = local_date(viewer.now)
    theirs: ColumnElement[bool] = Grant.role.not_in(INVITED)
    if not any(held.role in THREE for held in viewer.grants):
        theirs = Grant.role.in_(INVITED) & _administered(viewer, Grant.org_id, Organisation.county_id)
    statement = (
        _grant_lines()
        .add_columns(Account.name)
        .join(Account, Account.id == Grant.account_id)
        .where(Account.status == ACTIVE, visible_accounts(viewer), theirs)
        .where(in_force(today), Grant.ends_on <= today + timedelta(days=days))
        .order_by(Grant.ends_on, Account.name, Grant.id)
    )
    return [(name, GrantLine(*row)) for *row, name in db.session.execute(statement)]


def _grant_lines() -> Select[*tuple[Any, ...]]:
    return select(
        Grant.id,
        Grant.account_id,
        Grant.role,
        Grant.org_id,
        Organisation.short_name,
        Grant.programme,
        Grant.starts_on,
        Grant.ends_on,
        Grant.ended_at,
        Grant.reason,
    ).join(Organisation, Organisation.id == Grant.org_id)


def _line(viewer: Viewer, *conditions: ColumnElement[bool]) -> AccountLine:
    row = db.session.execute(_lines().where(*conditions)).one_or_none()
    if row is None:
        raise NotFound
    return _with_grants([AccountLine(*row)], local_date(viewer.now))[0]


def _lines() -> Select[*tuple[Any, ...]]:
    return select(
        Account.id,
        Account.username,
        Account.name,
        Account.org_id,
        Organisation.short_name,
        Account.status,
        Account.password_at,
        Account.created_at,
        Account.version,
    ).join(Organisation, Organisation.id == Account.org_id)


def _with_grants(lines: list[AccountLine], day: date) -> list[AccountLine]:
    grants = [grant for grant in grants_of([line.id for line in lines]) if grant.holds_on(day)]
    return [replace(line, grants=tuple(g for g in grants if g.account_id == line.id)) for line in lines]
