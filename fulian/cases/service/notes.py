"""Lines of history written by hand (记一笔)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.cases.models import Party
from fulian.cases.service.held import add_event, hold_case
from fulian.db import db
from fulian.errors import NotFound, Refused

TITLE_LENGTH = 60
TEXT_LENGTH = 5000


def add_note(
    case_id: int, title: str, text: str, at: datetime, party_id: int | None, by: Actor, submission_id: str = ""
) -> int:
    """Write a line of history; with `party_id` it was told by that side only and is walled off from the other.

    Raises Refused for an empty text or a time in the future; NotFound for a case or a party that is not there; Repeated
    where this filling of the form was saved before.
    """
    held = hold_case(case_id, by, "cases.edit", submission_id=submission_id)
    if not text.strip():
        raise Refused("请写下经过，一两句话就可以。", "text")
    if len(text) > TEXT_LENGTH:
        raise Refused(f"最多 {TEXT_LENGTH} 个字，请分几次记。", "text")
    if at > by.now:
        raise Refused("这个时间还没到。发生后再登记；若是预约，请用“加一项待办”。", "at")
    if party_id is not None:
        mine = select(Party.id).where(Party.id == party_id, Party.case_id == case_id)
        if db.session.execute(mine).first() is None:
            raise NotFound
    line = ("note", (title.strip() or "记一笔")[:TITLE_LENGTH], text.strip(), by)
    event_id = add_event(held.case, *line, at=at, party_id=party_id, submission_id=submission_id)
    record(
        by,
        "event.added",
        "event",
        event_id,
        county_id=held.case.county_id,
        case_id=case_id,
        after={"title": title.strip() or "记一笔", "text": text.strip()},
    )
    return event_id
