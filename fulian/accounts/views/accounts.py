"""`/accounts/`: who may work in the system; inviting, roles, disabling."""

from __future__ import annotations

from functools import partial
from urllib.parse import urlencode

from flask import abort, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.accounts.forms import INVITED_ROLES, EditForm, HandOverForm, InviteForm, ReasonForm, RenewForm, RoleForm
from fulian.accounts.log_in import has_device
from fulian.accounts.passwords import ONE_TIME_DAYS, hash_password, one_time_password
from fulian.accounts.queries import (
    AccountLine,
    GrantLine,
    account_line,
    ending_grants,
    grants_of,
    handlers_for,
    search_accounts,
)
from fulian.accounts.requests import ACTS, changes_of, open_requests
from fulian.accounts.roles import INVITED
from fulian.accounts.service import (
    edit_account,
    enable_account,
    end_grant,
    grant_role,
    invite_account,
    may_manage,
    renew_grant,
)
from fulian.accounts.views.blueprint import (
    Answer,
    attempt,
    blueprint,
    form_page,
    page,
    programme_names,
    saving,
    whole_number,
)
from fulian.accounts.views.words import LASTING
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.cases.service import hand_over
from fulian.cases.service.handing_over import open_cases_of
from fulian.db import transact
from fulian.errors import NotFound
from fulian.orgs.queries import find_org
from fulian.web.access import form_checks_csrf, requires
from fulian.web.paging import page_limit, page_of, read_cursor

LONGEST_SEARCH = 40
ENDING_DAYS = 30  # so long before its last day a role stands among those to be renewed


@blueprint.get("/accounts/")
@requires("accounts.view", "organisation")
def index() -> str:
    """The accounts in scope, the newest first; for the three, also what waits for a second one of them."""
    by = current_actor()
    if set(request.args) - {"q", "after"}:
        abort(400)
    text = request.args.get("q", "").strip()[:LONGEST_SEARCH]
    cursor, limit = read_cursor(request.args.get("after")), page_limit(request.headers)
    found = search_accounts(by, text, cursor, limit)
    return page(
        "accounts/list.html",
        page=page_of(found, cursor, limit, lambda line: (line.created_at, line.id)),
        text=text,
        address=f"{url_for('accounts.index')}?{urlencode({'q': text}) + '&' if text else ''}",
        ending=ending_grants(by, ENDING_DAYS) if by.may("accounts.invite") or by.may("accounts.ask") else [],
        ending_days=ENDING_DAYS,
        requests=open_requests() if by.may("accounts.confirm") else [],
        acts=ACTS,
        by=by,
    )


@blueprint.route("/accounts/new", methods=["GET", "POST"])
@requires("accounts.invite", "organisation")
@form_checks_csrf
def invite() -> Answer:
    """A new account for a caseworker or a lead; its one-time password is shown once."""
    by = current_actor()
    form = InviteForm(data={"org_id": _org_in_address()})
    form.offer(INVITED_ROLES, programme_names())
    if form.validate_on_submit():
        password = one_time_password()
        password_hash = hash_password(password)
        made = attempt(form, lambda: transact(invite_account, form.account(by), password_hash, by))
        if made is not None:
            return slip(account_line(by, made), password)
    return form_page(form, "accounts/invite.html")


def slip(account: AccountLine, password: str) -> str:
    """The page that shows a one-time password, once."""
    return render_template("accounts/slip.html", account=account, password=password, days=ONE_TIME_DAYS)


def _org_in_address() -> str:
    org_id = request.args.get("org")
    return find_org(whole_number(org_id)).name if org_id is not None else ""


@blueprint.get("/accounts/<int:account_id>")
@requires("accounts.view", "organisation")
def show(account_id: int) -> str:
    """One account: where it works, its roles past and present, what can be done about it."""
    by = current_actor()
    return page(
        "accounts/account.html",
        account=account_line(by, account_id),
        grants=grants_of([account_id]),
        changes=changes_of(account_id),
        manageable=by.may("accounts.invite") and may_manage(account_id, by),
        mine=account_id == by.account_id,
        guarded=has_device(account_id),
        by=by,
        today=local_date(by.now),
        acts=ACTS,
        invited=INVITED,
    )


