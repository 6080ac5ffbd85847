"""What is done to a case: the programme's transitions, the closing, and the core's own small acts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import abort, redirect, request, url_for

from fulian.accounts.enforcement import current_actor
from fulian.accounts.queries import account_names, handlers_for
from fulian.audit.actor import Actor
from fulian.calendar import SHANGHAI
from fulian.cases.forms import (
    SUBMISSION_LENGTH,
    CloseForm,
    EditForm,
    HandlerForm,
    NoteForm,
    ReasonForm,
    TaskDoneForm,
    TaskForm,
    choices_of,
    new_submission,
)
from fulian.cases.models import Case
from fulian.cases.persons import seen_cases
from fulian.cases.queries.case import case_parties, find_task, may_do, open_tasks
from fulian.cases.service import (
    add_note,
    add_task,
    advance_case,
    assign_handler,
    close_case,
    edit_case,
    finish_task,
    lift_restriction,
    restrict_case,
)
from fulian.cases.service.editing import CaseEdit
from fulian.cases.service.held import Repeated, programme_of, refusal_of_end
from fulian.cases.views.blueprint import Answer, blueprint, page_or_422, save, shown_case, version_of
from fulian.cases.views.conflict import conflict
from fulian.errors import Forbidden, NotFound, Refused, Stale
from fulian.programmes.loader import find_programme
from fulian.programmes.programme import Transition
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import BaseForm, FormParts


def _done(case: Case) -> Answer:
    """The case, or the list where she may no longer read it: it became restricted, or went to somebody else."""
    if seen_cases(current_actor(), {case.id}):
        return redirect(url_for("cases.show", case_id=case.id))
    return redirect(url_for("cases.index"))


def save_or_page(
    case: Case,
    form: Any,
    template: str,
    use_case: Callable[..., Any],
    values: Callable[[], tuple[Any, ...]],
    **context: Any,
) -> Answer:
    """Save a form with a version; on a stale one show both versions (409), else the form again or the case."""
    if form.validate_on_submit():
        try:
            if save(form, use_case, *values()):
                return _done(case)
        except Repeated as before:  # the answer to the first sending was lost: here is its line
            return redirect(url_for("cases.show", case_id=case.id, _anchor=f"event-{before.event_id}"))
        except Stale as stale:
            return conflict(case, stale, form, request.path)
    return page_or_422(form, template, case=case, **context)


@blueprint.route("/cases/<int:case_id>/do/<code>", methods=["GET", "POST"])
@requires("cases.edit", "case")
@form_checks_csrf
def do(case_id: int, code: str) -> Answer:
    """A transition of the case's programme: its form, then the act."""
    case, by = shown_case(case_id)
    transition = _transition(case, code)
    form, refusal = _drawn(case, transition, by)
    title = transition.title(case) if transition.title is not None else transition.label
    version, sent = request.form.get("version", case.version), _submission()
    context = {"title": title, "transition": transition, "refusal": refusal, "version": version, "submission_id": sent}
    return save_or_page(
        case,
        form,
        "cases/do.html",
        advance_case,
        lambda: (case.id, _version(), code, _own(form), by, sent),
        **context,
    )


def _drawn(case: Case, transition: Transition, by: Actor) -> tuple[Any, Refused | None]:
    """The form of an act, filled as the programme says when it is first drawn, and what bars the act now."""
    refusal = refusal_of_end(case)
    if refusal is None and case.stage not in transition.from_:
        stage = programme_of(case).stage_label(case.stage)
        refusal = Refused(f"现在是“{stage}”阶段，不能{transition.label}。")
    refusal = refusal or transition.guard(case, {}, by)
    if refusal is None and request.method == "GET":
        try:
            return transition.form(data=transition.initial(case, request.args)), None
        except Refused as refused:
            refusal = refused
    return transition.form(), refusal


def _transition(case: Case, code: str) -> Transition:
    transition = programme_of(case).transition(code)
    if transition is None:
        raise NotFound
    return transition


def _own(form: BaseForm) -> Mapping[str, Any]:
    return {name: value for name, value in form.data.items() if name not in ("csrf_token", "version", "submission_id")}


def _version() -> int:
    text = request.form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        abort(400)
    return int(text)


def _submission() -> str:
    """Which filling of the form this is; what is no name of one is a 400."""
    text = request.form.get("submission_id") or new_submission()
    if len(text) > SUBMISSION_LENGTH or not text.isprintable():
        abort(400)
    return text


