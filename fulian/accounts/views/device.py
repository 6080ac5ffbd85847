"""`/account/device`: one's own authenticator, set for the first time or anew, and its recovery slips."""

from __future__ import annotations

import segno
from flask import redirect, render_template, url_for

from fulian.accounts.enforcement import current_actor, signed_in
from fulian.accounts.forms import DeviceForm, ProofForm
from fulian.accounts.log_in import refuse_attempt
from fulian.accounts.queries import own_account
from fulian.accounts.second_factor import (
    NewDevice,
    device_address,
    device_of,
    draw_slips,
    fitting_step,
    offer_secret,
    offered_secret,
    renew_slips,
    set_device,
)
from fulian.accounts.views.blueprint import Answer, attempt, blueprint, form_page
from fulian.accounts.views.own import agent, remember, try_password
from fulian.audit.actor import Actor
from fulian.db import transact
from fulian.errors import Refused
from fulian.web.access import form_checks_csrf, requires

QUIET_ZONE = 4  # light modules around the code (ISO/IEC 18004, 9.1)
WRONG_CODE = "新验证码不对：请看手机上现在显示的 6 位数字，再填一次。手机的时间要准。"


@blueprint.route("/account/device", methods=["GET", "POST"])
@requires("own.device", "own")
@form_checks_csrf
def device() -> Answer:
    """Set my authenticator, the first one or another; afterwards the recovery slips, once."""
    by, found = current_actor(), signed_in()
    form, account = DeviceForm(), own_account(by)
    if form.validate_on_submit():
        slips = attempt(form, lambda: _set(form, account.username, by))
        if slips is not None:
            return _slips_page(slips, account.username)
    secret = offered_secret(form.offer.data or "", account.id)
    if secret is None:
        form.offer.data = offer_secret(account.id)
        secret = offered_secret(form.offer.data, account.id) or ""
    picture = segno.make(device_address(secret, account.username)).svg_data_uri(border=QUIET_ZONE)
    forced = found is not None and found.must_enrol
    return form_page(
        form, "accounts/device.html", present=device_of(account.id), picture=picture, secret=secret, forced=forced
    )


def _set(form: DeviceForm, username: str, by: Actor) -> tuple[str, ...]:
    """Try the new code, the password and the old code in turn, then set the device: its slips."""
    secret = offered_secret(form.offer.data or "", by.account_id or 0)
    step = fitting_step(secret, form.new_code.data, by.now) if secret is not None else None
    if secret is None or step is None:
        raise Refused(WRONG_CODE, "new_code")
    tried = try_password(username, form.present.data, by)
    new = NewDevice(secret, step, draw_slips())
    token = transact(set_device, tried, form.code.data or "", new, by, agent())
    if token is None:
        raise transact(refuse_attempt, tried, by, what="现在的验证码", field="code")
    remember(token)
    return new.slips


@blueprint.route("/account/slips", methods=["GET", "POST"])
@requires("own.device", "own")
@form_checks_csrf
def slips() -> Answer:
    """Print new recovery slips; the old ones are worth nothing from then on."""
    by = current_actor()
    form, account, present = ProofForm(), own_account(by), device_of(by.account_id)
    if present is None:
        return redirect(url_for("accounts.device"))
    if form.validate_on_submit():
        drawn = attempt(form, lambda: _renew(form, account.username, by))
        if drawn is not None:
            return _slips_page(drawn, account.username)
    return form_page(form, "accounts/slips_new.html", present=present)


def _renew(form: ProofForm, username: str, by: Actor) -> tuple[str, ...]:
    tried, drawn = try_password(username, form.present.data, by), draw_slips()
    if not transact(renew_slips, tried, form.code.data or "", drawn, by):
        raise transact(refuse_attempt, tried, by, what="现在的验证码", field="code")
    return drawn


def _slips_page(drawn: tuple[str, ...], username: str) -> str:
    """The page that shows recovery slips, once."""
    return render_template("accounts/slips.html", slips=drawn, username=username, onward=url_for("accounts.me"))
