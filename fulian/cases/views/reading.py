"""What the address of the list says, read strictly: a filter that is not declared is a 400."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cached_property
from urllib.parse import urlencode

from flask import abort

from fulian.audit.actor import Actor
from fulian.cases.queries.choices import RISK_CODES, FilterChoices, may_narrow
from fulian.cases.queries.lists import CaseFilter
from fulian.cases.queries.workbench import DUE, due_span
from fulian.cases.service.editing import RISKS

STATUSES = ("open", "closed", "void", "all")
ORDERS = ("newest", "due")
TEXT_LENGTH = 60
CODE_LENGTH = 30
LIST = "/cases/"
STATUS_WORDS = {"open": "在办", "closed": "已办结", "void": "已作废", "all": "在办、已办结和已作废"}
DUE_WORDS = {"late": "逾期", "today": "今天到期", "soon": "7 天内到期"}
# The saved filters above the list: words, the filters they set, the address.
CHIPS = tuple(
    (words, pairs, f"{LIST}?{urlencode(pairs)}" if pairs else LIST)
    for words, pairs in (
        ("全部在办", []),
        ("我要办的", [("mine", "1")]),
        ("逾期", [("due", "late")]),
        ("今天到期", [("due", "today")]),
        ("7 天内", [("due", "soon")]),
        ("已办结", [("status", "closed")]),
    )
)
_BESIDE_THE_FILTERS = frozenset({"after", "csrf_token"})


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
        values = {name: changed.get(name, value) for name, value in self._values.items()}
        return [("q" if name == "text" else name, value) for name, value in values.items() if value]

    @cached_property
    def _values(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in _NAMES}

    def address(self, **changed: str) -> str:
        """The address of the list with these filters; `changed` as in `as_pairs`."""
        pairs = self.as_pairs(**changed)
        return f"{LIST}?{urlencode(pairs)}" if pairs else LIST

    def wanted(self, tokens: tuple[str, ...] | None) -> CaseFilter:
        """The filter for the query. `tokens` is None where nothing was searched for."""
        assert self.now is not None  # noqa: S101 - set by read_query
        start, end = due_span(self.due, self.now)
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
_KNOWN = {"q" if name == "text" else name for name in _NAMES} | _BESIDE_THE_FILTERS


def read_query(values: Mapping[str, str], by: Actor) -> ListQuery:
    """Read the filters. Anything undeclared, or an organisation outside the viewer's scope, is a 400."""
    if not values.keys() <= _KNOWN:
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


def conditions(query: ListQuery, choices: FilterChoices) -> list[tuple[str, str]]:
    """(words, address without it) of each filter that is set, in the order in which the page names them."""
    words = {
        "text": f"“{query.text}”" if query.text else "",
        "status": STATUS_WORDS[query.status] if query.status else "",
        "due": DUE_WORDS.get(query.due, ""),
        "mine": "我经办的" if query.mine else "",
        "programme": dict(choices.programmes).get(query.programme, query.programme),
        "stage": dict(choices.stages).get(query.stage, query.stage),
        "outcome": dict(choices.outcomes).get(query.outcome, query.outcome),
        "risk": f"{RISKS[query.risk]}色" if query.risk else "",
        "org": dict(choices.orgs).get(query.org, "一个组织") if query.org else "",
    }
    found = [(text, query.address(**{name: ""})) for name, text in words.items() if text]
    return found if query.status or query.text or query.due else [("在办", query.address(status="all")), *found]
