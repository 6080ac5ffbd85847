"""What a test does to a case of the small world, and what it then looks at. Each act commits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from fulian.audit.queries import case_history
from fulian.cases.models import Case, Event, Task
from fulian.cases.persons import seen_cases
from fulian.cases.service import add_note, advance_case, close_case, edit_case, move_organisation
from fulian.cases.service.editing import CaseEdit
from fulian.db import db, transact
from fulian.documents.render import render_docx, render_pdf, template_file
from fulian.errors import Refused
from fulian.people.data import SEALED_FIELDS
from fulian.people.models import Person
from fulian.testing.world import NOW, actor


def find_row(case_id: int) -> Case:
    """The case as it stands."""
    return db.session.get_one(Case, case_id, populate_existing=True)


def advance(case_id: int, code: str, username: str = "mediator", now: Any = NOW, **data: Any) -> None:
    """Do a transition of the case's programme with the values of its form. Raises what the rule raises."""
    transact(advance_case, case_id, find_row(case_id).version, code, data, actor(username, now))


def close(case_id: int, outcome: str, username: str = "mediator", now: Any = NOW, **data: Any) -> None:
    """Close the case. Raises what the rule raises."""
    values = {"note": "已办结。", **data}
    transact(close_case, case_id, find_row(case_id).version, outcome, values, actor(username, now))


def refusal_of(act: Any, *args: Any, **data: Any) -> Refused:
    """The refusal that this act meets. Fails where it is not refused."""
    try:
        act(*args, **data)
    except Refused as refused:
        return refused
    raise AssertionError("not refused")


def open_tasks(case_id: int) -> list[Task]:
    """What is still due, the earliest first."""
    query = select(Task).where(Task.case_id == case_id, Task.done_at.is_(None)).order_by(Task.due_at, Task.id)
    return list(db.session.execute(query).scalars())


def due_tasks(case_id: int) -> dict[str, Task]:
    """Open tasks by their kind; of several of one kind the earliest."""
    return {task.kind: task for task in reversed(open_tasks(case_id))}


def move(org_id: int, parent_id: int, username: str = "city") -> None:
    """Hang an organisation under another one."""
    transact(move_organisation, org_id, parent_id, 1, "区划调整", actor(username))


def last_event(case_id: int) -> Event:
    """The newest line of history."""
    query = select(Event).where(Event.case_id == case_id).order_by(Event.id.desc()).limit(1)
    return db.session.execute(query).scalar_one()


def last_changes(case_id: int) -> dict[str, tuple[Any, Any]]:
    """What the newest entry of the case's log changed: field → (before, after)."""
    newest = case_history(case_id)[0]
    return {change.field: (change.before, change.after) for change in newest.differences}


def raise_risk(case_id: int, risk: str = "r", username: str = "mediator") -> None:
    """Give the case this colour by hand."""
    case = find_row(case_id)
    transact(edit_case, case_id, case.version, CaseEdit(case.summary, risk), actor(username))


def may_read(case_id: int, username: str) -> bool:
    """Whether this account sees the case."""
    return bool(seen_cases(actor(username), {case_id}))


def tell(case_id: int, text: str, party_id: int | None = None, username: str = "mediator") -> None:
    """Write a line of history; with `party_id` only that side told it."""
    transact(add_note, case_id, "", text, NOW, party_id, actor(username))


def set_facts(person_id: int, **facts: str) -> None:
    """Write facts of a person without a rule between, sealed where they are kept sealed."""
    transact(_set_facts, person_id, facts)


def _set_facts(person_id: int, facts: Mapping[str, str]) -> None:
    person = db.session.get_one(Person, person_id)
    for name, text in facts.items():
        if name in SEALED_FIELDS:
            person.seal(name, text)
        else:
            setattr(person, name, text)


def make_paper(package: str, template: str, kind: str, context: Mapping[str, Any]) -> bytes:
    """A document of a plugin, as the case page gives it; `kind` is docx or pdf."""
    if kind == "docx":
        return render_docx(template_file(package, f"{template}.docx"), context)
    return render_pdf(template_file(package, f"{template}.typ"), context)
