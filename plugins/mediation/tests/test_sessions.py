"""Sessions, one or several."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Flask
from fulian_mediation.notice import NOTICE_VERSION
from fulian_mediation.queries import find_detail, sessions_of
from fulian_mediation.service.sessions import session_title

from fulian.testing.acts import advance, due_tasks, find_row, last_event, refusal_of
from fulian.testing.world import NOW, open_mediation

from .conftest import SESSION

AGAIN = {**SESSION, "result": "again"}


def test_sessions_are_counted(accepted: int) -> None:
    assert session_title(find_row(accepted)) == "登记第一次调解"
    advance(accepted, "record_session", **AGAIN)
    assert session_title(find_row(accepted)) == "登记第二次调解"
    advance(accepted, "record_session", **{**SESSION, "mediators": "李秀英、王海燕"})
    first, second = sessions_of(accepted)
    assert (first.number, first.mediators, first.result) == (1, "李秀英", "again")
    assert (second.number, second.mediators, second.result) == (2, "李秀英、王海燕", "reached")
    assert find_row(accepted).stage == "mediation"


def test_what_was_said_is_sealed_and_stands_in_the_history(accepted: int) -> None:
    advance(accepted, "record_session", **SESSION)
    (session,) = sessions_of(accepted)
    assert session.content is not None
    assert "抚养费".encode() not in session.content
    assert session.unseal("content") == SESSION["content"]
    event = last_event(accepted)
    assert event.at == SESSION["at"]
    assert event.unseal("text") == f"{SESSION['content']}\n柳园街道婚调室，谈成了。"


def test_the_next_session_is_due_at_its_hour(accepted: int) -> None:
    at = NOW + timedelta(days=7)
    advance(accepted, "record_session", **{**AGAIN, "next_at": at})
    task = due_tasks(accepted)["record_session"]
    assert (task.title, task.due_at, task.timed) == ("第二次调解，柳园街道婚调室", at, True)


def test_without_an_hour_it_is_to_be_arranged(accepted: int) -> None:
    advance(accepted, "record_session", **AGAIN)
    task = due_tasks(accepted)["record_session"]
    assert (task.title, task.due_on, task.timed) == ("约定第二次调解", date(2026, 12, 1), False)


def test_terms_are_to_be_written_down(mediated: int) -> None:
    assert due_tasks(mediated)["write_agreement"].title == "写协议书"


def test_a_failure_is_to_be_closed(accepted: int) -> None:
    """人民调解法第二十六条: 调解不成的，应当终止调解."""
    advance(accepted, "record_session", **{**SESSION, "result": "failed"})
    assert due_tasks(accepted)["close"].title == "按“调解不成”办结，告知其他途径"


def test_guests_need_the_consent_of_both(accepted: int) -> None:
    """人民调解法第二十条: 在征得当事人的同意后，可以邀请当事人的亲属、邻里、同事等参与调解."""
    with_guest = {**SESSION, "guests": "赵大山（甲方父亲）"}
    refused = refusal_of(advance, accepted, "record_session", **with_guest)
    assert refused.field == "guests_agreed"
    assert "第二十条" in refused.message
    advance(accepted, "record_session", **{**with_guest, "guests_agreed": True})
    assert sessions_of(accepted)[0].guests == "赵大山（甲方父亲）"


def test_no_session_is_recorded_before_it_was_held(accepted: int) -> None:
    refused = refusal_of(advance, accepted, "record_session", **{**SESSION, "at": NOW + timedelta(hours=1)})
    assert refused.field == "at"
    refused = refusal_of(advance, accepted, "record_session", **{**AGAIN, "next_at": NOW - timedelta(hours=1)})
    assert refused.field == "next_at"
    assert not sessions_of(accepted)


def test_sessions_are_not_public_unless_asked_for(accepted: int) -> None:
    """人民调解法第二十三条第三项: the parties may ask for either; not public is the rule of this house."""
    advance(accepted, "record_session", **AGAIN)
    advance(accepted, "record_session", **{**SESSION, "public": True})
    assert [session.public for session in sessions_of(accepted)] == [False, True]


def test_rights_and_duties_are_told_before(world: Flask) -> None:
    """人民调解法第二十三、二十四条; the record of each session says so (司法部 2010 form)."""
    case_id = open_mediation(notice_given=False).id
    refused = refusal_of(advance, case_id, "record_session", **{**SESSION, "told": False})
    assert refused.field == "told"
    advance(case_id, "record_session", **SESSION)
    detail = find_detail(case_id)
    assert (detail.notice_version, detail.notice_given_at) == (NOTICE_VERSION, SESSION["at"])
