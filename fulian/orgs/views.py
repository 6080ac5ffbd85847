"""`/orgs/`: the tree, one organisation, moving one. Names are public to every account, people and cases are not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import select
from werkzeug.wrappers import Response

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.cases.queries.choices import may_narrow
from fulian.cases.queries.lists import CaseFilter, case_count
from fulian.cases.queries.moving import MoveNumbers, move_numbers
from fulian.cases.service import move_organisation
from fulian.codes.divisions import SOURCES, to_civil_affairs
from fulian.db import db, transact
from fulian.errors import Forbidden, Refused, Stale
from fulian.orgs.forms import MoveForm
from fulian.orgs.models import Organisation
from fulian.orgs.network import KINDS
from fulian.orgs.places import LEVELS, may_move, possible_parents, require_movable
from fulian.orgs.queries import ancestors, children, find_org, org_count, organisation, search_orgs
from fulian.orgs.scope import in_scope
from fulian.orgs.tree import open_down_to
from fulian.people.queries import people_in_post, people_once_in_post
from fulian.people.tokens import looks_personal
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse
from fulian.web.paging import count_text

blueprint = Blueprint("orgs", __name__, template_folder="templates")

MOST_FOUND = 50
TEXT_LENGTH = 60
CONFLICT, UNPROCESSABLE = 409, 422
Answer = str | Response | tuple[str, int]


@blueprint.get("/orgs/")
@requires("orgs.view", "none")
def index() -> str:
    """The tree, open at the organisation of the address, else at the viewer's own; or what a search found."""
    if set(request.args) - {"at", "q"}:
        abort(400)
    by, text = current_actor(), request.args.get("q", "").strip()
    if looks_personal(text):
        abort(400)  # what may be somebody's number never stands in an address: it is sent by POST
    at = _id_of(request.args["at"]) if "at" in request.args else (by.org_id or by.county_id)
    return _index(text, at, by.county_id)


@blueprint.post("/orgs/")
@requires("orgs.view", "none")
def search() -> Answer:
    """What was typed into the search box: a name goes into the address, a number (of a division) does not."""
    by, text = current_actor(), request.form.get("q", "").strip()
    if looks_personal(text) or "HX-Request" in request.headers:
        return _index(text, by.org_id or by.county_id, by.county_id)
    return redirect(f"{url_for('orgs.index')}?{urlencode({'q': text})}" if text else url_for("orgs.index"))


def _index(text: str, at: int, near: int) -> str:
    if len(text) > TEXT_LENGTH or "\0" in text:
        abort(400)
    found = search_orgs(text, MOST_FOUND + 1, near)
    return render_template(
        "orgs/index.html",
        text=text,
        found=found[:MOST_FOUND],
        more=len(found) > MOST_FOUND,
        root=None if text else open_down_to(at),
        at=at,
        total=org_count(),
        levels=LEVELS,
    )


@dataclass(frozen=True)
class Inside:
    """What only those see whose area holds the organisation: people with people.view, cases with a wide grant."""

    people: bool
    cases: str | None


@blueprint.get("/orgs/<int:org_id>")
@requires("orgs.view", "organisation")
def show(org_id: int) -> str:
    """One organisation: what it is, what hangs under it and, inside the viewer's area, its people and cases."""
    by, org = current_actor(), organisation(org_id)
    inside, today = _inside(by, org), local_date(by.now)
    below = children(org_id)
    return render_template(
        "orgs/show.html",
        org=org,
        above=ancestors(org_id)[1:],
        level=LEVELS[org.level],
        kind=KINDS[org.kind],
        source=SOURCES.get(org.division_source or "", ""),
        civil_code=to_civil_affairs(org.division_code or ""),
        bodies=[line for line in below if line.level == "body"],
        lower=[line for line in below if line.level != "body"],
        inside=inside,
        in_post=people_in_post(org_id, today) if inside.people else [],
        once=people_once_in_post(org_id, today) if inside.people else [],
        may_move=may_move(org_id, org.level, by),
    )


def _inside(by: Actor, org: Organisation) -> Inside:
    reached = select(Organisation.id).where(
        Organisation.id == org.id, in_scope(by, Organisation.id, Organisation.county_id)
    )
    if db.session.execute(reached).first() is None:
        return Inside(False, None)
    cases = None
    if by.may("cases.view") and may_narrow(by, str(org.id)):
        cases = count_text(case_count(by, CaseFilter(status="open", org_id=org.id)))
    return Inside(by.may("people.view"), cases)


@blueprint.route("/orgs/<int:org_id>/move", methods=["GET", "POST"])
@requires("orgs.edit", "organisation")
@form_checks_csrf
def move(org_id: int) -> Answer:
    """Choose a new place (`?to=`), see what moves along, say why."""
    by = current_actor()
    require_movable(org_id, by)
    form = MoveForm()
    if not form.is_submitted():
        form.parent_id.data, form.version.data = request.args.get("to", ""), str(organisation(org_id).version)
        return _move_page(org_id, form, by)
    if form.validate():
        try:
            transact(
                move_organisation, org_id, _id_of(form.parent_id.data), _id_of(form.version.data), form.reason.data, by
            )
            return redirect(url_for("orgs.show", org_id=org_id))
        except Stale as stale:
            return _move_page(org_id, form, by, CONFLICT, stale)
        except Forbidden:
            raise
        except Refused as refused:
            refuse(form, refused)
    return _move_page(org_id, form, by, UNPROCESSABLE)


def _move_page(org_id: int, form: Any, by: Actor, code: int = 200, stale: Stale | None = None) -> Answer:
    org = organisation(org_id)
    to = find_org(_id_of(form.parent_id.data)) if form.parent_id.data else None
    numbers: MoveNumbers | None = move_numbers(org_id, to.county_id, by.now) if to is not None else None
    if stale is not None:
        form.version.data = str(org.version)
    page = render_template(
        "orgs/move.html",
        org=org,
        parent=find_org(org.parent_id or 0),
        to=to,
        places=possible_parents(org_id, by),
        numbers=numbers,
        unit=find_org(org.county_id),
        new_unit=find_org(to.county_id) if to is not None else None,
        form=form,
        stale=stale,
    )
    return page, code


def _id_of(text: str) -> int:
    """An id of an address or a hidden field; anything else is a 400."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)
