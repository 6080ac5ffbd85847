"""Posts of a person: a new one, and the end of one."""

from __future__ import annotations

from flask import redirect, request, url_for

from fulian.audit.actor import Actor
from fulian.cases.queries.handover import heirs_of_post
from fulian.cases.service import end_post_and_hand_over
from fulian.cases.service.handing_over import stranded_cases
from fulian.errors import Refused
from fulian.people.forms import EndPostForm, HoldPostForm
from fulian.people.queries import post_of, posting_orgs
from fulian.people.service import hold_post
from fulian.people.views.blueprint import Answer, blueprint, number_in, page_or_422, save, shown_person
from fulian.web.access import form_checks_csrf, requires

ORG_QUERY_LENGTH = 40


@blueprint.route("/<int:person_id>/posts/new", methods=["GET", "POST"])
@requires("posts.edit", "person")
@form_checks_csrf
def new_post(person_id: int) -> Answer:
    """Note that somebody holds a post; the organisation is found by a part of its name."""
    person, by = shown_person(person_id)
    wanted = request.args.get("org", "").replace("\x00", "")[:ORG_QUERY_LENGTH]
    form = HoldPostForm()
    orgs = posting_orgs(by, wanted, form.org_id.data)
    form.org_id.choices = [(org.id, org.name) for org in orgs]
    if form.validate_on_submit() and _hold(form, person_id, by):
        return redirect(url_for("people.show", person_id=person_id))
    return page_or_422(form, "people/post_new.html", person=person, wanted=wanted)


def _hold(form: HoldPostForm, person_id: int, by: Actor) -> bool:
    return save(
        form,
        hold_post,
        person_id,
        form.org_id.data,
        form.title.data,
        form.starts_on.data,
        form.change.data,
        by,
        ends_on=form.ends_on.data,
        end_change=form.end_change.data or None,
    )


@blueprint.route("/<int:person_id>/posts/<int:post_id>/end", methods=["GET", "POST"])
@requires("posts.edit", "person")
@form_checks_csrf
def finish_post(person_id: int, post_id: int) -> Answer:
    """End a post, and the roles of an account that hang on it."""
    person, by = shown_person(person_id)
    post = post_of(person_id, post_id)
    if post.ends_on is not None:
        raise Refused("这个职务已经结束，不用再登记。")
    form = EndPostForm(data={"version": str(post.version)})
    form.offer([(heir.id, f"{heir.name}（{heir.username}）") for heir in heirs_of_post(post_id, post.org_id, by.now)])
    cases, unseen = stranded_cases(post_id, by)
    if form.validate_on_submit():
        version, heir = number_in(form.version.data), form.heir_id.data
        if save(form, end_post_and_hand_over, post_id, version, form.ends_on.data, form.end_change.data, heir, by):
            return redirect(url_for("people.show", person_id=person_id))
    return page_or_422(form, "people/post_end.html", person=person, post=post, n_cases=len(cases), unseen=unseen)
