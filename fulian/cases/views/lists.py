"""`/cases/`: the list. What is typed into its search box comes by POST; a number never stands in the address."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask import abort, redirect, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.cases.queries.choices import filter_choices
from fulian.cases.queries.lists import CaseFilter, CaseRow, case_page
from fulian.cases.queries.search import case_of_number, case_tokens
from fulian.cases.queries.state import outcome_labels, stage_labels
from fulian.cases.queries.workbench import sees_an_area
from fulian.cases.views.blueprint import Answer, blueprint
from fulian.cases.views.lines import draw_lines
from fulian.cases.views.reading import CHIPS, ListQuery, conditions, read_query
from fulian.people.tokens import looks_personal
from fulian.web.access import requires
from fulian.web.paging import count_text, page_limit, page_of, read_cursor

SEE_OTHER = 303


@blueprint.get("/cases/")
@requires("cases.view", "case")
def index() -> Answer:
    """The list with the filters of the address. A number that names a person is refused there (400)."""
    by = current_actor()
    query = read_query(request.args.to_dict(), by)
    if looks_personal(query.text):
        abort(400)
    return _page(by, query)


@blueprint.post("/cases/")
@requires("cases.view", "case")
def search() -> Answer:
    """What was typed into the search box: a case number opens it, a name goes into the address, a number does not."""
    by = current_actor()
    query = read_query(request.form.to_dict(), by)
    found = case_of_number(by, query.text)
    if found is not None:
        return redirect(url_for("cases.show", case_id=found), SEE_OTHER)
    if looks_personal(query.text):
        return _page(by, query)
    return redirect(query.address(), SEE_OTHER)


def _page(by: Actor, query: ListQuery) -> str:
    personal = looks_personal(query.text)
    set_filters = query.as_pairs()
    wanted = query.wanted(case_tokens(query.text))
    cursor = None if personal else read_cursor(request.args.get("after"))
    limit = page_limit(request.headers)
    found = case_page(by, wanted, cursor, limit)
    page = page_of(found.rows, cursor, limit, lambda row: _key(row, wanted))
    choices = filter_choices(by, query.programme)
    shorten = shorten_numbers([row.number for row in page.rows])
    return render_template(
        "cases/list.html",
        page=page,
        stopped=found.stopped.encode() if found.stopped and not personal else None,
        count=count_text(found.count),
        query=query,
        personal=personal,
        address=query.address() + ("&" if set_filters else "?"),
        choices=choices,
        conditions=conditions(query, choices),
        chips=[(words, address, pairs == set_filters) for words, pairs, address in CHIPS],
        shorten=shorten,
        lines=draw_lines(page.rows, len(shorten), stage_labels(page.rows), outcome_labels(page.rows), by.now),
        due_first=wanted.order == "due",
        area=sees_an_area(by),
        may_open=by.may("cases.open"),
        may_hand_over=by.may("cases.assign"),
        may_break_glass=by.may("cases.break_glass"),
    )


def _key(row: CaseRow, wanted: CaseFilter) -> tuple[datetime, int]:
    at = row.due_at if wanted.order == "due" else row.opened_at
    assert at is not None  # noqa: S101 - narrows the type: a due-first list holds only cases with something due
    return at, row.id


def shorten_numbers(numbers: Sequence[str]) -> str:
    """What all these case numbers begin with, as far as a list may leave it out: up to the running number, else up to
    the year's bracket; "" where they have nothing in common.
    """
    for mark in ("-", "〔"):
        head = numbers[0][: numbers[0].rfind(mark) + (mark == "-")] if numbers else ""
        if head and all(number.startswith(head) and number.rfind(mark) <= len(head) for number in numbers):
            return head
    return ""
