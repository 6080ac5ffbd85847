"""The roles, what each may do, and which of them nobody may hold together.

A permission says that a page or an act is open to an account at all; which rows it then reaches is the business of
the scope functions. What a plugin adds comes from `Programme.permissions`, given to `Rights` at the start.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from flask import Flask, current_app

from fulian.audit.actor import Held
from fulian.errors import StartRefused

ROLES: Mapping[str, str] = {
    "caseworker": "调解员·经办人",
    "programme_lead": "项目负责人",
    "township_admin": "乡镇妇联主席",
    "county_admin": "县级管理员",
    "city_admin": "市级管理员",
    "system_admin": "系统管理员",
    "security_admin": "安全管理员",
    "audit_admin": "审计管理员",
}

EVERYBODY = frozenset(ROLES)
THREE = frozenset({"system_admin", "security_admin", "audit_admin"})
BUSINESS = EVERYBODY - THREE
INVITED = frozenset({"caseworker", "programme_lead"})  # what county and city admins give; all else takes two of THREE
ADMINS = frozenset({"county_admin", "city_admin"})
GUARDED = EVERYBODY - {"caseworker"}  # leads and admins: a password alone does not let them work
ONE_PROGRAMME = frozenset({"programme_lead"})  # held for exactly one programme; caseworkers for one or for all
ANY_PROGRAMME = frozenset({"caseworker"})

# Levels of organisation a role is held in. The three administrators stand beside the tree, at its root.
ROLE_LEVELS: Mapping[str, frozenset[str]] = {
    "caseworker": frozenset({"county", "township", "village", "body"}),  # for the city itself: at 市本级
    "programme_lead": frozenset({"city", "county", "township"}),
    "township_admin": frozenset({"township"}),
    "county_admin": frozenset({"county"}),
    "city_admin": frozenset({"city"}),
    **{role: frozenset({"city"}) for role in THREE},
}

_WORKERS = frozenset({"caseworker", "programme_lead", "county_admin"})
_LEADS = frozenset({"programme_lead", "county_admin"})

PERMISSIONS: Mapping[str, frozenset[str]] = {
    "workbench.view": EVERYBODY,
    "own.account": EVERYBODY,
    "own.device": EVERYBODY,
    "own.password": EVERYBODY,
    "own.sessions": EVERYBODY,
    "cases.view": BUSINESS,
    "cases.open": INVITED,
    "cases.edit": _WORKERS,
    "cases.assign": _LEADS,
    "cases.share": _WORKERS,
    "cases.receive": _WORKERS,
    "cases.reopen": _LEADS,
    "cases.void": _LEADS,
    "cases.restrict": _WORKERS,
    "cases.unrestrict": _LEADS,  # whoever hides a case may be the one who should not show it again alone
    "cases.break_glass": _LEADS | {"city_admin"},
    "documents.print": _WORKERS,
    "attachments.view": BUSINESS,
    "attachments.add": _WORKERS,
    "people.view": BUSINESS,
    "people.edit": _WORKERS,
    "people.reveal": _WORKERS,
    "people.merge": frozenset({"county_admin"}),
    "orgs.view": EVERYBODY,  # the three see the tree without people: people_in_post stands under people.view
    "orgs.edit": ADMINS,
    "posts.edit": ADMINS | {"township_admin"},
    "programmes.view": BUSINESS,
    "programmes.switch": _LEADS | {"city_admin"},
    "own.jobs": EVERYBODY,
    "jobs.manage": frozenset({"system_admin"}),  # kinds and times of everybody's, never what they are about
    "audit.view": frozenset({"audit_admin"}),
    "accounts.view": ADMINS | THREE,
    "accounts.invite": ADMINS,
    "accounts.ask": frozenset({"system_admin", "security_admin"}),
    "accounts.confirm": THREE,
    "accounts.rights": frozenset({"security_admin"}),
}

# What needs a grant on an organisation of one of these levels, whatever the role: a township never switches.
PERMISSION_LEVELS: Mapping[str, frozenset[str]] = {"programmes.switch": frozenset({"city", "county"})}

# An account keeps these also when no grant of hers is in force.
OWN = frozenset({"workbench.view", "own.account", "own.device", "own.password", "own.sessions", "own.jobs"})
# The doors to a new password and a new authenticator: open to whoever must first pass through them.
ENTERING = frozenset({"own.account", "own.device", "own.password", "own.sessions"})


EXTENSION = "fulian.rights"


class Rights:
    """Which permissions a grant gives: the core's, and those that the installed programmes declare."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[frozenset[str], str | None]] = {
            name: (roles, None) for name, roles in PERMISSIONS.items()
        }
        self._of_grant = lru_cache(maxsize=None)(self._find)

    def add(self, programme: str, permissions: Mapping[str, Iterable[str]]) -> None:
        """Take in a programme's permissions (dotted name → roles): they need a grant for that programme or for all.

        Raises StartRefused for an unknown role, one of the three administrators' roles, or a name already taken.
        """
        for name, roles in permissions.items():
            unfit = frozenset(roles) - BUSINESS
            if unfit:
                raise StartRefused(f"插件 {programme} 的权限 {name} 给了不能给的角色：{'、'.join(sorted(unfit))}。")
            if name in self._names:
                raise StartRefused(f"插件 {programme} 的权限 {name} 已被占用，请换一个名称。")
            self._names[name] = (frozenset(roles), programme)
        self._of_grant.cache_clear()

    def names(self) -> frozenset[str]:
        """Every permission there is."""
        return frozenset(self._names)

    def permissions_of(self, grants: Iterable[Held]) -> frozenset[str]:
        """What these grants together give."""
        return OWN.union(*(self._of_grant(held.role, held.level, held.programme) for held in grants))

    def _find(self, role: str, level: str, programme: str | None) -> frozenset[str]:
        return frozenset(
            name
            for name, (roles, of) in self._names.items()
            if role in roles
            and level in PERMISSION_LEVELS.get(name, (level,))
            and (of is None or programme is None or programme == of)
        )


def init_rights(app: Flask) -> Rights:
    """Give the application its rights, to which the loader adds those of the installed programmes."""
    rights = Rights()
    app.extensions[EXTENSION] = rights
    return rights


def rights() -> Rights:
    """The rights of the application in context."""
    found: Rights = current_app.extensions[EXTENSION]
    return found


def role_names(roles: Iterable[str]) -> str:
    """The Chinese names of roles, in the order of ROLES, joined by 、."""
    held = set(roles)
    return "、".join(label for role, label in ROLES.items() if role in held)
