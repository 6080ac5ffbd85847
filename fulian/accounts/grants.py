"""What every way to an account or a role has in common: the rows, and the rules that hold whoever asks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import Table, insert, or_, select
from sqlalchemy.dialects import postgresql

from fulian.accounts.log_in import fold_username, hold_account
from fulian.accounts.models import Account, Grant
from fulian.accounts.queries import ACTIVE
from fulian.accounts.roles import ANY_PROGRAMME, BUSINESS, ONE_PROGRAMME, ROLE_LEVELS, ROLES, THREE
from fulian.accounts.sessions import end_sessions
from fulian.accounts.turns import take_turn
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.orgs.queries import find_org

USERNAME = re.compile(r"[a-z][a-z0-9._-]{2,39}")
REASON_LENGTH = 200
NAME_LENGTH = 50
APART = "三员（系统、安全、审计管理员）要由三个人分别担任，也不能兼任业务角色。"

_account = cast(Table, Account.__table__)
_grant = cast(Table, Grant.__table__)
# Written alike for both databases; a name that is taken gives no row.
_add_account = postgresql.insert(_account).on_conflict_do_nothing(index_elements=["username"]).returning(_account.c.id)


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A role to be held in an organisation, for one programme or (None) all, from today on or until a day."""

    role: str
    org_id: int
    programme: str | None = None
    ends_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account to be made: `org_id` is where she works, `grant` her first role."""

    username: str
    name: str
    org_id: int
    grant: NewGrant
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account made in bulk, for demo data: nothing is checked, the hash may be made once for all."""

    username: str
    name: str
    org_id: int
    county_id: int
    password_hash: str
    grants: tuple[NewGrant, ...]
    person_id: int | None = None


def add_account(new: NewAccount, password_hash: str, by: Actor, *, must_change: bool = True) -> int:
    """Make an account and its first role; its id. Raises Refused at the field that is wrong.

    `password_hash` is that of a one-time password, unless `must_change` is False.
    """
    check_new_account(new, by)
    row = _account_row(new, find_org(new.org_id).county_id, password_hash, by.now, must_change=must_change)
    account_id: int | None = db.session.execute(_add_account, row).scalar_one_or_none()
    if account_id is None:
        raise Refused("这个账号名已经有人用了，请换一个。", "username")
    add_grant(hold_account(account_id), new.grant, by)
    return account_id


def check_new_account(new: NewAccount, by: Actor) -> None:
    """Raises Refused at the field of a new account that is wrong, also before anything is asked or written."""
    username, name = fold_username(new.username), checked_name(new.name)
    if not USERNAME.fullmatch(username):
        raise Refused("账号名用小写字母开头，后面可用字母、数字、点和横线，共 3 到 40 位。", "username")
    if db.session.execute(select(Account.id).where(Account.username == username)).first() is not None:
        raise Refused("这个账号名已经有人用了，请换一个。", "username")
    check_new_grant(new.grant, by)
    check_apart(new.grant.role, None, new.person_id, name, by)


def add_grant(account: Account, new: NewGrant, by: Actor) -> int:
    """Give an account (locked by the caller) one more role; its sessions end. Returns the grant's id."""
    take_turn("grants")  # two halves of a forbidden pair, given at the same moment, must see each other
    check_new_grant(new, by)
    check_apart(new.role, account.id, account.person_id, account.name, by)
    today = local_date(by.now)
    same = select(Grant.id).where(
        Grant.account_id == account.id,
        Grant.role == new.role,
        Grant.org_id == new.org_id,
        Grant.programme.is_(None) if new.programme is None else Grant.programme == new.programme,
        _open_on(today),
    )
    if db.session.execute(same.limit(1)).first() is not None:
        raise Refused("这个账号已经有同样的角色了，不用再加。", "role")
    row = _grant_row(account.id, new, today, by.now, by.account_id)
    grant_id: int = db.session.execute(insert(_grant).values(row).returning(_grant.c.id)).scalar_one()
    _role_changed(account, by.now)
    return grant_id


def close_grant(account: Account, grant: Grant, by: Actor) -> dict[str, Any]:
    """End a grant (both rows locked by the caller) at once; the sessions end. Returns what it was, for the log."""
    if grant.ended_at is not None:
        raise Refused("这个角色已经撤销了，不用再办。")
    grant.ended_at, grant.ended_by = by.now, by.account_id
    _role_changed(account, by.now)
    return grant_words(NewGrant(grant.role, grant.org_id, grant.programme, grant.ends_on))


def prolong_grant(grant: Grant, ends_on: date | None, by: Actor) -> dict[str, Any]:
    """Let a grant (locked by the caller) run until a later day, or (None) without end. Returns what it was.

    It gives nothing that it did not give before, so the sessions go on. Raises Refused.
    """
    check_prolongs(grant, ends_on, by)
    before = grant_words(NewGrant(grant.role, grant.org_id, grant.programme, grant.ends_on))
    grant.ends_on = ends_on
    db.session.flush()
    return before


def check_prolongs(grant: Grant, ends_on: date | None, by: Actor) -> None:
    """Raises Refused where a grant cannot be made to run until this day (None: without end)."""
    if grant.ended_at is not None or (grant.ends_on is not None and grant.ends_on < local_date(by.now)):
        raise Refused("这个角色已经到期或者撤销了，请另加一个角色。")
    if grant.post_id is not None:
        raise Refused("这个角色跟着职务走：职务连任了，再登记一次任职。")
    if grant.ends_on is None:
        raise Refused("这个角色没有到期日，不用续期。")
    if ends_on is not None and ends_on <= grant.ends_on:
        raise Refused(f"新的到期日要在原来的（{grant.ends_on:%Y-%m-%d}）以后。", "ends_on")


