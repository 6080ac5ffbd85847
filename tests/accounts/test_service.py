"""Accounts and roles: who may decide what, and that no rule can be gone around."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from fulian.accounts.grants import AccountRow, NewAccount, NewGrant, add_grant, create_account_rows
from fulian.accounts.models import Account, Grant
from fulian.accounts.queries import (
    account_names,
    find_account,
    grants_of,
    handlers_for,
    holders_of,
    may_handle,
    orgs_named,
    search_accounts,
)
from fulian.accounts.roles import THREE
from fulian.accounts.service import (
    create_account,
    disable_account,
    edit_account,
    enable_account,
    end_grant,
    end_grants_of_post,
    grant_role,
    invite_account,
    may_manage,
)
from fulian.db import db, transact
from fulian.errors import NotFound, Refused, Stale
from fulian.people.models import Person, Post
from fulian.testing.world import (
    BODY,
    CHIPING,
    CITY,
    CITY_UNIT,
    DONGCHANGFU,
    GULOU,
    LIUYUAN,
    LIUYUAN_VILLAGE,
    NOW,
    ZHENXING,
    actor,
)
from fulian.web.paging import page_of, read_cursor
from tests.accounts.conftest import entry_count

pytestmark = pytest.mark.usefixtures("within")


def new(role: str = "caseworker", org_id: int = LIUYUAN, programme: str | None = None, **changed: Any) -> NewAccount:
    grant = NewGrant(role, org_id, programme, changed.pop("ends_on", None))
    return NewAccount(**{"username": "new.person", "name": "新来的", "org_id": org_id, "grant": grant, **changed})


def refused(act: Callable[..., Any], *args: Any, **kwargs: Any) -> Refused:
    """The refusal; nothing but it may be left behind."""
    before = len(grants_of([find.id for find in db.session.execute(select(Account)).scalars()]))
    with pytest.raises(Refused) as caught:
        transact(act, *args, **kwargs)
    assert len(grants_of([find.id for find in db.session.execute(select(Account)).scalars()])) == before
    return caught.value


# --- inviting --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["admin", "city"])
def test_admins_invite_caseworkers_and_leads_in_their_scope(username: str) -> None:
    before = entry_count()
    account_id = transact(invite_account, new("programme_lead", DONGCHANGFU, "mediation"), "hash", actor(username))
    assert entry_count() == before + 1
    account = db.session.get_one(Account, account_id)
    assert (account.username, account.county_id, account.must_change) == ("new.person", DONGCHANGFU, True)
    assert [(g.role, g.programme, g.starts_on) for g in grants_of([account_id])] == [
        ("programme_lead", "mediation", NOW.date())
    ]


@pytest.mark.parametrize("role", ["township_admin", "county_admin", "city_admin", *sorted(THREE)])
def test_nobody_gives_alone_what_is_above(role: str) -> None:
    for username in ("admin", "city"):
        assert refused(invite_account, new(role, DONGCHANGFU), "hash", actor(username)).field == "role"
        assert refused(grant_role, 1, NewGrant(role, DONGCHANGFU), actor(username)).field == "role"


@pytest.mark.parametrize("username", ["mediator", "lead", "township", "system", "security", "audit"])
def test_nobody_else_invites(username: str) -> None:
    assert refused(invite_account, new(), "hash", actor(username)).field == "org_id"


def test_out_of_scope_and_no_such_organisation_are_alike() -> None:
    sibling = refused(invite_account, new(org_id=ZHENXING), "hash", actor("admin"))
    nowhere = refused(invite_account, new(org_id=99999), "hash", actor("admin"))
    assert (sibling.field, sibling.message) == (nowhere.field, nowhere.message)


def test_where_she_works_and_where_the_role_holds_must_both_be_in_scope() -> None:
    for place, role_at in ((ZHENXING, LIUYUAN), (LIUYUAN, ZHENXING)):
        account = new(org_id=place, grant=NewGrant("caseworker", role_at))
        assert refused(invite_account, account, "hash", actor("admin")).field == "org_id"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"username": "mediator"}, "username"),
        ({"username": "MEDIATOR "}, "username"),
        ({"username": "9lives"}, "username"),
        ({"username": "李秀英"}, "username"),
        ({"username": "a" * 41}, "username"),
        ({"name": " "}, "name"),
        ({"name": "长" * 51}, "name"),
        ({"role": "boss"}, "role"),
        ({"role": "programme_lead", "org_id": LIUYUAN_VILLAGE, "programme": "mediation"}, "org_id"),
        ({"role": "programme_lead"}, "programme"),
        ({"ends_on": NOW.date() - timedelta(days=1)}, "ends_on"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(changed: dict[str, Any], field: str) -> None:
    assert refused(invite_account, new(**changed), "hash", actor("admin")).field == field


# --- roles -----------------------------------------------------------------------------------------------------------


def test_a_role_is_given_once_and_ended_at_once() -> None:
    grant_id = transact(grant_role, 1, NewGrant("caseworker", BODY, "mediation"), actor("admin"))
    assert (
        "已经有同样的角色" in refused(grant_role, 1, NewGrant("caseworker", BODY, "mediation"), actor("admin")).message
    )
    transact(end_grant, grant_id, "工作调整", actor("admin"))
    grant = db.session.get_one(Grant, grant_id)
    assert (grant.ended_at, grant.ended_by) == (NOW, 7)
    assert "已经撤销" in refused(end_grant, grant_id, "再来一次", actor("admin")).message
    transact(grant_role, 1, NewGrant("caseworker", BODY, "mediation"), actor("admin"))  # and may be given again


def test_roles_out_of_reach_are_left_alone() -> None:
    def grant_of(account_id: int) -> int:
        return db.session.execute(select(Grant.id).where(Grant.account_id == account_id)).scalar_one()

    for account_id in (12, 8, 9):  # of another county, of the city
        with pytest.raises(NotFound):
            transact(end_grant, grant_of(account_id), "事由", actor("admin"))
    assert refused(end_grant, grant_of(6), "事由", actor("admin")).field == "role"  # the township chair's
    with pytest.raises(NotFound):
        transact(end_grant, 99999, "事由", actor("admin"))
    with pytest.raises(NotFound):
        transact(grant_role, 12, NewGrant("caseworker", LIUYUAN), actor("admin"))


@pytest.mark.parametrize("role", sorted(THREE))
@pytest.mark.parametrize("other", ["caseworker", "township_admin", "county_admin", "city_admin", *sorted(THREE)])
def test_the_three_stand_apart_in_one_account(role: str, other: str) -> None:
    """Whoever asks, in either order: also the command line, which is under no admin's scope."""
    if role == other:
        return
    level = {"caseworker": LIUYUAN, "township_admin": LIUYUAN, "county_admin": DONGCHANGFU}
    by = actor("city")
    first, second = NewGrant(role, CITY), NewGrant(other, level.get(other, CITY))
    for one, two in ((first, second), (second, first)):
        username = f"x{one.role}".replace("_", "-")
        account_id = transact(create_account, NewAccount(username, username, CITY, one), "hash", by, must_change=True)
        transact(lambda found=account_id: db.session.get_one(Account, found))
        assert "三员" in refused(_give, account_id, two, by).message


