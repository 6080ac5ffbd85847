"""Facts of sealing: which keys write, or wrote, into this database."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from fulian.db import Base, UtcDateTime


class KeyMark(Base):
    """One key of this database: a digest that only this key gives, never the key itself."""

    __tablename__ = "key_mark"

    purpose: Mapped[str] = mapped_column(String(10), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    mark: Mapped[bytes] = mapped_column(LargeBinary(32))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
