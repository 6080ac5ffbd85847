"""Mediation's part of the case page: the screen, the willingness of each side, sessions, agreement, visits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fulian.api import CaseLike, Viewer, case_parties
from fulian_mediation import codes
from fulian_mediation.codes import label_of
from fulian_mediation.models import MediationAgreement
from fulian_mediation.numerals import chinese_number
from fulian_mediation.queries import (
    clauses_of,
    current_agreement,
    find_detail,
    follow_ups_of,
    latest_willingness,
    police_reports_of,
    sessions_of,
)
from fulian_mediation.service.agreements import can_be_confirmed
from fulian_mediation.service.bars import is_severe
from fulian_mediation.service.intake import screen_of_detail
from fulian_mediation.service.screening import ADVICE, screen_words, unsaid_words

TEMPLATE = "mediation/panel.html"


@dataclass(frozen=True)
class Said:
    """What one side last said of being mediated; `on` None where nobody asked."""

    mark: str
    name: str
    answer: str
    text: str
    on: date | None


@dataclass(frozen=True)
class Held:
    """A session in a line."""

    title: str
    at: datetime
    place: str
    people: str
    result: str


@dataclass(frozen=True)
class ClauseLine:
    """A clause with how it is performed, and whether a court can confirm it."""

    n: int
    number: str
    text: str
    how: str
    confirmable: bool


def case_panel(case: CaseLike, viewer: Viewer) -> tuple[str, Mapping[str, Any]]:
    """Template and context of the panel."""
    detail = find_detail(case.id)
    agreement = current_agreement(case.id)
    screen = screen_of_detail(detail)
    return TEMPLATE, {
        "detail": detail,
        "willingness": _said(case),
        "words": screen_words(screen),
        "unsaid": unsaid_words(screen),
        "advice": ADVICE.get(case.risk or "", ""),
        "severe": is_severe(case),
        "sessions": _sessions(case),
        "agreement": agreement,
        "agreement_kind": label_of(codes.AGREEMENT_KINDS, agreement.kind) if agreement else "",
        "clauses": _clauses(agreement),
        "visits": _visits(case),
        "reports": police_reports_of(case.id),
        "may_edit": viewer.may("cases.edit") and case.status in ("open", "waiting"),
    }


def _said(case: CaseLike) -> tuple[Said, ...]:
    latest = latest_willingness(case.id)
    marks = {codes.APPLICANT: "甲", codes.RESPONDENT: "乙"}
    said = []
    for party in case_parties(case.id):
        line = latest.get(party.id)
        answer = line.answer if line else codes.UNREACHED
        text = label_of(codes.WILLINGNESS, answer)
        said.append(Said(marks[party.role], party.name, answer, text, line.said_on if line else None))
    return tuple(said)


def _sessions(case: CaseLike) -> tuple[Held, ...]:
    return tuple(
        Held(
            f"第{chinese_number(session.number)}次调解",
            session.held_at,
            session.place,
            "、".join(filter(None, (session.mediators, session.guests))),
            label_of(codes.SESSION_RESULTS, session.result),
        )
        for session in sessions_of(case.id)
    )


def _clauses(agreement: MediationAgreement | None) -> tuple[ClauseLine, ...]:
    if agreement is None:
        return ()
    return tuple(
        ClauseLine(
            clause.number,
            chinese_number(clause.number),
            clause.unseal("text") or "",
            "，".join(filter(None, (label_of(codes.CLAUSE_WAYS, clause.way), clause.place, clause.term))),
            can_be_confirmed(clause.matter),
        )
        for clause in clauses_of(agreement.id)
    )


def _visits(case: CaseLike) -> tuple[tuple[date, str], ...]:
    return tuple(
        (
            visit.visited_on,
            "，".join(
                filter(
                    None,
                    (
                        label_of(codes.VISIT_WAYS, visit.way) + label_of(codes.VISITED, visit.visited),
                        label_of(codes.PERFORMANCE, visit.performance),
                        label_of(codes.SATISFACTION, visit.satisfaction),
                        "有反复" if visit.recurred else "",
                        "有激化苗头" if visit.escalated else "",
                    ),
                )
            ),
        )
        for visit in follow_ups_of(case.id)
    )
