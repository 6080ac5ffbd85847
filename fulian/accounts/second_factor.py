"""The second factor: a code from a phone (TOTP, RFC 6238) or, where it is not at hand, one of ten printed slips.

Leads and admins must have one unless the installation says otherwise (`SecondFactorRule`); a caseworker may. Each code
and each slip lets in once, also where it is sent twice at the same moment: the row itself says whether it was used.
GB/T 22239-2019, 8.1.4.1 d) asks for two kinds of proof for administrators.
"""

from __future__ import annotations

import re
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as BadBase64
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from pyotp import TOTP, random_base32
from pyotp.exceptions import OTPVerificationError
from sqlalchemy import delete, func, select, update

from fulian.accounts.log_in import Attempt, forgive, has_device, hold_account, let_through
from fulian.accounts.models import Account, Authenticator, RecoverySlip, SecondFactorRule
from fulian.accounts.passwords import one_time_code
from fulian.accounts.sessions import begin_session, end_sessions
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db
from fulian.errors import Refused
from fulian.sealing.cipher import SealBroken, seal, unseal
from fulian.sealing.columns import blind_index, blind_index_fits, unseal_text
from fulian.sealing.renewal import Part, Usage

WINDOW = 1  # steps of 30 seconds that a phone's clock may be off, before and after (RFC 6238, 5.2 allows at most one)
ISSUER = "聊城妇联"  # beside the user name, in the list of the program on the phone
SLIPS = 10
CODE = re.compile(r"[0-9]{6}")
BY_DEVICE, BY_SLIP = "device", "slip"
CHANGED = "密码刚刚改过，请用新密码再办一次。"


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What is to be kept of a new authenticator: its secret, the step of the code that showed it works, its slips."""

    secret: str
    step: int
    slips: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """An authenticator as a page shows it."""

    set_at: datetime
    slips_left: int


# --- codes -----------------------------------------------------------------------------------------------------------


def new_secret() -> str:
    """160 random bits in base32 (RFC 4226, 4 asks for 128 and recommends 160)."""
    return random_base32()


def device_address(secret: str, username: str) -> str:
    """The otpauth:// address that a phone reads from the QR code."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def fitting_step(secret: str, typed: str, now: datetime) -> int | None:
    """The 30-second step whose code was typed, at most WINDOW off; None where it fits none."""
    code = fold_code(typed)
    if not CODE.fullmatch(code):
        return None
    try:
        return TOTP(secret).verify_and_get_timecode(code, for_time=now, valid_window=WINDOW)
    except OTPVerificationError:
        return None


def fold_code(typed: str) -> str:
    """A code or slip as it is compared: plain lower-case characters without blanks and hyphens."""
    return re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", typed)).lower()


def draw_slips() -> tuple[str, ...]:
    """The codes of ten new slips."""
    return tuple(one_time_code() for _ in range(SLIPS))


def _use_code(account_id: int, typed: str, now: datetime) -> str | None:
    """Use up a code of the phone or of a slip: which of the two it was, None where it does not fit or was used."""
    code = fold_code(typed)
    if CODE.fullmatch(code):
        return BY_DEVICE if _use_step(account_id, code, now) else None
    return BY_SLIP if _use_slip(account_id, code, now) else None


def _use_step(account_id: int, code: str, now: datetime) -> bool:
    kept = db.session.execute(
        select(Authenticator.seal_id, Authenticator.secret).where(Authenticator.account_id == account_id)
    ).one_or_none()
    step = fitting_step(unseal_text("authenticator", "secret", *kept), code, now) if kept is not None else None
    if step is None:
        return False
    first = (
        update(Authenticator)
        .where(Authenticator.account_id == account_id, Authenticator.last_step < step)
        .values(last_step=step)
        .returning(Authenticator.account_id)
    )
    return db.session.execute(first).scalar_one_or_none() is not None


def _use_slip(account_id: int, code: str, now: datetime) -> bool:
    left = select(RecoverySlip.id, RecoverySlip.code_hash).where(
        RecoverySlip.account_id == account_id, RecoverySlip.used_at.is_(None)
    )
    fitting = [row.id for row in db.session.execute(left) if blind_index_fits("slip", code, row.code_hash)]
    first = (
        update(RecoverySlip)
        .where(RecoverySlip.id.in_(fitting), RecoverySlip.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoverySlip.id)
    )
    return db.session.execute(first).scalar_one_or_none() is not None


# --- logging in ------------------------------------------------------------------------------------------------------


def accept_code(attempt: Attempt, typed: str, by: Actor, agent: str) -> str | None:
    """Let somebody in whose password was right and whose code fits: the token of a new session, None where it does not.

    Raises Refused where the account was disabled, or its password changed since.
    """
    account = let_through(attempt, by)
    how = _use_code(account.id, typed, by.now)
    if how is None:
        return None
    forgive(attempt.id)
    who = replace(by, account_id=account.id, name=account.name, county_id=account.county_id)
    act = "login.done" if how == BY_DEVICE else "login.by_slip"
    record(who, act, "account", account.id, after=_how(account.id, how))
    return begin_session(account.id, by, agent)


