"""Changing cases: versions, tasks, notes, restriction, closing, handing over, moving; the statistics stay exact."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fulian.audit.models import AuditEntry
from fulian.cases.counting import differing_cells
from fulian.cases.models import Case, CaseScope, CaseStat, Event, Task
from fulian.cases.queries.case import find_case
from fulian.cases.queries.lists import CaseFilter, case_rows
from fulian.cases.service import (
    add_note,
    add_task,
    assign_handler,
    close_case,
    close_programme,
    edit_case,
    finish_task,
    hand_over,
    lift_restriction,
    move_organisation,
    restrict_case,
)
from fulian.cases.service.editing import CaseEdit
from fulian.db import db, transact
from fulian.errors import Forbidden, NotFound, Refused, Stale
from fulian.orgs.models import Organisation
from fulian.programmes.queries import latest_openings
from fulian.programmes.service import cancel_opening, end_opening, hold_intake, open_programme, stop_intake
from fulian.testing.world import (
    ACCOUNTS,
    CHIPING,
    CITY,
    DONGCHANGFU,
    GULOU,
    LIUYUAN,
    LIUYUAN_VILLAGE,
    NOW,
    VIOLENT,
    YANGGU,
    ZHENXING,
    actor,
    open_mediation,
)


def entries(session: Session, outcome: str = "done") -> int:
    return session.execute(
        select(func.count()).select_from(AuditEntry).where(AuditEntry.outcome == outcome)
    ).scalar_one()


def version(session: Session, case_id: int) -> int:
    return session.execute(select(Case.version).where(Case.id == case_id)).scalar_one()


def test_a_stale_save_fails_with_both_versions(session: Session) -> None:
    case_id = open_mediation().id
    transact(edit_case, case_id, 1, CaseEdit("第一个人改的", "y"), actor("mediator"))
    before = entries(session)
    with pytest.raises(Stale) as stale:
        transact(edit_case, case_id, 1, CaseEdit("第二个人改的", "o"), actor("lead"))
    assert stale.value.saved == {"一句话说清": "第一个人改的", "风险等级": "黄"}
    assert stale.value.mine == {"一句话说清": "第二个人改的", "风险等级": "橙"}
    assert session.execute(select(Case.summary)).scalar_one() == "第一个人改的"
    assert (entries(session), entries(session, "refused")) == (before, 1)
    assert differing_cells() == {}


def test_notes_and_tasks_never_conflict(session: Session) -> None:
    case_id = open_mediation().id
    before = version(session, case_id)
    transact(add_note, case_id, "走访", "老人愿意谈。", NOW, None, actor("mediator"))
    transact(add_task, case_id, "再走访一次", date(2026, 11, 27), None, "t-1", actor("mediator"))
    assert version(session, case_id) == before
    transact(add_task, case_id, "再走访一次", date(2026, 11, 27), None, "t-1", actor("mediator"))
    titles = session.execute(select(Task.title).where(Task.kind == "own")).scalars().all()
    assert titles == ["再走访一次"]


def test_the_earliest_task_is_on_the_case_and_its_rows(session: Session) -> None:
    case_id = open_mediation().id
    transact(add_task, case_id, "今天就办", date(2026, 11, 24), None, "t-1", actor("mediator"))
    case = session.get_one(Case, case_id)
    assert case.next_step == "今天就办"
    dues = set(session.execute(select(CaseScope.due_at).where(CaseScope.case_id == case_id)).scalars())
    assert dues == {case.due_at}
    task_id = session.execute(select(Task.id).where(Task.kind == "own")).scalar_one()
    transact(finish_task, case_id, task_id, "办好了", actor("mediator"))
    session.expire_all()
    assert session.get_one(Case, case_id).next_step != "今天就办"


@pytest.mark.parametrize(
    ("title", "due_on", "field"), [("", date(2026, 11, 25), "title"), ("走访", date(2026, 11, 23), "due_on")]
)
def test_a_wrong_task_is_refused_at_its_field(session: Session, title: str, due_on: date, field: str) -> None:
    case_id = open_mediation().id
    with pytest.raises(Refused) as refused:
        transact(add_task, case_id, title, due_on, None, "t-1", actor("mediator"))
    assert refused.value.field == field


def test_a_legal_deadline_is_not_ticked_off(session: Session) -> None:
    case_id = open_mediation().id
    legal = session.execute(select(Task.id).where(Task.legal.is_(True))).scalars().first()
    assert legal is not None
    with pytest.raises(Refused, match="期限不能直接勾掉"):
        transact(finish_task, case_id, legal, "", actor("mediator"))


@pytest.mark.parametrize(("kind", "words"), [("record_session", "登记调解"), ("close", "办结案件")])
def test_what_an_act_does_is_not_ticked_off(session: Session, kind: str, words: str) -> None:
    """Also by its address: the session would be missing, and its task done."""
    case_id = open_mediation().id if kind == "record_session" else open_mediation(respondent_willing="refused").id
    task_id = session.execute(select(Task.id).where(Task.kind == kind)).scalar_one()
    with pytest.raises(Refused, match=words):
        transact(finish_task, case_id, task_id, "", actor("mediator"))
    assert session.execute(select(Task.done_at).where(Task.id == task_id)).scalar_one() is None


def test_what_no_act_of_this_stage_does_can_be_ticked_off(session: Session) -> None:
    case_id = open_mediation().id
    task_id = session.execute(select(Task.id).where(Task.kind == "record_session")).scalar_one()
    session.execute(update(Task).where(Task.id == task_id).values(kind="record_follow_up"))  # of a later stage
    session.commit()
    transact(finish_task, case_id, task_id, "", actor("mediator"))


def test_a_note_is_not_written_ahead(session: Session) -> None:
    case_id = open_mediation().id
    with pytest.raises(Refused) as refused:
        transact(add_note, case_id, "", "还没发生", NOW + timedelta(hours=1), None, actor("mediator"))
    assert refused.value.field == "at"


@pytest.mark.parametrize("username", ["sibling", "other_admin", "system", "village"])
def test_nobody_out_of_scope_changes_anything(session: Session, username: str) -> None:
    case_id = open_mediation().id
    before = session.execute(select(func.count()).select_from(Event)).scalar_one()
    for act in (
        lambda: transact(add_note, case_id, "", "不该写", NOW, None, actor(username)),
        lambda: transact(edit_case, case_id, 1, CaseEdit("不该改", "r"), actor(username)),
        lambda: transact(close_case, case_id, 1, "90", {"note": "不该办结"}, actor(username)),
        lambda: transact(restrict_case, case_id, 1, "不该设", actor(username)),
    ):
        with pytest.raises(NotFound):
            act()
    assert session.execute(select(func.count()).select_from(Event)).scalar_one() == before


@pytest.mark.parametrize("username", ["township", "city"])
def test_who_only_reads_is_refused(session: Session, username: str) -> None:
    case_id = open_mediation().id
    with pytest.raises(Forbidden):
        transact(add_note, case_id, "", "只能看", NOW, None, actor(username))


def test_closing_moves_the_statistics(session: Session) -> None:
    case_id = open_mediation().id
    transact(close_case, case_id, 1, "90", {"note": "双方自行和好。", "told_on": None}, actor("mediator"))
    case = session.get_one(Case, case_id)
    assert (case.status, case.outcome, case.due_at) == ("closed", "90", None)
    assert session.execute(select(Task.id).where(Task.done_at.is_(None))).first() is None
    cells = session.execute(
        select(CaseStat.measure, CaseStat.n).where(CaseStat.scope_id == DONGCHANGFU, CaseStat.n != 0)
    ).all()
    assert sorted(tuple(cell) for cell in cells) == [("closed", 1), ("opened", 1)]
    assert differing_cells() == {}
    with pytest.raises(Refused, match="已经办结"):
        transact(close_case, case_id, case.version, "90", {"note": "再来一次"}, actor("mediator"))


def test_restriction_takes_the_rows_away_and_gives_them_back(session: Session) -> None:
    case_id = open_mediation().id
    transact(restrict_case, case_id, 1, "当事人害怕", actor("mediator"))
    assert session.execute(select(CaseScope.case_id)).first() is None
    with pytest.raises(NotFound):
        find_case(actor("colleague"), case_id)
    with pytest.raises(Forbidden):  # her who handles it too
        transact(lift_restriction, case_id, version(session, case_id), "已无危险", actor("mediator"))
    transact(lift_restriction, case_id, version(session, case_id), "已无危险", actor("lead"))
    assert find_case(actor("colleague"), case_id).id == case_id
    assert len(session.execute(select(CaseScope.case_id)).all()) == 4
    assert differing_cells() == {}


def test_a_new_handler_takes_the_tasks(session: Session) -> None:
    case_id = open_mediation().id
    transact(assign_handler, case_id, 1, ACCOUNTS["colleague"][0], "休假", actor("lead"))
    assert set(session.execute(select(Task.account_id)).scalars()) == {ACCOUNTS["colleague"][0]}
    with pytest.raises(Refused, match="不能办"):
        transact(assign_handler, case_id, version(session, case_id), ACCOUNTS["sibling"][0], "不行", actor("lead"))


def test_a_restricted_case_follows_its_handler(session: Session) -> None:
    case_id = open_mediation(data=VIOLENT).id
    transact(assign_handler, case_id, 1, ACCOUNTS["colleague"][0], "回避", actor("lead"))
    with pytest.raises(NotFound):
        find_case(actor("mediator"), case_id)
    assert find_case(actor("colleague"), case_id).id == case_id


def test_disabling_asks_who_takes_the_cases(session: Session) -> None:
    case_ids = {open_mediation().id, open_mediation().id}
    with pytest.raises(Refused) as refused:
        transact(hand_over, ACCOUNTS["mediator"][0], None, "离职", actor("admin"))
    assert refused.value.field == "heir_id"
    before = entries(session)
    assert transact(hand_over, ACCOUNTS["mediator"][0], ACCOUNTS["colleague"][0], "离职", actor("admin")) == 2
    assert entries(session) == before + 1
    handlers = session.execute(select(Case.handler_id).where(Case.id.in_(case_ids))).scalars()
    assert set(handlers) == {ACCOUNTS["colleague"][0]}


def test_a_programme_is_not_closed_over_open_cases(session: Session) -> None:
    case_id = open_mediation().id
    with pytest.raises(Refused, match="还有 1 件"):
        transact(close_programme, "mediation", DONGCHANGFU, "年底收尾", actor("lead"))
    transact(stop_intake, "mediation", DONGCHANGFU, "年底收尾", actor("lead"))
    with pytest.raises(Refused, match="不受理新案"):
        open_mediation()
    transact(add_note, case_id, "", "照常办理", NOW, None, actor("mediator"))
    transact(close_case, case_id, version(session, case_id), "90", {"note": "办完"}, actor("mediator"))
    transact(close_programme, "mediation", DONGCHANGFU, "年底收尾", actor("lead"))
    with pytest.raises(Refused, match="没有启用"):
        transact(end_opening, "mediation", DONGCHANGFU, "再停一次", actor("lead"))


@pytest.mark.parametrize("username", ["other_lead", "township", "mediator", "foreign_lead", "system"])
def test_who_may_not_switch(session: Session, username: str) -> None:
    with pytest.raises(Refused, match="授权"):
        transact(stop_intake, "mediation", DONGCHANGFU, "不该停", actor(username))


def test_an_organisation_moves_with_its_cases(session: Session) -> None:
    village, town = open_mediation("village").id, open_mediation("mediator").id
    org_version = session.get_one(Organisation, LIUYUAN_VILLAGE).version
    assert transact(move_organisation, LIUYUAN_VILLAGE, GULOU, org_version, "合村并居", actor("admin")) == 1
    assert differing_cells() == {}
    scopes = set(
        session.execute(select(CaseScope.scope_id).where(CaseScope.case_id == village, CaseScope.own == 0)).scalars()
    )
    assert scopes == {LIUYUAN_VILLAGE, GULOU, DONGCHANGFU, CITY}
    assert [row.id for row in case_rows(actor("township"), CaseFilter(), None, 50).rows] == [town]


def test_an_organisation_moves_to_another_county(session: Session) -> None:
    case_id = open_mediation("village").id
    restricted = open_mediation("village", VIOLENT).id
    org_version = session.get_one(Organisation, LIUYUAN_VILLAGE).version
    with pytest.raises(Refused):
        transact(move_organisation, LIUYUAN_VILLAGE, ZHENXING, org_version, "区划调整", actor("admin"))
    assert transact(move_organisation, LIUYUAN_VILLAGE, ZHENXING, org_version, "区划调整", actor("city")) == 2
    session.expire_all()
    assert session.get_one(Case, case_id).county_id == CHIPING
    assert differing_cells() == {}
    assert find_case(actor("other_admin"), restricted).id == restricted
    with pytest.raises(NotFound):
        find_case(actor("admin"), restricted)
    assert find_case(actor("other_admin"), case_id).id == case_id
    assert session.get_one(Organisation, LIUYUAN).county_id == DONGCHANGFU


def test_a_planned_opening_can_be_taken_back(session: Session) -> None:
    later = NOW + timedelta(days=7)
    transact(open_programme, "mediation", YANGGU, "聊妇发〔2026〕9号", actor("city"), later)
    opening = latest_openings()["mediation", YANGGU]
    assert opening.state(NOW) == "planned"
    transact(cancel_opening, "mediation", YANGGU, "文件改期", actor("city"))
    assert latest_openings()["mediation", YANGGU].state(NOW) == "ended"
    with pytest.raises(Refused, match="没有待启用"):
        transact(cancel_opening, "mediation", YANGGU, "再取消", actor("city"))
    transact(open_programme, "mediation", YANGGU, "聊妇发〔2026〕10号", actor("city"))
    assert latest_openings()["mediation", YANGGU].state(NOW) == "open"


def test_a_case_that_is_being_opened_is_waited_for_by_a_move(app: Flask, database_kind: str) -> None:
    """Whoever opens holds the opening before she reads where the organisation hangs (SQLite has one turn to write)."""
    if database_kind == "sqlite":
        return
    moved = threading.Event()

    def move() -> None:
        with app.app_context():
            transact(move_organisation, LIUYUAN_VILLAGE, GULOU, 1, "合村并居", actor("admin"))
            moved.set()
            db.session.remove()

    with app.app_context():
        thread = threading.Thread(target=move)
        assert hold_intake(LIUYUAN_VILLAGE, "mediation", NOW)
        thread.start()
        assert not moved.wait(0.5)
        db.session.rollback()
        thread.join(10)
        assert moved.is_set()