@blueprint.route("/accounts/<int:account_id>/edit", methods=["GET", "POST"])
@requires("accounts.invite", "organisation")
@form_checks_csrf
def edit(account_id: int) -> Answer:
    """Correct the name, or where the person works."""
    by = current_actor()
    account = account_line(by, account_id)
    org = find_org(account.org_id).name
    form = EditForm(data={"name": account.name, "org_id": org, "version": str(account.version)})

    def act() -> object:
        version = whole_number(form.version.data)
        return transact(edit_account, account_id, version, form.name.data, form.chosen_org(by), by)

    return saving(form, act, "accounts/edit.html", account)


@blueprint.route("/accounts/<int:account_id>/roles", methods=["GET", "POST"])
@requires("accounts.invite", "organisation")
@form_checks_csrf
def add_role(account_id: int) -> Answer:
    """One more role for an account."""
    by = current_actor()
    account = account_line(by, account_id)
    form = RoleForm(data={"org_id": find_org(account.org_id).name})
    form.offer(INVITED_ROLES, programme_names())
    return saving(form, lambda: transact(grant_role, account_id, form.grant(by), by), "accounts/role.html", account)


@blueprint.route("/accounts/<int:account_id>/roles/<int:grant_id>/end", methods=["GET", "POST"])
@requires("accounts.invite", "organisation")
@form_checks_csrf
def end_role(account_id: int, grant_id: int) -> Answer:
    """End a role at once, with a reason."""
    by = current_actor()
    account, grant = account_line(by, account_id), open_grant(account_id, grant_id)
    form = ReasonForm()

    def act() -> object:
        return transact(end_grant, grant_id, form.reason.data, by)

    return saving(form, act, "accounts/lasting.html", account, grant=grant, lasting=LASTING["end_grant"])


@blueprint.route("/accounts/<int:account_id>/roles/<int:grant_id>/renew", methods=["GET", "POST"])
@requires("accounts.invite", "organisation")
@form_checks_csrf
def renew_role(account_id: int, grant_id: int) -> Answer:
    """Let a role run longer, with a reason."""
    by = current_actor()
    account, grant = account_line(by, account_id), open_grant(account_id, grant_id)
    form = RenewForm()

    def act() -> object:
        return transact(renew_grant, grant_id, form.ends_on.data, form.reason.data, by)

    return saving(form, act, "accounts/renew.html", account, grant=grant)


def open_grant(account_id: int, grant_id: int) -> GrantLine:
    """A role of this account that was not ended yet. Raises NotFound."""
    for grant in grants_of([account_id]):
        if grant.id == grant_id and grant.ended_at is None:
            return grant
    raise NotFound


@blueprint.route("/accounts/<int:account_id>/disable", methods=["GET", "POST"])
@requires("accounts.invite", "organisation")
@form_checks_csrf
def disable(account_id: int) -> Answer:
    """Disable an account, and say in the same act who takes its open cases."""
    by = current_actor()
    account = account_line(by, account_id)
    form = HandOverForm()
    form.offer(heirs_of(account, by))

    def act() -> object:
        return transact(hand_over, account_id, form.heir_id.data, form.reason.data, by)

    n = len(open_cases_of(account_id))
    return saving(form, act, "accounts/lasting.html", account, lasting=LASTING["disable"], open_cases=n, by=by)


def heirs_of(account: AccountLine, by: Actor) -> list[tuple[int, str]]:
    """(id, name) of the colleagues who can take her open cases."""
    found = handlers_for(account.org_id, None, by.now)
    return [(other.id, f"{other.name}（{other.username}）") for other in found if other.id != account.id]


@blueprint.route("/accounts/<int:account_id>/enable", methods=["GET", "POST"])
@requires("accounts.invite", "organisation")
@form_checks_csrf
def enable(account_id: int) -> Answer:
    """Open a disabled account again, with a reason."""
    by = current_actor()
    account = account_line(by, account_id)
    form = ReasonForm()

    def act() -> object:
        return transact(partial(enable_account, reason=form.reason.data), account_id, by)

    return saving(form, act, "accounts/lasting.html", account, lasting=LASTING["enable"])
