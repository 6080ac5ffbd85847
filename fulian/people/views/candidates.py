"""`/people/match`: who may be meant by the name that is being typed, as radio buttons for a form of another room."""

from __future__ import annotations

import re

from flask import abort, render_template, request

from fulian.accounts.enforcement import current_actor
from fulian.cases.queries.people import case_counts
from fulian.people.queries import match_people
from fulian.people.tokens import looks_personal
from fulian.people.views.blueprint import blueprint
from fulian.web.access import requires

ROLE = re.compile(r"[a-z][a-z0-9_]{0,19}")
NAME_LENGTH = 60


@blueprint.route("/match", methods=["GET", "POST"])
@requires("people.view", "person")
def match() -> str:
    """Candidates for `<role>-name`, as radio buttons named `<role>-same`; without a `role`, for `name` and `same`.

    Nothing is chosen for the user, but what she chose before. A number of somebody is refused in an address (400).
    """
    role = request.values.get("role", "")
    if role and not ROLE.fullmatch(role):
        abort(400)
    head = f"{role}-" if role else ""
    text = request.values.get(f"{head}name", "").replace("\x00", "")[:NAME_LENGTH]
    if request.method == "GET" and looks_personal(text):
        abort(400)
    by = current_actor()
    found = match_people(by, text)
    return render_template(
        "people/_candidates.html",
        candidates=found,
        counts=case_counts(by, [line.id for line in found]),
        field=f"{head}same",
        chosen=request.values.get(f"{head}same", ""),
    )
