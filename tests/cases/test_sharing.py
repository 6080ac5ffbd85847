"""Sharing a case with another organisation and transferring it: who asks, who answers, who sees what, until when."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fulian.audit.models import AuditEntry
from fulian.cases.counting import differing_cells
from fulian.cases.models import Case, CaseScope, Event, Party, Referral, Task
from fulian.cases.queries.case import case_parties, find_case, known_to, may_do
from fulian.cases.queries.lists import CaseFilter, case_rows
from fulian.cases.queries.search import case_tokens
from fulian.cases.queries.sharing import incoming, incoming_count, referrals_of
from fulian.cases.scope import visible_cases
from fulian.cases.service import (
    accept_referral,
    add_note,
    ask_referral,
    end_referral,
    lift_restriction,
    refuse_referral,
    restrict_case,
    void_case,
)
from fulian.db import transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.people.models import Consent
from fulian.testing.acts import close, find_row, last_event, move, open_tasks
from fulian.testing.world import (
    ACCOUNTS,
    BODY,
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

from .recount import recounted, stored

DUTY = "《反家庭暴力法》第十三条"
THERE = ACCOUNTS["other_mediator"][0]
NEW_SIDE = {"other_mediator", "other_lead", "other_admin"}
EVERYBODY = [name for name in ACCOUNTS if name != "disabled"]


def ask(case_id: int, kind: str = "share", to: int = ZHENXING, username: str = "mediator", law: str = DUTY) -> int:
    act = partial(ask_referral, law=law, consented=not law)
    return transact(act, case_id, kind, to, "住在那里，请协助走访", actor(username))


def accept(referral_id: int, username: str = "other_mediator", handler_id: int | None = None) -> None:
    transact(accept_referral, referral_id, handler_id, actor(username))


def shared(case_id: int, to: int = ZHENXING, by: str = "other_mediator") -> int:
    referral_id = ask(case_id, to=to)
    accept(referral_id, by)
    return referral_id


def transferred(case_id: int) -> int:
    referral_id = ask(case_id, "transfer")
    accept(referral_id, handler_id=THERE)
    return referral_id


def end(case_id: int, referral_id: int, username: str = "mediator") -> None:
    transact(end_referral, case_id, referral_id, "不用了", actor(username))


def who_sees(session: Session, case_id: int) -> set[str]:
    """Those who see a case, by each way of looking: one case, list, count, search all agree."""
    seen = set()
    for username in EVERYBODY:
        by = actor(username)
        try:
            found = find_case(by, case_id).id == case_id
        except NotFound:
            found = False
        rows = {row.id for row in case_rows(by, CaseFilter(), None, 50).rows}
        by_scope = set(session.execute(visible_cases(by)).scalars())
        assert (case_id in rows, case_id in by_scope) == (found, found), username
        seen |= {username} if found else set()
    return seen


def entries(session: Session) -> int:
    done = select(func.count()).select_from(AuditEntry).where(AuditEntry.outcome == "done")
    return session.execute(done).scalar_one()


def assert_exact() -> None:
    assert stored() == recounted()
    assert differing_cells() == {}


def test_a_shared_case_is_read_there_until_it_is_taken_back(session: Session) -> None:
    case_id = open_mediation().id
    before, numbers = who_sees(session, case_id), stored()
    referral_id = ask(case_id)
    assert who_sees(session, case_id) == before  # nobody there sees it before it is accepted
    accept(referral_id)
    assert who_sees(session, case_id) == before | NEW_SIDE
    there = actor("other_mediator")
    assert [row.id for row in case_rows(there, CaseFilter(tokens=case_tokens("赵春梅") or ()), None, 50).rows] == [
        case_id
    ]
    assert len(known_to(there, case_parties(case_id))) == 2
    assert stored() == numbers  # it counts where it is handled
    end(case_id, referral_id)
    assert who_sees(session, case_id) == before
    assert known_to(there, case_parties(case_id)) == frozenset()
    assert [line.state for line in referrals_of(case_id)] == ["ended"]
    assert_exact()


@pytest.mark.parametrize("username", sorted(NEW_SIDE))
def test_who_it_is_shared_with_only_reads(session: Session, username: str) -> None:
    case_id = open_mediation().id
    open_mediation("other_mediator")  # their own work is no right to this
    referral_id = shared(case_id)
    by, case = actor(username), find_row(case_id)
    acts = ("cases.edit", "cases.assign", "cases.restrict", "cases.share", "cases.void", "attachments.add")
    assert may_do(by, case, acts) == frozenset()
    for act in (
        lambda: transact(add_note, case_id, "", "不该写", NOW, None, by),
        lambda: ask(case_id, to=YANGGU, username=username),
        lambda: end(case_id, referral_id, username),
        lambda: transact(restrict_case, case_id, 1, "不该设", by),
    ):
        with pytest.raises(Forbidden):
            act()
    assert may_do(actor("mediator"), case, ("cases.edit",)) == {"cases.edit"}
    assert may_do(actor("lead"), case, ("cases.assign",)) == {"cases.assign"}


def test_sharing_upwards_gives_the_caseworkers_there_and_no_more_rights(session: Session) -> None:
    case_id = open_mediation("village").id
    before = who_sees(session, case_id)
    referral_id = ask(case_id, to=LIUYUAN, username="village")
    accept(referral_id, "colleague")
    assert who_sees(session, case_id) == before | {"mediator", "colleague"}
    assert may_do(actor("colleague"), find_row(case_id), ("cases.edit",)) == frozenset()
    assert may_do(actor("lead"), find_row(case_id), ("cases.edit",)) == {"cases.edit"}
    end(case_id, referral_id, "village")
    assert who_sees(session, case_id) == before


def test_each_step_is_one_entry_and_stands_in_the_history(session: Session) -> None:
    case_id = open_mediation().id
    n = entries(session)
    referral_id = ask(case_id)
    assert (entries(session), last_event(case_id).title) == (n + 1, "请振兴街道接收共享")
    accept(referral_id)
    assert (entries(session), last_event(case_id).title) == (n + 2, "振兴街道接收了共享")
    end(case_id, referral_id)
    assert (entries(session), last_event(case_id).title) == (n + 3, "收回：振兴街道不再查看")
    transact(refuse_referral, ask(case_id), "不是我们辖区的", actor("other_admin"))
    assert (entries(session), last_event(case_id).title) == (n + 5, "振兴街道没有接收共享")
    assert last_event(case_id).unseal("text") == "不是我们辖区的"


def test_it_rests_on_consent_of_every_party_or_on_a_named_law(session: Session) -> None:
    case_id = open_mediation().id
    with pytest.raises(Refused) as refused:
        transact(ask_referral, case_id, "share", ZHENXING, "请协助", actor("mediator"))
    assert refused.value.field == "law"
    ask(case_id, law="")
    rows = session.execute(select(Consent.person_id, Consent.purpose, Consent.basis).where(Consent.case_id == case_id))
    parties = session.execute(select(Party.person_id).where(Party.case_id == case_id)).scalars()
    assert {tuple(row) for row in rows} == {(person_id, "share", "consent") for person_id in parties}
    ask(case_id, to=GULOU)
    assert next(line.basis for line in referrals_of(case_id)) == DUTY
    assert session.execute(select(func.count()).select_from(Consent)).scalar_one() == 2


@pytest.mark.parametrize(
    ("to", "kind", "field"),
    [
        (LIUYUAN, "share", "to_org"),  # where it is
        (CITY, "share", "to_org"),
        (987_654, "share", "to_org"),
        (YANGGU, "transfer", "to_org"),  # mediation is closed there
        (ZHENXING, "gift", "kind"),
    ],
)
def test_whom_one_may_not_ask(session: Session, to: int, kind: str, field: str) -> None:
    case_id = open_mediation().id
    with pytest.raises(Refused) as refused:
        ask(case_id, kind, to)
    assert refused.value.field == field
    assert session.execute(select(Referral.id)).first() is None


def test_nothing_is_asked_twice_at_a_time(session: Session) -> None:
    case_id = open_mediation().id
    first = ask(case_id)
    with pytest.raises(Refused, match="已经提出过"):
        ask(case_id)
    accept(first)
    with pytest.raises(Refused, match="已经提出过"):
        ask(case_id)
    end(case_id, first)
    ask(case_id)
    ask(case_id, "transfer")
    with pytest.raises(Refused, match="已经提出过"):
        ask(case_id, "transfer", GULOU)


@pytest.mark.parametrize("username", ["mediator", "sibling", "village", "admin", "city", "system", "township"])
def test_only_the_receiving_side_answers(session: Session, username: str) -> None:
    referral_id = ask(open_mediation().id)
    assert incoming_count(actor(username)) == 0
    with pytest.raises(NotFound):
        accept(referral_id, username)
    with pytest.raises(NotFound):
        transact(refuse_referral, referral_id, "不收", actor(username))
    for receiver in NEW_SIDE:
        [one] = incoming(actor(receiver))
        assert (one.id, one.number) == (referral_id, find_row(one.case_id).number)
    accept(referral_id, "other_admin")
    assert incoming_count(actor("other_admin")) == 0
    for late in (
        lambda: accept(referral_id),
        lambda: transact(refuse_referral, referral_id, "晚了", actor("other_lead")),
    ):
        with pytest.raises(Refused, match="已经答复过"):
            late()


def test_what_was_withdrawn_is_not_accepted(session: Session) -> None:
    case_id = open_mediation().id
    referral_id = ask(case_id)
    end(case_id, referral_id)
    assert incoming(actor("other_mediator")) == []
    with pytest.raises(Refused, match="已经撤回"):
        accept(referral_id)
    with pytest.raises(Refused, match="已经收回"):
        end(case_id, referral_id)
    with pytest.raises(NotFound):
        end(open_mediation().id, referral_id)


def test_a_transferred_case_is_theirs_and_the_number_stays(session: Session) -> None:
    case_id = open_mediation().id
    number, before = find_row(case_id).number, who_sees(session, case_id)
    referral_id = ask(case_id, "transfer")
    with pytest.raises(Refused) as refused:
        accept(referral_id, handler_id=ACCOUNTS["colleague"][0])
    assert refused.value.field == "handler_id"
    n = entries(session)
    accept(referral_id, handler_id=THERE)
    assert entries(session) == n + 1
    case = find_row(case_id)
    assert (case.number, case.org_id, case.county_id, case.handler_id) == (number, ZHENXING, CHIPING, THERE)
    assert {task.account_id for task in open_tasks(case_id)} == {THERE}
    for table in (Event, Task):
        assert set(session.execute(select(table.county_id).where(table.case_id == case_id)).scalars()) == {CHIPING}
    assert {key[0] for key in stored()} == {CHIPING, ZHENXING}
    assert_exact()
    assert may_do(actor("other_mediator"), case, ("cases.edit",)) == {"cases.edit"}
    assert may_do(actor("mediator"), case, ("cases.edit", "cases.share")) == frozenset()
    # those from whom it came read on, until the new organisation ends it
    assert who_sees(session, case_id) == before | NEW_SIDE
    with pytest.raises(Forbidden):
        end(case_id, referral_id)
    end(case_id, referral_id, "other_admin")
    assert who_sees(session, case_id) == NEW_SIDE | {"city"}
    close(case_id, "90", "other_mediator")
    assert_exact()


def test_a_closed_case_is_transferred_by_nobody(session: Session) -> None:
    case_id, other = open_mediation().id, open_mediation().id
    referral_id = ask(other, "transfer")
    for one in (case_id, other):
        close(one, "90")
    with pytest.raises(Refused, match="已经办结"):
        ask(case_id, "transfer")
    with pytest.raises(Refused, match="办结或作废"):
        accept(referral_id, handler_id=THERE)
    shared(case_id)
    transact(void_case, case_id, find_row(case_id).version, "登记错了", actor("lead"))
    assert "other_mediator" in who_sees(session, case_id)
    assert_exact()


def test_a_hidden_party_stays_hidden(session: Session) -> None:
    case_id = open_mediation(keep_hidden=True).id
    hidden = set(session.execute(select(Party.person_id).where(Party.case_id == case_id, Party.hidden)).scalars())
    assert len(hidden) == 1
    shared(case_id)
    known = known_to(actor("other_mediator"), case_parties(case_id))
    assert known == {party.person_id for party in case_parties(case_id)} - hidden


def test_a_restricted_case_is_not_shared_and_goes_by_those_who_may_read_it(session: Session) -> None:
    case_id = open_mediation(data=VIOLENT).id
    with pytest.raises(Refused) as refused:
        ask(case_id, username="lead")
    assert refused.value.field == "kind"
    with pytest.raises(Forbidden):
        ask(case_id, "transfer")
    referral_id = ask(case_id, "transfer", username="admin")
    assert incoming(actor("other_mediator")) == []
    with pytest.raises(NotFound):
        accept(referral_id, handler_id=THERE)
    accept(referral_id, "other_lead", THERE)
    assert who_sees(session, case_id) == NEW_SIDE
    assert session.execute(select(CaseScope.case_id).where(CaseScope.case_id == case_id)).first() is None
    assert len(known_to(actor("other_mediator"), case_parties(case_id))) == 2
    assert known_to(actor("mediator"), case_parties(case_id)) == frozenset()
    assert known_to(actor("other_admin"), case_parties(case_id)) == frozenset()
    assert_exact()


def test_restricting_ends_what_was_shared(session: Session) -> None:
    case_id = open_mediation().id
    shared(case_id)
    waiting = ask(case_id, to=GULOU)
    transact(restrict_case, case_id, find_row(case_id).version, "当事人害怕", actor("mediator"))
    assert who_sees(session, case_id) == {"mediator", "lead", "admin"}
    assert known_to(actor("other_mediator"), case_parties(case_id)) == frozenset()
    with pytest.raises((Refused, NotFound)):
        accept(waiting, "sibling")
    transact(lift_restriction, case_id, find_row(case_id).version, "已无危险", actor("lead"))
    assert "other_mediator" not in who_sees(session, case_id)


def test_what_is_shared_stays_shared_when_the_tree_moves(session: Session) -> None:
    case_id = open_mediation("village").id
    referral_id = ask(case_id, to=BODY, username="village")
    accept(referral_id, "admin")
    scopes = select(CaseScope.scope_id, CaseScope.own).where(CaseScope.case_id == case_id)
    move(LIUYUAN_VILLAGE, GULOU, "admin")
    chain = {LIUYUAN_VILLAGE, GULOU, DONGCHANGFU, CITY, BODY}
    assert {tuple(row) for row in session.execute(scopes)} == {
        *((org_id, 0) for org_id in chain),
        (LIUYUAN_VILLAGE, 1),
        (BODY, 1),
    }
    move(BODY, ZHENXING, "city")
    assert {row.scope_id for row in session.execute(scopes)} == chain | {ZHENXING, CHIPING}
    assert session.execute(select(Referral.to_county_id)).scalar_one() == CHIPING
    end(case_id, referral_id, "village")
    assert {row.scope_id for row in session.execute(scopes)} == chain - {BODY}
    assert_exact()
    assert session.execute(select(Case.version).where(Case.id == case_id)).scalar_one() == 1
