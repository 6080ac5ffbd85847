"""`/accounts/requests/`: one of the three administrators asks, another one confirms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from flask import redirect, url_for

from fulian.accounts.enforcement import current_actor
from fulian.accounts.forms import ALL_ROLES, AskAccountForm, AskRoleForm, HandOverForm, ReasonForm, RenewForm
from fulian.accounts.grants import NewGrant
from fulian.accounts.passwords import hash_password, one_time_password
from fulian.accounts.queries import account_line, grants_of
from fulian.accounts.requests import (
    ACTS,
    WITH_PASSWORD,
    Asked,
    ask_request,
    confirm_request,
    decline_request,
    request_line,
    why_not_confirm,
)
from fulian.accounts.views.accounts import heirs_of, open_grant, slip
from fulian.accounts.views.blueprint import Answer, attempt, blueprint, form_page, programme_names
from fulian.accounts.views.words import LASTING
from fulian.audit.actor import Actor
from fulian.cases.service import hand_over
from fulian.cases.service.handing_over import open_cases_of
from fulian.db import transact
from fulian.errors import Refused
from fulian.orgs.queries import find_org
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import BaseForm


@blueprint.route("/accounts/requests/new", methods=["GET", "POST"])
@requires("accounts.ask", "organisation")
@form_checks_csrf
def ask_account() -> Answer:
    """Ask for a new account with any role."""
    by = current_actor()
    form = AskAccountForm()
    form.offer(ALL_ROLES, programme_names())
    return _asking(
        form, lambda: Asked("create", form.reason.data, new=form.account(by)), by, "accounts/invite.html", asking=True
    )


@blueprint.route("/accounts/<int:account_id>/requests/grant", methods=["GET", "POST"])
@requires("accounts.ask", "organisation")
@form_checks_csrf
def ask_role(account_id: int) -> Answer:
    """Ask for one more role of an account."""
    by = current_actor()
    account = account_line(by, account_id)
    form = AskRoleForm(data={"org_id": find_org(account.org_id).name})
    form.offer(ALL_ROLES, programme_names())

    def asked() -> Asked:
        return Asked("grant", form.reason.data, account_id, grant=form.grant(by))

    return _asking(form, asked, by, "accounts/role.html", account=account, asking=True)


@blueprint.route(
    "/accounts/<int:account_id>/requests/<any(disable, enable, reset_password, reset_device):act>",
    methods=["GET", "POST"],
)
@requires("accounts.ask", "organisation")
@form_checks_csrf
def ask_act(account_id: int, act: str) -> Answer:
    """Ask that an account be disabled (and say who takes its open cases), enabled, or given a new password."""
    by = current_actor()
    account = account_line(by, account_id)
    form = HandOverForm() if act == "disable" else ReasonForm()
    words = {"asking": True, "lasting": LASTING[act], "open_cases": 0}
    if isinstance(form, HandOverForm):
        form.offer(heirs_of(account, by))
        words["open_cases"] = len(open_cases_of(account_id))

    def asked() -> Asked:
        heir_id = form.heir_id.data if isinstance(form, HandOverForm) else None
        return Asked(act, form.reason.data, account_id, heir_id=heir_id)

    return _asking(form, asked, by, "accounts/lasting.html", account=account, **words)


@blueprint.route("/accounts/<int:account_id>/roles/<int:grant_id>/requests/end", methods=["GET", "POST"])
@requires("accounts.ask", "organisation")
@form_checks_csrf
def ask_end_role(account_id: int, grant_id: int) -> Answer:
    """Ask that a role be ended."""
    by = current_actor()
    account, grant = account_line(by, account_id), open_grant(account_id, grant_id)
    form = ReasonForm()

    def asked() -> Asked:
        return Asked("end_grant", form.reason.data, account_id, grant_id=grant_id)

    words = {"asking": True, "lasting": LASTING["end_grant"]}
    return _asking(form, asked, by, "accounts/lasting.html", account=account, grant=grant, **words)


@blueprint.route("/accounts/<int:account_id>/roles/<int:grant_id>/requests/renew", methods=["GET", "POST"])
@requires("accounts.ask", "organisation")
@form_checks_csrf
def ask_renew(account_id: int, grant_id: int) -> Answer:
    """Ask that a role run longer."""
    by = current_actor()
    account, grant = account_line(by, account_id), open_grant(account_id, grant_id)
    form = RenewForm()

    def asked() -> Asked:
        wanted = NewGrant(grant.role, grant.org_id, grant.programme, form.ends_on.data)
        return Asked("renew_grant", form.reason.data, account_id, grant=wanted, grant_id=grant_id)

    return _asking(form, asked, by, "accounts/renew.html", account=account, grant=grant, asking=True)


def _asking(form: BaseForm, asked: Callable[[], Asked], by: Actor, template: str, **context: Any) -> Answer:
    """Ask what a form says when it was filled in well, and go to the request; else the form's page."""
    if form.validate_on_submit():
        request_id = attempt(form, lambda: _ask(asked(), by))
        if request_id is not None:
            return redirect(url_for("accounts.show_request", request_id=request_id))
    return form_page(form, template, **context)


