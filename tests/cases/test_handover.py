"""Handover: a colleague's open cases given on row by row, and with the end of her account or of her post."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fulian.accounts.models import Account, Grant
from fulian.audit.models import AuditEntry
from fulian.cases.counting import differing_cells
from fulian.cases.models import Case, Task
from fulian.cases.queries.case import find_case
from fulian.cases.queries.handover import colleague, colleagues_with_cases, handover_cases, out_of_reach
from fulian.cases.service import assign_handler, end_post_and_hand_over, pass_on
from fulian.cases.service.handing_over import stranded_cases
from fulian.db import db, transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.people.models import PersonScope, Post
from fulian.people.service import PersonData, hold_post, register_person
from fulian.testing.acts import close, find_row, last_event, open_tasks
from fulian.testing.world import ACCOUNTS, LIUYUAN, NOW, VIOLENT, actor, open_mediation

MEDIATOR, COLLEAGUE, SIBLING, STRANGER = (
    ACCOUNTS[name][0] for name in ("mediator", "colleague", "sibling", "other_mediator")
)


def give(case_id: int, heir_id: int = COLLEAGUE, username: str = "lead", from_id: int = MEDIATOR) -> None:
    transact(pass_on, case_id, from_id, heir_id, "产假", actor(username))


def entries(session: Session) -> int:
    done = select(func.count()).select_from(AuditEntry).where(AuditEntry.outcome == "done")
    return session.execute(done).scalar_one()


def test_each_row_is_a_change_of_its_own(session: Session) -> None:
    cases = [open_mediation().id, open_mediation().id]
    before = entries(session)
    give(cases[0])
    assert find_row(cases[0]).handler_id == COLLEAGUE
    assert find_row(cases[1]).handler_id == MEDIATOR
    assert entries(session) == before + 1
    owners = set(session.execute(select(Task.account_id).where(Task.case_id == cases[0])).scalars())
    assert owners == {COLLEAGUE}
    assert last_event(cases[0]).title == "换经办人：李秀英 → 王海燕"
    assert differing_cells() == {}


def test_a_row_is_refused_by_itself(session: Session) -> None:
    case_id = open_mediation().id
    for heir in (SIBLING, STRANGER, ACCOUNTS["disabled"][0], 987_654):
        with pytest.raises(Refused, match="不能办"):
            give(case_id, heir)
    with pytest.raises(Refused, match="已经不由她经办"):
        give(case_id, from_id=SIBLING)
    close(case_id, "90")
    with pytest.raises(Refused, match="已经办结"):
        give(case_id)
    assert find_row(case_id).handler_id == MEDIATOR


@pytest.mark.parametrize(
    ("username", "error"),
    [
        *((name, NotFound) for name in ("other_admin", "foreign_lead", "system", "sibling")),
        *((name, Forbidden) for name in ("township", "mediator", "city")),
    ],
)
def test_who_may_not(session: Session, username: str, error: type[Exception]) -> None:
    case_id = open_mediation().id
    with pytest.raises(error):
        give(case_id, username=username)


def test_a_restricted_case_goes_only_with_who_may_read_it(session: Session) -> None:
    restricted, plain = open_mediation(data=VIOLENT).id, open_mediation().id
    assert {case.id for case in handover_cases(actor("lead"), MEDIATOR)} == {restricted, plain}
    give(restricted)
    with pytest.raises(NotFound):
        find_case(actor("mediator"), restricted)
    assert find_case(actor("colleague"), restricted).id == restricted
    linked = select(PersonScope.account_id, PersonScope.org_id).where(PersonScope.source == "party")
    kept = {tuple(row) for row in session.execute(linked) if row.org_id is None}
    assert kept == {(COLLEAGUE, None)}


def test_what_the_actor_may_not_give_is_counted_with_who_can(session: Session) -> None:
    here = open_mediation().id
    abroad, shut = open_mediation("other_mediator").id, open_mediation("other_mediator", VIOLENT).id
    session.execute(update(Case).where(Case.id.in_([abroad, shut])).values(handler_id=MEDIATOR))
    session.commit()
    by = actor("admin")
    assert [case.id for case in handover_cases(by, MEDIATOR)] == [here]
    left = [(one.unit, one.programme, one.n, one.restricted) for one in out_of_reach(by, MEDIATOR)]
    assert left == [("茌平区", "水城家和", 2, 1)]
    with pytest.raises(NotFound):
        give(shut, username="admin")
    assert {case.id for case in handover_cases(actor("other_admin"), MEDIATOR)} == {abroad, shut}


def test_the_nearest_colleague_is_proposed(session: Session) -> None:
    case_id = open_mediation().id
    [case] = handover_cases(actor("admin"), MEDIATOR)
    names = [heir.name for heir in case.heirs]
    assert (case.id, names[0], case.tasks) == (case_id, "王海燕", len(open_tasks(case_id)))
    assert "李秀英" not in names
    assert "刘敏" in names  # the lead of the county, after those of the organisation itself
    assert case.heir(COLLEAGUE) is not None
    assert case.heir(SIBLING) is None


def test_colleagues_who_can_handle_nothing_any_more_stand_first(session: Session) -> None:
    open_mediation("sibling")
    open_mediation()
    by = actor("admin")
    found = {(one.name, one.org_name, one.cases, one.gone) for one in colleagues_with_cases(by)}
    assert found == {("张立新", "古楼街道", 1, False), ("李秀英", "柳园街道", 1, False)}
    session.execute(update(Grant).where(Grant.account_id == MEDIATOR).values(ends_on=date(2026, 11, 23)))
    session.commit()
    first = colleagues_with_cases(by)[0]
    assert (first.name, first.gone) == ("李秀英", True)
    session.execute(update(Account).where(Account.id == SIBLING).values(status="disabled"))
    session.commit()
    assert all(one.gone for one in colleagues_with_cases(by))
    assert [one.name for one in colleagues_with_cases(by, "古楼")] == ["张立新"]
    assert colleagues_with_cases(actor("other_admin")) == []
    assert colleagues_with_cases(actor("foreign_lead")) == []
    with pytest.raises(NotFound):
        colleague(actor("other_admin"), MEDIATOR)


@pytest.fixture
def post(session: Session) -> int:
    """The mediator's post, on which her only role hangs."""
    person_id = transact(register_person, PersonData(name="李秀英", sex="2"), LIUYUAN, actor("mediator"))
    post_id = transact(hold_post, person_id, LIUYUAN, "专干", date(2026, 1, 1), "聘任", actor("admin"))
    session.execute(update(Grant).where(Grant.account_id == MEDIATOR).values(post_id=post_id))
    session.commit()
    return post_id


