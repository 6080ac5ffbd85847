"""Roles that end: to the last second of their day in Shanghai, listed before it, and made to run longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from fulian.accounts.grants import NewGrant
from fulian.accounts.models import Grant, Session
from fulian.accounts.queries import ending_grants, grants_of
from fulian.accounts.requests import Asked, ask_request, confirm_request, request_line
from fulian.accounts.service import end_grant, renew_grant
from fulian.accounts.sessions import begin_session
from fulian.db import db, transact
from fulian.errors import NotFound, Refused
from fulian.people.models import Post
from fulian.people.service import PersonData, hold_post, register_person
from fulian.testing.world import ACCOUNTS, DONGCHANGFU, LIUYUAN, NOW, ZHENXING, actor
from tests.accounts.conftest import Browser, entries, entry_count

Open = Callable[..., Browser]
TODAY = date(2026, 11, 24)
SOON, LATER = TODAY + timedelta(days=10), TODAY + timedelta(days=400)


def grant_of(username: str) -> int:
    return next(grant.id for grant in grants_of([ACCOUNTS[username][0]]))


def ends(username: str, last_day: date | None) -> int:
    """Let an account's first role end on this day; the role's id."""
    grant_id = grant_of(username)
    transact(lambda: db.session.execute(update(Grant).where(Grant.id == grant_id).values(ends_on=last_day)))
    return grant_id


def last_day_of(grant_id: int) -> date | None:
    return db.session.execute(select(Grant.ends_on).where(Grant.id == grant_id)).scalar_one()


def refused(username: str, grant_id: int, ends_on: date | None, reason: str = "续聘") -> str:
    with pytest.raises(Refused) as caught:
        transact(renew_grant, grant_id, ends_on, reason, actor(username))
    return caught.value.message


# --- its last day ----------------------------------------------------------------------------------------------------


def test_it_holds_to_the_last_second_of_its_day(app: Flask, browse: Open) -> None:
    """In a browser that stays open over midnight in Shanghai, which is 16:00 of UTC."""
    with app.app_context():
        ends("mediator", TODAY)
        db.session.remove()
    with time_machine.travel(datetime(2026, 11, 24, 15, 45, tzinfo=UTC), tick=False) as clock:
        person = browse("mediator")
        clock.move_to(datetime(2026, 11, 24, 15, 59, 59, tzinfo=UTC))
        assert person.get("/cases/").status_code == 200
        clock.move_to(datetime(2026, 11, 24, 16, 0, 0, tzinfo=UTC))
        assert person.get("/cases/").status_code == 403
        assert "已到期" in person.get("/account").get_data(as_text=True)


@pytest.mark.parametrize(("username", "address"), [("admin", "/accounts/new"), ("system", "/accounts/requests/new")])
def test_whoever_gives_a_role_may_say_when_it_ends(browse: Open, username: str, address: str) -> None:
    assert 'name="ends_on"' in browse(username).get(address).get_data(as_text=True)


# --- listed before it ------------------------------------------------------------------------------------------------


def listed(username: str) -> list[str]:
    return [name for name, _grant in ending_grants(actor(username), 30)]


def test_each_sees_those_she_may_renew_the_soonest_first(within: Flask) -> None:
    ends("mediator", SOON)
    ends("lead", TODAY)
    ends("other_mediator", SOON)  # another county's
    ends("township", SOON)  # above what an admin gives
    ends("colleague", TODAY + timedelta(days=31))  # not yet
    ends("sibling", TODAY - timedelta(days=1))  # no more
    ends("disabled", SOON)
    elsewhere = Grant(account_id=4, role="caseworker", org_id=ZHENXING, starts_on=TODAY, ends_on=SOON, granted_at=NOW)
    transact(lambda: db.session.add(elsewhere))  # hers to renew only for whoever reaches account and organisation
    assert listed("admin") == ["刘敏", "李秀英"]
    assert listed("other_admin") == ["杨丽"]
    assert listed("city") == ["刘敏", "张立新", "李秀英", "杨丽"]
    assert listed("system") == listed("security") == ["孙玉芝"]


def test_what_was_ended_is_not_listed(within: Flask) -> None:
    transact(end_grant, ends("mediator", SOON), "调走", actor("admin"))
    assert listed("admin") == []


@pytest.mark.parametrize(
    ("username", "whose", "link"),
    [
        ("admin", "mediator", "/accounts/1/roles/{}/renew"),
        ("system", "township", "/accounts/6/roles/{}/requests/renew"),
    ],
)
def test_the_list_leads_to_the_renewal(app: Flask, browse: Open, username: str, whose: str, link: str) -> None:
    with app.app_context():
        grant_id = ends(whose, datetime.now(UTC).date() + timedelta(days=5))
        db.session.remove()
    text = browse(username).get("/accounts/").get_data(as_text=True)
    assert "快到期的角色" in text
    assert link.format(grant_id) in text
    assert "快到期的角色" not in browse("audit").get("/accounts/").get_data(as_text=True)


# --- renewed ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", [LATER, None])
def test_renewed_by_her_admin_and_nobody_is_thrown_out(within: Flask, until: date | None) -> None:
    grant_id, before = ends("mediator", SOON), entry_count()
    transact(begin_session, 1, actor("mediator"), "")
    transact(renew_grant, grant_id, until, "续聘一年", actor("admin"))
    assert last_day_of(grant_id) == until
    assert entry_count() == before + 1
    assert db.session.execute(select(Session.ended_at)).scalars().all() == [None]


def test_what_cannot_be_renewed(within: Flask) -> None:
    grant_id = ends("mediator", SOON)
    assert "以后" in refused("admin", grant_id, SOON)
    assert "以后" in refused("admin", grant_id, TODAY)
    assert "请写明事由" in refused("admin", grant_id, LATER, "  ")
    assert "没有到期日" in refused("admin", ends("colleague", None), LATER)
    assert "已经到期" in refused("admin", ends("sibling", TODAY - timedelta(days=1)), LATER)
    assert "要由三员" in refused("admin", ends("township", SOON), LATER)
    with pytest.raises(NotFound):
        transact(renew_grant, ends("other_mediator", SOON), LATER, "续聘", actor("admin"))
    with pytest.raises(NotFound):
        transact(renew_grant, 987_654, LATER, "续聘", actor("admin"))


def test_a_role_that_hangs_on_a_post_ends_with_the_post(within: Flask) -> None:
    admin = actor("admin")
    person_id = transact(register_person, PersonData(name="李秀英", sex="2"), LIUYUAN, actor("mediator"))
    transact(hold_post, person_id, LIUYUAN, "专干", TODAY, "聘任", admin)
    post_id = db.session.execute(select(Post.id)).scalar_one()
    grant_id = ends("mediator", SOON)
    transact(lambda: db.session.execute(update(Grant).where(Grant.id == grant_id).values(post_id=post_id)))
    assert "跟着职务走" in refused("admin", grant_id, LATER)


def test_above_a_lead_two_administrators_renew(within: Flask) -> None:
    grant_id = ends("admin", SOON)
    wanted = next(grant for grant in grants_of([7]) if grant.id == grant_id)
    asked = Asked("renew_grant", "留任", 7, grant=new_grant(wanted.role, LATER), grant_id=grant_id)
    request_id = transact(ask_request, asked, actor("system"))
    assert last_day_of(grant_id) == SOON
    transact(confirm_request, request_id, None, actor("security"))
    assert last_day_of(grant_id) == LATER
    assert request_line(request_id).asked == asked
    with pytest.raises(Refused, match="以后"):
        transact(ask_request, asked, actor("system"))


def new_grant(role: str, ends_on: date) -> NewGrant:
    return NewGrant(role, DONGCHANGFU, ends_on=ends_on)


def test_the_pages_of_a_renewal(app: Flask, browse: Open) -> None:
    day = datetime.now(UTC).date()
    with app.app_context():
        mine, theirs = ends("mediator", day + timedelta(days=5)), ends("admin", day + timedelta(days=5))
        db.session.remove()
    until = (day + timedelta(days=300)).isoformat()
    admin = browse("admin")
    admin.get(f"/accounts/1/roles/{mine}/renew")
    wrong = admin.post(f"/accounts/1/roles/{mine}/renew", ends_on=day.isoformat(), reason="续聘")
    assert (wrong.status_code, 'id="ends_on-error"' in wrong.get_data(as_text=True)) == (422, True)
    assert admin.post(f"/accounts/1/roles/{mine}/renew", ends_on=until, reason="续聘").status_code == 302
    system = browse("system")
    system.get(f"/accounts/7/roles/{theirs}/requests/renew")
    asked = system.post(f"/accounts/7/roles/{theirs}/requests/renew", ends_on=until, reason="留任")
    security = browse("security")
    text = security.get(asked.headers["Location"]).get_data(as_text=True)
    assert "角色续期" in text
    assert "原来到" in text
    assert security.post(asked.headers["Location"] + "/confirm").status_code == 302
    with app.app_context():
        assert {last_day_of(mine), last_day_of(theirs)} == {date.fromisoformat(until)}
    assert [act for act, _ in entries(app)][-1] == "account.role_renewed"