def _give(account_id: int, grant: NewGrant, by: Any) -> None:
    from_db = db.session.get_one(Account, account_id)
    add_grant(from_db, grant, by)


def test_the_three_stand_apart_across_the_accounts_of_one_person() -> None:
    person_id = transact(_add_person)
    by = actor("city")
    transact(
        create_account,
        NewAccount("one", "甲", CITY, NewGrant("system_admin", CITY), person_id),
        "h",
        by,
        must_change=True,
    )
    for role in ("security_admin", "audit_admin", "city_admin"):
        second = NewAccount("two", "乙", CITY, NewGrant(role, CITY), person_id)
        assert "三员" in refused(create_account, second, "h", by, must_change=True).message


def test_two_of_the_three_of_one_name_must_be_told_apart() -> None:
    by = actor("city")
    same = NewAccount("two", "周立", CITY, NewGrant("audit_admin", CITY))
    assert "在姓名后加字区分" in refused(create_account, same, "h", by, must_change=True).message
    transact(
        create_account,
        NewAccount("two", "周立（审计）", CITY, NewGrant("audit_admin", CITY)),
        "h",
        by,
        must_change=True,
    )


def _add_person() -> int:
    row = {"name": "甲", "org_id": CITY, "county_id": CITY_UNIT, "created_at": NOW, "seal_id": bytes(16)}
    return db.session.execute(insert(Person).values(row).returning(Person.id)).scalar_one()


