"""`/`: what is due, her cases, the month."""

from __future__ import annotations

from flask import abort, render_template, request

from fulian.accounts.enforcement import current_actor
from fulian.accounts.roles import ROLES
from fulian.cases.queries.tiles import month_tiles
from fulian.cases.queries.workbench import area_due_count, due_counts, due_rows, my_open_cases, my_open_count
from fulian.cases.views.blueprint import blueprint
from fulian.orgs.queries import find_org
from fulian.programmes.queries import open_codes
from fulian.web.access import requires

MY_CASES = 4
DUE = ("late", "today", "soon", "all")


@blueprint.get("/")
@requires("workbench.view", "own")
def workbench() -> str:
    """Draw the workbench; the three counters filter the list below them (`?due=late`)."""
    by = current_actor()
    which = request.args.get("due", "")
    if which and which not in DUE:
        abort(400)
    roles = "、".join(dict.fromkeys(ROLES[held.role] for held in by.grants))
    org = find_org(by.org_id).name if by.org_id is not None else ""
    if not by.may("cases.view"):
        return render_template("cases/workbench_plain.html", roles=roles, org=org)
    counts = due_counts(by)
    return render_template(
        "cases/workbench.html",
        roles=roles,
        org=org,
        which=which,
        counts=counts,
        due=due_rows(by, which or None),
        cases=my_open_cases(by, MY_CASES),
        n_cases=my_open_count(by),
        area_late=area_due_count(by),
        tiles=month_tiles(by),
        may_open=by.may("cases.open") and bool(open_codes(by, intake=True)),
    )
