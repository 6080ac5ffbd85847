"""What is printed from a mediation case: the agreement. What only one side told is in none of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fulian.api import (
    Actor,
    CaseLike,
    Document,
    PartyView,
    Refused,
    case_parties,
    find_org,
    local_date,
    person_facts,
    setting,
)
from fulian_mediation import codes
from fulian_mediation.codes import label_of
from fulian_mediation.models import MediationClause
from fulian_mediation.numerals import chinese_number
from fulian_mediation.queries import clauses_of, current_agreement, find_detail

COMMITTEE_PATTERN = "{unit}婚姻家庭纠纷人民调解委员会"
WITHHELD = "（保密）"
# 人民调解法第二十九条
EFFECT = (
    "本协议一式{copies}份，当事人各执一份，人民调解委员会留存一份。自各方当事人签名、盖章或者按指印，"
    "人民调解员签名并加盖人民调解委员会印章之日起生效。"
)
# 人民调解法第三十三条
CONFIRMATION = "双方认为有必要的，可以自本协议生效之日起三十日内共同向人民法院申请司法确认。"
MARKS = {codes.APPLICANT: "甲方", codes.RESPONDENT: "乙方"}


def agreement_context(case: CaseLike, by: Actor) -> Mapping[str, Any]:
    """The agreement (人民调解协议书) as plain data: number, parties, facts, what was disputed, clauses, copies.

    It goes to both sides, so it is made of the agreement's own text and of the parties' facts only, without where and
    how to reach a party who is kept secret from the other. One copy for each party, one for the committee
    (人民调解法第二十九条).
    Raises Refused where there is no written agreement yet.
    """
    agreement = current_agreement(case.id)
    if agreement is None:
        raise Refused("还没有写协议，不能打印协议书。请先用“写协议书”。")
    if agreement.kind != codes.WRITTEN:
        raise Refused("这是口头协议，不用打印协议书。")
    parties, disputed = case_parties(case.id), agreement.unseal("disputed") or ""
    return {
        "headings": _headings(disputed=bool(disputed), partial=agreement.partial),
        "title": "人民调解协议书",
        "number": find_detail(case.id).file_number,
        "parties": [_party(party, by) for party in parties],
        "facts": agreement.unseal("facts") or "",
        "disputed": disputed,
        "clauses": [_clause(clause) for clause in clauses_of(agreement.id)],
        "effect": EFFECT.replace("{copies}", chinese_number(len(parties) + 1)),
        "confirmation": CONFIRMATION,
        "committee": committee_name(case),
    }


def _headings(*, disputed: bool, partial: bool) -> dict[str, str]:
    """The headings of the parts that are printed, numbered.

    人民调解法第二十九条 lets an agreement name what was disputed and who was responsible, and does not ask for it.
    """
    parts = {
        "facts": "纠纷主要事实",
        "disputed": "争议事项、各方责任",
        "agreed": "经调解，就一部分自愿达成如下协议" if partial else "经调解，自愿达成如下协议",
        "effect": "履行和效力",
    }
    if not disputed:
        del parts["disputed"]
    return {part: f"{chinese_number(n)}、{text}" for n, (part, text) in enumerate(parts.items(), 1)}


def committee_name(case: CaseLike) -> str:
    """The mediation committee of the case's unit: 东昌府区婚姻家庭纠纷人民调解委员会."""
    area = find_org(case.county_id).name.partition("妇联")[0]
    pattern: str = setting(codes.CODE, "committee_name", case.county_id)
    return pattern.replace("{unit}", area)


def is_agreement_due(case: CaseLike) -> bool:
    """The file must hold it only where the agreement was written: an oral one needs no paper (人民调解法第二十八条)."""
    agreement = current_agreement(case.id)
    return agreement is not None and agreement.kind == codes.WRITTEN


def _party(party: PartyView, by: Actor) -> dict[str, str]:
    facts = person_facts(party.person_id, local_date(by.now))
    return {
        "mark": MARKS[party.role],
        "name": facts.name,
        "sex": facts.sex,
        "ethnicity": facts.ethnicity,
        "age": facts.age,
        "occupation": facts.occupation,
        "contact": WITHHELD if party.hidden else facts.phone,
        "place": WITHHELD if party.hidden else facts.address or facts.employer,
    }


def _clause(clause: MediationClause) -> str:
    how = (
        ("履行方式", label_of(codes.CLAUSE_WAYS, clause.way)),
        ("履行地点", clause.place),
        ("履行期限", clause.term),
    )
    told = "；".join(f"{name}：{value.rstrip('。')}" for name, value in how if value)
    text = clause.unseal("text") or ""
    return f"{text}{'' if text.endswith('。') else '。'}{told}。" if told else text


DOCUMENTS = (Document("agreement", "人民调解协议书", "agreement", agreement_context, required=is_agreement_due),)
