"""Two files of one person: finding them, saying what a merge moves, doing it, taking it back."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.cases.queries.people import case_counts
from fulian.errors import NotFound
from fulian.people.forms import ConfirmForm, MergeForm
from fulian.people.merges import doubles, find_merge, find_mergeable, merge_preview
from fulian.people.models import Person
from fulian.people.queries import match_people
from fulian.people.service import merge_people, undo_merge
from fulian.people.views.blueprint import Answer, blueprint, number_in, page_or_422, save
from fulian.web.access import form_checks_csrf, requires

QUERY_LENGTH = 60
CANDIDATES = 20


@blueprint.get("/doubles")
@requires("people.merge", "county")
def double_files() -> str:
    """Files registered in her county that have the same document."""
    return render_template("people/doubles.html", pairs=doubles(current_actor()))


@blueprint.route("/<int:person_id>/merge", methods=["GET", "POST"])
@requires("people.merge", "person")
@form_checks_csrf
def merge(person_id: int) -> Answer:
    """Pick the other file, see what will move into this one, give a reason."""
    by = current_actor()
    kept = find_mergeable(by, person_id)
    other = request.args.get("other")
    if other is None:
        return _pick(kept, by)
    form = MergeForm()
    merged = find_mergeable(by, number_in(other))
    if form.validate_on_submit() and save(form, merge_people, kept.id, merged.id, form.reason.data, by):
        return redirect(url_for("people.show", person_id=kept.id))
    counts = case_counts(by, [kept.id, merged.id])
    preview = merge_preview(kept, merged)
    return page_or_422(form, "people/merge.html", kept=kept, merged=merged, preview=preview, counts=counts)


def _pick(kept: Person, by: Actor) -> Answer:
    form = ConfirmForm()
    asked = form.validate_on_submit()
    text = request.form.get("q", "").replace("\x00", "").strip()[:QUERY_LENGTH] if asked else kept.name
    found = [line for line in match_people(by, text, CANDIDATES) if line.id != kept.id]
    counts = case_counts(by, [line.id for line in found])
    return page_or_422(form, "people/merge_pick.html", kept=kept, text=text, found=found, counts=counts)


@blueprint.route("/<int:person_id>/merges/<int:merge_id>/undo", methods=["GET", "POST"])
@requires("people.merge", "person")
@form_checks_csrf
def undo(person_id: int, merge_id: int) -> Answer:
    """Say what an undo gives back, then do it."""
    by = current_actor()
    done, merged = find_merge(by, merge_id)
    if done.kept_id != person_id:
        raise NotFound
    form = ConfirmForm()
    if form.validate_on_submit() and save(form, undo_merge, merge_id, by):
        return redirect(url_for("people.show", person_id=merged.id))
    return page_or_422(form, "people/undo.html", kept=find_mergeable(by, person_id), merged=merged, done=done)
