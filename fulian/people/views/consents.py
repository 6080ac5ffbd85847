"""Consents of a person: writing one down, and the withdrawal, which is as easy."""

from __future__ import annotations

from flask import redirect, url_for

from fulian.errors import NotFound
from fulian.people.forms import ConfirmForm, ConsentForm
from fulian.people.queries import consents_of
from fulian.people.service import record_consent, withdraw_consent
from fulian.people.views.blueprint import Answer, blueprint, page_or_422, save, shown_person
from fulian.people.words import PURPOSES
from fulian.web.access import form_checks_csrf, requires


@blueprint.route("/<int:person_id>/consents/new", methods=["GET", "POST"])
@requires("people.edit", "person")
@form_checks_csrf
def new_consent(person_id: int) -> Answer:
    """Write down what somebody was told, or agreed to."""
    person, by = shown_person(person_id, "people.edit")
    form = ConsentForm()
    if form.validate_on_submit():
        version = form.notice_version.data or ""
        if save(form, record_consent, person_id, form.purpose.data, form.basis.data, by, notice_version=version):
            return redirect(url_for("people.show", person_id=person_id))
    return page_or_422(form, "people/consent.html", person=person)


@blueprint.route("/<int:person_id>/consents/<int:consent_id>/withdraw", methods=["GET", "POST"])
@requires("people.edit", "person")
@form_checks_csrf
def withdraw(person_id: int, consent_id: int) -> Answer:
    """Say what a withdrawal changes and what it does not, then note it."""
    person, by = shown_person(person_id, "people.edit")
    consent = next((found for found in consents_of(person_id) if found.id == consent_id), None)
    if consent is None:
        raise NotFound
    form = ConfirmForm()
    if form.validate_on_submit() and save(form, withdraw_consent, consent_id, by):
        return redirect(url_for("people.show", person_id=person_id))
    return page_or_422(form, "people/withdraw.html", person=person, consent=consent, purpose=PURPOSES[consent.purpose])
