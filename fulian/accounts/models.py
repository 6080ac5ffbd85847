"""Facts of accounts: who may log in, with which roles, and which sessions and attempts there are."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, CText, UtcDateTime
from fulian.sealing.columns import Sealed


class Account(Base):
    """A log-in. `person_id` joins it to the person who uses it; `org_id` is where she works."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(CText(40), unique=True)
    name: Mapped[str] = mapped_column(String(50))
    # Added after both tables exist: a person names the account that registered her.
    person_id: Mapped[int | None] = mapped_column(
        ForeignKey("person.id", use_alter=True, name="fk_account_person_id_person")
    )
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    password_at: Mapped[datetime] = mapped_column(UtcDateTime)
    must_change: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(10), default="active")  # active, disabled
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


class Grant(Base):
    """A role held by an account in an organisation, for one programme or all, from–to (both days included).

    May hang on a Post and end with it. Never deleted: a grant ended before its last day keeps when and by whom
    (`ended_at`, `ended_by`), and holds no longer from that instant on.
    """

    __tablename__ = "grants"
    __table_args__ = (Index("ix_grants_account_id", "account_id"), Index("ix_grants_org_id_role", "org_id", "role"))

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    role: Mapped[str] = mapped_column(String(20))
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    programme: Mapped[str | None] = mapped_column(String(30))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    granted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")


class Session(Base):
    """A logged-in browser. Only a hash of its token is kept."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_account_id_ended_at", "account_id", "ended_at"),)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_why: Mapped[str | None] = mapped_column(String(20))
    address: Mapped[str] = mapped_column(String(45))
    agent: Mapped[str] = mapped_column(String(200))


class OldPassword(Base):
    """A hash that an account had before: the last few are not taken again."""

    __tablename__ = "old_password"
    __table_args__ = (Index("ix_old_password_account_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    password_hash: Mapped[str] = mapped_column(String(200))
    replaced_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Authenticator(Sealed, Base):
    """The program on a phone that shows an account's codes (TOTP, RFC 6238); an account has one or none.

    `secret` is sealed; `last_step` is the 30-second step of the last code that let her in: an earlier or equal one
    never does again.
    """

    __tablename__ = "authenticator"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger)
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecoverySlip(Base):
    """One of the printed codes that stand in for a phone that is not at hand, each once. Only a keyed hash is kept."""

    __tablename__ = "recovery_slip"
    __table_args__ = (Index("ix_recovery_slip_account_id", "account_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(16))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SecondFactorRule(Base):
    """Whether leads and admins must have an authenticator: history, the newest row holds. Without any they must."""

    __tablename__ = "second_factor_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    required: Mapped[bool]
    reason: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LoginAttempt(Base):
    """A log-in that is being tried or has failed, for throttling: by keyed hash of the name typed, and by address.

    Written before the password is looked at and taken away where it was right, so that a hundred tries sent at once
    are counted as a hundred. `address` is an IPv4 address or the /64 network of an IPv6 one.
    """

    __tablename__ = "login_attempt"
    __table_args__ = (
        Index("ix_login_attempt_name_key_at", "name_key", "at"),
        Index("ix_login_attempt_address_at", "address", "at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    address: Mapped[str] = mapped_column(String(45))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class AccountRequest(Base):
    """Something one of the three administrators asks and another one confirms: an admin account, a recovery.

    `act` ∈ create, grant, end_grant, renew_grant, disable, enable, reset_password, reset_device; `payload` is the JSON
    of its plain values.
    """

    __tablename__ = "account_request"
    __table_args__ = (Index("ix_account_request_decided_at", "decided_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[str] = mapped_column(String(20))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    payload: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(200))
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decision: Mapped[str | None] = mapped_column(String(10))  # confirmed, declined