def _ask(asked: Asked, by: Actor) -> int:
    if asked.act == "disable" and asked.heir_id is None and asked.account_id is not None:
        n = len(open_cases_of(asked.account_id))
        if n:
            raise Refused(f"她还有 {n} 件在办案件，请选谁来接。", "heir_id")
    return transact(ask_request, asked, by)


@blueprint.get("/accounts/requests/<int:request_id>")
@requires("accounts.confirm", "organisation")
def show_request(request_id: int) -> Answer:
    """One request: what will change, and the buttons for whoever may decide it."""
    return _request_page(request_id, ReasonForm())


@blueprint.post("/accounts/requests/<int:request_id>/confirm")
@requires("accounts.confirm", "organisation")
@form_checks_csrf
def confirm(request_id: int) -> Answer:
    """Confirm a request and carry it out; a one-time password is shown once."""
    by, line = current_actor(), request_line(request_id)
    password = one_time_password() if line.asked.act in WITH_PASSWORD else ""
    password_hash = hash_password(password) if password else None
    form = BaseForm()
    if form.validate_on_submit():
        shut = partial(hand_over, confirmed=True)
        account_id = attempt(form, lambda: transact(confirm_request, request_id, password_hash, by, shut))
        if account_id is not None and password:
            return slip(account_line(by, account_id), password)
        if account_id is not None:
            return redirect(url_for("accounts.show", account_id=account_id))
    return _request_page(request_id, form)


@blueprint.post("/accounts/requests/<int:request_id>/decline")
@requires("accounts.confirm", "organisation")
@form_checks_csrf
def decline(request_id: int) -> Answer:
    """Send a request back, with a reason."""
    by, line = current_actor(), request_line(request_id)
    form = ReasonForm()
    if form.validate_on_submit():
        attempt(form, lambda: transact(decline_request, line.id, form.reason.data, by))
        if not form.errors and not form.form_errors:
            return redirect(url_for("accounts.index"))
    return _request_page(request_id, form)


def _request_page(request_id: int, form: BaseForm) -> tuple[str, int]:
    by, line = current_actor(), request_line(request_id)
    wanted = line.asked.grant or (line.asked.new.grant if line.asked.new is not None else None)
    heir, mine = line.asked.heir_id, line.asked_by_id == by.account_id
    decline = form if isinstance(form, ReasonForm) else ReasonForm(formdata=None)
    decline.reason.label.text = "撤回的事由" if mine else "退回的事由"
    return form_page(
        form,
        "accounts/request.html",
        line=line,
        act=ACTS[line.asked.act],
        wanted=wanted,
        present=[g for g in grants_of([line.asked.account_id or 0]) if g.id == line.asked.grant_id],
        org=find_org(wanted.org_id).name if wanted is not None else "",
        heir=account_line(by, heir).name if heir is not None else "",
        why_not=why_not_confirm(line, by) if line.decision is None else "",
        mine=mine,
        decline=decline,
    )
