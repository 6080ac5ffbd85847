"""Sessions (调解): held once or several times, each recorded with its result."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, db, local_date, setting
from fulian_mediation.codes import AGAIN, CODE, REACHED, SESSION_RESULTS, label_of
from fulian_mediation.models import MediationSession
from fulian_mediation.notice import NOTICE_VERSION
from fulian_mediation.numerals import chinese_number
from fulian_mediation.queries import find_detail, session_count
from fulian_mediation.service.bars import bar_to_mediate
from fulian_mediation.service.willingness import CONCLUDE

TITLE_LENGTH = 60  # a task's title
NEXT_DAYS = 1  # [D] an agreement is written, an ending recorded, on the next day


def guard_session(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """No session where mediation is barred; guests only with the consent of both (人民调解法第二十条)."""
    barred = bar_to_mediate(case)
    if barred is not None or not data:
        return barred
    if data["at"] > by.now:
        return Refused("这个时间还没到。调解后再登记；若是预约，请用“加一项待办”。", "at")
    if not data.get("told"):
        return Refused("请先向双方告知权利义务，再登记。已告知的请勾选。", "told")
    if data.get("guests") and not data.get("guests_agreed"):
        return Refused("请其他人参加，要双方都同意（人民调解法第二十条）。都同意的请勾选。", "guests_agreed")
    if data["result"] == AGAIN and data.get("next_at") and data["next_at"] <= by.now:
        return Refused("下次调解的时间要在以后，请重新选。", "next_at")
    return None


def record_session(case: CaseLike, data: Data, by: Actor) -> None:
    """Add the next session of the case; who mediated is the account herself where nobody is named.

    Rights and duties are told at the beginning of each session; where nobody told them before, this was the first time.
    """
    session = MediationSession(
        case_id=case.id,
        county_id=case.county_id,
        number=session_count(case.id) + 1,
        held_at=data["at"],
        place=data["place"],
        mediators=data.get("mediators") or by.name,
        guests=data.get("guests") or "",
        public=bool(data.get("public")),
        result=data["result"],
        account_id=by.account_id,
        recorded_at=by.now,
    )
    session.seal("content", data["content"])
    db.session.add(session)
    detail = find_detail(case.id)
    if detail.notice_given_at is None:
        detail.notice_version, detail.notice_given_at = NOTICE_VERSION, data["at"]


def session_title(case: CaseLike) -> str:
    """登记第二次调解: the button for the next session."""
    return f"登记第{chinese_number(session_count(case.id) + 1)}次调解"


def session_line(data: Data) -> str:
    """What was said, and how it ended."""
    return f"{data['content']}\n{data['place']}，{label_of(SESSION_RESULTS, data['result'])}。"


def tasks_after_session(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """The next session, the agreement to be written, or the ending."""
    today = local_date(by.now)
    if data["result"] == AGAIN:
        return (_next_session(case, data, by),)
    if data["result"] == REACHED:
        return (PlannedTask("write_agreement", "写协议书", today + timedelta(days=NEXT_DAYS)),)
    return (PlannedTask(CONCLUDE, "按“调解不成”办结，告知其他途径", today + timedelta(days=NEXT_DAYS)),)


def _next_session(case: CaseLike, data: Data, by: Actor) -> PlannedTask:
    number = f"第{chinese_number(session_count(case.id) + 1)}次调解"
    at = data.get("next_at")
    if at is None:
        due = local_date(by.now) + timedelta(days=setting(CODE, "session_days", case.county_id))
        return PlannedTask("record_session", f"约定{number}", due)
    return PlannedTask("record_session", f"{number}，{data['place']}"[:TITLE_LENGTH], local_date(at), due_at=at)
