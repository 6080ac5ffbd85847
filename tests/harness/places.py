"""Where the objects of the harnesses stand, who calls, and what each caller may reach: written by hand.

Nothing here asks the product. The tree is that of the small world; the reach of a role and the readers of restricted
cases are what the federation asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fulian.testing.world import (
    ACCOUNTS,
    CITY_UNIT,
    DONGCHANGFU,
    GULOU,
    LIUYUAN,
    LIUYUAN_VILLAGE,
    ORGS,
    ZHENXING,
)

# column of expected.csv → user name in the small world; nobody is signed in for the first
CALLERS: Mapping[str, str | None] = {
    "anonymous": None,
    "disabled": "disabled",
    "caseworker": "mediator",
    "programme_lead": "lead",
    "township_admin": "township",
    "county_admin": "admin",
    "city_admin": "city",
    "system_admin": "system",
    "security_admin": "security",
    "audit_admin": "audit",
}
SIGNED_IN = tuple(name for name in CALLERS if name not in ("anonymous", "disabled"))
THREE = ("system_admin", "security_admin", "audit_admin")
RESTRICTED_READERS = frozenset({"programme_lead", "county_admin"})  # beside the handler, by their roles


@dataclass(frozen=True)
class Place:
    """Where an object stands. `kind` ∈ plain, restricted, gone (void, withdrawn, merged), handled, absent.

    `handled` is a case of an organisation outside of the caseworker's that she handles herself.
    """

    name: str
    org_id: int
    kind: str = "plain"


PLACES: tuple[Place, ...] = (
    Place("city_unit", CITY_UNIT),
    Place("county", DONGCHANGFU),
    Place("township", LIUYUAN),
    Place("village", LIUYUAN_VILLAGE),
    Place("neighbour", GULOU),
    Place("sibling", ZHENXING),
    Place("restricted", LIUYUAN, "restricted"),
    Place("sibling_restricted", ZHENXING, "restricted"),
    Place("neighbour_restricted", GULOU, "restricted"),
    Place("gone", LIUYUAN, "gone"),
    Place("sibling_gone", ZHENXING, "gone"),
    Place("handled", GULOU, "handled"),
)
ABSENT = Place("absent", 0, "absent")


def home(caller: str) -> int:
    """The organisation in which a caller holds her role."""
    username = CALLERS[caller]
    assert username is not None
    [(_role, org_id, _programme)] = ACCOUNTS[username][3]
    return org_id


def lies_below(org_id: int, above: int) -> bool:
    """Whether an organisation hangs, at any depth, under another one."""
    parent = ORGS[org_id][2]
    while parent is not None:
        if parent == above:
            return True
        parent = ORGS[parent][2]
    return False


def object_class(caller: str, place: Place) -> str:
    """What an object there is to a caller: own, subtree or outside."""
    if place.org_id == home(caller):
        return "own"
    return "subtree" if lies_below(place.org_id, home(caller)) else "outside"


def reaches(widest: str, caller: str, place: Place, about: str) -> bool:
    """Whether a caller whose cell of the matrix is `widest` reaches an object there; `about` ∈ case, person, other."""
    if widest not in ("none", "own", "subtree", "all"):
        raise ValueError(f"{widest!r} is no object class")
    if widest == "none" or place.kind == "absent":
        return False
    if widest == "all":
        return True
    if place.kind == "handled" and about == "case" and caller == "caseworker":
        return True
    if place.kind == "restricted" and about == "person":
        return False  # she is known through that case only: linked to its handler, to no organisation
    if place.kind == "restricted" and about == "case" and caller not in RESTRICTED_READERS:
        return False
    return object_class(caller, place) in (("own",) if widest == "own" else ("own", "subtree"))
