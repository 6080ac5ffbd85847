"""Logging in: counted before the password is looked at, looked at outside of any transaction, then let in or refused.

Three steps, because argon2 takes a tenth of a second and must not hold a lock: `begin_attempt` counts the try and
gives what is to be looked at, `password_fits` looks, `accept` or `refuse_attempt` ends it. An unknown name goes
through the same steps with the same words. GB/T 22239-2019 asks for 登录失败处理 and leaves the numbers to the house.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select

from fulian.accounts.models import Account, Authenticator, LoginAttempt, OldPassword, Session
from fulian.accounts.passwords import KEPT, ONE_TIME_DAYS
from fulian.accounts.queries import ACTIVE
from fulian.accounts.sessions import begin_session, end_session, end_sessions, sessions_of
from fulian.accounts.turns import take_turn
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import SHANGHAI
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.sealing.columns import blind_index

TRIES = 5  # wrong ones for one account from one address
LOCKED = timedelta(minutes=30)
SLOW_AFTER = 20  # wrong ones for one account from anywhere, within LOCKED
SLOW = timedelta(seconds=30)  # then one try in so long, but for addresses this account has logged in from before
ADDRESS_TRIES = 100  # wrong ones from one address for any account: an office of many sits behind one
ADDRESS_WINDOW = timedelta(minutes=15)
FORGOTTEN = timedelta(days=1)  # after it, the nightly upkeep removes a try
FAMILIAR = timedelta(days=30)
ALL_OTHERS = "others"
IPV6_NETWORK = 64  # what one subscriber of IPv6 is given (RFC 6177): addresses inside it cost nothing


class Throttled(Refused):
    """Too many wrong passwords: nothing was looked at, try again later (429)."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that was counted. `account_id` and `password_hash` are None for an unknown name, but `county_id` is always
    the unit whose log takes the outcome; `left` are the tries after this one, should it fail."""

    id: int
    account_id: int | None
    password_hash: str | None
    county_id: int
    left: int


def begin_attempt(username: str, by: Actor) -> Attempt:
    """Count a try and say what it has to fit. Raises Throttled where too many went wrong before."""
    name = fold_username(username)
    name_key, address = _name_key(name), _network(by.address)
    take_turn(f"login {name_key.hex()}")
    account = db.session.execute(select(Account).where(Account.username == name)).scalar_one_or_none()
    recent = _check_locked(name_key, address, by.now)
    _check_slow(name_key, account, by)
    _check_address(address, by.now)
    attempt = LoginAttempt(name_key=name_key, address=address, at=by.now)
    db.session.add(attempt)
    db.session.flush()
    left = TRIES - recent - 1
    if account is None:
        return Attempt(attempt.id, None, None, by.county_id, left)
    return Attempt(attempt.id, account.id, account.password_hash, account.county_id, left)


def refuse_attempt(attempt: Attempt, by: Actor, *, what: str = "账号或密码", field: str = "password") -> Refused:
    """Put a wrong password on the log, and return what to say at `field`: the same for a wrong name."""
    locked = attempt.left <= 0
    record(
        by,
        "login.locked" if locked else "login.failed",
        "account",
        attempt.account_id or "-",
        county_id=attempt.county_id,
        outcome="refused",
    )
    if locked:
        return Throttled(f"{what}不对。已经错了 {TRIES} 次，{_until(by.now + LOCKED)}", field)
    minutes = LOCKED // timedelta(minutes=1)
    return Refused(f"{what}不对。还可以再试 {attempt.left} 次，之后会锁定 {minutes} 分钟。", field)


def accept_attempt(attempt: Attempt, by: Actor, agent: str) -> str | None:
    """Let somebody in whose password was right: the token of a new session, None where her code is asked for next.

    Raises Refused where the account was disabled, its password changed while this one was looked at, or is a one-time
    one that came too late.
    """
    account = let_through(attempt, by)
    who = replace(by, account_id=account.id, name=account.name, county_id=account.county_id)
    if has_device(account.id):
        # Only this try is taken back: else whoever knows the password could try codes without end.
        db.session.execute(delete(LoginAttempt).where(LoginAttempt.id == attempt.id))
        record(who, "login.password_fits", "account", account.id)
        return None
    forgive(attempt.id)
    record(who, "login.done", "account", account.id)
    return begin_session(account.id, by, agent)


def let_through(attempt: Attempt, by: Actor) -> Account:
    """The account whose password was right, where it still may log in. Raises Refused."""
    account = db.session.execute(select(Account).where(Account.id == attempt.account_id)).scalar_one()
    if account.password_hash != attempt.password_hash:
        raise Refused("密码刚刚改过，请用新密码再登录一次。", "password")
    if account.status != ACTIVE:
        raise Refused("这个账号已经停用。还要使用的，请联系本级妇联管理员启用。", "username")
    if account.must_change and by.now - account.password_at > timedelta(days=ONE_TIME_DAYS):
        raise Refused(f"一次性密码过了 {ONE_TIME_DAYS} 天，已经作废。请联系本级妇联管理员，再办一次。", "password")
    return account


def has_device(account_id: int | None) -> bool:
    """Whether an account has an authenticator."""
    found = select(Authenticator.account_id).where(Authenticator.account_id == account_id)
    return db.session.execute(found).first() is not None


def mark_of(attempt: Attempt) -> str:
    """What a browser keeps between the password and the code: it fits no more once the password is another."""
    return blind_index("half", attempt.password_hash or "").hex()


def accept_own(attempt: Attempt) -> list[str]:
    """A password asked for again inside a session was right: the try counts no more.

    Returns the hashes that a new password must not fit: the present one and the last few before it.
    """
    forgive(attempt.id)
    present = db.session.execute(select(Account.password_hash).where(Account.id == attempt.account_id)).scalars()
    before = select(OldPassword.password_hash).where(OldPassword.account_id == attempt.account_id)
    return [*present, *db.session.execute(before.order_by(OldPassword.id.desc()).limit(KEPT - 1)).scalars()]


def change_password(password_hash: str, by: Actor, agent: str) -> str:
    """Give the actor's own account a new password (its hash). Ends all her sessions; returns the token of a new one."""
    account = hold_account(by.account_id)
    replace_password(account, password_hash, by.now, must_change=False)
    record(by, "account.password_changed", "account", account.id, fields=["password"])
    return begin_session(account.id, by, agent)


