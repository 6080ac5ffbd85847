"""`/cases/<id>`: the case page, and its history in the log."""

from __future__ import annotations

import logging

from flask import abort, render_template, request
from markupsafe import Markup

from fulian.accounts.queries import account_names
from fulian.audit.actor import Actor
from fulian.audit.queries import case_history
from fulian.cases.models import Case
from fulian.cases.queries.case import (
    EventView,
    PartyView,
    case_attachments,
    case_events,
    case_parties,
    case_readers,
    may_change,
    open_tasks,
    party_contacts,
)
from fulian.cases.queries.steps import next_step, stage_line, steps_of
from fulian.cases.views.blueprint import blueprint, shown_case
from fulian.db import db, savepoint
from fulian.orgs.queries import find_org
from fulian.programmes.loader import find_programme
from fulian.programmes.queries import is_open, label
from fulian.web.access import requires

log = logging.getLogger(__name__)

HISTORY_SHOWN = 200


@blueprint.get("/cases/<int:case_id>")
@requires("cases.view", "case")
def show(case_id: int) -> str:
    """Draw the case: who, what happened, what is due, its documents."""
    case, by = shown_case(case_id)
    programme = find_programme(case.programme)
    parties = case_parties(case.id)
    open_here = is_open(case.county_id, case.programme, by.now)
    may_edit = may_change(by, case) and programme is not None
    events = case_events(case.id)
    steps = steps_of(programme, case, by) if may_edit and open_here and programme else ()
    tasks = open_tasks(case.id)
    return render_template(
        "cases/case.html",
        case=case,
        programme=programme,
        programme_name=label(case.programme, "programme", case.programme),
        stage_name=label(case.programme, "stage", case.stage),
        outcome_name=label(case.programme, "outcome", case.outcome),
        org=find_org(case.org_id),
        handler=account_names([case.handler_id])[case.handler_id],
        parties=parties,
        roles={role.code: role for role in programme.intake.roles} if programme else {},
        contacts=party_contacts(parties),
        events=_told_by(events, request.args.get("told"), parties),
        told=request.args.get("told", ""),
        all_events=events,
        tasks=tasks,
        stages=stage_line(programme, case, events) if programme else [],
        steps=steps,
        next=next_step(case, tasks, steps),
        files=case_attachments(case.id),
        readers=case_readers(case, by.now) if case.restricted else [],
        panel=_panel(case, by),
        open_here=open_here,
        may_edit=may_edit,
        may_assign=may_change(by, case, "cases.assign"),
        may_restrict=may_change(by, case, "cases.restrict"),
        just_opened="opened" in request.args,
    )


@blueprint.get("/cases/<int:case_id>/history")
@requires("cases.view", "case")
def history(case_id: int) -> str:
    """Every change of the case as the log has it, with before and after."""
    case, _by = shown_case(case_id)
    return render_template("cases/history.html", case=case, entries=case_history(case.id, HISTORY_SHOWN))


def _told_by(events: list[EventView], told: str | None, parties: tuple[PartyView, ...]) -> list[EventView]:
    """The lines that only one side told, for the filter above the timeline."""
    if not told:
        return events
    if told not in {str(party.id) for party in parties}:
        abort(400)
    return [event for event in events if str(event.party_id) == told]


def _panel(case: Case, by: Actor) -> Markup | None:
    """The programme's own part of the page; where it raises, that part says so and the rest stands."""
    programme = find_programme(case.programme)
    if programme is None or programme.case_panel is None:
        return None
    try:
        with savepoint(db.session()):
            template, context = programme.case_panel(case, by)
            return Markup(render_template(template, case=case, **context))  # noqa: S704 - an autoescaped template
    except Exception:
        log.exception("panel of %s failed on case %s", case.programme, case.id)
        return Markup("<p class='mut'>这一部分暂时看不了，其他内容不受影响。</p>")
