"""The blueprint of the people room, and what its views share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from flask import Blueprint, abort, render_template
from werkzeug.wrappers import Response

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.db import transact
from fulian.errors import Forbidden, Refused, Stale
from fulian.people.models import Person
from fulian.people.queries import find_person
from fulian.people.scope import VIEW
from fulian.web.forms import BaseForm, refuse

P = ParamSpec("P")
T = TypeVar("T")
Answer = str | Response | tuple[str, int]

UNPROCESSABLE, CONFLICT = 422, 409

blueprint = Blueprint("people", __name__, url_prefix="/people", template_folder="../templates")


def shown_person(person_id: int, permission: str = VIEW) -> tuple[Person, Actor]:
    """The person of this page, in scope, and who looks. Raises NotFound."""
    by = current_actor()
    return find_person(by, person_id, permission), by


def save(form: BaseForm, use_case: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> bool:
    """Run a use case; a refusal is put on the form. Returns whether it was done."""
    try:
        transact(use_case, *args, **kwargs)
    except Stale:
        raise
    except Refused as refused:
        if isinstance(refused, Forbidden) and refused.field is None:
            raise
        refuse(form, refused)
        return False
    return True


def page_or_422(form: BaseForm, template: str, **context: Any) -> tuple[str, int]:
    """A form's page: 200 when it is first drawn, 422 when something has to be mended."""
    failed = bool(form.errors or form.form_errors)
    return render_template(template, form=form, **context), UNPROCESSABLE if failed else 200


def number_in(text: str | None) -> int:
    """A row's id or version that a page carried along; what was tampered with is a 400."""
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)
