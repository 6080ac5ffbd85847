"""Agreements: written down clause by clause, signed and sealed, or made by word of mouth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, db, local_date
from fulian_mediation.codes import NOT_CONFIRMED, ORAL, WRITTEN
from fulian_mediation.models import MediationAgreement, MediationClause
from fulian_mediation.numerals import chinese_number
from fulian_mediation.queries import clauses_of, current_agreement
from fulian_mediation.service.bars import bar_to_mediate
from fulian_mediation.service.follow_up import next_visit_task

CLAUSES_AT_ONCE = 3  # on the first form; more are added one by one
SIGN_DAYS = 7  # [D] until the paper should be signed

SIGNATURES = ("applicant_signed_on", "respondent_signed_on", "mediator_signed_on", "sealed_on")


@dataclass(frozen=True)
class NewClause:
    """A clause as a form gives it. `field` is the suffix of its fields."""

    field: str
    text: str
    matter: str
    way: str
    place: str
    term: str


def can_be_confirmed(matter: str) -> bool:
    """Whether a court can confirm a clause about this matter.

    Not where it is about marriage, parentage or adoption as such, or about who owns what
    (最高人民法院关于适用《中华人民共和国民事诉讼法》的解释第三百五十五条).
    """
    return matter not in NOT_CONFIRMED


def effective_day(applicant: date, respondent: date, mediator: date, seal: date) -> date:
    """From when a written agreement is in effect: the last of the signatures and the seal (人民调解法第二十九条)."""
    return max(applicant, respondent, mediator, seal)


def clauses_in(data: Data) -> list[NewClause]:
    """The clauses that were filled in, in their order."""
    return [clause for clause in _typed_clauses(data) if clause.text]


def guard_agreement(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """No agreement where mediation is barred, and one at a time; a clause has text and says what it is about."""
    barred = bar_to_mediate(case)
    if barred is None and current_agreement(case.id) is not None:
        barred = Refused("这件案件已有协议，不能再写一份。")
    if barred is not None or not data:
        return barred
    if data.get("agreed_on") and data["agreed_on"] > local_date(by.now):
        return Refused("这一天还没到。谈成以后再登记。", "agreed_on")
    return next(_wrong_clauses(data), None)


def write_agreement(case: CaseLike, data: Data, by: Actor) -> None:
    """Write down what is to be signed; in effect only once it is."""
    _add_agreement(case, data, by, WRITTEN, None)


def record_oral_agreement(case: CaseLike, data: Data, by: Actor) -> None:
    """Record an agreement by word of mouth, in effect from the day it was made (人民调解法第二十八、三十条)."""
    _add_agreement(case, data, by, ORAL, data["agreed_on"])


def guard_unsigned(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """A clause is added or changed before the paper is signed, and only where mediation is not barred."""
    barred = bar_to_mediate(case)
    if barred is not None or not data:
        return barred
    number = data.get("number")
    if number is not None and number not in {clause.number for clause in clauses_of(_unsigned(case).id)}:
        return Refused("协议里没有这一条，请核对是第几条。", "number")
    return None


def add_clause(case: CaseLike, data: Data, by: Actor) -> None:
    """Add a clause at the end of the unsigned agreement."""
    agreement = _unsigned(case)
    clause = MediationClause(
        agreement_id=agreement.id,
        case_id=case.id,
        county_id=case.county_id,
        number=len(clauses_of(agreement.id)) + 1,
    )
    _fill(clause, next(_typed_clauses(data)))
    db.session.add(clause)


def change_clause(case: CaseLike, data: Data, by: Actor) -> None:
    """Replace the clause data["number"] of the unsigned agreement."""
    clause = next(clause for clause in clauses_of(_unsigned(case).id) if clause.number == data["number"])
    _fill(clause, next(_typed_clauses(data)))


def discard_agreement(case: CaseLike, data: Data, by: Actor) -> None:
    """Give up an agreement that was not signed; its row stays, and mediation goes on."""
    _unsigned(case).discarded_at = by.now


def guard_signing(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """Signed and sealed days are not to come."""
    barred = bar_to_mediate(case)
    if barred is not None or not data:
        return barred
    today = local_date(by.now)
    for name in SIGNATURES:
        if data.get(name) and data[name] > today:
            return Refused("这一天还没到。签字、盖章以后再登记。", name)
    return None


def sign_agreement(case: CaseLike, data: Data, by: Actor) -> None:
    """Write down the days of the signatures and the seal, and from when it is in effect.

    A day left empty is the day on which the applicant signed.
    """
    agreement = _unsigned(case)
    days = signature_days(data)
    agreement.applicant_signed_on, agreement.respondent_signed_on = days[0], days[1]
    agreement.mediator_signed_on, agreement.sealed_on = days[2], days[3]
    agreement.effective_on = effective_day(*days)


def signature_days(data: Data) -> tuple[date, date, date, date]:
    """Days on which applicant, respondent and mediator signed and the seal was put on."""
    first: date = data[SIGNATURES[0]]
    respondent, mediator, seal = (data.get(name) or first for name in SIGNATURES[1:])
    return first, respondent, mediator, seal


def agreement_line(data: Data) -> str:
    """The clauses, one a line: 一、……"""
    head = "只就一部分达成协议。\n" if data.get("partial") else ""
    return head + "\n".join(f"{chinese_number(n)}、{c.text}" for n, c in enumerate(clauses_in(data), 1))


def clause_line(data: Data) -> str:
    """第二条：……, or the text of a new one."""
    head = f"第{chinese_number(data['number'])}条：" if data.get("number") else ""
    return f"{head}{data['text_1']}"


def signing_line(data: Data) -> str:
    """协议自 2026-11-24 起生效。"""
    return f"双方和调解员已签字，已盖章，协议自 {effective_day(*signature_days(data)).isoformat()} 起生效。"


def tasks_after_writing(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """The paper is to be signed."""
    return (PlannedTask("sign_agreement", "打印协议书，请双方签字", local_date(by.now) + timedelta(days=SIGN_DAYS)),)


def tasks_after_discarding(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """Talk again."""
    return (PlannedTask("record_session", "约定再次调解", local_date(by.now) + timedelta(days=SIGN_DAYS)),)


def tasks_in_effect(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """The first visit (回访)."""
    agreement = current_agreement(case.id)
    if agreement is None or agreement.effective_on is None:
        return ()
    return next_visit_task(case, agreement.effective_on, agreement.effective_on)


def _unsigned(case: CaseLike) -> MediationAgreement:
    agreement = current_agreement(case.id)
    if agreement is None or agreement.effective_on is not None:
        raise Refused("协议已经签过，不能再改。")
    return agreement


def _add_agreement(case: CaseLike, data: Data, by: Actor, kind: str, effective_on: date | None) -> None:
    agreement = MediationAgreement(
        case_id=case.id,
        county_id=case.county_id,
        kind=kind,
        partial=bool(data.get("partial")),
        effective_on=effective_on,
        account_id=by.account_id,
        recorded_at=by.now,
    )
    agreement.seal("facts", data["facts"])
    agreement.seal("disputed", data.get("disputed") or None)
    db.session.add(agreement)
    db.session.flush()
    for number, typed in enumerate(clauses_in(data), 1):
        clause = MediationClause(agreement_id=agreement.id, case_id=case.id, county_id=case.county_id, number=number)
        _fill(clause, typed)
        db.session.add(clause)


def _fill(clause: MediationClause, typed: NewClause) -> None:
    clause.seal("text", typed.text)
    clause.matter, clause.way, clause.place, clause.term = typed.matter, typed.way, typed.place, typed.term


def _typed_clauses(data: Data) -> Iterator[NewClause]:
    for n in range(1, CLAUSES_AT_ONCE + 1):
        if f"text_{n}" in data:
            parts = {part: data.get(f"{part}_{n}") or "" for part in ("text", "matter", "way", "place", "term")}
            yield NewClause(f"_{n}", **parts)


def _wrong_clauses(data: Data) -> Iterator[Refused]:
    for clause in _typed_clauses(data):
        if not clause.text and (clause.matter or clause.way or clause.place or clause.term):
            yield Refused("这一条还没写内容。请写上；不要这一条的，把它其他几项也清空。", f"text{clause.field}")
        if clause.text and not clause.matter:
            yield Refused("请选这一条说的是什么，法院能不能确认要看它。", f"matter{clause.field}")
