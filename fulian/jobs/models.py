"""Facts of jobs: the row is the queue."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, UtcDateTime


class Job(Base):
    """A piece of work to be done outside the request, written in the use case's own transaction.

    `state` ∈ waiting, running, done, failed, cancelled. `progress` and `total` count whatever the kind counts, and
    `progress_text` says it. `worker` is the number of the worker that has it, while it runs. `position` is the JSON of
    where a job in steps goes on. `result` is for the account that asked, `error` for everybody: it names no person.
    """

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_state_due_at", "state", "due_at"),
        Index("ix_job_asked_at", "asked_at", "id"),
        Index("ix_job_account_id_asked_at", "account_id", "asked_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    county_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    payload: Mapped[str] = mapped_column(Text, default="{}")
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    worker: Mapped[int | None]
    progress: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    progress_text: Mapped[str | None] = mapped_column(String(200))
    position: Mapped[str | None] = mapped_column(Text)
    result: Mapped[str | None] = mapped_column(Text)
    result_url: Mapped[str | None] = mapped_column(String(200))
    error: Mapped[str | None] = mapped_column(String(200))
