"""共享 and 转办: asking another organisation, its inbox and its answer, and taking back."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import redirect, render_template, url_for

from fulian.accounts.enforcement import current_actor
from fulian.accounts.queries import handlers_for
from fulian.cases.forms import AnswerForm, ReasonForm, ReferralForm
from fulian.cases.queries.case import case_parties
from fulian.cases.queries.sharing import find_incoming, find_referral, incoming
from fulian.cases.service import accept_referral, ask_referral, end_referral, refuse_referral
from fulian.cases.views.blueprint import Answer, blueprint, page_or_422, save, shown_case
from fulian.db import transact
from fulian.errors import Forbidden, Refused
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse


@blueprint.route("/cases/<int:case_id>/share", methods=["GET", "POST"])
@requires("cases.share", "case")
@form_checks_csrf
def share(case_id: int) -> Answer:
    """Ask another organisation to share in the case, or to take it over."""
    case, by = shown_case(case_id)
    form = ReferralForm(data={"kind": "transfer" if case.restricted else "share"})
    if form.validate_on_submit():
        try:
            to_org_id, law = form.chosen_org(), form.named_law()
            act = partial(ask_referral, consented=form.basis.data == "consent", law=law)
            transact(act, case.id, form.kind.data, to_org_id, form.reason.data, by)
            return redirect(url_for("cases.show", case_id=case.id))
        except Refused as refused:
            if isinstance(refused, Forbidden) and refused.field is None and not case.restricted:
                raise
            refuse(form, refused)
    return page_or_422(form, "cases/share.html", case=case, parties=case_parties(case.id))


@blueprint.route("/cases/<int:case_id>/shares/<int:share_id>/end", methods=["GET", "POST"])
@requires("cases.share", "case")
@form_checks_csrf
def end_share(case_id: int, share_id: int) -> Answer:
    """Take back what was asked or shared."""
    case, by = shown_case(case_id)
    line = find_referral(case.id, share_id)
    form = ReasonForm(data={"version": str(case.version)})
    if form.validate_on_submit() and save(form, end_referral, case.id, share_id, form.reason.data, by):
        return redirect(url_for("cases.show", case_id=case.id))
    return page_or_422(form, "cases/share_end.html", case=case, line=line)


@blueprint.get("/cases/inbox")
@requires("cases.receive", "case")
def inbox() -> str:
    """What other organisations ask this one to share or to take over."""
    return render_template("cases/inbox.html", lines=incoming(current_actor()))


@blueprint.route("/cases/inbox/<int:referral_id>", methods=["GET", "POST"])
@requires("cases.receive", "organisation")
@form_checks_csrf
def answer(referral_id: int) -> Answer:
    """Say whether the organisation takes it; a case that is taken over gets a handler."""
    by = current_actor()
    one = find_incoming(by, referral_id)
    form: Any = AnswerForm()
    handlers = handlers_for(one.to_org_id, one.code, by.now) if one.line.transfer else ()
    form.handler_id.choices = [("", "请选择"), *((other.id, other.name) for other in handlers)]
    if not form.is_submitted() and by.account_id in {other.id for other in handlers}:
        form.handler_id.data = by.account_id
    if form.validate_on_submit():
        if form.decision.data == "refuse":
            if save(form, refuse_referral, referral_id, form.reason.data, by):
                return redirect(url_for("cases.inbox"))
        elif save(form, accept_referral, referral_id, form.handler_id.data, by):
            return redirect(url_for("cases.show", case_id=one.case_id))
    return page_or_422(form, "cases/answer.html", one=one)
