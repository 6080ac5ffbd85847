"""Agreements: written down clause by clause, signed and sealed, or made by word of mouth."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fulian.api import Actor, CaseLike, Data, PlannedTask, Refused, db, local_date
from fulian_mediation.codes import NOT_CONFIRMED, ORAL, WRITTEN
from fulian_mediation.models import MediationAgreement, MediationClause
from fulian_mediation.numerals import chinese_number
from fulian_mediation.queries import agreement_in_effect, clauses_of, current_agreement, sessions_of
from fulian_mediation.service.bars import bar_to_mediate
from fulian_mediation.service.follow_up import next_planned, next_visit_task, plan_visits

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
    wrong_day = next(_impossible_day(case, "agreed_on", data["agreed_on"], by), None) if data.get("agreed_on") else None
    return wrong_day or next(wrong_clauses(data), None)


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


def guard_deletion(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """As any change of a clause; the last clause stays, since an agreement says something (人民调解法第二十九条)."""
    refused = guard_unsigned(case, data, by)
    if refused is None and data and len(clauses_of(_unsigned(case).id)) == 1:
        refused = Refused("协议只有这一条，不能删。可以改写它；不签了的，用“没有签成，再调解”。", "number")
    return refused


def delete_clause(case: CaseLike, data: Data, by: Actor) -> None:
    """Take the clause data["number"] out of the unsigned agreement; those after it move up, the log keeps its text."""
    for clause in clauses_of(_unsigned(case).id):
        if clause.number == data["number"]:
            db.session.delete(clause)
        elif clause.number > data["number"]:
            clause.number -= 1
        db.session.flush()  # one after the other: a number is free before it is taken


def chosen_clause(case: CaseLike, asked: Mapping[str, str]) -> dict[str, Any]:
    """The clause that the address names (?number=2), for the form. Raises Refused where it names none."""
    for clause in clauses_of(_unsigned(case).id):
        if str(clause.number) == asked.get("number"):
            told = {part: getattr(clause, part) for part in ("matter", "way", "place", "term")}
            values = {f"{part}_1": value for part, value in {**told, "text": clause.unseal("text")}.items()}
            return {"number": clause.number, **values}
    raise Refused("请回到案件，在“调解情况”里选是协议的哪一条。")


def clause_facts(case: CaseLike) -> dict[str, str]:
    """The clauses as they are saved, in one text: 一、…… for the log."""
    agreement = current_agreement(case.id)
    clauses = clauses_of(agreement.id) if agreement is not None else ()
    return {"text_1": "\n".join(f"{chinese_number(clause.number)}、{clause.unseal('text')}" for clause in clauses)}


def deletion_line(data: Data) -> str:
    """删去第二条。 and why."""
    return f"删去第{chinese_number(data['number'])}条。{data.get('note') or ''}"


def discard_agreement(case: CaseLike, data: Data, by: Actor) -> None:
    """Give up an agreement that was not signed; its row stays, and mediation goes on."""
    _unsigned(case).discarded_at = by.now


def guard_signing(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """Each day is given, none is to come, and none lies before the parties came to terms."""
    barred = bar_to_mediate(case)
    if barred is not None or not data:
        return barred
    return next(_wrong_days(case, data, by), None)


def sign_agreement(case: CaseLike, data: Data, by: Actor) -> None:
    """Write down the days of the signatures and the seal, and from when it is in effect."""
    _write_days(_unsigned(case), data)


def guard_correction(case: CaseLike, data: Data, by: Actor) -> Refused | None:
    """Only a signed paper has days to be corrected; the same holds for them as at the signing."""
    agreement = agreement_in_effect(case.id)
    if agreement is None or agreement.kind != WRITTEN:
        return Refused("没有签过的书面协议，没有日期可以更正。")
    return next(_wrong_days(case, data, by), None) if data else None


def correct_signing(case: CaseLike, data: Data, by: Actor) -> None:
    """Write the days of the signatures and the seal anew; what they were stays in the log."""
    agreement = agreement_in_effect(case.id)
    if agreement is not None:
        _write_days(agreement, data)


def signing_facts(case: CaseLike) -> dict[str, str]:
    """The days as they are saved, by the names of the form's fields; "" for none."""
    agreement = current_agreement(case.id)
    days = {name: getattr(agreement, name, None) for name in SIGNATURES}
    return {name: day.isoformat() if day else "" for name, day in days.items()}


