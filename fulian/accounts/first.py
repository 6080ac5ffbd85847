"""The first three accounts of an installation: one act makes all three administrators, for three different people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from fulian.accounts.grants import NewAccount, NewGrant, add_account, checked_name
from fulian.accounts.models import Account
from fulian.accounts.queries import roles_taken
from fulian.accounts.roles import ROLES, THREE
from fulian.accounts.turns import take_turn
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.codes.documents import read_phone
from fulian.db import db
from fulian.errors import Refused
from fulian.orgs.queries import city_unit

FIRST_ROLES = tuple(role for role in ROLES if role in THREE)  # in the order in which they are asked for
SOME_TAKEN = "已经有三员中的角色，不能一次开三个：缺哪个，用 fulian accounts create --role 单独开。"


@dataclass(frozen=True, slots=True)
class FirstPerson:
    """One of the three. The phone only tells her from the other two, and is not kept."""

    username: str
    name: str
    phone: str


def check_three(people: Sequence[FirstPerson]) -> None:
    """Raises Refused where these are not three people, each with a user name, a name and a phone of her own."""
    if len(people) != len(FIRST_ROLES):
        raise Refused("三员要由三个人担任，请写明三个人。")
    for role, person in zip(FIRST_ROLES, people, strict=True):
        checked_name(person.name)
        if not person.phone.strip():
            raise Refused(f"请写明{ROLES[role]}的手机号，用来核对三个人不是同一个人。")
    told = {
        "手机号": [read_phone(person.phone) for person in people],
        "姓名": [person.name.strip() for person in people],
        "账号名": [person.username.strip().lower() for person in people],
    }
    for what, values in told.items():
        if len(set(values)) < len(values):
            hint = "确是同名的，请在姓名后加字区分。" if what == "姓名" else ""
            raise Refused(f"三员要由三个人分别担任，有两位的{what}一样。{hint}")


def create_three(people: Sequence[FirstPerson], password_hashes: Sequence[str], org_id: int, by: Actor) -> list[int]:
    """Make the accounts of the system, security and audit administrator, in this order, in the city's organisation
    `org_id`; their ids.

    `password_hashes` are those of their one-time passwords. Raises Refused where they are not three different people,
    or where any of the three roles is held already: then they are made one by one.
    """
    check_three(people)
    take_turn("grants")
    if roles_taken(by.now):
        raise Refused(SOME_TAKEN)
    ids = []
    for role, person, password_hash in zip(FIRST_ROLES, people, password_hashes, strict=True):
        new = NewAccount(person.username, person.name, org_id, NewGrant(role, org_id))
        ids.append(add_account(new, password_hash, by))
    after = {role: person.name.strip() for role, person in zip(FIRST_ROLES, people, strict=True)}
    record(by, "account.three_created", "account", ids[0], county_id=city_unit(), after=after)
    return ids


def has_accounts() -> bool:
    """Whether there is any account yet."""
    return db.session.execute(select(Account.id).limit(1)).first() is not None
