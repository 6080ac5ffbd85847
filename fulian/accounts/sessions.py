"""Sessions: begun at log-in, read with the account's grants in one query at every request, ended at once.

The browser holds 32 random bytes, the database only their SHA-256. A session ends after 30 minutes without a request,
12 hours after it began, at log-out, and with every session of the account when its password, its authenticator, its
roles or its status change.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Table, and_, bindparam, func, insert, or_, select, true, update

from fulian.accounts.models import Account, Authenticator, Grant, SecondFactorRule, Session
from fulian.accounts.passwords import VALID_DAYS
from fulian.accounts.queries import ACTIVE
from fulian.accounts.roles import GUARDED, Rights
from fulian.audit.actor import Actor, Held
from fulian.calendar import local_date
from fulian.db import db
from fulian.orgs.models import Organisation
from fulian.prepared import Prepared

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
SEEN_EVERY = timedelta(minutes=1)  # a request writes at most this often that the session is in use
TOKEN_BYTES = 32
AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A living session: who it is, and what the frame and the guard need to know besides.

    `must_change` says that the password is a one-time one or too old, `must_enrol` that she has no authenticator but
    must; `seen_at` is when its use was last written down.
    """

    actor: Actor
    org_name: str
    must_change: bool
    must_enrol: bool
    token_hash: bytes
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A living session as its own account sees it. `agent` is the browser's own name."""

    token_hash: bytes
    started_at: datetime
    seen_at: datetime
    address: str
    agent: str


_home = Organisation.__table__.alias("home")
_org = Organisation.__table__
_session = cast(Table, Session.__table__)
_account, _grant, _device = Account.__table__, Grant.__table__, Authenticator.__table__
_newest_rule = select(SecondFactorRule.required).order_by(SecondFactorRule.id.desc()).limit(1).scalar_subquery()

# Plain columns, made once: this runs at every request, and entities would cost more than the page around them.
_read = Prepared(
    select(
        _session.c.seen_at,
        func.coalesce(_newest_rule, true()) & _device.c.account_id.is_(None),
        _account.c.must_change,
        _account.c.password_at,
        _account.c.id,
        _account.c.name,
        _account.c.county_id,
        _account.c.person_id,
        _account.c.org_id,
        _home.c.short_name,
        _grant.c.role,
        _grant.c.org_id,
        _org.c.county_id,
        _org.c.level,
        _grant.c.programme,
    )
    .select_from(_session)
    .join(_account, _account.c.id == _session.c.account_id)
    .join(_home, _home.c.id == _account.c.org_id)
    .outerjoin(_device, _device.c.account_id == _account.c.id)
    .outerjoin(
        _grant,
        and_(
            _grant.c.account_id == _account.c.id,
            _grant.c.ended_at.is_(None),
            _grant.c.starts_on <= bindparam("day"),
            or_(_grant.c.ends_on.is_(None), _grant.c.ends_on >= bindparam("day")),
        ),
    )
    .outerjoin(_org, _org.c.id == _grant.c.org_id)
    .where(
        _session.c.token_hash == bindparam("token_hash"),
        _session.c.ended_at.is_(None),
        _session.c.seen_at > bindparam("idle_since"),
        _session.c.started_at > bindparam("oldest"),
        _account.c.status == ACTIVE,
    )
    .order_by(_grant.c.id)
)


def hash_token(token: str) -> bytes:
    """What the database keeps of a token. It is random, so it needs neither a salt nor a slow hash."""
    return hashlib.sha256(token.encode()).digest()


def find_session(token_hash: bytes, rights: Rights, now: datetime, address: str, request_id: str) -> SignedIn | None:
    """Who is behind a token at `now` (UTC), with the grants in force; None where the session is over.

    `address` and `request_id` are those of the request, for the log.
    """
    given = {
        "token_hash": token_hash,
        "day": local_date(now),
        "idle_since": now - IDLE,
        "oldest": now - LONGEST,
    }
    rows = _read.rows(given)
    if not rows:
        return None
    seen_at, unguarded, must_change, password_at, account_id, name, county_id, person_id, org_id, org_name, *_ = rows[0]
    grants = tuple(
        Held(role, held_at, county, level, programme) for *_, role, held_at, county, level, programme in rows if role
    )
    actor = Actor(
        account_id=account_id,
        name=name,
        county_id=county_id,
        now=now,
        address=address,
        request_id=request_id,
        person_id=person_id,
        org_id=org_id,
        grants=grants,
        permissions=rights.permissions_of(grants),
    )
    too_old = now - password_at > timedelta(days=VALID_DAYS)
    must_enrol = bool(unguarded) and any(held.role in GUARDED for held in grants)
    return SignedIn(actor, org_name, must_change or too_old, must_enrol, token_hash, seen_at)


def begin_session(account_id: int, by: Actor, agent: str) -> str:
    """A new session of this account; returns its token, which nothing keeps. `agent` is the browser's own name."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    db.session.execute(
        insert(_session).values(
            token_hash=hash_token(token),
            account_id=account_id,
            started_at=by.now,
            seen_at=by.now,
            address=by.address,
            agent=agent[:AGENT_LENGTH],
        )
    )
    return token


def sessions_of(account_id: int | None, now: datetime) -> list[SessionLine]:
    """The sessions of an account that are living at `now`, the one used last first."""
    living = (
        select(Session.token_hash, Session.started_at, Session.seen_at, Session.address, Session.agent)
        .where(Session.account_id == account_id, Session.ended_at.is_(None))
        .where(Session.seen_at > now - IDLE, Session.started_at > now - LONGEST)
        .order_by(Session.seen_at.desc(), Session.started_at.desc())
    )
    return [SessionLine(*row) for row in db.session.execute(living)]


def touch_session(token_hash: bytes, now: datetime) -> None:
    """Write down that a session is in use; never brings an ended one back."""
    db.session.execute(
        update(_session).where(_session.c.token_hash == token_hash, _session.c.ended_at.is_(None)).values(seen_at=now)
    )


def end_sessions(account_id: int, why: str, now: datetime) -> None:
    """End every session of an account at once. `why` ∈ logout, password, role, disabled, device."""
    _end(_session.c.account_id == account_id, why, now)


def end_session(token_hash: bytes, why: str, now: datetime) -> None:
    """End one session at once. `why` ∈ logout, elsewhere."""
    _end(_session.c.token_hash == token_hash, why, now)


def _end(which: ColumnElement[bool], why: str, now: datetime) -> None:
    living = update(_session).where(which, _session.c.ended_at.is_(None))
    db.session.execute(living.values(ended_at=now, ended_why=why))