def saved_days(case: CaseLike, asked: Mapping[str, str]) -> dict[str, date | None]:
    """The days as they are saved, for the form that corrects them."""
    agreement = agreement_in_effect(case.id)
    return {name: getattr(agreement, name, None) for name in SIGNATURES}


def signature_days(data: Data) -> tuple[date, date, date, date]:
    """Days on which applicant, respondent and mediator signed and the seal was put on: one for all with same_day."""
    days = [data[SIGNATURES[0]] if data.get("same_day") else data[name] for name in SIGNATURES]
    return days[0], days[1], days[2], days[3]


def agreement_line(data: Data) -> str:
    """The clauses, one a line: 一、……"""
    head = "只就一部分达成协议。\n" if data.get("partial") else ""
    return head + "\n".join(f"{chinese_number(n)}、{c.text}" for n, c in enumerate(clauses_in(data), 1))


def clause_line(data: Data) -> str:
    """第二条：……, or the text of a new one."""
    head = f"第{chinese_number(data['number'])}条：" if data.get("number") else ""
    return f"{head}{data['text_1']}"


def signing_line(data: Data) -> str:
    """Each day, and from when the agreement is in effect; where it was corrected also why."""
    days = signature_days(data)
    applicant, respondent, mediator, seal = (day.isoformat() for day in days)
    signed = f"甲方 {applicant}、乙方 {respondent}、调解员 {mediator} 签字，{seal} 盖章。"
    return f"{signed}协议自 {effective_day(*days).isoformat()} 起生效。{data.get('note') or ''}"


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


def visits_to_move(case: CaseLike, data: Data) -> Sequence[int]:
    """The planned visits that hang on a day of effect which is now another one."""
    agreement = agreement_in_effect(case.id)
    if agreement is None or agreement.effective_on in (None, effective_day(*signature_days(data))):
        return ()
    return [task.id for task in plan_visits(case, agreement.effective_on)]


def tasks_after_correction(case: CaseLike, data: Data, by: Actor) -> Sequence[PlannedTask]:
    """The next visit of the plan, counted from the corrected day."""
    agreement = agreement_in_effect(case.id)
    if agreement is None or agreement.effective_on is None:
        return ()
    return next_planned(case, agreement.effective_on)


def _unsigned(case: CaseLike) -> MediationAgreement:
    agreement = current_agreement(case.id)
    if agreement is None or agreement.effective_on is not None:
        raise Refused("协议已经签过，不能再改。")
    return agreement


def _write_days(agreement: MediationAgreement, data: Data) -> None:
    days = signature_days(data)
    for name, day in zip(SIGNATURES, days, strict=True):
        setattr(agreement, name, day)
    agreement.effective_on = effective_day(*days)


def _wrong_days(case: CaseLike, data: Data, by: Actor) -> Iterator[Refused]:
    for name in SIGNATURES:
        day = data.get(name)
        if day is None:
            if not data.get("same_day") or name == SIGNATURES[0]:
                yield Refused("请填这一天。四项都是同一天的，勾选“都是这一天”。", name)
        elif data.get("same_day") and day != data.get(SIGNATURES[0]):
            yield Refused("勾了“都是这一天”，这里又是另一天，请核对。", name)
        else:
            yield from _impossible_day(case, name, day, by)


def _impossible_day(case: CaseLike, name: str, day: date, by: Actor) -> Iterator[Refused]:
    """Terms are come to in a session, so that no agreement is older than the last one before it was written down."""
    agreement = current_agreement(case.id)
    written_at = agreement.recorded_at if agreement is not None else by.now
    held = [local_date(session.held_at) for session in sessions_of(case.id) if session.recorded_at <= written_at]
    first = max(held, default=local_date(written_at))
    if day > local_date(by.now):
        yield Refused("这一天还没到。谈成、签字、盖章以后再登记。", name)
    elif day < first:
        yield Refused(f"这一天还没有协议：{first.isoformat()} 才谈成，请核对。", name)


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


def wrong_clauses(data: Data) -> Iterator[Refused]:
    """What is missing in the clauses that were begun, each at its field."""
    for clause in _typed_clauses(data):
        if not clause.text and (clause.matter or clause.way or clause.place or clause.term):
            yield Refused("这一条还没写内容。请写上；不要这一条的，把它其他几项也清空。", f"text{clause.field}")
        if clause.text and not clause.matter:
            yield Refused("请选这一条说的是什么，法院能不能确认要看它。", f"matter{clause.field}")
