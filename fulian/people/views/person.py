"""`/people/<id>` (一人一档), and showing one sealed value."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.db import transact
from fulian.errors import NotFound, Refused
from fulian.people.card import person_card
from fulian.people.forms import RevealForm
from fulian.people.merges import can_undo, merges_into
from fulian.people.queries import consents_of, kept_instead, may_change, posts_of
from fulian.people.record import person_record
from fulian.people.service import reveal
from fulian.people.views.blueprint import Answer, blueprint, page_or_422, shown_person
from fulian.people.words import BASES, PURPOSES, SEALED_LABELS
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse


@blueprint.get("/<int:person_id>")
@requires("people.view", "person")
def show(person_id: int) -> Answer:
    """Everything there is on a person, numbers masked. Who was merged leads to the file that was kept."""
    try:
        person, by = shown_person(person_id)
    except NotFound:
        kept = kept_instead(current_actor(), person_id)
        if kept is None:
            raise
        return redirect(url_for("people.show", person_id=kept))
    return render_template(
        "people/person.html",
        person=person,
        card=person_card(person, by),
        posts=posts_of(person_id),
        consents=consents_of(person_id),
        record=person_record(person, by),
        merges=[(merge, can_undo(merge, by.now)) for merge in merges_into(person_id)] if by.may("people.merge") else [],
        may={name: may_change(by, person_id, f"people.{name}") for name in ("edit", "reveal", "merge")},
        may_post=by.may("posts.edit"),
        may_open=by.may("cases.open"),
        purposes=PURPOSES,
        bases=BASES,
    )


@blueprint.route("/<int:person_id>/reveal", methods=["GET", "POST"])
@requires("people.reveal", "person")
@form_checks_csrf
def show_sealed(person_id: int) -> Answer:
    """Ask why a sealed value is looked at; after the POST, with the reading in the log, show it for a minute."""
    person, by = shown_person(person_id, "people.reveal")
    field = request.args.get("field", "")
    if field not in SEALED_LABELS:
        abort(404)
    form = RevealForm()
    card = person_card(person, by)
    mask = card.mask_of(field)
    if form.validate_on_submit():
        try:
            value = transact(reveal, person_id, field, form.reason.data, by, text=form.text.data or "")
        except Refused as refused:
            refuse(form, refused)
        else:
            warned = field == "phone" and bool(card.mask_of("phone_note"))
            shown = {"label": SEALED_LABELS[field], "value": value, "mask": mask, "warned": warned}
            return render_template("people/revealed.html", person=person, **shown)
    return page_or_422(form, "people/reveal.html", person=person, label=SEALED_LABELS[field], mask=mask)
