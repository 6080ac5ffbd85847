"""`/people/`: the newest registered, and the search. A number that was typed never stands in an address."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import abort, redirect, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.cases.queries.people import case_counts
from fulian.db import transact
from fulian.orgs.queries import find_org
from fulian.people.queries import PersonLine, newest_people, search_people, sound_alikes
from fulian.people.service import announce_known
from fulian.people.tokens import DOCUMENT, Query, query_tokens
from fulian.people.views.blueprint import Answer, blueprint
from fulian.web.access import requires
from fulian.web.error_pages import error_reply
from fulian.web.paging import page_limit, page_of, read_cursor

QUERY_LENGTH = 60
IN_ADDRESS = "证件号和电话不能写进网址。请在“人员”页的查找框里输入，再按“查找”。"


@blueprint.get("/")
@requires("people.view", "person")
def index() -> Answer:
    """The newest registered in scope, or who is found by the name in the address."""
    if set(request.args) - {"q", "after"}:
        abort(400)
    text = _typed(request.args.get("q", ""))
    if query_tokens(text).personal:
        return error_reply(400, IN_ADDRESS)
    return _page(text, current_actor())


@blueprint.post("/")
@requires("people.view", "person")
def search() -> Answer:
    """What was typed into the search box: a name goes into the address, a number is answered right here."""
    text = _typed(request.form.get("q", ""))
    if query_tokens(text).personal:
        return _page(text, current_actor())
    return redirect(url_for("people.index", q=text or None), 303)


def _typed(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:QUERY_LENGTH]


def _page(text: str, by: Actor) -> str:
    query = query_tokens(text)
    cursor, limit = read_cursor(request.args.get("after")), page_limit(request.headers)
    found = search_people(by, text, cursor, limit) if text else newest_people(by, cursor, limit)
    page = page_of(found, cursor, limit, lambda line: line.place)
    address = url_for("people.index")
    return render_template(
        "people/list.html",
        page=page,
        text=text,
        query=query,
        org=find_org(by.org_id).short_name if by.org_id else "",
        address=f"{address}?{urlencode({'q': text})}&" if text else f"{address}?",
        may_merge=by.may("people.merge"),
        may_edit=by.may("people.edit"),
        may_open=by.may("cases.open"),
        **({} if page.rows or not text else _nobody(text, query, by)),
    )


def _nobody(text: str, query: Query, by: Actor) -> dict[str, Any]:
    """What helps where nobody was found: names that sound so, or somebody known elsewhere by this very number.

    The latter is put on the log, so it takes the button: not while somebody types.
    """
    near: list[PersonLine] = [] if query.personal else sound_alikes(by, text)
    may_ask = query.kind == DOCUMENT and by.may("people.edit")
    typing = "HX-Request" in request.headers
    known = transact(announce_known, text, by) if may_ask and not typing else None
    counts = case_counts(by, [line.id for line in near])
    return {"near": near, "counts": counts, "known": known, "may_ask": may_ask and typing}
