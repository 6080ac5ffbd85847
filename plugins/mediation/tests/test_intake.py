"""How a case begins."""

from __future__ import annotations

from datetime import date

import pytest
from flask import Flask
from fulian_mediation.notice import NOTICE_VERSION
from fulian_mediation.queries import dispute_codes, find_detail, latest_willingness
from sqlalchemy import select

from fulian.api import case_parties, db
from fulian.testing.acts import due_tasks, find_row, last_event, refusal_of
from fulian.testing.world import PEACEFUL, VIOLENT, open_mediation

TODAY = date(2026, 11, 24)


def test_a_peaceful_case(accepted: int) -> None:
    case = find_row(accepted)
    assert (case.stage, case.risk, case.restricted, case.source) == ("accepted", "b", False, "visit")
    assert case.subject == "夫妻感情、抚养费"
    assert set(dispute_codes(accepted)) == {"feelings", "maintenance"}
    detail = find_detail(accepted)
    assert (detail.hit, detail.threatened, detail.unsafe, detail.severe) == ("no", "no", "no", False)
    assert detail.notice_version == NOTICE_VERSION
    assert detail.notice_given_at is not None
    assert last_event(accepted).unseal("text") == f"来源：来访。已告知权利义务（告知书{NOTICE_VERSION}）。"
    assert [row.answer for row in latest_willingness(accepted).values()] == ["agreed", "agreed"]


def test_the_first_session_and_the_time_limit_are_due(accepted: int) -> None:
    due = due_tasks(accepted)
    assert set(due) == {"record_session", "deadline"}
    assert (due["record_session"].title, due["record_session"].due_on) == ("第一次调解", date(2026, 12, 1))
    limit = due["deadline"]
    assert (limit.title, limit.due_on, limit.legal) == ("办结，或双方同意延期", date(2026, 12, 24), True)
    assert "30 日" in limit.article


@pytest.mark.parametrize(
    ("answer", "kind", "title"),
    [("unreached", "record_willingness", "联系对方，问是否愿意调解"), ("refused", "close", "按“当事人拒绝”办结")],
)
def test_the_other_side_is_asked_or_its_refusal_closes(world: Flask, answer: str, kind: str, title: str) -> None:
    due = due_tasks(open_mediation(respondent_willing=answer).id)
    assert due[kind].title == title
    assert "record_session" not in due


def test_severe_violence_is_reported_today(world: Flask) -> None:
    """山东省反家庭暴力条例第二十条: the mediator reports to the police at once."""
    case_id = open_mediation(data=VIOLENT).id
    case = find_row(case_id)
    assert (case.risk, case.restricted, find_detail(case_id).severe) == ("r", True, True)
    due = due_tasks(case_id)
    assert set(due) == {"report_police", "deadline"}
    task = due["report_police"]
    assert (task.due_on, task.legal, task.article) == (TODAY, True, "山东省反家庭暴力条例第二十条")


@pytest.mark.parametrize(
    ("answers", "restricted", "risk"),
    [
        ({"threatened": "yes"}, True, "o"),  # following and threats are violence: 山东省反家庭暴力条例第三条
        ({"unsafe": "yes"}, True, "o"),
        ({"disputes": ["violence"]}, True, "o"),
        ({"hit": "unsaid", "threatened": "unsaid", "unsafe": "unsaid"}, False, "y"),
    ],
)
def test_reported_violence_restricts_and_hides(
    world: Flask, answers: dict[str, object], restricted: bool, risk: str
) -> None:
    case_id = open_mediation(**answers).id
    case = find_row(case_id)
    assert (case.restricted, case.risk) == (restricted, risk)
    assert [party.hidden for party in case_parties(case_id)] == [restricted, False]


def test_the_applicant_may_ask_to_be_hidden(world: Flask) -> None:
    case_id = open_mediation(keep_hidden=True).id
    assert [party.hidden for party in case_parties(case_id)] == [True, False]
    assert not find_row(case_id).restricted


def test_health_data_take_a_consent_of_their_own(world: Flask) -> None:
    """个人信息保护法第二十九条: apart from every other consent."""
    case_id = open_mediation(injury_consent=True).id
    consents = db.session.execute(select(consent_table()).where(consent_table().c.case_id == case_id)).all()
    applicant = case_parties(case_id)[0]
    assert [(row.person_id, row.purpose, row.basis) for row in consents] == [
        (applicant.person_id, "sensitive", "consent")
    ]
    other = open_mediation().id
    assert not db.session.execute(select(consent_table()).where(consent_table().c.case_id == other)).all()


def test_one_case_one_file_one_number(world: Flask) -> None:
    """Numbers run by year and unit, name the unit, are taken at acceptance and given back where a case is refused."""
    numbers = [find_detail(open_mediation().id).file_number]
    refusal_of(open_mediation, names=("", "孙建国"))
    numbers.append(find_detail(open_mediation().id).file_number)
    numbers.append(find_detail(open_mediation("other_mediator").id).file_number)
    assert numbers == [f"（2026）聊妇婚调字第{number}号" for number in ("371502-0001", "371502-0002", "371503-0001")]


def test_without_the_notice_nothing_is_claimed(world: Flask) -> None:
    detail = find_detail(open_mediation(data={**PEACEFUL, "notice_given": False}).id)
    assert (detail.notice_version, detail.notice_given_at) == ("", None)


def consent_table():  # type: ignore[no-untyped-def]
    return db.metadata.tables["consent"]