def log_out(token_hash: bytes, by: Actor) -> None:
    """End the session behind this token at once."""
    end_session(token_hash, "logout", by.now)
    record(by, "login.ended", "account", by.account_id)


def end_other_sessions(which: str, here: bytes, by: Actor) -> int:
    """End one other session of the actor (the hash of its token in hex), or ALL_OTHERS; how many.

    `here` is the token's hash of the present one. Raises Refused where there is nothing to end.
    """
    living = [line.token_hash for line in sessions_of(by.account_id, by.now) if line.token_hash != here]
    ended = [token_hash for token_hash in living if which in (ALL_OTHERS, token_hash.hex())]
    if not ended:
        raise Refused("这个登录已经结束了，不用再办。")
    for token_hash in ended:
        end_session(token_hash, "elsewhere", by.now)
    record(by, "login.ended_elsewhere", "account", by.account_id, after={"sessions": len(ended)})
    return len(ended)


def hold_account(account_id: int | None) -> Account:
    """The row of an account, locked until the end of the transaction. Raises NotFound."""
    account = db.session.execute(select(Account).where(Account.id == account_id).with_for_update()).scalar_one_or_none()
    if account is None:
        raise NotFound
    return account


def replace_password(account: Account, password_hash: str, now: datetime, *, must_change: bool) -> None:
    """Put a new hash in place, keep the old one among those not taken again, and end every session."""
    db.session.add(OldPassword(account_id=account.id, password_hash=account.password_hash, replaced_at=now))
    account.password_hash, account.password_at, account.must_change = password_hash, now, must_change
    db.session.flush()
    end_sessions(account.id, "password", now)


