"""What two of the three administrators do together: one asks, another confirms, and only then it is done.

Made for what stands above the county and city admins (their own accounts and roles, the three's) and for getting back
in (disabling, enabling, a new one-time password). The system and the security administrator ask. Another person in
another of the three roles confirms; neither may be the one it is about. The audit administrator, who otherwise
changes nothing, confirms only what concerns her two colleagues, since then one of them is missing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import aliased

from fulian.accounts.grants import (
    NewAccount,
    NewGrant,
    add_account,
    add_grant,
    check_apart,
    check_new_account,
    check_new_grant,
    check_prolongs,
    checked_reason,
    close_grant,
    grant_words,
    hold_grant,
    prolong_grant,
)
from fulian.accounts.log_in import forgive_name, has_device, hold_account, replace_password
from fulian.accounts.models import Account, AccountRequest, Grant
from fulian.accounts.queries import ACTIVE, find_account, in_force
from fulian.accounts.roles import THREE
from fulian.accounts.second_factor import remove_device
from fulian.accounts.service import disable_account, enable_account
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused

ACTS: Mapping[str, str] = {
    "create": "新开账号",
    "grant": "增加角色",
    "end_grant": "撤销角色",
    "renew_grant": "角色续期",
    "disable": "停用账号",
    "enable": "启用账号",
    "reset_password": "重置密码",
    "reset_device": "重办验证器",
}
WITH_PASSWORD = frozenset({"create", "reset_password", "reset_device"})  # carried out with a new one-time password
RESETS = WITH_PASSWORD - {"create"}
DONE_AS: Mapping[str, str] = {  # what the log calls a request that was carried out
    "create": "created",
    "grant": "role_granted",
    "end_grant": "role_ended",
    "renew_grant": "role_renewed",
    "reset_password": "password_reset",
    "reset_device": "device_reset",
}
COLLEAGUES = frozenset({"system_admin", "security_admin"})
CONFIRMED, DECLINED = "confirmed", "declined"
SHOWN_CHANGES = 10

# Shuts an account and gives away its open cases: (account_id, heir_id, reason, by). The cases room has the full one.
Shut = Callable[[int, int | None, str, Actor], object]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked. `account_id` is whom it is about, but for `create`, where `new` says who.

    `grant` belongs to grant, `grant_id` to end_grant, both to renew_grant (with the new last day), `heir_id` (who takes
    her open cases) to disable.
    """

    act: str
    reason: str
    account_id: int | None = None
    new: NewAccount | None = None
    grant: NewGrant | None = None
    grant_id: int | None = None
    heir_id: int | None = None


@dataclass(frozen=True, slots=True)
class RequestLine:
    """A request as a page shows it; `decided_by`, `decided_at` and `decision` are None while it is open."""

    id: int
    asked: Asked
    username: str
    name: str
    asked_by_id: int
    asked_by: str
    asked_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    decision: str | None


def ask_request(asked: Asked, by: Actor) -> int:
    """Ask for one of ACTS; its id. Raises Forbidden, or Refused at the field that is wrong or could not be done."""
    if not _three_of(by) & COLLEAGUES:
        raise Forbidden("这件事由系统管理员或安全管理员申请。")
    reason = checked_reason(asked.reason)
    _check_possible(asked, by)
    payload = _as_payload(asked)
    same = select(AccountRequest.id).where(
        AccountRequest.decided_at.is_(None),
        AccountRequest.act == asked.act,
        AccountRequest.account_id == asked.account_id,
        AccountRequest.payload == payload,
    )
    if db.session.execute(same.limit(1)).first() is not None:
        raise Refused("同样的申请已经有了，正在等另一位管理员确认。", "reason")
    request = AccountRequest(
        act=asked.act,
        account_id=asked.account_id,
        payload=payload,
        reason=reason,
        asked_by=by.account_id,
        asked_at=by.now,
    )
    db.session.add(request)
    db.session.flush()
    after = {"act": asked.act, "account_id": asked.account_id, "reason": reason, "payload": payload}
    record(by, "request.asked", "account_request", request.id, after=after)
    return request.id


def confirm_request(request_id: int, password_hash: str | None, by: Actor, shut: Shut | None = None) -> int:
    """Confirm a request and carry it out in the same act; the id of the account it was about.

    `password_hash` is that of a one-time password, for the acts in WITH_PASSWORD. `shut` disables an account (None:
    without asking for its cases). Raises NotFound, Refused, Forbidden.
    """
    request = _hold_open(request_id)
    asked = _as_asked(request)
    _check_confirmer(request.asked_by, asked, by)
    request.decided_by, request.decided_at, request.decision = by.account_id, by.now, CONFIRMED
    db.session.flush()
    note = f"{asked.reason}（第 {request.id} 号申请）"
    account_id = asked.account_id or 0
    if asked.act == "disable":  # these two put themselves on the log
        (shut or _shut)(account_id, asked.heir_id, note, by)
    elif asked.act == "enable":
        enable_account(account_id, by, reason=note, confirmed=True)
    else:
        account_id = request.account_id = _carry_out(request.id, asked, password_hash or "", by)
        db.session.flush()
    return account_id