def end(post_id: int, heir_id: int | None, username: str = "admin") -> int:
    return transact(end_post_and_hand_over, post_id, 1, date(2026, 11, 24), "辞任", heir_id, actor(username))


def test_ending_a_post_asks_who_takes_the_cases(session: Session, post: int) -> None:
    case_id = open_mediation().id
    with pytest.raises(Refused) as refused:
        end(post, None)
    assert refused.value.field == "heir_id"
    assert db.session.get_one(Post, post, populate_existing=True).ends_on is None
    before = entries(session)
    assert end(post, COLLEAGUE) == 1
    assert entries(session) == before + 1
    assert find_row(case_id).handler_id == COLLEAGUE
    assert session.execute(select(Grant.ends_on).where(Grant.account_id == MEDIATOR)).scalar_one() == date(2026, 11, 24)
    assert last_event(case_id).unseal("text") == "辞任，2026-11-24 离任"


def test_a_post_beside_another_role_strands_nothing(session: Session, post: int) -> None:
    open_mediation()
    session.add(
        Grant(account_id=MEDIATOR, role="caseworker", org_id=LIUYUAN, starts_on=date(2026, 1, 1), granted_at=NOW)
    )
    session.commit()
    assert stranded_cases(post, actor("admin")) == ([], 0)
    assert end(post, None) == 0


def test_whoever_does_not_see_a_restricted_case_leaves_it(session: Session, post: int) -> None:
    plain, restricted = open_mediation().id, open_mediation(data=VIOLENT).id
    assert stranded_cases(post, actor("township")) == ([plain], 1)
    assert end(post, COLLEAGUE, "township") == 1
    assert (find_row(plain).handler_id, find_row(restricted).handler_id) == (COLLEAGUE, MEDIATOR)
    give(restricted, username="admin")
    assert find_row(restricted).handler_id == COLLEAGUE


def test_a_post_is_not_ended_with_an_heir_who_cannot(session: Session, post: int) -> None:
    case_id = open_mediation().id
    with pytest.raises(Refused, match="不能办"):
        end(post, STRANGER)
    assert db.session.get_one(Post, post, populate_existing=True).ends_on is None
    assert find_row(case_id).handler_id == MEDIATOR
    transact(assign_handler, case_id, 1, COLLEAGUE, "换人", actor("lead"))
    assert stranded_cases(post, actor("admin")) == ([], 0)
