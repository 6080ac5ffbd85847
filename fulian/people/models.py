"""Facts of people: persons, the posts they hold, why each is visible to whom, search tokens, consents, merges."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Table, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, CText, UtcDateTime
from fulian.sealing.columns import Sealed


class Person(Sealed, Base):
    """A person (一人一档). Sealed: document number, phone, addresses, note; the blind index is not unique.

    Codes: `sex` GB/T 2261.1, `marital` GB/T 2261.2, `ethnicity` GB/T 3304, `education` GB/T 4658, `political`
    GB/T 4762. Sex and birth date come from an ID number where one is given; residence never does.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    sex: Mapped[str] = mapped_column(String(1), default="0")
    birth_date: Mapped[date | None]
    document_kind: Mapped[str] = mapped_column(String(10), default="none")
    document_number: Mapped[bytes | None] = mapped_column(LargeBinary)
    document_key: Mapped[bytes | None] = mapped_column(LargeBinary(32), index=True)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone_note: Mapped[bytes | None] = mapped_column(LargeBinary)  # safe way and hours to reach her
    division_code: Mapped[str | None] = mapped_column(String(12))  # where she lives now
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    registered_division_code: Mapped[str | None] = mapped_column(String(12))
    registered_address: Mapped[bytes | None] = mapped_column(LargeBinary)
    ethnicity: Mapped[str | None] = mapped_column(String(2))
    education: Mapped[str | None] = mapped_column(String(2))
    marital: Mapped[str | None] = mapped_column(String(2))
    political: Mapped[str | None] = mapped_column(String(2))
    occupation: Mapped[str | None] = mapped_column(String(50))
    employer: Mapped[str | None] = mapped_column(String(80))
    note: Mapped[bytes | None] = mapped_column(LargeBinary)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), index=True)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("person.id"), index=True)
    submission_id: Mapped[str | None] = mapped_column(CText(36), unique=True)
    version: Mapped[int] = mapped_column(default=1)


class Post(Base):
    """A title held in an organisation from–to (both days included); ended, never overwritten."""

    __tablename__ = "post"
    __table_args__ = (Index("ix_post_org_id_ends_on", "org_id", "ends_on"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    title: Mapped[str] = mapped_column(String(20))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    change: Mapped[str] = mapped_column(String(10))  # how it began: 当选 替补 增补 增选 聘任 …
    end_change: Mapped[str | None] = mapped_column(String(10))  # how it ended: 辞任 免职 届满 …
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    version: Mapped[int] = mapped_column(default=1)


# Few rows name an account: the many that name an organisation need not stand in these indexes.
_OF_ACCOUNTS: Any = {name: text("account_id IS NOT NULL") for name in ("sqlite_where", "postgresql_where")}


class PersonScope(Base):
    """Why a person is visible: one row per reason and organisation (its ancestors too, `own` 0 and 1) or account.

    Written only by `people.service.link_person` and `unlink_person`. A restricted case links accounts only.
    """

    __tablename__ = "person_scope"
    __table_args__ = (
        CheckConstraint("(org_id IS NULL) <> (account_id IS NULL)", name="one_holder"),
        Index("ix_person_scope_person_id_org_id_own", "person_id", "org_id", "own"),
        Index("ix_person_scope_person_id_account_id", "person_id", "account_id", **_OF_ACCOUNTS),
        Index("ix_person_scope_org_id_own_person_id", "org_id", "own", "person_id"),
        Index("ix_person_scope_programme", "org_id", "own", "programme", "person_id"),
        Index("ix_person_scope_account_id_person_id", "account_id", "person_id", **_OF_ACCOUNTS),
        Index("ix_person_scope_source_source_id", "source", "source_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    own: Mapped[int] = mapped_column(default=0)
    programme: Mapped[str | None] = mapped_column(String(30))  # of a case: a lead of another programme does not see it
    source: Mapped[str] = mapped_column(String(30))  # party, registered, post, or a plugin's own word
    source_id: Mapped[int]


class PersonToken(Base):
    """A search token of a person: of the name, or a keyed hash of a phone or document number."""

    __tablename__ = "person_token"
    __table_args__ = (Index("ix_person_token_person_id", "person_id"), {"sqlite_with_rowid": False})

    token: Mapped[str] = mapped_column(CText(80), primary_key=True)
    county_id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)


class Consent(Base):
    """A consent or a notice (PIPL 13, 14, 29, 35): what for, on which basis, from when, withdrawn when."""

    __tablename__ = "consent"

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    purpose: Mapped[str] = mapped_column(String(20))  # notice, sensitive, portrait, share
    basis: Mapped[str] = mapped_column(String(10))  # consent, duty, urgent
    notice_version: Mapped[str] = mapped_column(String(20), default="")
    given_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


class PersonMerge(Base):
    """One person merged into another; `moved` is the JSON of what was repointed, so that it can be undone."""

    __tablename__ = "person_merge"

    id: Mapped[int] = mapped_column(primary_key=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    reason: Mapped[str] = mapped_column(String(200))
    moved: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    undone_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))


# For Core inserts: an ORM flush of the same rows costs several times as much.
PERSONS = cast(Table, Person.__table__)
SCOPE_ROWS = cast(Table, PersonScope.__table__)
TOKENS = cast(Table, PersonToken.__table__)