def forgive_name(username: str) -> None:
    """Let the wrong tries of this account count no more, from wherever: it was given a new password."""
    name_key = _name_key(fold_username(username))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.name_key == name_key))


def fold_username(username: str) -> str:
    """A user name as it is stored and looked for: lower case, plain characters, without blanks around."""
    return unicodedata.normalize("NFKC", username).strip().lower()


def _name_key(name: str) -> bytes:
    return blind_index("login", name)


# --- counting --------------------------------------------------------------------------------------------------------


def _check_locked(name_key: bytes, address: str, now: datetime) -> int:
    """How many tries of this account from this address count at present. Raises Throttled while it is locked."""
    tries = list(
        db.session.execute(
            select(LoginAttempt.at)
            .where(LoginAttempt.name_key == name_key, LoginAttempt.address == address)
            .where(LoginAttempt.at > now - 2 * LOCKED)
            .order_by(LoginAttempt.at.desc())
            .limit(TRIES)
        ).scalars()
    )
    # Locked for the whole time from the last wrong one on, when the five before it came within that time.
    if len(tries) == TRIES and tries[-1] > tries[0] - LOCKED and tries[0] > now - LOCKED:
        raise Throttled(f"密码错的次数太多，{_until(tries[0] + LOCKED)}", "password")
    return sum(1 for at in tries if at > now - LOCKED)


def _check_slow(name_key: bytes, account: Account | None, by: Actor) -> None:
    n, last = db.session.execute(
        select(func.count(), func.max(LoginAttempt.at)).where(
            LoginAttempt.name_key == name_key, LoginAttempt.at > by.now - LOCKED
        )
    ).one()
    if n < SLOW_AFTER or last <= by.now - SLOW or _is_familiar(account, by):
        return
    raise Throttled(f"这个账号试得太频繁，请过 {SLOW // timedelta(seconds=1)} 秒再试。", "password")


def _is_familiar(account: Account | None, by: Actor) -> bool:
    """Whether she logged in from this address before, so that nobody elsewhere can keep her out by trying."""
    before = select(Session.account_id).where(
        Session.account_id == (account.id if account is not None else None),
        Session.address == by.address,
        Session.started_at > by.now - FAMILIAR,
    )
    return db.session.execute(before.limit(1)).first() is not None


def _check_address(address: str, now: datetime) -> None:
    oldest = db.session.execute(
        select(LoginAttempt.at)
        .where(LoginAttempt.address == address, LoginAttempt.at > now - ADDRESS_WINDOW)
        .order_by(LoginAttempt.at.desc())
        .offset(ADDRESS_TRIES - 1)
        .limit(1)
    ).scalar_one_or_none()
    if oldest is not None:
        raise Throttled(f"这个网络里输错密码的次数太多，{_until(oldest + ADDRESS_WINDOW)}", "password")


def forgive(attempt_id: int) -> None:
    """A right password, with a right code where one was asked for: this account's tries from here count no more."""
    attempt = db.session.get(LoginAttempt, attempt_id)
    if attempt is not None:
        db.session.execute(
            delete(LoginAttempt).where(
                LoginAttempt.name_key == attempt.name_key, LoginAttempt.address == attempt.address
            )
        )


def _network(address: str) -> str:
    parsed = ipaddress.ip_address(address)
    if parsed.version == 4:
        return str(parsed)
    mapped = parsed.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    return str(ipaddress.ip_network((parsed, IPV6_NETWORK), strict=False).network_address)


def _until(at: datetime) -> str:
    """请在 14:30 以后再试, a minute rounded up."""
    local = (at + timedelta(seconds=59)).astimezone(SHANGHAI)
    return f"请在 {local:%H:%M} 以后再试。忘了密码的，请联系系统管理员重置。"
