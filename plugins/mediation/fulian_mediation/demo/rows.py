"""Mediation's own rows of demo cases, from the values that its forms would have given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from fulian.api import Base, ToldCase, db, local_date
from fulian_mediation import codes
from fulian_mediation.codes import ORAL, WRITTEN
from fulian_mediation.demo import words
from fulian_mediation.demo.telling import Act, Tale
from fulian_mediation.models import (
    MediationAgreement,
    MediationClause,
    MediationDetail,
    MediationDispute,
    MediationFollowUp,
    MediationPoliceReport,
    MediationSession,
    MediationWillingness,
)
from fulian_mediation.notice import NOTICE_VERSION
from fulian_mediation.service.agreements import clauses_in, effective_day, signature_days
from fulian_mediation.service.intake import answers_of, next_file_number
from fulian_mediation.service.screening import RED


def keep_cases(cases: Sequence[ToldCase]) -> None:
    """Add the detail and every further row of mediation, in a few statements for all cases together."""
    agreements: list[tuple[MediationAgreement, Tale]] = []
    for told in cases:
        tale: Tale = told.story.own
        db.session.add_all([_detail(told, tale), *_opening_rows(told, tale), *_act_rows(told, tale)])
        agreement = _agreement(told, tale)
        if agreement is not None:
            agreements.append((agreement, tale))
    db.session.add_all([agreement for agreement, _tale in agreements])
    db.session.flush()  # clauses name the agreement's id
    db.session.add_all([clause for agreement, tale in agreements for clause in _clauses(agreement, tale)])
    db.session.flush()


def _about(told: ToldCase, act: Act | None = None) -> dict[str, Any]:
    """The columns that every row has; of an act also who did it and when."""
    about: dict[str, Any] = {"case_id": told.id, "county_id": told.case.county_id}
    return about | {"account_id": told.case.handler_id, "recorded_at": act.at} if act is not None else about


def _detail(told: ToldCase, tale: Tale) -> MediationDetail:
    year, county_id, outcome = local_date(told.case.opened_at).year, told.case.county_id, told.case.outcome
    told_routes = outcome == codes.NOT_REACHED and told.case.closed_at is not None
    return MediationDetail(
        **_about(told),
        file_number=next_file_number(county_id, year),
        hit=tale.asked["hit"],
        threatened=tale.asked["threatened"],
        unsafe=tale.asked["unsafe"],
        severe=told.story.risk == RED,
        notice_version=NOTICE_VERSION,
        notice_given_at=told.case.opened_at,
        routes_told_on=local_date(told.case.until) if told_routes else None,
        routes_told_by=told.case.handler if told_routes else None,
        transferred_to=tale.pick(words.TRANSFERRED_TO.get(outcome or "", (None,))),
    )


def _opening_rows(told: ToldCase, tale: Tale) -> Iterator[Base]:
    opening = Act("opened", tale.asked, told.case.opened_at)
    for code in tale.asked["disputes"]:
        yield MediationDispute(**_about(told), code=code)
    for role, answer in answers_of(tale.asked).items():
        yield _willingness(told, opening, role, answer, local_date(told.case.opened_at))


def _willingness(told: ToldCase, act: Act, role: str, answer: str, said_on: Any) -> MediationWillingness:
    return MediationWillingness(**_about(told, act), party_id=told.parties[role], answer=answer, said_on=said_on)


def _act_rows(told: ToldCase, tale: Tale) -> Iterator[Base]:
    seen: Counter[str] = Counter()
    for act in tale.acts:
        seen[act.code] += 1
        if act.code == "record_willingness":
            yield _willingness(told, act, act.data["side"], act.data["answer"], act.data["said_on"])
        elif act.code == "record_session":
            yield _session(told, act, seen[act.code])
        elif act.code == "record_follow_up":
            yield _follow_up(told, act)
        elif act.code == "report_police":
            station, receipt = act.data["station"], act.data["receipt"]
            yield MediationPoliceReport(**_about(told, act), reported_at=act.at, station=station, receipt=receipt)


def _session(told: ToldCase, act: Act, number: int) -> MediationSession:
    data = act.data
    session = MediationSession(
        **_about(told, act),
        number=number,
        held_at=data["at"],
        place=data["place"],
        mediators=data["mediators"],
        result=data["result"],
    )
    session.seal("content", data["content"])
    return session


def _follow_up(told: ToldCase, act: Act) -> MediationFollowUp:
    names = ("visited_on", "visited", "way", "performance", "satisfaction")
    flags = {name: act.data[name] == codes.YES for name in ("recurred", "escalated")}
    return MediationFollowUp(**_about(told, act), **{name: act.data[name] for name in names}, **flags)


def _agreement(told: ToldCase, tale: Tale) -> MediationAgreement | None:
    acts = {act.code: act for act in tale.acts}
    made = acts.get("write_agreement") or acts.get("record_oral_agreement")
    if made is None:
        return None
    kind = WRITTEN if made.code == "write_agreement" else ORAL
    agreement = MediationAgreement(**_about(told, made), kind=kind, partial=made.data["partial"])
    agreement.seal("facts", made.data["facts"])
    if kind == ORAL:
        agreement.effective_on = made.data["agreed_on"]
    elif (signed := acts.get("sign_agreement")) is not None:
        days = signature_days(signed.data)
        agreement.applicant_signed_on, agreement.respondent_signed_on = days[0], days[1]
        agreement.mediator_signed_on, agreement.sealed_on = days[2], days[3]
        agreement.effective_on = effective_day(*days)
    return agreement


def _clauses(agreement: MediationAgreement, tale: Tale) -> Iterator[MediationClause]:
    made = next(act for act in tale.acts if act.code in ("write_agreement", "record_oral_agreement"))
    for number, typed in enumerate(clauses_in(made.data), 1):
        clause = MediationClause(
            case_id=agreement.case_id,
            agreement_id=agreement.id,
            county_id=agreement.county_id,
            number=number,
            matter=typed.matter,
            way=typed.way,
            place=typed.place,
            term=typed.term,
        )
        clause.seal("text", typed.text)
        yield clause
