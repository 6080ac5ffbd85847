"""What the cases room answers to the hooks: a person's own cases on her page."""

from __future__ import annotations

from sqlalchemy import select

from fulian.audit.actor import Viewer
from fulian.calendar import local_date
from fulian.cases.models import Case, Party
from fulian.cases.persons import repoint_parties, seen_cases
from fulian.cases.scope import sees
from fulian.db import db
from fulian.hooks import PersonLike, hookimpl
from fulian.people.record import see_cases_with
from fulian.people.service import repoint_with
from fulian.programmes.programme import RecordSection
from fulian.programmes.queries import label

SHOWN = 50  # the newest; more than that is nobody's file, and the list of cases finds them by her name


@hookimpl
def fulian_person_record(person: PersonLike, viewer: Viewer, purpose: str) -> list[RecordSection]:
    """The cases in which the person is a party, as far as the viewer sees them, newest first."""
    rows = db.session.execute(
        select(
            Case.id, Case.number, Case.subject, Case.programme, Case.status, Case.stage, Case.outcome, Case.opened_at
        )
        .join(Party, Party.case_id == Case.id)
        .where(Party.person_id == person.id, sees(viewer))
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(SHOWN)
    ).all()
    lines = []
    for row in rows:
        state = "作废" if row.status == "void" else label(row.programme, "outcome", row.outcome)
        state = state or label(row.programme, "stage", row.stage)
        lines.append((local_date(row.opened_at), f"{row.number}　{row.subject}（{state}）", row.id))
    return [RecordSection("案件", tuple(lines))]


repoint_with("cases", repoint_parties)
see_cases_with(seen_cases)
