"""Visits after the agreement."""

from __future__ import annotations

from datetime import date, timedelta

from fulian_mediation.queries import follow_ups_of

from fulian.testing.acts import advance, due_tasks, last_event, open_tasks, refusal_of
from fulian.testing.world import NOW

from .conftest import TODAY, VISIT


def visit(case_id: int, days: int, **changed: object) -> None:
    on = TODAY + timedelta(days=days)
    data = {**VISIT, "visited_on": on, **changed}
    advance(case_id, "record_follow_up", now=NOW + timedelta(days=days), **data)


def test_visits_come_one_after_the_other(signed: int) -> None:
    """人民调解法第三十一条: 对调解协议的履行情况进行监督; 15, 30 and 90 days are this house's plan."""
    planned = []
    for days in (15, 30, 90):
        task = due_tasks(signed)["record_follow_up"]
        planned.append(task.due_on)
        assert task.title == f"回访：协议生效 {days} 天"
        visit(signed, days)
    assert planned == [date(2026, 12, 9), date(2026, 12, 24), date(2027, 2, 22)]
    due = due_tasks(signed)
    assert "record_follow_up" not in due
    assert due["close"].title == "履行完毕的，办结"
    assert len(follow_ups_of(signed)) == 3


def test_a_late_visit_does_not_call_back_the_plan(signed: int) -> None:
    visit(signed, 40)
    assert due_tasks(signed)["record_follow_up"].due_on == date(2027, 2, 22)


def test_a_visit_by_appointment_comes_on_top(signed: int) -> None:
    advance(signed, "plan_follow_up", visit_on=date(2026, 12, 1), note="乙方要求上门。")
    assert due_tasks(signed)["record_follow_up"].due_on == date(2026, 12, 1)
    assert last_event(signed).unseal("text") == "约定 2026-12-01 回访。乙方要求上门。"
    visit(signed, 7)
    assert due_tasks(signed)["record_follow_up"].due_on == date(2026, 12, 9)


def test_what_a_visit_showed(signed: int) -> None:
    visit(signed, 15, performance="partly", satisfaction="fair", recurred="yes", escalated="yes", note="拖了一个月。")
    (found,) = follow_ups_of(signed)
    assert (found.visited, found.performance, found.satisfaction) == ("both", "partly", "fair")
    assert (found.recurred, found.escalated) == (True, True)
    text = "上门回访双方：部分履行，一般。矛盾有反复。有激化苗头。拖了一个月。"
    assert last_event(signed).unseal("text") == text


def test_a_visit_is_neither_to_come_nor_before_the_agreement(signed: int) -> None:
    for days in (1, -1):
        on = TODAY + timedelta(days=days)
        assert refusal_of(advance, signed, "record_follow_up", **{**VISIT, "visited_on": on}).field == "visited_on"
    yesterday = TODAY - timedelta(days=1)
    assert refusal_of(advance, signed, "plan_follow_up", visit_on=yesterday, note="").field == "visit_on"


def test_a_visit_a_day_early_is_the_one_of_the_plan(signed: int) -> None:
    visit(signed, 14)
    assert [task.due_on for task in open_tasks(signed)] == [date(2026, 12, 24)]


def test_a_visit_long_before_its_day_is_one_more(signed: int) -> None:
    visit(signed, 2)
    assert [task.due_on for task in open_tasks(signed)] == [date(2026, 12, 9)]


def test_a_visit_does_the_one_it_is_for(signed: int) -> None:
    """Two by appointment and the one of the plan: only the nearest of those due is done."""
    for day in (1, 2):
        advance(signed, "plan_follow_up", visit_on=date(2026, 12, day), note="")
    visit(signed, 8)
    assert [task.due_on for task in open_tasks(signed)] == [date(2026, 12, 1), date(2026, 12, 9)]


def test_the_ending_waits_for_an_appointment(signed: int) -> None:
    advance(signed, "plan_follow_up", visit_on=date(2027, 3, 20), note="")
    for days in (15, 30, 90):
        visit(signed, days)
    assert set(due_tasks(signed)) == {"record_follow_up"}
    visit(signed, 116)
    assert set(due_tasks(signed)) == {"close"}


def test_signs_of_escalation_are_reported(signed: int) -> None:
    """人民调解法第二十五条: 对有可能引起治安案件、刑事案件的纠纷，应当及时向当地公安机关报告."""
    visit(signed, 1, escalated="yes")
    visit(signed, 2, escalated="yes")
    found = [task for task in open_tasks(signed) if task.kind == "report_police"]
    assert [(task.due_on, task.legal, task.article) for task in found] == [
        (date(2026, 11, 25), True, "人民调解法第二十五条")
    ]
    assert "更正为红" in found[0].title
