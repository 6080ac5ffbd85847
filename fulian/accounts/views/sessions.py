"""`/account/sessions`: where I am logged in, and the buttons that end it."""

from __future__ import annotations

from flask import redirect, url_for
from werkzeug.exceptions import Unauthorized

from fulian.accounts.enforcement import signed_in
from fulian.accounts.forms import EndSessionForm
from fulian.accounts.log_in import ALL_OTHERS, end_other_sessions
from fulian.accounts.sessions import IDLE, LONGEST, SignedIn, sessions_of
from fulian.accounts.views.blueprint import Answer, attempt, blueprint, form_page
from fulian.accounts.views.words import browser_words
from fulian.db import transact
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import BaseForm


@blueprint.get("/account/sessions")
@requires("own.sessions", "own")
def sessions() -> Answer:
    """Every browser in which I am logged in: which, where, since when."""
    return _page(EndSessionForm(formdata=None))


@blueprint.post("/account/sessions/end")
@requires("own.sessions", "own")
@form_checks_csrf
def end_session() -> Answer:
    """Log another browser of mine out, or all others."""
    found, form = _present(), EndSessionForm()
    if form.validate_on_submit():
        ended = attempt(form, lambda: transact(end_other_sessions, form.which.data, found.token_hash, found.actor))
        if ended is not None:
            return redirect(url_for("accounts.sessions"))
    return _page(form)


def _page(form: BaseForm) -> Answer:
    found = _present()
    return form_page(
        form,
        "accounts/sessions.html",
        lines=sessions_of(found.actor.account_id, found.actor.now),
        here=found.token_hash,
        browser_words=browser_words,
        all_others=ALL_OTHERS,
        idle=int(IDLE.total_seconds() // 60),
        longest=int(LONGEST.total_seconds() // 3600),
    )


def _present() -> SignedIn:
    found = signed_in()
    if found is None:
        raise Unauthorized
    return found