def _how(account_id: int, how: str) -> dict[str, object]:
    return {"by": how} | ({"slips_left": _slips_left(account_id)} if how == BY_SLIP else {})


# --- one's own device ------------------------------------------------------------------------------------------------


def set_device(attempt: Attempt, proof: str, new: NewDevice, by: Actor, agent: str) -> str | None:
    """Give the actor's own account a (new) authenticator, whose password was right.

    `proof` is a code of the present one or a slip; where there is none yet it is not looked at. Ends all sessions;
    returns the token of a new one, None where `proof` does not fit. Raises Refused.
    """
    account = _hold_own(attempt, by)
    how = _prove(account, proof, by)
    if how is None:
        return None
    forgive(attempt.id)
    remove_device(account.id)
    device = Authenticator(account_id=account.id, last_step=new.step, set_at=by.now)
    device.seal("secret", new.secret)
    db.session.add(device)
    _write_slips(account.id, new.slips, by.now)
    end_sessions(account.id, "device", by.now)
    record(by, "account.device_set", "account", account.id, after=how)
    return begin_session(account.id, by, agent)


def renew_slips(attempt: Attempt, proof: str, slips: tuple[str, ...], by: Actor) -> bool:
    """Put new slips in the place of the actor's old ones; False where `proof` does not fit. Raises Refused."""
    account = _hold_own(attempt, by)
    how = _prove(account, proof, by)
    if how is None:
        return False
    if not has_device(account.id):
        raise Refused("您还没有验证器，请先设好验证器。", "code")
    forgive(attempt.id)
    _write_slips(account.id, slips, by.now)
    record(by, "account.slips_renewed", "account", account.id, after={"by": how.get("by"), "slips": len(slips)})
    return True


def remove_device(account_id: int) -> None:
    """Take the authenticator and the slips of an account away. The use case that calls this is on the log."""
    for model in (Authenticator, RecoverySlip):
        db.session.execute(delete(model).where(model.account_id == account_id))


def _hold_own(attempt: Attempt, by: Actor) -> Account:
    account = hold_account(by.account_id)
    if attempt.account_id != account.id or attempt.password_hash != account.password_hash:
        raise Refused(CHANGED, "present")
    return account


def _prove(account: Account, proof: str, by: Actor) -> dict[str, object] | None:
    """How she showed that the present authenticator is hers, for the log; {} where there is none yet."""
    if not has_device(account.id):
        return {}
    how = _use_code(account.id, proof, by.now)
    return _how(account.id, how) if how is not None else None


def _write_slips(account_id: int, slips: tuple[str, ...], now: datetime) -> None:
    db.session.execute(delete(RecoverySlip).where(RecoverySlip.account_id == account_id))
    db.session.add_all(
        RecoverySlip(account_id=account_id, code_hash=blind_index("slip", fold_code(slip)), made_at=now)
        for slip in slips
    )
    db.session.flush()


# --- a secret on its way to the phone --------------------------------------------------------------------------------


def offer_secret(account_id: int) -> str:
    """A new secret, sealed for this account: it travels in the form until a code has shown that the phone took it."""
    return urlsafe_b64encode(seal(new_secret().encode(), _offer_place(account_id))).decode()


def offered_secret(offer: str, account_id: int) -> str | None:
    """The secret of an offer; None where it was not made for this account."""
    try:
        return unseal(urlsafe_b64decode(offer.encode()), _offer_place(account_id)).decode()
    except (SealBroken, BadBase64, ValueError):
        return None


def _offer_place(account_id: int) -> bytes:
    return f"authenticator offered to {account_id}".encode()


# --- the rule, and reading -------------------------------------------------------------------------------------------


def set_rule(required: bool, reason: str, by: Actor) -> None:
    """Say whether leads and admins must have an authenticator from now on; only the machine's command line does."""
    db.session.add(SecondFactorRule(required=required, reason=reason, set_at=by.now))
    record(by, "second_factor.ruled", "second_factor_rule", "*", after={"required": required, "reason": reason})


def device_of(account_id: int | None) -> DeviceLine | None:
    """The authenticator of an account; None where it has none."""
    set_at = db.session.execute(
        select(Authenticator.set_at).where(Authenticator.account_id == account_id)
    ).scalar_one_or_none()
    return DeviceLine(set_at, _slips_left(account_id)) if set_at is not None else None


def _slips_left(account_id: int | None) -> int:
    left = select(func.count()).where(RecoverySlip.account_id == account_id, RecoverySlip.used_at.is_(None))
    return db.session.execute(left).scalar_one()


def _slip_usage() -> Usage:
    left = select(RecoverySlip.code_hash).where(RecoverySlip.used_at.is_(None))
    return Counter(("index", kept[0]) for kept in db.session.execute(left).scalars())


# Their codes are known to nobody here: they keep the key they were made with.
SLIP_PART = Part("recovery slips", _slip_usage)