def decline_request(request_id: int, reason: str, by: Actor) -> None:
    """Send a request back; whoever asked may take it back so. Raises NotFound, Refused, Forbidden."""
    request = _hold_open(request_id)
    if not _three_of(by):
        raise Forbidden("这件事由三员办理。")
    after = {"decision": DECLINED, "reason": checked_reason(reason)}
    request.decided_by, request.decided_at, request.decision = by.account_id, by.now, DECLINED
    db.session.flush()
    record(by, "request.declined", "account_request", request.id, after=after)


# --- the rules -------------------------------------------------------------------------------------------------------


def _check_possible(asked: Asked, by: Actor) -> None:
    """Raises Refused where a request could not be carried out as things stand."""
    if asked.act == "create" and asked.new is not None:
        check_new_account(asked.new, by)
        return
    account = db.session.get(Account, asked.account_id or 0)
    if account is None or asked.act not in ACTS or asked.act == "create":
        raise Refused("没有找到这个账号，请从账号页面申请。")
    if account.id == by.account_id:
        raise Refused("不能为自己申请，请由另一位管理员申请。")
    if asked.act == "grant" and asked.grant is not None:
        check_new_grant(asked.grant, by)
        check_apart(asked.grant.role, account.id, account.person_id, account.name, by)
    elif asked.act in ("end_grant", "renew_grant"):
        _check_held(asked, account.id, by)
    elif asked.act == "disable" and account.status != ACTIVE:
        raise Refused("这个账号已经停用了，不用再办。")
    elif asked.act == "enable" and account.status == ACTIVE:
        raise Refused("这个账号正在使用，不用启用。")
    elif asked.act == "reset_device" and not has_device(account.id):
        raise Refused("这个账号没有验证器。忘了密码的，请申请重置密码。")


def _check_held(asked: Asked, account_id: int, by: Actor) -> None:
    grant = db.session.get(Grant, asked.grant_id or 0)
    if grant is None or grant.account_id != account_id or grant.ended_at is not None:
        raise Refused("这个角色已经不在了，请回到账号页面再看。")
    if asked.act == "renew_grant":
        check_prolongs(grant, asked.grant.ends_on if asked.grant is not None else None, by)


def _check_confirmer(asked_by: int, asked: Asked, by: Actor) -> None:
    """Raises Refused for whoever may not be the second person, Forbidden for who is none of the three."""
    mine = _three_of(by)
    if not mine:
        raise Forbidden("这件事由三员确认。")
    if by.account_id == asked_by:
        raise Refused("自己申请的，要由另一位管理员确认。")
    if by.account_id == asked.account_id:
        raise Refused("与您自己有关的申请，要由另一位管理员确认。")
    asker, theirs = find_account(asked_by), _open_roles(asked_by, by)
    if asker is None or asker.status != ACTIVE or not theirs & THREE:
        raise Refused("申请人已经不是管理员，请退回这个申请。")
    if mine <= theirs:
        raise Refused("申请人和您是同一种管理员，要由另一种管理员确认。")
    if not mine & COLLEAGUES and not _concerned(asked, by) & COLLEAGUES:
        raise Refused("审计管理员只确认与系统管理员、安全管理员有关的申请。")


def _concerned(asked: Asked, by: Actor) -> frozenset[str]:
    """The roles a request is about: those the account has, and the one it is to get."""
    wanted = [grant.role for grant in (asked.grant, asked.new.grant if asked.new else None) if grant is not None]
    return frozenset(wanted) | (_open_roles(asked.account_id, by) if asked.account_id else frozenset())


def _three_of(by: Actor) -> frozenset[str]:
    return frozenset(held.role for held in by.grants) & THREE


def _open_roles(account_id: int, by: Actor) -> frozenset[str]:
    found = select(Grant.role).where(Grant.account_id == account_id, in_force(local_date(by.now)))
    return frozenset(db.session.execute(found).scalars())


# --- carrying out ----------------------------------------------------------------------------------------------------


def _shut(account_id: int, _heir_id: int | None, reason: str, by: Actor) -> None:
    disable_account(account_id, by, reason=reason, confirmed=True)


