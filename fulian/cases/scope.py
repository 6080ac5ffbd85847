"""Which cases a viewer may see: the one scope function behind lists, counts, search, export, documents and API.

A viewer reaches cases by several arms: each grant's organisation (rows of `case_scope`), the cases she handles, and
what `case_access` gives her. A list reads every arm newest first with its own limit and joins them by UNION; one case
is looked up in every arm by its key. Restricted cases have no `case_scope` rows, so only the last two arms find them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, and_, exists, false, or_, select, true, union
from sqlalchemy.orm import aliased

from fulian.accounts.roles import PERMISSIONS
from fulian.audit.actor import Held, Viewer
from fulian.cases.models import Case, CaseAccess, CaseScope
from fulian.orgs.models import OrgAncestor
from fulian.orgs.queries import ancestors_of
from fulian.orgs.scope import OWN_ORG_ROLES, grants_for

READS = frozenset({"cases.view", "attachments.view", "documents.print"})  # what an organisation it is shared with does


@dataclass(frozen=True)
class ScopeArm:
    """The `case_scope` rows of one grant: of an organisation, its own cases or its whole subtree's."""

    scope_id: int
    own: int
    programme: str | None

    def where(self) -> ColumnElement[bool]:
        """The arm's condition on `case_scope`."""
        reach = and_(CaseScope.scope_id == self.scope_id, CaseScope.own == self.own)
        return reach if self.programme is None else and_(reach, CaseScope.programme == self.programme)


def _held(viewer: Viewer, permission: str) -> tuple[Held, ...]:
    roles = PERMISSIONS[permission]
    return tuple(held for held in grants_for(viewer, None) if held.role in roles)


def scope_arms(viewer: Viewer, permission: str = "cases.view", within: int | None = None) -> tuple[ScopeArm, ...]:
    """One arm for each grant that gives `permission`; wider grants swallow equal ones.

    `within` narrows every arm to the subtree of one organisation; a grant that does not reach into it has none.
    """
    held = _held(viewer, permission)
    places = {grant.org_id: grant.org_id for grant in held} if within is None else _inside(held, within)
    arms = set()
    for grant in held:
        own = 1 if grant.role in OWN_ORG_ROLES else 0
        place = places.get(grant.org_id)
        if place is not None and not (own and place != grant.org_id):
            arms.add(ScopeArm(place, own, grant.programme))
    return tuple(sorted(arms, key=lambda arm: (arm.own, arm.programme or "", arm.scope_id)))


def _inside(held: Iterable[Held], within: int) -> dict[int, int]:
    """The organisation of each grant → what of its subtree lies in that of `within`: itself, `within`, or nothing."""
    above = {
        org_id: {org.id for org in chain} for org_id, chain in ancestors_of({within, *(g.org_id for g in held)}).items()
    }
    places = {}
    for grant in held:
        if within in above[grant.org_id]:
            places[grant.org_id] = grant.org_id
        elif grant.org_id in above.get(within, ()):
            places[grant.org_id] = within
    return places


@dataclass(frozen=True)
class RoleArm:
    """The `case_access` rows of one grant: whoever holds this role in this organisation may read the case."""

    org_id: int
    role: str
    programme: str | None

    def where(self) -> ColumnElement[bool]:
        """The arm's condition on `case_access`, but for the time."""
        reach = and_(CaseAccess.org_id == self.org_id, CaseAccess.role == self.role)
        if self.programme is None:
            return reach
        return and_(reach, or_(CaseAccess.programme.is_(None), CaseAccess.programme == self.programme))


def role_arms(viewer: Viewer, permission: str = "cases.view") -> tuple[RoleArm, ...]:
    """One arm for each grant that gives `permission` and reaches further than its own organisation."""
    held = (grant for grant in _held(viewer, permission) if grant.role not in OWN_ORG_ROLES)
    return tuple(sorted({RoleArm(grant.org_id, grant.role, grant.programme) for grant in held}, key=_by_role))


def _by_role(arm: RoleArm) -> tuple[str, str, int]:
    return arm.role, arm.programme or "", arm.org_id


def is_personal(viewer: Viewer, permission: str = "cases.view") -> bool:
    """Whether the cases she handles are hers to see: as long as any grant of hers gives the permission."""
    return bool(_held(viewer, permission))


def holds_at(now: datetime) -> ColumnElement[bool]:
    """The `case_access` rows that hold at this instant."""
    return and_(CaseAccess.starts_at <= now, or_(CaseAccess.ends_at.is_(None), CaseAccess.ends_at > now))


def access_condition(viewer: Viewer, permission: str = "cases.view") -> ColumnElement[bool]:
    """The rows of `case_access` that hold for the viewer now: her own (reading only), and those of a role she holds."""
    holds = [arm.where() for arm in role_arms(viewer, permission)]
    if permission == "cases.view" and is_personal(viewer):
        holds.append(CaseAccess.account_id == viewer.account_id)
    return and_(or_(*holds), holds_at(viewer.now)) if holds else false()


def handles(viewer: Viewer, permission: str = "cases.view") -> ColumnElement[bool]:
    """The cases she handles herself, as long as any grant of hers gives the permission."""
    return Case.handler_id == viewer.account_id if is_personal(viewer, permission) else false()


def sees(viewer: Viewer, permission: str = "cases.view") -> ColumnElement[bool]:
    """A condition on `Case`: may the viewer see it (or, with another permission, do that to it)?

    Whoever it was only shared with reads it, and does nothing to it.
    """
    arms = [in_arms(scope_arms(viewer, permission), acts=permission not in READS), handles(viewer, permission)]
    arms.append(exists().where(CaseAccess.case_id == Case.id, access_condition(viewer, permission)))
    return or_(*arms)


def in_arms(arms: Iterable[ScopeArm], *, acts: bool = False) -> ColumnElement[bool]:
    """A condition on `Case`: does it lie in one of these arms? One lookup by the key for each kind of arm.

    `acts`: only where the arm is its responsible organisation or one above it, not where it was shared with.
    """
    kinds: dict[tuple[int, str | None], list[int]] = {}
    for arm in arms:
        kinds.setdefault((arm.own, arm.programme), []).append(arm.scope_id)
    of_case = and_(CaseScope.case_id == Case.id, CaseScope.opened_at == Case.opened_at)
    found = [
        exists().where(
            of_case,
            CaseScope.scope_id.in_(scope_ids),
            CaseScope.own == own,
            true() if programme is None else CaseScope.programme == programme,
            _is_responsible() if acts else true(),
        )
        for (own, programme), scope_ids in kinds.items()
    ]
    return or_(*found) if found else false()


def _is_responsible() -> ColumnElement[bool]:
    above = OrgAncestor.org_id == Case.org_id, OrgAncestor.ancestor_id == CaseScope.scope_id
    # Two levels down, nothing is correlated by itself: the case would be any case.
    return exists().where(*above, or_(CaseScope.own == 0, OrgAncestor.depth == 0)).correlate(Case, CaseScope)


def visible_cases(viewer: Viewer) -> Select[int]:
    """The ids of every case the viewer may see, for counting and for plugins' own queries (no order, no limit)."""
    arms: list[Select[int]] = [select(CaseScope.case_id).where(arm.where()) for arm in scope_arms(viewer)]
    arms.append(select(Case.id).where(handles(viewer)))
    access = aliased(CaseAccess)
    arms.append(select(access.case_id).where(access.id.in_(select(CaseAccess.id).where(access_condition(viewer)))))
    return select(union(*arms).subquery().c[0])
