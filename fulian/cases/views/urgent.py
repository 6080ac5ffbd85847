"""Opening a restricted case in an emergency (紧急查看)."""

from __future__ import annotations

from flask import redirect, url_for

from fulian.accounts.enforcement import current_actor
from fulian.cases.forms import BreakGlassForm
from fulian.cases.service import break_glass
from fulian.cases.views.blueprint import Answer, blueprint, page_or_422
from fulian.db import transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse

NOT_FOUND = "没有这个案号的受限案件，或者它不在您的辖区。请核对完整案号。"


@blueprint.route("/cases/urgent", methods=["GET", "POST"])
@requires("cases.break_glass", "case")
@form_checks_csrf
def urgent() -> Answer:
    """Ask for the exact number and a reason; open the case for 24 hours."""
    by = current_actor()
    form = BreakGlassForm()
    if form.validate_on_submit():
        try:
            case_id = transact(break_glass, form.number.data, form.reason.data, by)
        except Forbidden:
            raise
        except NotFound:
            refuse(form, Refused(NOT_FOUND, "number"))
        except Refused as refused:
            refuse(form, refused)
        else:
            return redirect(url_for("cases.show", case_id=case_id))
    return page_or_422(form, "cases/urgent.html")