def hold_grant(grant_id: int) -> Grant:
    """The row of a grant, locked until the end of the transaction. Raises NotFound."""
    grant = db.session.execute(select(Grant).where(Grant.id == grant_id).with_for_update()).scalar_one_or_none()
    if grant is None:
        raise NotFound
    return grant


def check_new_grant(new: NewGrant, by: Actor) -> None:
    """Raises Refused at the field that does not fit: role, level of the organisation, programme, last day."""
    if new.role not in ROLES:
        raise Refused("请从列出的角色里选。", "role")
    try:
        org = find_org(new.org_id)
    except NotFound:
        raise Refused("没有找到这个组织，请重新选。", "org_id") from None
    if org.level not in ROLE_LEVELS[new.role]:
        raise Refused(f"“{ROLES[new.role]}”不能设在{org.short_name}，请选对应层级的组织。", "org_id")
    if new.programme is None and new.role in ONE_PROGRAMME:
        raise Refused("项目负责人要选定一个品牌项目。", "programme")
    if new.programme is not None and new.role not in ONE_PROGRAMME | ANY_PROGRAMME:
        raise Refused("这个角色管全部项目，不用选项目。", "programme")
    if new.ends_on is not None and new.ends_on < local_date(by.now):
        raise Refused("到期日要在今天以后，请改正。", "ends_on")


def check_apart(role: str, account_id: int | None, person_id: int | None, name: str, by: Actor) -> None:
    """Raises Refused where this role would join two of the three administrators, or one with a business role.

    Looked for in the account itself, in other accounts of the same person, and, among the three, of the same name;
    disabled accounts count, since they can be enabled again.
    """
    same = [Account.id == account_id] if account_id is not None else []
    if person_id is not None:
        same.append(Account.person_id == person_id)
    if role in THREE:
        same.append((Account.name == name) & Grant.role.in_(THREE))
    if not same:
        return
    held = set(
        db.session.execute(
            select(Grant.role)
            .join(Account, Account.id == Grant.account_id)
            .where(or_(*same), _open_on(local_date(by.now)))
        ).scalars()
    )
    forbidden = (THREE - {role}) | BUSINESS if role in THREE else THREE
    if held & forbidden:
        raise Refused(APART if account_id is not None else f"{APART}确是同名的另一个人，请在姓名后加字区分。", "role")


def grant_words(grant: NewGrant) -> dict[str, Any]:
    """A grant as the log keeps it."""
    words: dict[str, Any] = {"role": grant.role, "org_id": grant.org_id, "programme": grant.programme}
    return words | ({"ends_on": grant.ends_on.isoformat()} if grant.ends_on is not None else {})


def checked_name(name: str) -> str:
    """A name without blanks around it. Raises Refused where there is none, or too much."""
    text = name.strip()
    if not text or len(text) > NAME_LENGTH:
        raise Refused(f"请填写姓名，最多 {NAME_LENGTH} 个字。", "name")
    return text


def checked_reason(reason: str, longest: int = REASON_LENGTH) -> str:
    """A reason without blanks around it. Raises Refused where there is none, or too much."""
    text = reason.strip()
    if not text:
        raise Refused("请写明事由。", "reason")
    if len(text) > longest:
        raise Refused(f"事由最多 {longest} 个字，请写短一些。", "reason")
    return text


def create_account_rows(rows: Sequence[AccountRow], now: datetime) -> list[int]:
    """Make accounts in bulk, unchecked and not on the log (demo data); their ids in the same order."""
    accounts = [
        _account_row(
            NewAccount(row.username, row.name, row.org_id, row.grants[0], row.person_id),
            row.county_id,
            row.password_hash,
            now,
            must_change=False,
        )
        for row in rows
    ]
    statement = insert(_account).returning(_account.c.id, sort_by_parameter_order=True)
    ids = list(db.session.execute(statement, accounts).scalars())
    today = local_date(now)
    grants = [_grant_row(at, grant, today, now) for at, row in zip(ids, rows, strict=True) for grant in row.grants]
    db.session.execute(insert(_grant), grants)
    return ids


def _account_row(
    new: NewAccount, county_id: int, password_hash: str, now: datetime, *, must_change: bool
) -> dict[str, Any]:
    return {
        "username": fold_username(new.username),
        "name": new.name.strip(),
        "person_id": new.person_id,
        "org_id": new.org_id,
        "county_id": county_id,
        "password_hash": password_hash,
        "password_at": now,
        "must_change": must_change,
        "status": ACTIVE,
        "created_at": now,
        "version": 1,
    }


def _grant_row(
    account_id: int, grant: NewGrant, today: date, now: datetime, granted_by: int | None = None
) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "role": grant.role,
        "org_id": grant.org_id,
        "programme": grant.programme,
        "starts_on": today,
        "ends_on": grant.ends_on,
        "granted_by": granted_by,
        "granted_at": now,
        "reason": grant.reason,
    }


def _open_on(day: date) -> Any:
    """In force on this day, or still to begin."""
    return Grant.ended_at.is_(None) & or_(Grant.ends_on.is_(None), Grant.ends_on >= day)


def _role_changed(account: Account, now: datetime) -> None:
    account.version += 1
    db.session.flush()
    end_sessions(account.id, "role", now)
