"""The blueprint of the accounts room, and what its views share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, abort, redirect, render_template, url_for
from werkzeug.wrappers import Response

from fulian.accounts.log_in import Throttled
from fulian.accounts.queries import AccountLine
from fulian.accounts.roles import ROLES
from fulian.errors import Refused, Stale
from fulian.programmes.loader import programmes
from fulian.web.forms import BaseForm, refuse

T = TypeVar("T")
Answer = str | Response | tuple[str, int]

blueprint = Blueprint("accounts", __name__, template_folder="../templates")

UNPROCESSABLE, TOO_MANY, CONFLICT = 422, 429, 409


def page(template: str, **context: Any) -> str:
    """A page that knows the words for roles and programmes."""
    return render_template(template, roles=ROLES, programme_names=programme_names(), **context)


def programme_names() -> dict[str, str]:
    """Code → name of the installed programmes."""
    return {code: programme.name for code, programme in programmes().items()}


def attempt(form: BaseForm, act: Callable[[], T]) -> T | None:
    """Do something that may be refused; a refusal is put on the form, and None is returned."""
    try:
        return act()
    except Refused as refused:
        refuse(form, refused)
        form.refused = refused
        return None


def form_page(form: BaseForm, template: str, **context: Any) -> tuple[str, int]:
    """A form's page: 200 when first drawn, 422 when something has to be mended, 429 or 409 where that is why."""
    refused = getattr(form, "refused", None)
    code = UNPROCESSABLE if form.errors or form.form_errors else 200
    if isinstance(refused, Throttled):
        code = TOO_MANY
    elif isinstance(refused, Stale):
        code = CONFLICT
    stale = refused if isinstance(refused, Stale) else None
    return page(template, form=form, stale=stale, **context), code


def saving(form: BaseForm, act: Callable[[], object], template: str, account: AccountLine, **context: Any) -> Answer:
    """Run `act` for a form that was filled in well, and go back to the account; else the form's page."""
    if form.validate_on_submit():
        attempt(form, act)
        if not form.errors and not form.form_errors:
            return redirect(url_for("accounts.show", account_id=account.id))
    return form_page(form, template, account=account, **context)


def whole_number(text: str | None) -> int:
    """A number that our own page wrote; a page that was tampered with is a 400."""
    if not (text and text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)
