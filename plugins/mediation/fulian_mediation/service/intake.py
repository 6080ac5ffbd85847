"""How a mediation case begins: what the answers say, the detail row, the first things due."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Table, insert

from fulian.api import (
    Actor,
    Assessment,
    CaseLike,
    Data,
    PlannedTask,
    ancestors,
    case_parties,
    db,
    local_date,
    next_number,
    record_consent,
    setting,
)
from fulian_mediation.codes import APPLICANT, CODE, RESPONDENT, SOURCES, VIOLENCE, dispute_labels, label_of
from fulian_mediation.models import MediationDetail, MediationDispute, MediationWillingness
from fulian_mediation.notice import NOTICE_VERSION
from fulian_mediation.service.deadline import deadline_task
from fulian_mediation.service.screening import RED, Screen, suggest_risk
from fulian_mediation.service.willingness import first_task

FILE_SERIES = f"file:{CODE}"
# The form's round brackets, not those of official documents; the unit's number code, since each unit counts its own.
FILE_NUMBER_PATTERN = "（{year}）聊妇婚调字第{unit}-{number}号"
FIRST_STAGE = "accepted"

# Core statements: an ORM flush of the same rows costs several times as much, and every case waits for them.
_add_dispute = insert(cast(Table, MediationDispute.__table__))
_add_willingness = insert(cast(Table, MediationWillingness.__table__))


def screen_of(data: Data) -> Screen:
    """The answers of the screen among the values of the intake form."""
    return Screen(data["hit"], data["threatened"], data["unsafe"])


def answers_of(data: Data) -> dict[str, str]:
    """What each side said of being mediated, by role, among the values of the intake form."""
    return {APPLICANT: data["applicant_willing"], RESPONDENT: data["respondent_willing"]}


def screen_of_detail(detail: MediationDetail) -> Screen:
    """The answers of the screen as they were saved."""
    return Screen(detail.hit, detail.threatened, detail.unsafe)


def assess_intake(data: Data, by: Actor) -> Assessment:
    """What the answers say: subject, suggested risk, restricted where violence is reported.

    The applicant's address and phone are kept from the other side where she asks for it, and wherever violence is
    reported (山东省反家庭暴力条例第四十条 protects such data; before any court order [D]).
    """
    screen = screen_of(data)
    violence = screen.reported or VIOLENCE in data["disputes"]
    risk = suggest_risk(screen, setting(CODE, "risk_scores", by.county_id), violence_named=VIOLENCE in data["disputes"])
    return Assessment(
        subject=dispute_labels(data["disputes"]),
        summary=data["summary"],
        stage=FIRST_STAGE,
        risk=risk,
        restricted=violence,
        source=data["source"],
        text=_first_line(data),
        hidden=(APPLICANT,) if violence or data.get("keep_hidden") else (),
    )


def create_detail(case: CaseLike, data: Data, by: Actor) -> MediationDetail:
    """The detail row of a new case; adds what it is about and what each side said of being mediated.

    The file number is taken at acceptance from its own yearly series in the unit: one case, one file, one number.
    """
    today = local_date(by.now)
    about = {"case_id": case.id, "county_id": case.county_id}
    db.session.execute(_add_dispute, [{**about, "code": code} for code in data["disputes"]])
    said = {**about, "said_on": today, "account_id": by.account_id, "recorded_at": by.now}
    answers = answers_of(data)
    parties = case_parties(case.id)
    db.session.execute(
        _add_willingness, [{**said, "party_id": party.id, "answer": answers[party.role]} for party in parties]
    )
    if data.get("injury_consent"):
        _record_injury_consent(next(party.person_id for party in parties if party.role == APPLICANT), case, by)
    screen = screen_of(data)
    told = bool(data.get("notice_given"))
    return MediationDetail(
        case_id=case.id,
        county_id=case.county_id,
        file_number=next_file_number(case.county_id, today.year),
        hit=screen.hit,
        threatened=screen.threatened,
        unsafe=screen.unsafe,
        severe=case.risk == RED,
        notice_version=NOTICE_VERSION if told else "",
        notice_given_at=by.now if told else None,
    )


def first_tasks(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """What is due first: the report to the police, the first session, or asking the other side; and the time limit."""
    return (*first_task(case, by, answers_of(data).values()), deadline_task(case))


def _record_injury_consent(person_id: int, case: CaseLike, by: Actor) -> None:
    """Health data take a consent of their own, apart from every other (个人信息保护法第二十九条)."""
    record_consent(
        person_id, "sensitive", "consent", by, notice_version=NOTICE_VERSION, case_id=case.id, recorded=False
    )


def next_file_number(county_id: int, year: int) -> str:
    """The next file number of a unit in a year, by its pattern: no two in the city are alike."""
    code = ancestors(county_id)[0].number_code or ""
    number = next_number(FILE_SERIES, county_id, year)
    return write_number(setting(CODE, "file_number_pattern", county_id), code, year, number)


def write_number(pattern: str, unit: str, year: int, number: int) -> str:
    """A file number by its pattern, which is never a template: {unit}, {year}, {number} with four digits at least."""
    values = {"{unit}": unit, "{year}": str(year), "{number}": f"{number:04d}"}
    for name, value in values.items():
        pattern = pattern.replace(name, value)
    return pattern


def _first_line(data: Data) -> str:
    source = f"来源：{label_of(SOURCES, data['source'])}。"
    return source + (f"已告知权利义务（告知书{NOTICE_VERSION}）。" if data.get("notice_given") else "")
