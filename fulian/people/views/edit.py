"""`/people/new` and `/people/<id>/edit`."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.db import transact
from fulian.errors import Refused, Stale
from fulian.people.data import facts_of
from fulian.people.forms import EditPersonForm, NewPersonForm
from fulian.people.models import Person
from fulian.people.queries import find_person, registering_orgs
from fulian.people.service import AlreadyRegistered, Known, announce_known, claim_person, edit_person, register_person
from fulian.people.views.blueprint import (
    CONFLICT,
    Answer,
    blueprint,
    number_in,
    page_or_422,
    shown_person,
)
from fulian.people.words import FIELD_LABELS
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse


@blueprint.route("/new", methods=["GET", "POST"])
@requires("people.edit", "organisation")
@form_checks_csrf
def new() -> Answer:
    """Register somebody; where her document is known elsewhere, offer to link her instead."""
    by = current_actor()
    form = NewPersonForm([(org.id, org.short_name) for org in registering_orgs(by)])
    if request.method == "GET":
        form.name.data = request.args.get("name", "")[:50]
    known = None
    if "from_search" in request.form:  # a number that was searched for, and is known elsewhere: nothing is saved yet
        known = transact(announce_known, form.document_number.data or "", by)
    elif form.validate_on_submit():
        person_id, known = _register(form, by)
        if person_id is not None:
            return redirect(url_for("people.show", person_id=person_id))
    return page_or_422(form, "people/new.html", known=known)


def _register(form: NewPersonForm, by: Actor) -> tuple[int | None, Known | None]:
    """The id of who was registered or linked; else who has the document already, where that is why it was refused."""
    try:
        if form.link.data and form.document_number.data:
            return transact(claim_person, form.document_number.data, form.org_id.data, by), None
        return transact(register_person, form.values(), form.org_id.data, by), None
    except AlreadyRegistered as refused:
        refuse(form, refused)
        return None, refused.known
    except Refused as refused:
        refuse(form, refused)
        return None, None


@blueprint.route("/<int:person_id>/edit", methods=["GET", "POST"])
@requires("people.edit", "person")
@form_checks_csrf
def edit(person_id: int) -> Answer:
    """Correct somebody's facts; a stale save shows both versions and keeps what was typed."""
    person, by = shown_person(person_id, "people.edit")
    form = EditPersonForm(person)
    known = None
    if form.validate_on_submit():
        version = number_in(form.version.data)
        try:
            transact(edit_person, person_id, version, form.values(), by, clear=form.cleared)
            return redirect(url_for("people.show", person_id=person_id))
        except Stale as stale:
            return _conflict(find_person(by, person_id), form, stale)
        except AlreadyRegistered as refused:
            refuse(form, refused)
            known = refused.known
        except Refused as refused:
            refuse(form, refused)
    return page_or_422(form, "people/edit.html", person=person, known=known)


def _conflict(person: Person, form: EditPersonForm, stale: Stale) -> Answer:
    """Both versions of what clashes over the form as she filled it; what she had not touched is taken over."""
    taken, clashing = form.take_over(facts_of(person), person.version)
    both = [(FIELD_LABELS[field], stale.mine[field], stale.saved[field]) for field in clashing if field in stale.mine]
    merged = [FIELD_LABELS[field] for field in taken]
    page = render_template("people/edit.html", person=person, form=form, stale=stale, both=both, merged=merged)
    return page, CONFLICT
