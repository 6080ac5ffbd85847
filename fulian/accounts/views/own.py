"""Log-in, log-out, one's own account and password."""

from __future__ import annotations

from flask import redirect, request, session, url_for

from fulian.accounts.enforcement import TOKEN, current_actor, page_after_login, signed_in, visitor
from fulian.accounts.first import has_accounts
from fulian.accounts.forms import LoginForm, PasswordForm
from fulian.accounts.log_in import (
    accept_attempt,
    accept_own,
    begin_attempt,
    change_password,
    log_out,
    refuse_attempt,
)
from fulian.accounts.passwords import VALID_DAYS, check_password, hash_password, password_fits
from fulian.accounts.queries import grants_of, holders_of, own_account
from fulian.accounts.requests import ACTS, changes_of
from fulian.accounts.views.blueprint import Answer, attempt, blueprint, form_page, page
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.db import transact
from fulian.errors import Refused
from fulian.web.access import form_checks_csrf, no_login, requires


@blueprint.route("/login", methods=["GET", "POST"])
@no_login
@form_checks_csrf
def log_in() -> Answer:
    """Log-in; afterwards the page that was wanted, else the workbench. Before the first account: how to make it."""
    if not has_accounts():
        return page("accounts/first.html")
    wanted = page_after_login(request.args.get("next"))
    if request.method == "GET" and signed_in() is not None:
        return redirect(wanted)
    form = LoginForm()
    if form.validate_on_submit():
        token = attempt(form, lambda: _let_in(form.username.data, form.password.data))
        if token is not None:
            _remember(token)
            return redirect(wanted)
    return form_page(form, "accounts/login.html", wanted=wanted, gone="gone" in request.args)


def _let_in(username: str, password: str) -> str:
    """Count the try, look at the password outside of any transaction, then begin a session: its token."""
    by = visitor()
    found = transact(begin_attempt, username, by)
    if not password_fits(found.password_hash, password):
        raise transact(refuse_attempt, found, by)
    return transact(accept_attempt, found, by, _agent())


def _remember(token: str) -> None:
    """The browser's cookie holds the new token and nothing from before log-in."""
    session.clear()
    session[TOKEN] = token


def _agent() -> str:
    return request.headers.get("User-Agent", "")


@blueprint.post("/logout")
@requires("own.sessions", "own")
def leave() -> Answer:
    """End this session at once."""
    found = signed_in()
    if found is not None:
        transact(log_out, found.token_hash, found.actor)
    session.clear()
    return redirect(url_for("accounts.log_in", gone=1))


@blueprint.get("/account")
@requires("own.account", "own")
def me() -> Answer:
    """My account: who I am, what I may do where, what was changed for me, whom I can ask."""
    by = current_actor()
    account = own_account(by)
    return page(
        "accounts/me.html",
        account=account,
        grants=grants_of([account.id]),
        today=local_date(by.now),
        days_left=VALID_DAYS - (by.now - account.password_at).days,
        admins=holders_of("county_admin", by.county_id, by.now),
        changes=changes_of(account.id),
        acts=ACTS,
    )


@blueprint.route("/account/password", methods=["GET", "POST"])
@requires("own.password", "own")
@form_checks_csrf
def password() -> Answer:
    """Change my password; everybody who is logged in with the old one is out."""
    by, found = current_actor(), signed_in()
    form = PasswordForm()
    if form.validate_on_submit():
        token = attempt(form, lambda: _change(form.present.data, form.password.data, by))
        if token is not None:
            _remember(token)
            return redirect(url_for("accounts.me"))
    forced = found is not None and found.must_change
    return form_page(form, "accounts/password.html", forced=forced, username=own_account(by).username)


def _change(present: str, new: str, by: Actor) -> str:
    """Look at both passwords outside of any transaction, then change it: the token of the new session."""
    account = own_account(by)
    found = transact(begin_attempt, account.username, by)
    if not password_fits(found.password_hash, present):
        raise transact(refuse_attempt, found, by, what="现在的密码", field="present")
    used = transact(accept_own, found)
    check_password(new, account.username)
    if any(password_fits(old, new) for old in used):
        raise Refused("这个密码以前用过，请换一个新的。", "password")
    return transact(change_password, hash_password(new), by, _agent())
