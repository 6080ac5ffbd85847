"""`/audit/`: the log, for the audit administrator. It never unseals what changed."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for

from fulian.audit.forms import read_log_query
from fulian.audit.queries import log_page
from fulian.audit.words import GROUPS, OUTCOMES, act_word, field_words
from fulian.cases.queries.case import case_numbers
from fulian.orgs.queries import county_units
from fulian.programmes.loader import programmes
from fulian.programmes.queries import opening_programmes
from fulian.web.access import requires
from fulian.web.paging import page_limit, page_of, read_cursor

blueprint = Blueprint("audit", __name__, template_folder="templates")


@blueprint.get("/audit/")
@requires("audit.view", "none")
def index() -> str:
    """The newest entries, narrowed by unit, account, kind of act, outcome and days."""
    query = read_log_query(request.args)
    cursor = read_cursor(request.args.get("after"))
    limit = page_limit(request.headers)
    found = log_page(query.wanted(), cursor, limit)
    units = county_units()
    openings = [line.subject_id for line in found.lines if line.subject == "opening"]
    return render_template(
        "audit/log.html",
        page=page_of(found.lines, cursor, limit, lambda line: line.place),
        stopped=found.stopped.encode() if found.stopped is not None else None,
        query=query,
        units=units,
        unit_names={unit.id: unit.short_name for unit in units},
        groups=GROUPS,
        outcomes=OUTCOMES,
        word=partial(act_word, transitions=_programme_words()),
        which=field_words,
        numbers=case_numbers(line.case_id for line in found.lines if line.case_id),
        opened=opening_programmes(int(text) for text in openings if text.isdecimal()),
        address=f"{url_for('audit.index')}?{urlencode(query.as_pairs())}&",
    )


def _programme_words() -> dict[str, str]:
    """The words for the acts of the installed programmes, and for what their permissions open."""
    words = {step.code: step.label for programme in programmes().values() for step in programme.transitions}
    for programme in programmes().values():
        words |= dict.fromkeys(programme.permissions, f"打开“{programme.name}”的页面")
    return words
