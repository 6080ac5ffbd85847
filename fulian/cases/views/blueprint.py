"""The blueprint of the cases room, and what its views share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.audit.log import record_read
from fulian.cases.models import Case
from fulian.cases.queries.case import find_case
from fulian.db import db, transact
from fulian.errors import Forbidden, Refused, Stale
from fulian.web.forms import BaseForm, FormParts, refuse

P = ParamSpec("P")

blueprint = Blueprint("cases", __name__, template_folder="../templates")

UNPROCESSABLE = 422


def save(form: BaseForm | FormParts, use_case: Callable[P, Any], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Run a use case; a refusal is put on the form. Returns whether it was done."""
    try:
        transact(use_case, *args, **kwargs)
    except (Forbidden, Stale):
        raise
    except Refused as refused:
        refuse(form, refused)
        return False
    return True


def version_of(form: Any) -> int:
    """The version a form was drawn with; a page that was tampered with is a 400."""
    text = str(form.version.data or "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)


def shown_case(case_id: int) -> tuple[Case, Actor]:
    """The case of this page, in scope, and who looks. The reading of a restricted case is written down first.

    The row is taken out of the session: a refused act rolls back, and the page is drawn from it all the same.
    """
    by = current_actor()
    case = find_case(by, case_id)
    db.session.expunge(case)
    if case.restricted:
        transact(record_read, by, "case.read", "cases", case.id, county_id=case.county_id, case_id=case.id)
    return case, by


def page_or_422(form: BaseForm | FormParts, template: str, **context: Any) -> tuple[str, int]:
    """A form's page: 200 when it is first drawn, 422 when something has to be mended."""
    failed = bool(form.errors or form.form_errors)
    return render_template(template, form=form, **context), UNPROCESSABLE if failed else 200


Answer = str | Response | tuple[str, int]
