"""Accounts and roles: what county and city admins decide inside their scope, for caseworkers and programme leads.

Everything above that, and getting back in, is asked by one of the three administrators and confirmed by another: see
requests.py, which calls the acts here with `confirmed=True`.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from fulian.accounts.grants import (
    REASON_LENGTH,
    NewAccount,
    NewGrant,
    add_account,
    add_grant,
    checked_name,
    checked_reason,
    close_grant,
    grant_words,
    hold_grant,
    prolong_grant,
)
from fulian.accounts.log_in import fold_username, hold_account
from fulian.accounts.models import Account, Grant
from fulian.accounts.queries import ACTIVE, find_account, visible_accounts
from fulian.accounts.roles import ADMINS, INVITED, ROLES
from fulian.accounts.sessions import end_sessions
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date
from fulian.db import db
from fulian.errors import NotFound, Refused, Stale
from fulian.orgs.queries import find_org, is_within

DISABLED = "disabled"


def invite_account(new: NewAccount, password_hash: str, by: Actor) -> int:
    """Make an account with a one-time password (its hash) for a caseworker or lead in the actor's scope; its id.

    Raises Refused at the field that is wrong, or where role or organisation are out of the actor's reach.
    """
    _check_gives(new.grant, by)
    _check_reach(new.org_id, by)
    account_id = add_account(new, password_hash, by)
    after = {"username": fold_username(new.username), "name": new.name.strip(), **grant_words(new.grant)}
    record(by, "account.invited", "account", account_id, county_id=hold_account(account_id).county_id, after=after)
    return account_id


def create_account(new: NewAccount, password_hash: str, by: Actor, *, must_change: bool) -> int:
    """Make an account with any role, from the command line of the machine itself; its id.

    Raises Refused at the field that is wrong, and where one person would be two of the three administrators.
    """
    account_id = add_account(new, password_hash, by, must_change=must_change)
    after = {"username": fold_username(new.username), "name": new.name.strip(), **grant_words(new.grant)}
    record(by, "account.created", "account", account_id, county_id=hold_account(account_id).county_id, after=after)
    return account_id


def grant_role(account_id: int, new: NewGrant, by: Actor) -> int:
    """Give an account in the actor's scope one more role; its sessions end. Returns the grant's id.

    Raises NotFound, or Refused at the field that is wrong or out of reach.
    """
    account = _hold_visible(account_id, by)
    _check_gives(new, by)
    grant_id = add_grant(account, new, by)
    record(by, "account.role_granted", "account", account_id, county_id=account.county_id, after=grant_words(new))
    return grant_id


def end_grant(grant_id: int, reason: str, by: Actor) -> None:
    """End a caseworker's or lead's role in the actor's scope at once; the account's sessions end.

    Raises NotFound, or Refused where it is out of reach, ended already, or without a reason.
    """
    account = _hold_visible(_account_of(grant_id), by)
    grant = hold_grant(grant_id)
    _check_gives(NewGrant(grant.role, grant.org_id), by)
    text = checked_reason(reason)
    before = close_grant(account, grant, by)
    record(
        by,
        "account.role_ended",
        "account",
        account.id,
        county_id=account.county_id,
        before=before,
        after={"reason": text},
    )


def renew_grant(grant_id: int, ends_on: date | None, reason: str, by: Actor) -> None:
    """Let a caseworker's or lead's role in the actor's scope run until a later day, or (None) without end.

    Raises NotFound, or Refused where it is out of reach, over already, or the day is no later one.
    """
    account = _hold_visible(_account_of(grant_id), by)
    grant = hold_grant(grant_id)
    _check_gives(NewGrant(grant.role, grant.org_id), by)
    text = checked_reason(reason)
    before = prolong_grant(grant, ends_on, by)
    after = grant_words(NewGrant(grant.role, grant.org_id, grant.programme, ends_on)) | {"reason": text}
    record(by, "account.role_renewed", "account", account.id, county_id=account.county_id, before=before, after=after)


def disable_account(account_id: int, by: Actor, *, reason: str, handed_over: int = 0, confirmed: bool = False) -> None:
    """Shut an account: its sessions end at once and it logs in no more; its history and its roles stay.

    `handed_over` is how many open cases went to somebody else in the same act, see `cases.service.hand_over`. Raises
    NotFound, or Refused where it is out of the actor's reach, her own, or shut already.
    """
    account = _hold_manageable(account_id, by, confirmed)
    if account.id == by.account_id:
        raise Refused("不能停用自己的账号，请由另一位管理员办理。")
    if account.status == DISABLED:
        raise Refused("这个账号已经停用了，不用再办。")
    _set_status(account, DISABLED, reason, by, handed_over=handed_over)
    end_sessions(account.id, "disabled", by.now)


def enable_account(account_id: int, by: Actor, *, reason: str, confirmed: bool = False) -> None:
    """Open a disabled account again, with the roles and the password it had.

    Raises NotFound, or Refused where it is out of the actor's reach or in use already.
    """
    account = _hold_manageable(account_id, by, confirmed)
    if account.status == ACTIVE:
        raise Refused("这个账号正在使用，不用启用。")
    _set_status(account, ACTIVE, reason, by)


def edit_account(account_id: int, version: int, name: str, org_id: int, by: Actor) -> None:
    """Correct the name of an account, or where its person works.

    Raises Stale where somebody saved in between, NotFound, or Refused at the field that is wrong or out of reach.
    """
    account = _hold_manageable(account_id, by, confirmed=False)
    saved = {"name": account.name, "org": find_org(account.org_id).name}
    _check_reach(org_id, by)
    org = find_org(org_id)
    mine = {"name": checked_name(name), "org": org.name}
    if account.version != version:
        raise Stale("这个账号刚被别人改过，您的没有保存。请看过最新的，再改一次。", saved, mine)
    account.name, account.org_id, account.county_id = mine["name"], org.id, org.county_id
    account.version += 1
    db.session.flush()
    record(by, "account.edited", "account", account.id, county_id=org.county_id, before=saved, after=mine)


def end_grants_of_post(post_id: int, last_day: date) -> None:
    """Let the roles that hang on a post end with it. The use case that ends the post calls this and is on the log."""
    grants = db.session.execute(select(Grant).where(Grant.post_id == post_id, Grant.ended_at.is_(None))).scalars()
    for grant in grants:
        grant.ends_on = last_day if grant.ends_on is None else min(grant.ends_on, last_day)
    db.session.flush()


def may_manage(account_id: int, by: Actor) -> bool:
    """Whether the actor, as county or city admin, may correct, disable or enable this account: she reaches its

    organisation and all its roles, and none of them is above a lead's.
    """
    account = find_account(account_id)
    if account is None or not _reaches(account.org_id, by):
        return False
    today = local_date(by.now)
    open_grants = db.session.execute(
        select(Grant.role, Grant.org_id).where(
            Grant.account_id == account_id,
            Grant.ended_at.is_(None),
            Grant.ends_on.is_(None) | (Grant.ends_on >= today),
        )
    )
    return all(role in INVITED and _reaches(org_id, by) for role, org_id in open_grants)


def _hold_manageable(account_id: int, by: Actor, confirmed: bool) -> Account:
    if confirmed:
        return hold_account(account_id)
    account = _hold_visible(account_id, by)
    if not may_manage(account_id, by):
        raise Refused("她还有更高的角色，或者在您管的范围以外有角色：请由系统管理员或安全管理员办理。")
    return account


def _hold_visible(account_id: int, by: Actor) -> Account:
    seen = select(Account.id).where(Account.id == account_id, visible_accounts(by))
    if db.session.execute(seen).first() is None:
        raise NotFound
    return hold_account(account_id)


def _account_of(grant_id: int) -> int:
    account_id = db.session.execute(select(Grant.account_id).where(Grant.id == grant_id)).scalar_one_or_none()
    if account_id is None:
        raise NotFound
    return account_id


def _check_gives(grant: NewGrant, by: Actor) -> None:
    if grant.role not in INVITED:
        label = ROLES.get(grant.role, "这个角色")
        raise Refused(f"“{label}”要由三员中的一位申请、另一位确认。", "role")
    _check_reach(grant.org_id, by)


def _check_reach(org_id: int, by: Actor) -> None:
    if not _reaches(org_id, by):
        raise Refused("这个组织不在您管的范围内，请重新选。", "org_id")


def _reaches(org_id: int, by: Actor) -> bool:
    return any(held.role in ADMINS and is_within(org_id, held.org_id) for held in by.grants)


def _set_status(account: Account, status: str, reason: str, by: Actor, **also: int) -> None:
    before = {"status": account.status}
    # a confirmed request adds its number to what was typed
    after = {"status": status, "reason": checked_reason(reason, 2 * REASON_LENGTH), **also}
    account.status = status
    account.version += 1
    db.session.flush()
    act = "account.disabled" if status == DISABLED else "account.enabled"
    record(by, act, "account", account.id, county_id=account.county_id, before=before, after=after)