def test_a_role_on_a_post_ends_with_it() -> None:
    person_id = transact(_add_person)
    post = Post(
        person_id=person_id,
        org_id=LIUYUAN,
        county_id=DONGCHANGFU,
        title="主席",
        starts_on=date(2025, 1, 1),
        change="当选",
        recorded_at=NOW,
    )

    def hang() -> None:
        db.session.add(post)
        db.session.flush()
        grant = db.session.execute(select(Grant).where(Grant.account_id == 6)).scalar_one()
        grant.post_id = post.id

    transact(hang)
    transact(end_grants_of_post, post.id, date(2026, 12, 31))
    assert [grant.ends_on for grant in grants_of([6])] == [date(2026, 12, 31)]
    transact(end_grants_of_post, post.id, date(2027, 1, 31))  # never later than before
    assert [grant.ends_on for grant in grants_of([6])] == [date(2026, 12, 31)]


# --- status and corrections ------------------------------------------------------------------------------------------


def test_disabled_and_enabled_again() -> None:
    by = actor("admin")
    transact(lambda: disable_account(1, by, reason="休产假"))
    assert find_account(1) == find_account(1)
    assert db.session.get_one(Account, 1, populate_existing=True).status == "disabled"
    assert "已经停用" in refused(lambda: disable_account(1, by, reason="再来")).message
    transact(lambda: enable_account(1, by, reason="产假结束"))
    assert db.session.get_one(Account, 1, populate_existing=True).status == "active"
    assert "正在使用" in refused(lambda: enable_account(1, by, reason="再来")).message
    assert refused(lambda: disable_account(1, by, reason=" ")).field == "reason"


def test_who_stands_above_or_aside_is_not_disabled() -> None:
    for account_id in (6, 7):  # the township chair, herself
        assert refused(lambda found=account_id: disable_account(found, actor("admin"), reason="事由"))
    for account_id in (8, 9, 12):
        with pytest.raises(NotFound):
            transact(lambda found=account_id: disable_account(found, actor("admin"), reason="事由"))
    assert refused(lambda: disable_account(1, actor("security"), reason="事由"))  # alone, without a second one
    assert not may_manage(99999, actor("city"))


def test_a_name_and_a_place_are_corrected_and_a_stale_save_is_not() -> None:
    by = actor("admin")
    version = db.session.get_one(Account, 1).version
    transact(edit_account, 1, version, "李秀英（大）", GULOU, by)
    account = db.session.get_one(Account, 1, populate_existing=True)
    assert (account.name, account.org_id, account.version) == ("李秀英（大）", GULOU, version + 1)
    with pytest.raises(Stale) as stale:
        transact(edit_account, 1, version, "别的", LIUYUAN, by)
    assert stale.value.saved == {"name": "李秀英（大）", "org": "古楼街道妇联"}
    assert stale.value.mine == {"name": "别的", "org": "柳园街道妇联"}
    assert refused(edit_account, 1, version + 1, "李秀英", ZHENXING, by).field == "org_id"


# --- reading ---------------------------------------------------------------------------------------------------------


