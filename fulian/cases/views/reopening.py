"""Going back on an end: 重新办理 of a closed case, 作废 of one that was entered by mistake, and taking that back."""

from __future__ import annotations

from fulian.cases.forms import ReasonForm, ReopenForm
from fulian.cases.queries.case import dropped_tasks, open_tasks
from fulian.cases.service import reopen_case, restore_case, void_case
from fulian.cases.service.held import programme_of
from fulian.cases.service.reopening import stages_to_return_to
from fulian.cases.views.acts import save_or_page
from fulian.cases.views.blueprint import Answer, blueprint, shown_case, version_of
from fulian.programmes.queries import label
from fulian.web.access import form_checks_csrf, requires


@blueprint.route("/cases/<int:case_id>/reopen", methods=["GET", "POST"])
@requires("cases.reopen", "case")
@form_checks_csrf
def reopen(case_id: int) -> Answer:
    """Go on with a closed case."""
    case, by = shown_case(case_id)
    stages = stages_to_return_to(programme_of(case), case)
    form = ReopenForm(data={"version": str(case.version), "stage": case.stage})
    form.stage.choices = [(stage.code, stage.label) for stage in reversed(stages)]
    return save_or_page(
        case,
        form,
        "cases/reopen.html",
        reopen_case,
        lambda: (case.id, version_of(form), form.stage.data, form.reason.data, by),
        outcome=label(case.programme, "outcome", case.outcome),
        tasks=dropped_tasks(case.id, case.closed_at) if case.closed_at is not None else [],
    )


@blueprint.route("/cases/<int:case_id>/void", methods=["GET", "POST"])
@requires("cases.void", "case")
@form_checks_csrf
def make_void(case_id: int) -> Answer:
    """Make the case void, or take that back."""
    case, by = shown_case(case_id)
    form = ReasonForm(data={"version": str(case.version)})
    act = restore_case if case.status == "void" else void_case
    return save_or_page(
        case,
        form,
        "cases/void.html",
        act,
        lambda: (case.id, version_of(form), form.reason.data, by),
        tasks=open_tasks(case.id),
    )
