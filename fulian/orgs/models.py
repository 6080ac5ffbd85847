"""Facts of the organisation tree."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, SmallInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base


class Organisation(Base):
    """A federation (妇联组织) of the city, a county unit, a township or a village, or a body attached to one of them.

    `level` ∈ city, county, township, village, body. `county_id` is always a county-level *unit* (one of twelve: eight
    counties, three development zones, 市本级), never a division code; a county unit names itself. `number_code` is the
    unit's part of a case number (371502, 3715A1 … and 371500 for 市本级), set on county units only.
    `division_code` with its year and source is empty where the organisation is no division (zones, 市本级, bodies).
    """

    __tablename__ = "organisation"
    __table_args__ = (Index("ix_organisation_parent_id_sort", "parent_id", "sort"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    short_name: Mapped[str] = mapped_column(String(60))
    level: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(20))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    # Deferred, since the city names 市本级, which hangs under the city.
    county_id: Mapped[int] = mapped_column(
        ForeignKey("organisation.id", deferrable=True, initially="DEFERRED"), index=True
    )
    number_code: Mapped[str | None] = mapped_column(String(6), unique=True)
    division_code: Mapped[str | None] = mapped_column(String(12), index=True)
    division_year: Mapped[int | None] = mapped_column(SmallInteger)
    division_source: Mapped[str | None] = mapped_column(String(20))
    sort: Mapped[int] = mapped_column(default=0)
    demo: Mapped[bool] = mapped_column(default=False)
    closed_on: Mapped[date | None]
    version: Mapped[int] = mapped_column(default=1)


class OrgAncestor(Base):
    """One row for each organisation and each of its ancestors, itself included (depth 0)."""

    __tablename__ = "org_ancestor"
    __table_args__ = (Index("ix_org_ancestor_org_id_depth", "org_id", "depth"), {"sqlite_with_rowid": False})

    ancestor_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    depth: Mapped[int] = mapped_column(SmallInteger)
