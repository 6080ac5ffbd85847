"""`/cases/`: the list. What is typed into its search box comes by POST; a number never stands in the address."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlencode

from flask import abort, redirect, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.cases.queries.choices import filter_choices
from fulian.cases.queries.lists import CaseFilter, CaseRow, case_count, case_rows
from fulian.cases.queries.search import case_of_number, case_tokens
from fulian.cases.views.blueprint import Answer, blueprint
from fulian.cases.views.reading import ListQuery, read_query
from fulian.people.tokens import looks_personal
from fulian.web.access import requires
from fulian.web.paging import COUNT_CAP, page_limit, page_of, read_cursor


@blueprint.get("/cases/")
@requires("cases.view", "case")
def index() -> Answer:
    """The list with the filters of the address. A number that names a person is refused there (400)."""
    by = current_actor()
    query = read_query(request.args, by)
    if looks_personal(query.text):
        abort(400)
    return _page(by, query)


@blueprint.post("/cases/")
@requires("cases.view", "case")
def search() -> Answer:
    """What was typed into the search box: a case number opens it, a name goes into the address, a number does not."""
    by = current_actor()
    query = read_query(request.form, by)
    found = case_of_number(by, query.text)
    if found is not None:
        return redirect(url_for("cases.show", case_id=found))
    if looks_personal(query.text):
        return _page(by, query)
    return redirect(f"{url_for('cases.index')}?{urlencode(query.as_pairs())}")


def _page(by: Actor, query: ListQuery) -> str:
    wanted = query.wanted(case_tokens(query.text))
    cursor = read_cursor(request.args.get("after"))
    limit = page_limit(request.headers)
    found = case_rows(by, wanted, cursor, limit)
    page = page_of(found.rows, cursor, limit, lambda row: _key(row, wanted))
    n = case_count(by, wanted)
    return render_template(
        "cases/list.html",
        page=page,
        stopped=found.stopped,
        count=f"{COUNT_CAP:,}+" if n > COUNT_CAP else f"{n:,}",
        query=query,
        address=f"{url_for('cases.index')}?{urlencode(query.as_pairs())}&",
        choices=filter_choices(by, query.programme),
        due_first=wanted.order == "due",
    )


def _key(row: CaseRow, wanted: CaseFilter) -> tuple[datetime, int]:
    return (row.due_at or row.opened_at) if wanted.order == "due" else row.opened_at, row.id
