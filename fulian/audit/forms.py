"""The filter of the log's page, read strictly from the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from werkzeug.exceptions import BadRequest

from fulian.audit.queries import LogFilter
from fulian.audit.words import GROUPS, OUTCOMES
from fulian.calendar import start_of_day

FIELDS = ("county", "account", "act", "outcome", "since", "until")


@dataclass(frozen=True)
class LogQuery:
    """The filters as they stand in the address; "" means: not narrowed. Days are local dates, both included."""

    county: str = ""
    account: str = ""
    act: str = ""
    outcome: str = ""
    since: str = ""
    until: str = ""

    def as_pairs(self) -> list[tuple[str, str]]:
        """Name and value of every filter that is set."""
        return [(name, getattr(self, name)) for name in FIELDS if getattr(self, name)]

    def wanted(self) -> LogFilter:
        """The filter for the query."""
        since, until = _day(self.since), _day(self.until)
        return LogFilter(
            county_id=_number(self.county),
            account_id=_number(self.account),
            act=self.act or None,
            outcome=self.outcome or None,
            since=start_of_day(since) if since else None,
            until=start_of_day(until + timedelta(days=1)) if until else None,
        )


def read_log_query(values: Mapping[str, str]) -> LogQuery:
    """Read the filters. Raises BadRequest (400) for anything that the page does not offer."""
    if set(values) - {*FIELDS, "after"}:
        raise BadRequest
    query = LogQuery(**{name: values.get(name, "").strip() for name in FIELDS})
    if query.act not in ("", *GROUPS) or query.outcome not in ("", *OUTCOMES):
        raise BadRequest
    query.wanted()
    return query


def _number(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadRequest
    return int(text)


def _day(text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise BadRequest from error
    if not 2000 <= day.year <= 2100:
        raise BadRequest
    return day
