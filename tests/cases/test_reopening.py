"""Reopening a closed case, voiding one and taking that back; the statistics are counted again in plain SQL."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from fulian.cases.counting import differing_cells
from fulian.cases.models import CaseScope, Task
from fulian.cases.queries.lists import CaseFilter, case_rows
from fulian.cases.service import (
    add_note,
    assign_handler,
    close_programme,
    edit_case,
    reopen_case,
    restore_case,
    void_case,
)
from fulian.cases.service.editing import CaseEdit
from fulian.db import transact
from fulian.errors import Forbidden, NotFound, Refused, Stale
from fulian.testing.acts import advance, close, find_row, last_event, move, open_tasks
from fulian.testing.world import (
    ACCOUNTS,
    DONGCHANGFU,
    GULOU,
    LIUYUAN_VILLAGE,
    NOW,
    VIOLENT,
    actor,
    open_mediation,
)

from .recount import recounted, stored

LATER = NOW + timedelta(days=10)  # 4 December in Shanghai: another month
TALK = {"at": NOW, "place": "妇女之家", "mediators": "李秀英", "content": "谈了。", "told": True, "result": "again"}


def reopen(case_id: int, stage: str, username: str = "lead", reason: str = "没有按协议给付") -> None:
    transact(reopen_case, case_id, find_row(case_id).version, stage, reason, actor(username, LATER))


def void(case_id: int, username: str = "lead", reason: str = "登记了两次") -> None:
    transact(void_case, case_id, find_row(case_id).version, reason, actor(username, LATER))


def restore(case_id: int, username: str = "lead") -> None:
    transact(restore_case, case_id, find_row(case_id).version, "没有登记错", actor(username, LATER))


def closed_case() -> int:
    case_id = open_mediation().id
    close(case_id, "90")
    return case_id


def assert_exact() -> None:
    """`case_stat` is what the history says, counted in two ways, each against the other."""
    assert stored() == recounted()
    assert differing_cells() == {}


def county_numbers() -> dict[tuple[str, str], int]:
    return {(key[2], key[1]): n for key, n in stored().items() if key[0] == DONGCHANGFU}


def test_a_closed_case_is_gone_on_with(session: Session) -> None:
    case_id = open_mediation().id
    due = {(task.kind, task.due_on) for task in open_tasks(case_id)}
    stage = find_row(case_id).stage
    close(case_id, "90")
    reopen(case_id, stage)
    case = find_row(case_id)
    assert (case.status, case.stage, case.outcome, case.closed_at) == ("open", stage, None, None)
    assert {(task.kind, task.due_on) for task in open_tasks(case_id)} == due
    assert case.due_at is not None
    assert set(session.execute(select(CaseScope.status).where(CaseScope.case_id == case_id)).scalars()) == {"open"}
    assert set(session.execute(select(CaseScope.due_at).where(CaseScope.case_id == case_id)).scalars()) == {case.due_at}
    assert last_event(case_id).unseal("text") == "没有按协议给付"
    assert_exact()
    numbers = county_numbers()
    assert numbers == {
        ("opened", "2026-11"): 1,
        ("closed", "2026-11"): 1,
        ("reopened", "2026-12"): 1,
        ("open-now", ""): 1,
    }
    close(case_id, "50", now=LATER)
    assert_exact()
    assert county_numbers() == {
        ("opened", "2026-11"): 1,
        ("closed", "2026-11"): 1,
        ("reopened", "2026-12"): 1,
        ("closed", "2026-12"): 1,
    }


def test_what_was_dropped_before_stays_dropped_and_the_handler_of_now_gets_the_rest(session: Session) -> None:
    case_id = open_mediation().id
    stage = find_row(case_id).stage
    close(case_id, "90")
    reopen(case_id, stage)
    n = len(open_tasks(case_id))
    transact(assign_handler, case_id, find_row(case_id).version, ACCOUNTS["colleague"][0], "休假", actor("lead"))
    close(case_id, "90", "colleague", LATER)
    reopen(case_id, stage)
    assert {task.account_id for task in open_tasks(case_id)} == {ACCOUNTS["colleague"][0]}
    assert len(open_tasks(case_id)) == n
    assert_exact()


def test_it_goes_back_to_an_earlier_stage_but_to_no_later_one(session: Session) -> None:
    case_id = open_mediation().id
    first = find_row(case_id).stage
    advance(case_id, "record_session", **TALK)
    later = find_row(case_id).stage
    assert first != later
    close(case_id, "90")
    with pytest.raises(Refused) as refused:
        reopen(case_id, "follow_up")
    assert refused.value.field == "stage"
    reopen(case_id, first)
    assert find_row(case_id).stage == first
    assert_exact()


@pytest.mark.parametrize("username", ["mediator", "colleague", "township", "city"])
def test_who_handles_or_only_reads_reopens_and_voids_nothing(session: Session, username: str) -> None:
    case_id = closed_case()
    for act in (lambda: reopen(case_id, find_row(case_id).stage, username), lambda: void(case_id, username)):
        with pytest.raises(Forbidden):
            act()
    assert find_row(case_id).status == "closed"


@pytest.mark.parametrize("username", ["other_admin", "sibling", "foreign_lead", "system"])
def test_out_of_scope_it_is_not_there(session: Session, username: str) -> None:
    case_id = closed_case()
    for act in (lambda: reopen(case_id, find_row(case_id).stage, username), lambda: void(case_id, username)):
        with pytest.raises(NotFound):
            act()


def test_reopening_asks_why_and_only_of_a_closed_case(session: Session) -> None:
    case_id = open_mediation().id
    stage = find_row(case_id).stage
    with pytest.raises(Refused, match="没有办结"):
        reopen(case_id, stage)
    close(case_id, "90")
    with pytest.raises(Refused) as refused:
        reopen(case_id, stage, reason="  ")
    assert refused.value.field == "reason"
    with pytest.raises(Stale) as stale:
        transact(reopen_case, case_id, 1, stage, "旧页面", actor("lead"))
    assert stale.value.saved == {"结果": "其他"}


def test_nothing_is_reopened_where_the_programme_is_off(session: Session) -> None:
    case_id = closed_case()
    transact(close_programme, "mediation", DONGCHANGFU, "年底收尾", actor("lead"))
    with pytest.raises(Refused, match="启用"):
        reopen(case_id, find_row(case_id).stage)


@pytest.mark.parametrize("ended", [False, True])
def test_a_void_case_counts_nowhere_and_comes_back_as_it_was(session: Session, ended: bool) -> None:
    case_id = open_mediation().id
    number, tasks = find_row(case_id).number, {task.id for task in open_tasks(case_id)}
    if ended:
        close(case_id, "90")
    before = stored()
    void(case_id)
    assert stored() == {}
    assert_exact()
    case = find_row(case_id)
    assert (case.status, case.number, case.due_at, open_tasks(case_id)) == ("void", number, None, [])
    assert [row.id for row in case_rows(actor("colleague"), CaseFilter(status="void"), None, 50).rows] == [case_id]
    assert case_rows(actor("colleague"), CaseFilter(status="open"), None, 50).rows == []
    restore(case_id)
    assert stored() == before
    assert_exact()
    assert find_row(case_id).status == ("closed" if ended else "open")
    assert {task.id for task in open_tasks(case_id)} == (set() if ended else tasks)
    if ended:
        reopen(case_id, find_row(case_id).stage)
        assert {task.id for task in open_tasks(case_id)} == tasks
        assert_exact()


def test_a_void_case_is_only_read(session: Session) -> None:
    case_id = open_mediation().id
    void(case_id)
    version = find_row(case_id).version
    for act in (
        lambda: transact(add_note, case_id, "", "不该写", NOW, None, actor("mediator")),
        lambda: transact(edit_case, case_id, version, CaseEdit("不该改", "r"), actor("mediator")),
        lambda: transact(assign_handler, case_id, version, ACCOUNTS["colleague"][0], "不该换", actor("lead")),
        lambda: close(case_id, "90"),
        lambda: reopen(case_id, find_row(case_id).stage),
        lambda: void(case_id),
    ):
        with pytest.raises(Refused, match=r"作废|没有办结"):
            act()
    restore(case_id)
    with pytest.raises(Refused, match="没有作废"):
        restore(case_id)
    with pytest.raises(Refused) as refused:
        void(case_id, reason="")
    assert refused.value.field == "reason"
    with pytest.raises(Stale):
        transact(void_case, case_id, 1, "旧页面", actor("lead"))
    assert_exact()


def test_a_restricted_case_goes_the_same_ways(session: Session) -> None:
    case_id = open_mediation(data=VIOLENT).id
    stage = find_row(case_id).stage
    advance(case_id, "report_police", at=NOW, station="古楼派出所", receipt="")
    close(case_id, "40")
    reopen(case_id, stage, "admin")
    assert [row.id for row in case_rows(actor("lead"), CaseFilter(status="open"), None, 50).rows] == [case_id]
    void(case_id, "admin")
    assert case_rows(actor("lead"), CaseFilter(status="open"), None, 50).rows == []
    assert_exact()
    restore(case_id, "lead")
    assert_exact()


def test_all_of_it_moves_with_the_organisation(session: Session) -> None:
    reopened, gone = open_mediation("village").id, open_mediation("village").id
    stage = find_row(reopened).stage
    close(reopened, "90", "village")
    reopen(reopened, stage)
    void(gone)
    move(LIUYUAN_VILLAGE, GULOU, "admin")
    assert_exact()
    assert {key[0] for key in stored()} == {GULOU, DONGCHANGFU}
    restore(gone)
    assert_exact()
    assert session.execute(select(Task.id).where(Task.case_id == gone, Task.done_at.is_(None))).first() is not None
