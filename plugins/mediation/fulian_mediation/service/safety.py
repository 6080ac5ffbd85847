"""Reporting to the police."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, db, local_date
from fulian_mediation.models import MediationPoliceReport
from fulian_mediation.queries import agreement_in_effect
from fulian_mediation.service.bars import is_severe
from fulian_mediation.service.willingness import CONCLUDE


def guard_report(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """Only a time to come is refused: whatever may become an offence is reported at once (人民调解法第二十五条)."""
    if data and data["at"] > by.now:
        return Refused("这个时间还没到。报告以后再登记。", "at")
    return None


def report_police(case: CaseLike, data: Data, by: Actor) -> None:
    """Write down when, to which station, and the receipt's number where one was given."""
    db.session.add(
        MediationPoliceReport(
            case_id=case.id,
            county_id=case.county_id,
            reported_at=data["at"],
            station=data["station"],
            receipt=data.get("receipt") or "",
            account_id=by.account_id,
            recorded_at=by.now,
        )
    )


def report_line(data: Data) -> str:
    """接报单位：柳园派出所。回执号：371502…。 and what was noted."""
    receipt = f"回执号：{data['receipt']}。" if data.get("receipt") else "没有回执号。"
    return f"接报单位：{data['station']}。{receipt}{data.get('note') or ''}"


def tasks_after_report(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """A case that must not be mediated is then closed as handed to the police; one that is settled is watched on."""
    if not is_severe(case) or agreement_in_effect(case.id) is not None:
        return ()
    return (PlannedTask(CONCLUDE, "按“终止，转公安”办结", local_date(by.now) + timedelta(days=1)),)
