"""Facts of programmes: where each is open, and the labels that outlive a plugin."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, UtcDateTime

# One opening of a programme in a unit at a time, also one that is planned.
_RUNNING: Any = {name: text("ends_at IS NULL") for name in ("sqlite_where", "postgresql_where")}


class Opening(Base):
    """A programme open (启用) in a county-level unit from–to: history, never a boolean.

    Before `intake_ends_at` new cases are taken (停止受理 sets it); until `ends_at` the open ones run on (停用 sets it).
    """

    __tablename__ = "opening"
    __table_args__ = (
        Index("ix_opening_county_id_programme_starts_at", "county_id", "programme", "starts_at"),
        Index("uq_opening_county_id_programme", "county_id", "programme", unique=True, **_RUNNING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    programme: Mapped[str] = mapped_column(String(30))
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    intake_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    opened_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(200))
    stopped_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    stop_reason: Mapped[str | None] = mapped_column(String(200))
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    end_reason: Mapped[str | None] = mapped_column(String(200))


class OpeningStop(Base):
    """A stop of the intake that is over: the opening holds the one that lasts, 恢复受理 writes it down here."""

    __tablename__ = "opening_stop"

    id: Mapped[int] = mapped_column(primary_key=True)
    opening_id: Mapped[int] = mapped_column(ForeignKey("opening.id"), index=True)
    county_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    stopped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stopped_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    stop_reason: Mapped[str] = mapped_column(String(200))
    resumed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resumed_by: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    resume_reason: Mapped[str] = mapped_column(String(200))


class ProgrammeLabel(Base):
    """What a stage, an outcome or a programme was last called: cases stay readable when their plugin is gone.

    `kind` ∈ programme, stage, outcome, role, task. Refreshed at start from the installed plugins.
    """

    __tablename__ = "programme_label"

    programme: Mapped[str] = mapped_column(String(30), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), primary_key=True)
    code: Mapped[str] = mapped_column(String(30), primary_key=True)
    label: Mapped[str] = mapped_column(String(60))
    sort: Mapped[int] = mapped_column(default=0)