def test_who_may_handle_a_case() -> None:
    def names(org_id: int, programme: str | None) -> list[str]:
        return [found.username for found in handlers_for(org_id, programme, NOW)]

    assert names(LIUYUAN, "mediation") == ["mediator", "colleague", "lead"]
    assert names(LIUYUAN_VILLAGE, "mediation")[0] in ("village", "several")
    assert set(names(LIUYUAN_VILLAGE, "mediation")) == {"village", "several", "mediator", "colleague", "lead"}
    assert "foreign_lead" in names(LIUYUAN, "lectures")
    assert set(names(GULOU, None)) == {"sibling", "lead", "foreign_lead"}
    assert may_handle(1, LIUYUAN, "mediation", NOW)
    assert not may_handle(4, LIUYUAN, "mediation", NOW)
    assert not may_handle(16, LIUYUAN, "mediation", NOW)  # disabled


def test_who_is_whom() -> None:
    assert account_names([1, 7, 99999]) == {1: "李秀英", 7: "张敏"}
    assert find_account(99999) is None
    assert [found.username for found in holders_of("county_admin", DONGCHANGFU, NOW)] == ["admin"]
    assert [found.username for found in holders_of("programme_lead", DONGCHANGFU, NOW, "mediation")] == ["lead"]


@pytest.mark.parametrize(
    ("username", "seen"),
    [("admin", 10), ("other_admin", 3), ("city", 17), ("system", 17), ("audit", 17), ("mediator", 0), ("township", 0)],
)
def test_an_admin_sees_the_accounts_of_her_subtree(username: str, seen: int) -> None:
    assert len(search_accounts(actor(username), "", None, 100)) == seen


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("李秀", ["mediator"]),
        ("medi", ["mediator"]),
        ("MEDI", ["mediator"]),
        ("古楼", ["sibling"]),
        ("%", []),
        ("杨丽", []),
    ],
)
def test_accounts_are_found_by_name_user_name_or_place(text: str, found: list[str]) -> None:
    assert [line.username for line in search_accounts(actor("admin"), text, None, 100)] == found


def test_every_account_comes_once_page_by_page() -> None:
    seen: list[int] = []
    cursor = None
    while True:
        found = search_accounts(actor("city"), "", cursor, 5)
        page = page_of(found, cursor, 5, lambda line: (line.created_at, line.id))
        seen += [line.id for line in page.rows]
        if page.next is None:
            break
        cursor = read_cursor(page.next)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 17
    back = page_of(
        search_accounts(actor("city"), "", read_cursor(page.previous), 5),
        read_cursor(page.previous),
        5,
        lambda line: (line.created_at, line.id),
    )
    assert [line.id for line in back.rows] == seen[10:15]


def test_organisations_are_found_in_scope_only() -> None:
    assert orgs_named(actor("admin"), "柳园街道妇联", 9) == [(LIUYUAN, "柳园街道妇联（东昌府区）")]
    assert orgs_named(actor("admin"), "柳园街道", 9) == [(LIUYUAN, "柳园街道妇联（东昌府区）")]
    assert len(orgs_named(actor("admin"), "村", 9)) == 3
    assert len(orgs_named(actor("system"), "村", 9)) == 4
    assert orgs_named(actor("admin"), "振兴", 9) == []
    assert orgs_named(actor("mediator"), "柳园", 9) == []


def test_accounts_in_bulk() -> None:
    rows = [
        AccountRow(
            f"bulk{n}", f"批量{n}", LIUYUAN, DONGCHANGFU, "hash", (NewGrant("caseworker", LIUYUAN),) * (n % 2 + 1)
        )
        for n in range(50)
    ]
    ids = transact(create_account_rows, rows, NOW)
    assert account_names(ids) == {account_id: row.name for account_id, row in zip(ids, rows, strict=True)}
    assert len(grants_of(ids)) == 75
    assert CHIPING not in {grant.org_id for grant in grants_of(ids)}
