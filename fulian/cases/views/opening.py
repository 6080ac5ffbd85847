"""`/cases/new`: one page with numbered parts, saved in one go."""

from __future__ import annotations

from flask import abort, redirect, render_template, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.cases.forms import NEW_PERSON, OpeningForm, PartyForm
from fulian.cases.queries.case import find_submission
from fulian.cases.queries.people import case_counts
from fulian.cases.queries.places import opening_places
from fulian.cases.service import Repeated, open_case
from fulian.cases.views.blueprint import UNPROCESSABLE, Answer, blueprint
from fulian.db import transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.people.models import Person
from fulian.people.queries import PersonLine, find_person, match_people, people_by_id
from fulian.people.service import AlreadyRegistered
from fulian.people.tokens import finds
from fulian.programmes.loader import find_programme
from fulian.programmes.queries import open_codes
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse


@blueprint.route("/cases/new", methods=["GET", "POST"])
@requires("cases.open", "organisation")
@form_checks_csrf
def new() -> Answer:
    """Draw the opening form of the one programme that is open, or ask which; save it."""
    by = current_actor()
    carried = _carried(by)
    codes = sorted(open_codes(by, intake=True))
    code = request.args.get("programme") or (codes[0] if len(codes) == 1 else "")
    if code not in codes:
        if code and find_programme(code) is None:
            abort(404)
        programmes = [programme for programme in map(find_programme, codes) if programme is not None]
        return render_template("cases/new_choice.html", programmes=programmes, wanted=code, carried=carried)
    programme = find_programme(code)
    assert programme is not None  # noqa: S101 - narrows the type: open_codes holds installed programmes only
    places = opening_places(by, code)
    if not places:
        return render_template("cases/new_choice.html", programmes=[], wanted=code)
    form = OpeningForm(programme, [(place.id, place.short_name) for place in places])
    if request.method == "POST":
        answer = _saved_before(form, by) or (_save(form, by) if _complete(form, by) else None)
        if answer is not None:
            return answer
    elif carried is not None and form.parties:
        form.parties[0].name.data, form.parties[0].same.data = carried.name, str(carried.id)
    return _page(form, by)


def _carried(by: Actor) -> Person | None:
    """Whose page the form was opened from (`?person=`): she is chosen already. Raises NotFound where out of scope."""
    text = request.args.get("person", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return find_person(by, int(text))


def _saved_before(form: OpeningForm, by: Actor) -> Answer | None:
    """Where this filling of the form was saved already (a second press, a cut line), its case."""
    sent = form.where.submission_id
    before = find_submission(by, sent.data) if sent.validate(form.where) else None  # the database is asked for no NUL
    return redirect(url_for("cases.show", case_id=before.id)) if before is not None else None


def _page(form: OpeningForm, by: Actor) -> tuple[str, int]:
    failed = bool(form.errors or form.form_errors)
    candidates = {
        party.role.code: _candidates(party, by) if failed or party.same.data else [] for party in form.parties
    }
    found = [line.id for lines in candidates.values() for line in lines]
    page = render_template(
        "cases/new.html",
        form=form,
        programme=form.programme,
        candidates=candidates,
        counts=case_counts(by, found),
    )
    return page, UNPROCESSABLE if failed else 200


def _candidates(party: PartyForm, by: Actor) -> list[PersonLine]:
    """Who may be meant by the name that was typed, and whoever was chosen before."""
    found = match_people(by, party.name.data) if party.name.data else []
    wanted = [one for one in (party.person_id, party.known_id) if one is not None]
    missing = [one for one in wanted if one not in {line.id for line in found}]
    return [*people_by_id(by, missing), *found] if missing else found


def _complete(form: OpeningForm, by: Actor) -> bool:
    """Whether everything is filled in, and wherever somebody of that name is known, it was said who is meant."""
    filled = form.validate_on_submit()
    for party in form.parties:
        filled = party.check_facts(local_date(by.now)) and filled
        if not party.same.data and party.name.data and not party.name.errors and match_people(by, party.name.data):
            party.name.errors = [*party.name.errors, "有同名或相近的人，请在下面选是不是同一个人。"]
            filled = False
        elif party.same.data not in ("", None, NEW_PERSON) and party.person_id is None and not party.claims:
            party.name.errors = [*party.name.errors, "请重新选是不是同一个人。"]
            filled = False
        elif party.person_id is not None:
            filled = _is_meant(party, party.person_id, by) and filled
    return filled


def _is_meant(party: PartyForm, person_id: int, by: Actor) -> bool:
    """Whether the name still means whoever was chosen; where another was typed over it, the choice is taken back."""
    try:
        person = find_person(by, person_id)
    except NotFound:
        return True  # not hers to see: saving says that there is nobody
    number, phone = person.unseal("document_number"), person.unseal("phone")
    if finds(party.name.data or "", person.name, phone or "", number or ""):
        return True
    party.known_id, party.same.data = person_id, ""
    mistaken = f"填的姓名和选的{person.name}不是同一个人。是她就在下面重新选她，不是就选“都不是”。"
    party.name.errors = [*party.name.errors, mistaken]
    return False


def _save(form: OpeningForm, by: Actor) -> Answer | None:
    """Save the case; None where a rule refused it and the form says why."""
    values = form.values()
    try:
        opened = transact(open_case, values, by)
    except Repeated:
        return _saved_before(form, by) or abort(400)
    except Forbidden:
        raise
    except Refused as refused:
        _offer(form, refused)
        _refuse(form, refused)
        return None
    return redirect(url_for("cases.show", case_id=opened.id, opened=1))


def _offer(form: OpeningForm, refused: Refused) -> None:
    """Where a document is somebody's already, offer to take her: as a candidate here, or claimed from elsewhere."""
    if not isinstance(refused, AlreadyRegistered):
        return
    for party in form.parties:
        if refused.field == f"{party.role.code}-document_number":
            party.known_id = refused.known.person_id
            party.elsewhere = "" if refused.known.person_id is not None else refused.known.text


def _refuse(form: OpeningForm, refused: Refused) -> None:
    """Put a refusal at its field; one about a party's fact that the form does not ask for stands at the name."""
    for party in form.parties:
        head = f"{party.role.code}-"
        if refused.field and refused.field.startswith(head) and refused.field not in form.names:
            refused = Refused(refused.message, f"{head}name")
    refuse(form, refused)
