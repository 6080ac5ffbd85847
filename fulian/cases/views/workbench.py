"""`/`: what is due, her cases, the month."""

from __future__ import annotations

from datetime import datetime

from flask import abort, render_template, request

from fulian.accounts.enforcement import current_actor
from fulian.accounts.roles import ROLES
from fulian.audit.actor import Actor
from fulian.calendar import SHANGHAI
from fulian.cases.queries.sharing import incoming_count
from fulian.cases.queries.state import stage_labels
from fulian.cases.queries.tiles import month_tiles
from fulian.cases.queries.workbench import (
    DUE,
    area_due_counts,
    area_due_rows,
    due_counts,
    due_rows,
    month_start,
    my_open_cases,
    my_open_count,
    sees_an_area,
)
from fulian.cases.views.blueprint import blueprint
from fulian.orgs.queries import find_org
from fulian.programmes.queries import open_codes
from fulian.web.access import requires

MY_CASES, AREA_CASES = 4, 8
GREETINGS = ((5, "夜里好"), (11, "上午好"), (13, "中午好"), (18, "下午好"), (24, "晚上好"))  # until which hour


@blueprint.get("/")
@requires("workbench.view", "own")
def workbench() -> str:
    """Draw the workbench; the three counters filter the list below them (`?due=late`)."""
    by = current_actor()
    which = request.args.get("due", "")
    if set(request.args) - {"due"} or which not in ("", *DUE, "all"):
        abort(400)
    who = {
        "name": by.name,
        "greeting": greeting(by.now),
        "roles": "、".join(dict.fromkeys(ROLES[held.role] for held in by.grants)),
        "org": find_org(by.org_id).name if by.org_id is not None else "",
    }
    if not by.may("cases.view"):
        return render_template("cases/workbench_plain.html", **who)
    return render_template("cases/workbench.html", **who, **_work(by, which))


def _work(by: Actor, which: str) -> dict[str, object]:
    """What the page lists: her own work, and, for whoever sees more than her own organisation, the area's."""
    cases = my_open_cases(by, MY_CASES)
    area = area_due_rows(by, AREA_CASES) if sees_an_area(by) else None
    return {
        "which": which,
        "counts": due_counts(by),
        "due": due_rows(by, which or None),
        "cases": cases,
        "n_cases": my_open_count(by),
        "area": area,
        "area_counts": area_due_counts(by) if area is not None else None,
        "stages": stage_labels([*cases, *(area or ())]),
        "n_incoming": incoming_count(by) if by.may("cases.receive") else 0,
        "tiles": month_tiles(by),
        "month_start": month_start(by.now),
        "may_open": by.may("cases.open") and bool(open_codes(by, intake=True)),
    }


def greeting(now: datetime) -> str:
    """上午好 and the like, by the hour in Shanghai."""
    hour = now.astimezone(SHANGHAI).hour
    return next(words for until, words in GREETINGS if hour < until)
