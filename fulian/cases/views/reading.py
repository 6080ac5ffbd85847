"""What the address of the list says, read strictly: a filter that is not declared is a 400."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from flask import abort

from fulian.audit.actor import Actor
from fulian.calendar import end_of_day, local_date
from fulian.cases.queries.choices import RISK_CODES, may_narrow
from fulian.cases.queries.lists import CaseFilter
from fulian.cases.queries.workbench import SOON_DAYS

STATUSES = ("open", "closed", "void", "all")
DUE = ("late", "today", "soon")
ORDERS = ("newest", "due")
TEXT_LENGTH = 60
CODE_LENGTH = 30
BESIDE_THE_FILTERS = frozenset({"after", "csrf_token"})


@dataclass(frozen=True)
class ListQuery:
    """The filters of a list as they stand in its address; "" means: not narrowed."""

    text: str = ""
    status: str = ""
    programme: str = ""
    stage: str = ""
    risk: str = ""
    outcome: str = ""
    org: str = ""
    mine: str = ""
    due: str = ""
    order: str = ""
    viewer_id: int = 0
    now: datetime | None = None

    def as_pairs(self, **changed: str) -> list[tuple[str, str]]:
        """Name and value of every filter that is set, for an address; `changed` sets or (with "") drops some."""
        query = replace(self, **changed)  # type: ignore[arg-type]
        names = {"text": "q"}
        pairs = [(names.get(name, name), getattr(query, name)) for name in _NAMES]
        return [(name, value) for name, value in pairs if value]

    def wanted(self, tokens: tuple[str, ...] | None) -> CaseFilter:
        """The filter for the query. `tokens` is None where nothing was searched for."""
        assert self.now is not None  # noqa: S101 - set by read_query
        start, end = _due_span(self.due, self.now)
        status = self.status or ("" if self.text else "open")
        return CaseFilter(
            status=None if status in ("", "all") else status,
            programme=self.programme or None,
            org_id=int(self.org) if self.org else None,
            handler_id=self.viewer_id if self.mine else None,
            risk=self.risk or None,
            stage=self.stage or None,
            outcome=self.outcome or None,
            tokens=tokens or (),
            order="due" if self.due or self.order == "due" else "newest",
            due_from=start,
            due_until=end,
        )


_NAMES = tuple(field.name for field in fields(ListQuery) if field.name not in ("viewer_id", "now"))


def _due_span(which: str, now: datetime) -> tuple[datetime | None, datetime | None]:
    day = local_date(now)
    second = timedelta(seconds=1)
    if which == "late":
        return None, now
    if which == "today":
        return now, end_of_day(day) + second
    if which == "soon":
        return end_of_day(day) + second, end_of_day(day + timedelta(days=SOON_DAYS)) + second
    return None, None


def read_query(values: Mapping[str, str], by: Actor) -> ListQuery:
    """Read the filters. Anything undeclared, or an organisation outside the viewer's scope, is a 400."""
    known = {"q" if name == "text" else name for name in _NAMES}
    if set(values) - known - BESIDE_THE_FILTERS:
        abort(400)
    query = ListQuery(
        **{name: values.get("q" if name == "text" else name, "").strip() for name in _NAMES},
        viewer_id=by.account_id or 0,
        now=by.now,
    )
    codes = (query.programme, query.stage, query.outcome)
    right = (
        query.status in ("", *STATUSES)
        and query.due in ("", *DUE)
        and query.order in ("", *ORDERS)
        and query.risk in ("", *RISK_CODES)
        and query.mine in ("", "1")
        and len(query.text) <= TEXT_LENGTH
        and "\0" not in query.text
        and all(len(code) <= CODE_LENGTH and (not code or code.isidentifier() or code.isdigit()) for code in codes)
    )
    if not right or (query.org and not may_narrow(by, query.org)):
        abort(400)
    return query
