"""What an account may do and see, and which of its grants gives it: read for the security administrator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from fulian.accounts.models import Account
from fulian.accounts.queries import GrantLine, grants_of
from fulian.accounts.roles import ANY_PROGRAMME, OWN, THREE, Rights
from fulian.audit.actor import Actor, Held
from fulian.calendar import local_date
from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.models import OrgAncestor
from fulian.orgs.queries import find_org

OWN_ORG_ONLY = ANY_PROGRAMME  # a caseworker sees her own organisation and not what hangs under it


@dataclass(frozen=True, slots=True)
class GrantReach:
    """A grant in force and what it reaches: how many organisations (None: it reads no cases at all), which acts."""

    grant: GrantLine
    n_orgs: int | None
    permissions: frozenset[str]


def actor_of(account_id: int, rights: Rights, now: datetime) -> Actor:
    """The person behind an account as services and queries would take her at `now`. Raises NotFound."""
    account = db.session.get(Account, account_id)
    if account is None:
        raise NotFound
    held = tuple(_held(grant) for grant in _in_force(account_id, now))
    return Actor(
        account_id=account.id,
        name=account.name,
        county_id=account.county_id,
        now=now,
        person_id=account.person_id,
        org_id=account.org_id,
        grants=held,
        permissions=rights.permissions_of(held),
    )


def reach_of(account_id: int, rights: Rights, now: datetime) -> list[GrantReach]:
    """Each grant in force with what it alone reaches."""
    return [
        GrantReach(grant, _n_orgs(grant), rights.permissions_of([_held(grant)]) - OWN)
        for grant in _in_force(account_id, now)
    ]


def reasons_of(reaches: list[GrantReach]) -> Mapping[str, list[GrantReach]]:
    """Permission → the grants it comes from, in the order of the names."""
    names = sorted(frozenset[str]().union(*(reach.permissions for reach in reaches)))
    return {name: [reach for reach in reaches if name in reach.permissions] for name in names}


def _in_force(account_id: int, now: datetime) -> list[GrantLine]:
    held = [grant for grant in grants_of([account_id]) if grant.holds_on(local_date(now))]
    return sorted(held, key=lambda grant: grant.id)  # as a session reads them


def _held(grant: GrantLine) -> Held:
    org = find_org(grant.org_id)
    return Held(grant.role, org.id, org.county_id, org.level, grant.programme)


def _n_orgs(grant: GrantLine) -> int | None:
    if grant.role in THREE:
        return None
    if grant.role in OWN_ORG_ONLY:
        return 1
    below = select(func.count()).select_from(OrgAncestor).where(OrgAncestor.ancestor_id == grant.org_id)
    return db.session.execute(below).scalar_one()
