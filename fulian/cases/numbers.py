"""Numbers without gaps, per series, unit and year."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.dialects import postgresql

from fulian.cases.models import NumberCounter
from fulian.db import db

_take = (
    update(NumberCounter)
    .values(last=NumberCounter.last + 1)
    .returning(NumberCounter.last)
    .execution_options(synchronize_session=False)
)
# Written alike on both databases.
_start = postgresql.insert(NumberCounter).on_conflict_do_nothing()


def next_number(series: str, county_id: int, year: int) -> int:
    """The next number of a series in a unit and a year, from 1; the counter stays locked until the transaction ends.

    A rollback gives the number back, so there are no gaps (domain: numbers are allocated at 受理 and never reused).
    """
    mine = (NumberCounter.series == series, NumberCounter.county_id == county_id, NumberCounter.year == year)
    taken = db.session.execute(_take.where(*mine)).scalar_one_or_none()
    if taken is None:
        db.session.execute(_start, {"series": series, "county_id": county_id, "year": year, "last": 0})
        taken = db.session.execute(_take.where(*mine)).scalar_one()
    return taken


def case_number(word: str, year: int, number_code: str, n: int) -> str:
    """聊妇调〔2026〕371502-000123: the programme's word, the year, the unit's number code, six digits.

    The brackets of the year are the hexagonal ones of official documents (GB/T 9704-2012, 7.3.1).
    """
    return f"聊妇{word}〔{year}〕{number_code}-{n:06d}"
