"""Roles: what each may do, and what no plugin may give away."""

from __future__ import annotations

import pytest

from fulian.accounts.roles import BUSINESS, OWN, PERMISSIONS, ROLE_LEVELS, ROLES, THREE, Rights
from fulian.audit.actor import Held
from fulian.errors import StartRefused


def held(role: str, level: str = "city", programme: str | None = None) -> Held:
    return Held(role, 1, 2, level, programme)


def test_every_permission_names_known_roles_and_every_role_has_levels() -> None:
    assert all(roles <= set(ROLES) for roles in PERMISSIONS.values())
    assert set(ROLE_LEVELS) == set(ROLES)


@pytest.mark.parametrize("role", sorted(THREE))
def test_the_three_read_no_case_and_no_person(role: str) -> None:
    given = Rights().permissions_of([held(role)])
    assert not {name for name in given if name.startswith(("cases.", "people.", "documents.", "attachments."))}


def test_the_audit_administrator_only_reads_and_confirms() -> None:
    assert Rights().permissions_of([held("audit_admin")]) == OWN | {
        "audit.view",
        "orgs.view",
        "accounts.view",
        "accounts.confirm",
    }


def test_nobody_may_do_everything() -> None:
    assert all(any(role not in roles for roles in PERMISSIONS.values()) for role in ROLES)


def test_a_township_never_switches() -> None:
    rights = Rights()
    assert "programmes.switch" not in rights.permissions_of([held("programme_lead", "township", "mediation")])
    assert "programmes.switch" not in rights.permissions_of([held("township_admin", "township")])
    assert "programmes.switch" in rights.permissions_of([held("programme_lead", "county", "mediation")])


def test_without_a_grant_only_ones_own_account_is_left() -> None:
    assert Rights().permissions_of([]) == OWN


def test_a_programmes_permission_needs_a_grant_for_it() -> None:
    rights = Rights()
    rights.add("lectures", {"lectures.book": ("caseworker", "programme_lead")})
    assert "lectures.book" in rights.names()
    assert "lectures.book" in rights.permissions_of([held("caseworker")])
    assert "lectures.book" in rights.permissions_of([held("programme_lead", programme="lectures")])
    assert "lectures.book" not in rights.permissions_of([held("programme_lead", programme="mediation")])
    assert "lectures.book" not in rights.permissions_of([held("city_admin")])


@pytest.mark.parametrize(
    "permissions",
    [{"lectures.book": ("audit_admin",)}, {"lectures.book": ("boss",)}, {"cases.view": ("caseworker",)}],
)
def test_a_programme_cannot_give_what_is_not_its_own(permissions: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(StartRefused, match="lectures"):
        Rights().add("lectures", permissions)


def test_the_three_stand_apart() -> None:
    assert frozenset(ROLES) == BUSINESS | THREE
    assert not BUSINESS & THREE
