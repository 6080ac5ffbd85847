"""`/cases/<id>`: the case page, and its history in the log."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import abort, render_template, request
from markupsafe import Markup

from fulian.accounts.queries import account_names
from fulian.accounts.roles import ROLES
from fulian.audit.actor import Actor
from fulian.audit.queries import case_history, last_read
from fulian.calendar import local_date
from fulian.cases.models import Case, Task
from fulian.cases.queries.case import (
    EventView,
    PartyView,
    case_attachments,
    case_events,
    case_parties,
    case_readers,
    known_to,
    last_change,
    may_do,
    open_tasks,
    party_contacts,
)
from fulian.cases.queries.sharing import referrals_of
from fulian.cases.queries.steps import Step, next_step, stage_line, steps_of
from fulian.cases.views.blueprint import blueprint, shown_case
from fulian.cases.views.history import history_lines
from fulian.db import db, savepoint
from fulian.errors import Refused
from fulian.orgs.queries import find_org
from fulian.people.facts import sex_and_age
from fulian.programmes.loader import find_programme
from fulian.programmes.programme import Document, Programme
from fulian.programmes.queries import is_open, label
from fulian.web.access import requires

log = logging.getLogger(__name__)

# What the menu of the page offers to whoever may do it.
MENU = (
    "cases.edit",
    "cases.assign",
    "cases.restrict",
    "cases.unrestrict",
    "cases.share",
    "cases.reopen",
    "cases.void",
    "attachments.add",
)


@dataclass(frozen=True)
class Side:
    """A party as the page shows her: `mark` is the badge of her role (甲, 乙), `against` the marks of the others."""

    party: PartyView
    role: str
    mark: str
    relation: str
    about: str
    against: str


@dataclass(frozen=True)
class Paper:
    """A document of the programme: whether the file must hold it, and why it cannot be printed yet, if it cannot."""

    code: str
    label: str
    required: bool
    refusal: str


@blueprint.get("/cases/<int:case_id>")
@requires("cases.view", "case")
def show(case_id: int) -> str:
    """Draw the case: who, what happened, what is due, its documents."""
    case, by = shown_case(case_id)
    programme = find_programme(case.programme)
    parties = case_parties(case.id)
    events = case_events(case.id)
    return render_template(
        "cases/case.html",
        case=case,
        programme=programme,
        programme_name=label(case.programme, "programme", case.programme),
        outcome_name=label(case.programme, "outcome", case.outcome),
        stage_name=label(case.programme, "stage", case.stage),
        org=find_org(case.org_id),
        handler=account_names([case.handler_id])[case.handler_id],
        sides=_sides(programme, case, parties, by.now),
        contacts=party_contacts(parties),
        known=known_to(by, parties),
        shown=known_to(by, parties, "people.reveal"),
        events=_told_by(events, request.args.get("told"), parties),
        told=request.args.get("told", ""),
        all_events=events,
        stages=stage_line(programme, case, events) if programme else [],
        files=case_attachments(case.id),
        readers=case_readers(case, by.now) if case.restricted else [],
        role_names=ROLES,
        panel=_panel(case, by),
        just_opened="opened" in request.args,
        **_what_to_do(programme, case, by),
    )


def _to_print(step: Step | None, papers: list[Paper], case: Case, by: Actor) -> Paper | None:
    """The document to be printed before the next step, where nobody has printed it since the case was last changed."""
    paper = next((paper for paper in papers if step is not None and paper.code == step.prints), None)
    if paper is None or paper.refusal or not by.may("documents.print"):
        return None
    printed, changed = last_read(case.id, "document."), last_change(case.id)
    return paper if printed is None or (changed is not None and printed < changed.recorded_at) else None


def _what_to_do(programme: Programme | None, case: Case, by: Actor) -> Mapping[str, Any]:
    """Tasks and steps, and what of it the viewer may do herself."""
    open_here = is_open(case.county_id, case.programme, by.now)
    may = may_do(by, case, MENU)
    is_void = case.status == "void"
    may_edit = "cases.edit" in may and programme is not None and not is_void
    steps = steps_of(programme, case, by) if may_edit and open_here and programme else ()
    tasks, papers = open_tasks(case.id), _papers(programme, case, by)
    following = next_step(case, tasks, steps)
    return {
        "open_here": open_here,
        "may_edit": may_edit,
        "may_assign": "cases.assign" in may,
        "may_restrict": ("cases.unrestrict" if case.restricted else "cases.restrict") in may,
        "referrals": referrals_of(case.id),
        "may_share": "cases.share" in may and not is_void,
        "may_end_share": "cases.share" in may,
        "may_reopen": "cases.reopen" in may and case.status == "closed" and open_here,
        "may_void": "cases.void" in may,
        "may_attach": "attachments.add" in may and not is_void,
        "may_print": by.may("documents.print"),
        "may_download": by.may("attachments.view"),
        "steps": steps,
        "next": following,
        "papers": papers,
        "print_first": _to_print(following, papers, case, by),
        "tasks": [(task, _how_done(task, steps)) for task in tasks],
    }


def _how_done(task: Task, steps: tuple[Step, ...]) -> str:
    """The address below the case under which a task is done; "" where nothing does it but its legal end."""
    step = next((step for step in steps if step.code == task.kind), None)
    if step is not None:
        return "" if step.refusal else step.address
    return "" if task.legal else f"tasks/{task.id}/done"


def _sides(programme: Programme | None, case: Case, parties: tuple[PartyView, ...], now: datetime) -> dict[int, Side]:
    roles = {role.code: role for role in programme.intake.roles} if programme else {}
    marks = {party.id: roles[party.role].mark if party.role in roles else "" for party in parties}
    return {
        party.id: Side(
            party,
            roles[party.role].label if party.role in roles else label(case.programme, "role", party.role),
            marks[party.id],
            dict(roles[party.role].relations).get(party.relation, "") if party.role in roles else "",
            sex_and_age(party.sex, party.birth_date, local_date(now)),
            "、".join(dict.fromkeys(mark for other, mark in marks.items() if mark and other != party.id)),
        )
        for party in parties
    }


def _papers(programme: Programme | None, case: Case, by: Actor) -> list[Paper]:
    """The documents of the programme, each asked in a savepoint whether it can be printed now."""
    return [_paper(document, case, by) for document in programme.documents] if programme else []


def _paper(document: Document, case: Case, by: Actor) -> Paper:
    required, refusal = False, ""
    try:
        with savepoint(db.session()):
            required = document.required(case)
            document.context(case, by)
    except Refused as refused:
        refusal = refused.message
    except Exception:
        log.exception("document %s of %s failed on case %s", document.code, case.programme, case.id)
        refusal = "这份文书暂时做不出来。"
    return Paper(document.code, document.label, required, refusal)


@blueprint.get("/cases/<int:case_id>/history")
@requires("cases.view", "case")
def history(case_id: int) -> str:
    """Every change of the case as the log has it, with before and after."""
    case, _by = shown_case(case_id)
    lines = history_lines(find_programme(case.programme), case_history(case.id))
    return render_template("cases/history.html", case=case, lines=lines)


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
        return Markup("<section class='box'><div class='bd mut'>这一部分暂时看不了，其他内容不受影响。</div></section>")