def _carry_out(request_id: int, asked: Asked, password_hash: str, by: Actor) -> int:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {"request": request_id, "reason": asked.reason}
    if asked.act == "create" and asked.new is not None:
        account = hold_account(add_account(asked.new, password_hash, by))
        after |= {"username": account.username, "name": account.name, **grant_words(asked.new.grant)}
    else:
        account = hold_account(asked.account_id)
    if asked.act == "grant" and asked.grant is not None:
        add_grant(account, asked.grant, by)
        after |= grant_words(asked.grant)
    elif asked.act == "end_grant":
        before = close_grant(account, hold_grant(asked.grant_id or 0), by)
    elif asked.act == "renew_grant" and asked.grant is not None:
        before = prolong_grant(hold_grant(asked.grant_id or 0), asked.grant.ends_on, by)
        after |= grant_words(asked.grant)
    elif asked.act in RESETS:
        if asked.act == "reset_device":
            remove_device(account.id)
        replace_password(account, password_hash, by.now, must_change=True)
        forgive_name(account.username)
    record(
        by,
        f"account.{DONE_AS[asked.act]}",
        "account",
        account.id,
        county_id=account.county_id,
        before=before,
        after=after,
    )
    return account.id


# --- the row and its words -------------------------------------------------------------------------------------------


def _as_payload(asked: Asked) -> str:
    facts = {
        "new": asdict(asked.new) if asked.new is not None else None,
        "grant": asdict(asked.grant) if asked.grant is not None else None,
        "grant_id": asked.grant_id,
        "heir_id": asked.heir_id,
    }
    given = {name: value for name, value in facts.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, sort_keys=True, default=date.isoformat)


def _as_asked(request: AccountRequest) -> Asked:
    facts = json.loads(request.payload)
    new = facts.get("new")
    if new is not None:
        new = NewAccount(**{**new, "grant": _as_grant(new["grant"])})
    grant = _as_grant(facts["grant"]) if "grant" in facts else None
    ids = (facts.get("grant_id"), facts.get("heir_id"))
    return Asked(request.act, request.reason, request.account_id, new, grant, *ids)


def _as_grant(facts: dict[str, Any]) -> NewGrant:
    last = facts["ends_on"]
    return NewGrant(**{**facts, "ends_on": date.fromisoformat(last) if last else None})


def _hold_open(request_id: int) -> AccountRequest:
    request = db.session.execute(
        select(AccountRequest).where(AccountRequest.id == request_id).with_for_update()
    ).scalar_one_or_none()
    if request is None:
        raise NotFound
    if request.decided_at is not None:
        raise Refused("这个申请已经办过了，请回到申请列表再看。")
    return request


# --- reading ---------------------------------------------------------------------------------------------------------


def open_requests() -> list[RequestLine]:
    """The requests that wait for a second administrator, the oldest first."""
    return _lines(AccountRequest.decided_at.is_(None))


def request_line(request_id: int) -> RequestLine:
    """One request, open or decided. Raises NotFound."""
    found = _lines(AccountRequest.id == request_id)
    if not found:
        raise NotFound
    return found[0]


def changes_of(account_id: int) -> list[RequestLine]:
    """What two administrators did to this account, the newest first: so its person is told."""
    done = _lines((AccountRequest.account_id == account_id) & (AccountRequest.decision == CONFIRMED))
    return done[::-1][:SHOWN_CHANGES]


def why_not_confirm(line: RequestLine, by: Actor) -> str:
    """Why the actor may not confirm this request, in one sentence; "" where she may."""
    try:
        _check_confirmer(line.asked_by_id, line.asked, by)
    except Refused as refused:
        return refused.message
    return ""


def _lines(condition: ColumnElement[bool]) -> list[RequestLine]:
    about, asker, decider = aliased(Account), aliased(Account), aliased(Account)
    rows = db.session.execute(
        select(AccountRequest, about.username, about.name, asker.name, decider.name)
        .join(asker, asker.id == AccountRequest.asked_by)
        .outerjoin(about, about.id == AccountRequest.account_id)
        .outerjoin(decider, decider.id == AccountRequest.decided_by)
        .where(condition)
        .order_by(AccountRequest.id)
    )
    return [_as_line(*row) for row in rows]


def _as_line(request: AccountRequest, username: str, name: str, asked_by: str, decided_by: str | None) -> RequestLine:
    asked = _as_asked(request)
    return RequestLine(
        id=request.id,
        asked=asked,
        username=asked.new.username if asked.new is not None else username,
        name=asked.new.name if asked.new is not None else name,
        asked_by_id=request.asked_by,
        asked_by=asked_by,
        asked_at=request.asked_at,
        decided_by=decided_by,
        decided_at=request.decided_at,
        decision=request.decision,
    )
