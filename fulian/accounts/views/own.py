"""Log-in, log-out, one's own account and password."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import redirect, request, session, url_for

from fulian.accounts.enforcement import TOKEN, current_actor, page_after_login, signed_in, visitor
from fulian.accounts.first import has_accounts
from fulian.accounts.forms import CodeForm, LoginForm, PasswordForm
from fulian.accounts.log_in import (
    Attempt,
    accept_attempt,
    accept_own,
    begin_attempt,
    change_password,
    log_out,
    mark_of,
    refuse_attempt,
)
from fulian.accounts.passwords import VALID_DAYS, check_password, hash_password, password_fits
from fulian.accounts.queries import grants_of, holders_of, own_account
from fulian.accounts.requests import ACTS, changes_of
from fulian.accounts.second_factor import accept_code, device_of
from fulian.accounts.sessions import sessions_of
from fulian.accounts.views.blueprint import Answer, attempt, blueprint, form_page, page
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.db import transact
from fulian.errors import Refused
from fulian.web.access import form_checks_csrf, no_login, requires

HALF = "half"  # in the cookie: whose password was right, and a code is asked for next
HALF_LASTS = timedelta(minutes=10)
CODE_IS_NEXT = ""  # stands for the token while there is none


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
        if token:
            remember(token)
            return redirect(wanted)
        if token == CODE_IS_NEXT:
            return redirect(url_for("accounts.log_in_code", next=request.args.get("next")))
    told = {"gone": "gone" in request.args, "unsaved": "unsaved" in request.args}
    return form_page(form, "accounts/login.html", wanted=wanted, **told)


def _let_in(username: str, password: str) -> str:
    """Count the try, look at the password outside of any transaction, then begin a session: its token."""
    by = visitor()
    found = transact(begin_attempt, username, by)
    if not password_fits(found.password_hash, password):
        raise transact(refuse_attempt, found, by)
    token = transact(accept_attempt, found, by, agent())
    if token is None:
        session.clear()
        session[HALF] = [username, mark_of(found), by.now.timestamp()]
    return token or CODE_IS_NEXT


@blueprint.route("/login/code", methods=["GET", "POST"])
@no_login
@form_checks_csrf
def log_in_code() -> Answer:
    """The second step of log-in: a code from the phone, or one of the slips."""
    wanted = page_after_login(request.args.get("next"))
    half = _half_in()
    if half is None:
        signed = signed_in() is not None
        return redirect(wanted if signed else url_for("accounts.log_in", next=request.args.get("next")))
    form = CodeForm()
    if form.validate_on_submit():
        token = attempt(form, lambda: _let_in_by_code(*half, form.code.data))
        if token is not None:
            remember(token)
            return redirect(wanted)
    return form_page(form, "accounts/login_code.html", wanted=wanted)


def _half_in() -> tuple[str, str] | None:
    """The user name whose password was right, and the mark of that password; None where it is too long ago."""
    kept = session.get(HALF)
    if not isinstance(kept, list) or datetime.now(UTC).timestamp() - kept[2] > HALF_LASTS.total_seconds():
        return None
    return kept[0], kept[1]


def _let_in_by_code(username: str, mark: str, code: str) -> str:
    by = visitor()
    found = transact(begin_attempt, username, by)
    if mark != mark_of(found):
        raise Refused("密码刚刚改过，请回到登录页，用新密码再登录一次。", "code")
    token = transact(accept_code, found, code, by, agent())
    if token is None:
        raise transact(refuse_attempt, found, by, what="验证码", field="code")
    return token


def remember(token: str) -> None:
    """The browser's cookie holds the new token and nothing from before log-in."""
    session.clear()
    session[TOKEN] = token


def agent() -> str:
    """The browser's own name."""
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
        device=device_of(account.id),
        n_sessions=len(sessions_of(account.id, by.now)),
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
            remember(token)
            return redirect(url_for("accounts.me"))
    forced = found is not None and found.must_change
    return form_page(form, "accounts/password.html", forced=forced, username=own_account(by).username)


def _change(present: str, new: str, by: Actor) -> str:
    """Look at both passwords outside of any transaction, then change it: the token of the new session."""
    account = own_account(by)
    found = try_password(account.username, present, by)
    used = transact(accept_own, found)
    check_password(new, account.username)
    if any(password_fits(old, new) for old in used):
        raise Refused("这个密码以前用过，请换一个新的。", "password")
    return transact(change_password, hash_password(new), by, agent())


def try_password(username: str, present: str, by: Actor) -> Attempt:
    """Count a try inside a session and look at its password; raises Refused where it is not the present one."""
    found = transact(begin_attempt, username, by)
    if not password_fits(found.password_hash, present):
        raise transact(refuse_attempt, found, by, what="现在的密码", field="present")
    return found
