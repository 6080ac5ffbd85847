"""Numbers without gaps, per series, unit and year."""

from __future__ import annotations

from sqlalchemy import bindparam, update
from sqlalchemy.dialects import postgresql

from fulian.cases.models import COUNTERS
from fulian.prepared import PreparedChange

_take = PreparedChange(
    update(COUNTERS)
    .where(
        COUNTERS.c.series == bindparam("of_series"),
        COUNTERS.c.county_id == bindparam("of_county"),
        COUNTERS.c.year == bindparam("of_year"),
    )
    .values(last=COUNTERS.c.last + bindparam("n"))
    .returning(COUNTERS.c.last)
)
# Written alike on both databases.
_start = PreparedChange(postgresql.insert(COUNTERS).on_conflict_do_nothing())


def next_number(series: str, county_id: int, year: int) -> int:
    """The next number of a series in a unit and a year, from 1; the counter stays locked until the transaction ends.

    A rollback gives the number back, so there are no gaps (domain: numbers are allocated at 受理 and never reused).
    """
    return next_numbers(series, county_id, year, 1)[0]


def next_numbers(series: str, county_id: int, year: int, n: int) -> range:
    """The next `n` numbers of a series, for a bulk load."""
    mine = {"of_series": series, "of_county": county_id, "of_year": year, "n": n}
    taken = _take.run(mine)
    if not taken:
        _start.run({"series": series, "county_id": county_id, "year": year, "last": 0})
        taken = _take.run(mine)
    last: int = taken[0][0]
    return range(last - n + 1, last + 1)


def case_number(word: str, year: int, number_code: str, n: int) -> str:
    """聊妇调〔2026〕371502-000123: the programme's word, the year, the unit's number code, six digits.

    The brackets of the year are the hexagonal ones of official documents (GB/T 9704-2012, 7.3.1).
    """
    return f"聊妇{word}〔{year}〕{number_code}-{n:06d}"
