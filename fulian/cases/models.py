"""Facts of cases: the case, who is in it, what happened, what is due, and the rows that make its lists fast."""

from __future__ import annotations

from datetime import date, datetime
from typing import cast

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Table, text
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, CText, UtcDateTime
from fulian.sealing.columns import Sealed

OPEN_STATUSES = ("open", "waiting")


class Case(Base):
    """One piece of work with a beginning, a responsible organisation, a handler and a coded outcome.

    `status` ∈ open, waiting, closed, void; `stage` and `outcome` are codes of the programme; `risk` ∈ r, o, y, b or
    None (红 橙 黄 蓝). `due_at` and `next_step` repeat the earliest open task. `version` counts edits of the case's own
    fields, detail and stage only. A restricted case has no `case_scope` rows: it is read through `case_access`.
    """

    __tablename__ = "cases"
    __table_args__ = (
        CheckConstraint("status IN ('open', 'waiting', 'closed', 'void')", name="status"),
        Index("ix_cases_handler_id_opened_at_id", "handler_id", "opened_at", "id"),
        Index("ix_cases_org_id", "org_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(CText(40), unique=True)
    programme: Mapped[str] = mapped_column(String(30))
    status: Mapped[str] = mapped_column(String(10))
    stage: Mapped[str] = mapped_column(String(30))
    outcome: Mapped[str | None] = mapped_column(String(10))
    risk: Mapped[str | None] = mapped_column(String(1))
    restricted: Mapped[bool] = mapped_column(default=False)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    handler_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_step: Mapped[str | None] = mapped_column(String(60))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    title: Mapped[str] = mapped_column(String(120))  # the parties' names, as the list shows them
    subject: Mapped[str] = mapped_column(String(120))  # what it is about, in the programme's words
    summary: Mapped[str] = mapped_column(String(500))
    source: Mapped[str] = mapped_column(String(20), default="")  # how it came, a code of the programme
    version: Mapped[int] = mapped_column(default=1)
    submission_id: Mapped[str] = mapped_column(CText(36), unique=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("account.id"))


class Party(Base):
    """A person in a case, in a role of the programme. `hidden` keeps address and phone from the other side."""

    __tablename__ = "party"
    __table_args__ = (Index("ix_party_case_id_sort", "case_id", "sort"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    role: Mapped[str] = mapped_column(String(20))
    relation: Mapped[str] = mapped_column(String(20), default="")
    hidden: Mapped[bool] = mapped_column(default=False)
    sort: Mapped[int] = mapped_column(default=0)


class Event(Sealed, Base):
    """A dated line of history (经过). The text is sealed; a party in `party_id` means only that side told it.

    `kind` is opened, closed, reopened, void, edited, handler, note, access … or a transition's code. A line that
    changes the case's state repeats status, stage, outcome and risk as they are after it: the statistics can be
    counted again from these lines alone. `submission_id` is the filling of the form that wrote it.
    """

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_case_id_at", "case_id", "at"),
        Index(
            "ix_event_submission_id",
            "submission_id",
            unique=True,
            sqlite_where=text("submission_id IS NOT NULL"),
            postgresql_where=text("submission_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(60))
    text: Mapped[bytes | None] = mapped_column(LargeBinary)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    actor_name: Mapped[str] = mapped_column(String(50))
    status: Mapped[str | None] = mapped_column(String(10))
    stage: Mapped[str | None] = mapped_column(String(30))
    outcome: Mapped[str | None] = mapped_column(String(10))
    risk: Mapped[str | None] = mapped_column(String(1))
    submission_id: Mapped[str | None] = mapped_column(CText(36))


class Task(Base):
    """Something due (待办·回访). `kind` may be a transition's code: then that transition does it.

    `due_on` is a local date, `due_at` the instant it turns overdue (the end of that day, or the hour agreed).
    `legal` deadlines never pause; `article` names the source.
    """

    __tablename__ = "task"
    __table_args__ = (
        Index("ix_task_case_id_done_at", "case_id", "done_at"),
        Index("ix_task_account_id_done_at_due_at", "account_id", "done_at", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str] = mapped_column(String(30))
    title: Mapped[str] = mapped_column(String(60))
    due_on: Mapped[date]
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    timed: Mapped[bool] = mapped_column(default=False)
    legal: Mapped[bool] = mapped_column(default=False)
    article: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    result: Mapped[str | None] = mapped_column(String(10))  # done, or dropped when the case was closed
    submission_id: Mapped[str | None] = mapped_column(CText(36), unique=True)


class Attachment(Base):
    """A sealed file of a case, in the instance folder as `file`; `digest` is the SM3 of the plain bytes, in hex."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"))
    label: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(120))
    media_type: Mapped[str] = mapped_column(String(80))
    size: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    file: Mapped[str] = mapped_column(String(80), unique=True)
    seal_id: Mapped[bytes] = mapped_column(LargeBinary(16))
    uploaded_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    uploaded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    submission_id: Mapped[str | None] = mapped_column(CText(36), unique=True)


class CaseScope(Base):
    """A row for each organisation that may see a case: its ancestors (own = 0) and the responsible one again (own = 1).

    It is why lists are fast: see docs/decisions/case-scope.md. Restricted cases have none.
    """

    __tablename__ = "case_scope"
    __table_args__ = (
        Index("ix_case_scope_status_programme", "scope_id", "own", "status", "programme", "opened_at", "case_id"),
        Index("ix_case_scope_programme", "scope_id", "own", "programme", "opened_at", "case_id"),
        Index("ix_case_scope_status", "scope_id", "own", "status", "opened_at", "case_id"),
        Index(
            "ix_case_scope_due",
            "scope_id",
            "own",
            "due_at",
            "case_id",
            "status",  # so that SQLite counts along it without looking at the rows
            sqlite_where=text("status IN ('open', 'waiting')"),
            postgresql_where=text("status IN ('open', 'waiting')"),
        ),
        Index("ix_case_scope_case_id", "case_id"),
        {"sqlite_with_rowid": False},
    )

    scope_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    own: Mapped[int] = mapped_column(primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    status: Mapped[str] = mapped_column(String(10))
    programme: Mapped[str] = mapped_column(String(30))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class CaseAccess(Base):
    """Who else may read a case: one account, or whoever holds `role` (for `programme`) in `org_id`, from–to, and why.

    `kind` ∈ role (a restricted case's lead and county admin), person, break_glass (24 hours). `programme` is the
    role's. The last columns repeat the case, as `case_scope` does, so that its lists need not look at `cases`.
    """

    __tablename__ = "case_access"
    __table_args__ = (
        Index("ix_case_access_account", "account_id", "opened_at", "case_id"),
        Index("ix_case_access_role", "org_id", "role", "opened_at", "case_id"),
        Index("ix_case_access_status", "org_id", "role", "status", "opened_at", "case_id"),
        Index(
            "ix_case_access_due",
            "org_id",
            "role",
            "due_at",
            "case_id",
            sqlite_where=text("status IN ('open', 'waiting')"),
            postgresql_where=text("status IN ('open', 'waiting')"),
        ),
        Index("ix_case_access_case_id", "case_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(12))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    role: Mapped[str | None] = mapped_column(String(20))
    programme: Mapped[str | None] = mapped_column(String(30))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(200))
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    status: Mapped[str] = mapped_column(String(10))
    case_programme: Mapped[str] = mapped_column(String(30))
    case_org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Referral(Base):
    """A case that another organisation was asked to take part in (`kind` share) or to take over (transfer).

    `decision` ∈ accepted, refused, None (not yet). What was accepted and is not ended lets an organisation read the
    case: the one it was shared with, or the one from which it was transferred. `basis` ∈ consent (of every party, PIPL
    23), duty (then `law` names it). Never deleted: who was given whose data is kept (网络数据安全管理条例 12).
    """

    __tablename__ = "referral"
    __table_args__ = (
        CheckConstraint("kind IN ('share', 'transfer')", name="kind"),
        Index("ix_referral_case_id", "case_id"),
        Index("ix_referral_to_org_id_decided_at", "to_org_id", "decided_at"),
        Index("ix_referral_to_county_id_decided_at", "to_county_id", "decided_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    kind: Mapped[str] = mapped_column(String(10))
    from_org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    to_org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    to_county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    basis: Mapped[str] = mapped_column(String(10))
    law: Mapped[str] = mapped_column(String(120), default="")
    reason: Mapped[str] = mapped_column(String(200))
    asked_by: Mapped[int] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    decision: Mapped[str | None] = mapped_column(String(10))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answer: Mapped[str] = mapped_column(String(200), default="")  # why it was refused
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def reader_id(self) -> int:
        """The organisation that reads the case by it, once it is accepted and until it is ended."""
        return self.to_org_id if self.kind == "share" else self.from_org_id


class CaseToken(Base):
    """A search token of a case (of its parties' names and numbers), ordered by time so that the newest come first."""

    __tablename__ = "case_token"
    __table_args__ = (
        Index("ix_case_token_case_id", "case_id"),
        Index("ix_case_token_person_id", "person_id"),
        {"sqlite_with_rowid": False},
    )

    token: Mapped[str] = mapped_column(CText(80), primary_key=True)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    county_id: Mapped[int]


class CaseStat(Base):
    """How many cases a county or township has: changed in the same transaction, so that it is exact at once.

    `measure` ∈ opened, closed, reopened (month of the measured event in Shanghai, "2026-11") and open-now (month "").
    `stage`, `outcome` and `risk` are "" where the measure has none.
    """

    __tablename__ = "case_stat"
    __table_args__ = ({"sqlite_with_rowid": False},)

    scope_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    month: Mapped[str] = mapped_column(CText(7), primary_key=True)
    measure: Mapped[str] = mapped_column(CText(10), primary_key=True)
    programme: Mapped[str] = mapped_column(CText(30), primary_key=True)
    stage: Mapped[str] = mapped_column(CText(30), primary_key=True)
    outcome: Mapped[str] = mapped_column(CText(10), primary_key=True)
    risk: Mapped[str] = mapped_column(CText(1), primary_key=True)
    n: Mapped[int]


class NumberCounter(Base):
    """The last number given in a series (case:mediation, agreement:mediation …) per unit and year, without gaps."""

    __tablename__ = "number_counter"

    series: Mapped[str] = mapped_column(String(40), primary_key=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


# For Core statements: an ORM flush of the same rows costs several times as much.
CASES = cast(Table, Case.__table__)
PARTIES = cast(Table, Party.__table__)
EVENTS = cast(Table, Event.__table__)
TASKS = cast(Table, Task.__table__)
SCOPE_ROWS = cast(Table, CaseScope.__table__)
TOKENS = cast(Table, CaseToken.__table__)
STATISTICS = cast(Table, CaseStat.__table__)
COUNTERS = cast(Table, NumberCounter.__table__)
