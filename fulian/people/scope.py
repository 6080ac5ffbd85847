"""Which people a viewer may see: the one scope function behind lists, search, candidates, counts and export.

Every reason for which somebody is visible is a row of `person_scope`. A caseworker reaches the rows of her own
organisation, everybody else those of her organisation's subtree (each ancestor has a row); a grant for one programme
reaches that programme's rows and those that belong to none; rows of her account reach herself alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, exists, false, or_, select, union

from fulian.accounts.roles import PERMISSIONS
from fulian.audit.actor import Actor, Held, Viewer
from fulian.orgs.scope import OWN_ORG_ROLES, grants_for
from fulian.people.models import Person, PersonScope

VIEW = "people.view"

Kinds = tuple[tuple[str, str, str | None], ...]  # role, level and programme of each grant


@dataclass(frozen=True)
class ScopeArm:
    """The `person_scope` rows of one organisation: its own reasons, or those of its whole subtree."""

    org_id: int
    own: int
    programme: str | None

    def parts(self) -> list[ColumnElement[bool]]:
        """The arm's conditions on `person_scope`, each the beginning of an index."""
        reach = and_(PersonScope.org_id == self.org_id, PersonScope.own == self.own)
        if self.programme is None:
            return [reach]
        return [and_(reach, PersonScope.programme.is_(None)), and_(reach, PersonScope.programme == self.programme)]


def _of_programme(programme: str) -> ColumnElement[bool]:
    return or_(PersonScope.programme.is_(None), PersonScope.programme == programme)


def _held(viewer: Viewer, permission: str) -> tuple[Held, ...]:
    roles = PERMISSIONS[permission]
    return tuple(held for held in grants_for(viewer, None) if held.role in roles)


def acting(by: Actor, permission: str) -> Actor:
    """The same person with only those grants that give `permission`: she may view more than she may change."""
    return replace(by, grants=_held(by, permission))


def scope_arms(viewer: Viewer, permission: str = VIEW) -> tuple[ScopeArm, ...]:
    """One arm for each grant that gives `permission`, without doubles."""
    arms = {
        ScopeArm(held.org_id, 1 if held.role in OWN_ORG_ROLES else 0, held.programme)
        for held in _held(viewer, permission)
    }
    return tuple(sorted(arms, key=lambda arm: (str(arm.org_id), arm.own, arm.programme or "")))


def kinds_of(viewer: Viewer) -> tuple[Kinds, dict[str, Any]]:
    """What a statement about the viewer's scope depends on, and the values with which it is run (see `anybody`)."""
    held = sorted(_held(viewer, VIEW), key=lambda grant: (grant.role, grant.level, grant.programme or "", grant.org_id))
    values = {f"org_{i}": grant.org_id for i, grant in enumerate(held)}
    return tuple((grant.role, grant.level, grant.programme) for grant in held), {"me": viewer.account_id, **values}


def anybody(kinds: Kinds) -> Viewer:
    """Somebody with grants of these kinds whose account and organisations are bound by name.

    A statement about her scope is made once and serves every viewer of her kinds: building it costs more than it takes.
    """

    def number(name: str) -> Any:
        return bindparam(name, type_=Integer())

    grants = (Held(role, number(f"org_{i}"), 0, level, programme) for i, (role, level, programme) in enumerate(kinds))
    return Actor(number("me"), "", 0, datetime.max.replace(tzinfo=UTC), grants=tuple(grants))


def visible_people(viewer: Viewer, permission: str = VIEW) -> ColumnElement[bool]:
    """A condition on `Person`: may the viewer see her (or, with another permission, do that to her)?

    A person who was merged into another is never seen, the kept one is. Costs one index lookup for each kind of grant.
    """
    together: dict[tuple[int, str | None], list[int]] = {}
    for arm in scope_arms(viewer, permission):
        together.setdefault((arm.own, arm.programme), []).append(arm.org_id)
    if not together:
        return false()
    of_person = PersonScope.person_id == Person.id
    arms: list[ColumnElement[bool]] = [exists().where(of_person, PersonScope.account_id == viewer.account_id)]
    for (own, programme), org_ids in together.items():
        reach = and_(of_person, PersonScope.own == own, PersonScope.org_id.in_(org_ids))
        arms.append(exists().where(reach if programme is None else and_(reach, _of_programme(programme))))
    return and_(Person.merged_into.is_(None), or_(*arms))


def visible_ids(viewer: Viewer, limit: Any, *, before: Any = None, after: Any = None) -> Select[int]:
    """The ids of at most `limit` people in scope, newest registered first, below the id `before`.

    With `after` those just above it, oldest first. Each arm reads its index in order and stops: a scope of a million
    costs no more than one of fifty. Merged people have no rows here.
    """
    person_id = PersonScope.person_id
    order = person_id.asc() if after is not None else person_id.desc()
    arms = scope_arms(viewer)
    if not arms:
        return select(person_id).where(false())
    limited = []
    for reach in [*(part for arm in arms for part in arm.parts()), PersonScope.account_id == viewer.account_id]:
        query = select(person_id).where(reach).distinct().order_by(order).limit(limit)
        if before is not None:
            query = query.where(person_id < before)
        if after is not None:
            query = query.where(person_id > after)
        limited.append(select(query.subquery().c.person_id))
    found = union(*limited).subquery().c.person_id
    return select(found).order_by(found.asc() if after is not None else found.desc()).limit(limit)