@blueprint.route("/cases/<int:case_id>/close", methods=["GET", "POST"])
@requires("cases.edit", "case")
@form_checks_csrf
def close(case_id: int) -> Answer:
    """Close the case with an outcome of its programme."""
    case, by = shown_case(case_id)
    programme = programme_of(case)
    form = CloseForm()
    form.outcome.choices = choices_of([(o.code, o.label) for o in programme.outcomes], "请选择")
    form.version.data = form.version.data or str(case.version)
    form.submission_id.data = form.submission_id.data or new_submission()
    own = programme.closing.form() if programme.closing.form is not None else None
    parts = FormParts(form, *([own] if own is not None else []))

    def values() -> tuple[Any, ...]:
        data = {"note": form.note.data, **(_own(own) if own is not None else {})}
        return case.id, version_of(form), form.outcome.data, data, by, form.submission_id.data

    context = {"left": [task.title for task in open_tasks(case.id)], "refusal": refusal_of_end(case)}
    return save_or_page(case, parts, "cases/close.html", close_case, values, close=form, own=own, **context)


@blueprint.route("/cases/<int:case_id>/edit", methods=["GET", "POST"])
@requires("cases.edit", "case")
@form_checks_csrf
def edit(case_id: int) -> Answer:
    """Correct the case's own fields."""
    case, by = shown_case(case_id)
    form = EditForm(data={"summary": case.summary, "risk": case.risk or "", "version": str(case.version)})
    programme = find_programme(case.programme)
    form.risk.description = programme.risk_hint if programme is not None else ""
    return save_or_page(
        case,
        form,
        "cases/edit.html",
        edit_case,
        lambda: (case.id, version_of(form), CaseEdit(form.summary.data, form.risk.data or None), by),
    )


@blueprint.route("/cases/<int:case_id>/handler", methods=["GET", "POST"])
@requires("cases.assign", "case")
@form_checks_csrf
def handler(case_id: int) -> Answer:
    """Give the case to another handler."""
    case, by = shown_case(case_id)
    form = HandlerForm(data={"version": str(case.version)})
    others = handlers_for(case.org_id, case.programme, by.now)
    form.handler_id.choices = [(other.id, other.name) for other in others if other.id != case.handler_id]
    return save_or_page(
        case,
        form,
        "cases/handler.html",
        assign_handler,
        lambda: (case.id, version_of(form), form.handler_id.data, form.reason.data, by),
        handler=account_names([case.handler_id])[case.handler_id],
        n_tasks=sum(task.account_id == case.handler_id for task in open_tasks(case.id)),
    )


@blueprint.route("/cases/<int:case_id>/restrict", methods=["GET", "POST"])
@requires("cases.restrict", "case")
@form_checks_csrf
def restrict(case_id: int) -> Answer:
    """Make the case restricted, or lift it, which takes more than making it."""
    case, by = shown_case(case_id)
    if case.restricted and not may_do(by, case, ("cases.unrestrict",)):
        raise Forbidden("取消受限要由项目负责人或县级管理员办理，请与她们商量。")
    form = ReasonForm(data={"version": str(case.version)})
    act = lift_restriction if case.restricted else restrict_case
    return save_or_page(
        case, form, "cases/restrict.html", act, lambda: (case.id, version_of(form), form.reason.data, by)
    )


@blueprint.route("/cases/<int:case_id>/note", methods=["GET", "POST"])
@requires("cases.edit", "case")
@form_checks_csrf
def note(case_id: int) -> Answer:
    """Write a line of history (记一笔)."""
    case, by = shown_case(case_id)
    form = NoteForm(data={"at": by.now, "wall": "", "submission_id": new_submission()})
    parties = case_parties(case.id)
    form.wall.choices = choices_of([(party.id, f"只有{party.name}") for party in parties], "双方都知道")
    return save_or_page(case, form, "cases/note.html", add_note, lambda: (
        case.id, form.title.data, form.text.data, form.at.data,
        int(form.wall.data) if form.wall.data else None, by, form.submission_id.data,
    ))  # fmt: skip


@blueprint.route("/cases/<int:case_id>/tasks/new", methods=["GET", "POST"])
@requires("cases.edit", "case")
@form_checks_csrf
def new_task(case_id: int) -> Answer:
    """Add something to be done."""
    case, by = shown_case(case_id)
    form = TaskForm(data={"submission_id": new_submission()})
    return save_or_page(case, form, "cases/task.html", add_task, lambda: (
        case.id, form.title.data, form.due_on.data, _hour(form), form.submission_id.data, by
    ))  # fmt: skip


def _hour(form: TaskForm) -> datetime | None:
    """The hour agreed on that day, if one was given."""
    if form.due_time.data is None:
        return None
    return datetime.combine(form.due_on.data, form.due_time.data, SHANGHAI)


@blueprint.route("/cases/<int:case_id>/tasks/<int:task_id>/done", methods=["GET", "POST"])
@requires("cases.edit", "case")
@form_checks_csrf
def task_done(case_id: int, task_id: int) -> Answer:
    """Tick a task off, with how it went."""
    case, by = shown_case(case_id)
    form = TaskDoneForm(data={"submission_id": new_submission()})
    sent = form.submission_id
    task = find_task(case.id, task_id, sent=str(sent.data or "") if sent.validate(form) else "")
    return save_or_page(
        case,
        form,
        "cases/task_done.html",
        finish_task,
        lambda: (case.id, task.id, form.note.data or "", by, form.submission_id.data),
        task=task,
    )
