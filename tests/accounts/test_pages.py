"""The pages of accounts: who may open them, what they say, that bad input loses nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import select

from fulian.accounts.models import Account, Grant
from fulian.accounts.queries import grants_of
from fulian.db import db
from fulian.testing.world import DONGCHANGFU, PASSWORD, open_mediation
from tests.accounts.conftest import Browser, entries

Open = Callable[..., Browser]
NEW_PASSWORD = "Xin-de-mima-9"
SLIP = re.compile(r"<dt>一次性密码</dt><dd class=\"mask\">([^<]+)</dd>")

INVITATION = {"name": "新来的", "username": "new.person", "org_id": "前罗村妇联", "role": "caseworker", "programme": ""}


def text_of(answer: object) -> str:
    return str(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def one_time(answer: object) -> str:
    """The one-time password on a slip."""
    found = SLIP.search(text_of(answer))
    assert found, text_of(answer)
    return found[1]


def account(app: Flask, username: str) -> Account | None:
    with app.app_context():
        return db.session.execute(select(Account).where(Account.username == username)).scalar_one_or_none()


# --- who may ---------------------------------------------------------------------------------------------------------

ADMINS, THREE = {"admin", "city"}, {"system", "security", "audit"}
EVERYBODY = ["mediator", "lead", "township", *sorted(ADMINS), *sorted(THREE)]
GATES = [
    ("/account", set(EVERYBODY)),
    ("/account/device", set(EVERYBODY)),
    ("/account/password", set(EVERYBODY)),
    ("/account/sessions", set(EVERYBODY)),
    ("/accounts/", ADMINS | THREE),
    ("/accounts/1", ADMINS | THREE),
    ("/accounts/new", ADMINS),
    ("/accounts/1/edit", ADMINS),
    ("/accounts/1/roles", ADMINS),
    ("/accounts/1/roles/1/end", ADMINS),
    ("/accounts/1/roles/1/renew", ADMINS),
    ("/accounts/1/disable", ADMINS),
    ("/accounts/1/enable", ADMINS),
    ("/accounts/1/rights", {"security"}),
    ("/accounts/requests/new", {"system", "security"}),
    ("/accounts/1/requests/grant", {"system", "security"}),
    ("/accounts/1/requests/disable", {"system", "security"}),
    ("/accounts/1/requests/enable", {"system", "security"}),
    ("/accounts/1/requests/reset_password", {"system", "security"}),
    ("/accounts/1/requests/reset_device", {"system", "security"}),
    ("/accounts/1/roles/1/requests/end", {"system", "security"}),
    ("/accounts/1/roles/1/requests/renew", {"system", "security"}),
]


@pytest.mark.parametrize("username", EVERYBODY)
def test_each_page_is_open_to_those_who_need_it(browse: Open, username: str) -> None:
    person = browse(username)
    for path, allowed in GATES:
        assert person.get(path).status_code == (200 if username in allowed else 403), path


def test_an_account_out_of_scope_is_like_none(browse: Open) -> None:
    person = browse("admin")
    for path in ("/accounts/{}", "/accounts/{}/edit", "/accounts/{}/disable", "/accounts/{}/roles"):
        sibling, nobody = person.get(path.format(12)), person.get(path.format(99999))
        assert sibling.status_code == nobody.status_code == 404
    assert person.get("/accounts/1/roles/99/end").status_code == 404
    assert browse("system").get("/accounts/requests/99").status_code == 404
    assert browse("system").get("/accounts/1/requests/promote").status_code == 404


# --- one's own -------------------------------------------------------------------------------------------------------


def test_my_account_says_who_i_am_and_whom_to_ask(browse: Open) -> None:
    text = text_of(browse("mediator").get("/account"))
    assert all(word in text for word in ("李秀英", "柳园街道", "调解员·经办人", "张敏", "修改密码", "退出登录"))


@pytest.mark.parametrize(
    ("fields", "said", "at"),
    [
        ({"present": "not-hers"}, "现在的密码不对。还可以再试 4 次", "present"),
        ({"password": "short", "again": "short"}, "至少 10 位", "password"),
        ({"password": "Mediator-2026", "again": "Mediator-2026"}, "不能含账号名", "password"),
        ({"again": "something else"}, "两次输的新密码不一样", "again"),
        ({"password": PASSWORD, "again": PASSWORD}, "这个密码以前用过", "password"),
        ({"present": "", "password": "", "again": ""}, "请填写现在的密码", "present"),
    ],
)
def test_a_bad_new_password_is_said_at_its_field(browse: Open, fields: dict[str, str], said: str, at: str) -> None:
    person = browse("mediator")
    person.get("/account/password")
    answer = person.post(
        "/account/password", **{"present": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD, **fields}
    )
    assert answer.status_code == 422
    assert said in text_of(answer)
    assert f'id="{at}-error"' in text_of(answer)
    assert person.get("/account").status_code == 200


def test_the_last_five_passwords_are_not_taken_again(browse: Open) -> None:
    person = browse("mediator")
    used = [PASSWORD, *(f"Shui-cheng-{n}" for n in range(5))]
    for old, new in pairwise(used):
        person.get("/account/password")
        assert person.post("/account/password", present=old, password=new, again=new).status_code == 302
    person.get("/account/password")
    for old in used[1:]:
        answer = person.post("/account/password", present=used[-1], password=old, again=old)
        assert "这个密码以前用过" in text_of(answer)
    answer = person.post("/account/password", present=used[-1], password=used[0], again=used[0])
    assert answer.status_code == 302  # the sixth before is forgotten


def test_trying_a_password_in_a_session_locks_as_at_log_in(browse: Open) -> None:
    person = browse("mediator")
    person.get("/account/password")
    fields = {"present": "not-hers", "password": NEW_PASSWORD, "again": NEW_PASSWORD}
    codes = [person.post("/account/password", **fields).status_code for _ in range(6)]
    assert codes == [422] * 4 + [429] * 2


# --- inviting --------------------------------------------------------------------------------------------------------


def test_invited_with_a_one_time_password_that_must_be_changed(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    admin.get("/accounts/new")
    slip = admin.post("/accounts/new", **INVITATION)
    assert slip.status_code == 200
    assert slip.headers["Cache-Control"] == "no-store"
    password = one_time(slip)

    person = browse()
    person.log_in("new.person", password)
    answer = person.get("/cases/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/account/password")
    assert person.get("/cases/", headers={"HX-Request": "true"}).status_code == 403
    page = person.get("/account/password")
    assert "一次性的" in text_of(page)
    answer = person.post("/account/password", present=password, password=NEW_PASSWORD, again=NEW_PASSWORD)
    assert answer.status_code == 302
    assert person.get("/").status_code == 200
    assert [act for act, _ in entries(app)] == [
        "login.done",
        "account.invited",
        "login.done",
        "account.password_changed",
    ]


def test_a_doubled_submit_makes_one_account(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    admin.get("/accounts/new")
    assert admin.post("/accounts/new", **INVITATION).status_code == 200
    answer = admin.post("/accounts/new", **INVITATION)
    assert answer.status_code == 422
    assert "已经有人用了" in text_of(answer)


def test_what_was_typed_is_kept(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    admin.get("/accounts/new")
    answer = admin.post("/accounts/new", **{**INVITATION, "username": "新来的", "org_id": "振兴街道妇联"})
    text = text_of(answer)
    assert answer.status_code == 422
    assert "在您管的范围里没有找到这个组织" in text
    assert 'value="振兴街道妇联"' in text
    assert 'value="新来的"' in text
    assert account(app, "new.person") is None


def test_an_unclear_place_is_chosen_from_a_few(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    admin.get("/accounts/new")
    answer = admin.post("/accounts/new", **{**INVITATION, "org_id": "罗村"})
    text = text_of(answer)
    assert answer.status_code == 422
    assert "请在下面选一个" in text
    assert "前罗村妇联（柳园街道）" in text
    assert "后罗村妇联（柳园街道）" in text
    answer = admin.post("/accounts/new", **{**INVITATION, "org_id": "罗村", "org_pick": "301"})
    assert answer.status_code == 200
    made = account(app, "new.person")
    assert made is not None
    assert made.org_id == 301


def test_only_declared_fields_change(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    admin.get("/accounts/new")
    more = {
        "status": "disabled",
        "password_hash": "x",
        "county_id": "6",
        "must_change": "",
        "version": "9",
        "person_id": "1",
    }
    assert admin.post("/accounts/new", **{**INVITATION, **more}).status_code == 200
    made = account(app, "new.person")
    assert made is not None
    assert (made.status, made.county_id, made.must_change, made.version) == ("active", DONGCHANGFU, True, 2)
    assert made.person_id is None


def test_a_form_of_somebody_elses_page_is_refused(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    admin.csrf = "forged"
    assert admin.post("/accounts/new", **INVITATION).status_code == 422
    assert admin.post("/logout").status_code == 400
    assert account(app, "new.person") is None


# --- roles, disabling ------------------------------------------------------------------------------------------------


def test_a_role_is_added_and_ended(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    admin.get("/accounts/1/roles")
    fields = {"role": "programme_lead", "org_id": "东昌府区妇联", "programme": "mediation", "ends_on": "2027-12-31"}
    assert admin.post("/accounts/1/roles", **fields).status_code == 302
    page = text_of(admin.get("/accounts/1"))
    assert "项目负责人" in page
    with app.app_context():
        grant = grants_of([1])[0]
    assert "马上" in text_of(admin.get(f"/accounts/1/roles/{grant.id}/end"))
    answer = admin.post(f"/accounts/1/roles/{grant.id}/end", reason="")
    assert answer.status_code == 422
    assert "请写明事由" in text_of(answer)
    assert admin.post(f"/accounts/1/roles/{grant.id}/end", reason="任期届满").status_code == 302
    assert "已撤销" in text_of(admin.get("/accounts/1"))


def test_the_township_chair_is_not_touched_from_the_page(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    with app.app_context():
        grant_id = db.session.execute(select(Grant.id).where(Grant.account_id == 6)).scalar_one()
    page = text_of(admin.get("/accounts/6"))
    assert "停用账号" not in page
    admin.get(f"/accounts/6/roles/{grant_id}/end")
    answer = admin.post(f"/accounts/6/roles/{grant_id}/end", reason="事由")
    assert answer.status_code == 422
    assert "要由三员中的一位申请" in text_of(answer)


def test_disabling_asks_who_takes_the_open_cases(app: Flask, browse: Open) -> None:
    with app.app_context():
        open_mediation("mediator")
    person, admin = browse("mediator"), browse("admin")
    assert "王海燕（colleague）" in text_of(admin.get("/accounts/1/disable"))
    answer = admin.post("/accounts/1/disable", reason="离职", heir_id="")
    assert answer.status_code == 422
    assert "她还有 1 件在办案件" in text_of(answer)
    assert "离职</textarea>" in text_of(answer)
    assert admin.post("/accounts/1/disable", reason="离职", heir_id="2").status_code == 302
    assert person.get("/account").status_code == 302
    assert "已停用" in text_of(admin.get("/accounts/1"))
    admin.get("/accounts/1/enable")
    assert admin.post("/accounts/1/enable", reason="又回来了").status_code == 302
    assert browse().log_in("mediator").status_code == 302


def test_a_stale_correction_shows_both(app: Flask, browse: Open) -> None:
    admin = browse("admin")
    page = text_of(admin.get("/accounts/1/edit"))
    assert 'name="version" type="hidden" value="1"' in page or 'value="1"' in page
    fields = {"name": "李秀英大", "org_id": "柳园街道妇联", "version": "1"}
    assert admin.post("/accounts/1/edit", **fields).status_code == 302
    answer = admin.post("/accounts/1/edit", **{**fields, "name": "李秀英小"})
    text = text_of(answer)
    assert answer.status_code == 409
    assert "李秀英大" in text
    assert "李秀英小" in text
    assert admin.post("/accounts/1/edit", **{**fields, "version": "x"}).status_code == 400


# --- the three -------------------------------------------------------------------------------------------------------


def test_asked_and_confirmed_on_the_pages(app: Flask, browse: Open) -> None:
    system, security = browse("system"), browse("security")
    system.get("/accounts/7/requests/reset_password")
    answer = system.post("/accounts/7/requests/reset_password", reason="忘记密码，已当面核实")
    assert answer.status_code == 302
    where = answer.headers["Location"]
    own = text_of(system.get(where))
    assert "要由另一位管理员确认" in own
    assert "撤回申请" in own

    assert "张敏" in text_of(security.get("/accounts/"))
    assert "确认重置密码" in text_of(security.get(where))
    slip = security.post(f"{where}/confirm")
    password = one_time(slip)
    assert browse().log_in("admin").status_code == 422
    person = browse()
    assert person.log_in("admin", password).status_code == 302
    person.get("/account/password")
    person.post("/account/password", present=password, password=NEW_PASSWORD, again=NEW_PASSWORD)
    told = text_of(person.get("/account"))
    assert "周立 申请，吴静 确认" in told
    assert "已经办过" in text_of(security.post(f"{where}/confirm"))


def test_asked_for_a_new_account_and_sent_back(app: Flask, browse: Open) -> None:
    system, security = browse("system"), browse("security")
    system.get("/accounts/requests/new")
    fields = {
        "name": "新主席",
        "username": "chair",
        "org_id": "柳园街道妇联",
        "role": "township_admin",
        "reason": "换届",
    }
    answer = system.post("/accounts/requests/new", programme="", **fields)
    where = answer.headers["Location"]
    page = text_of(security.get(where))
    assert all(word in page for word in ("新主席", "chair", "乡镇妇联主席", "柳园街道妇联", "换届"))
    answer = security.post(f"{where}/decline", reason="")
    assert answer.status_code == 422
    assert security.post(f"{where}/decline", reason="请附任职文件").status_code == 302
    assert "已退回" in text_of(system.get(where))
    assert account(app, "chair") is None


def test_a_role_and_its_end_are_asked_for(app: Flask, browse: Open) -> None:
    system, security = browse("system"), browse("security")
    system.get("/accounts/5/requests/grant")
    fields = {"role": "county_admin", "org_id": "东昌府区妇联", "programme": "", "reason": "任命"}
    where = system.post("/accounts/5/requests/grant", **fields).headers["Location"]
    security.get(where)
    assert security.post(f"{where}/confirm").status_code == 302
    with app.app_context():
        grant = next(found for found in grants_of([5]) if found.role == "county_admin")
    security.get(f"/accounts/5/roles/{grant.id}/requests/end")
    where = security.post(f"/accounts/5/roles/{grant.id}/requests/end", reason="免职").headers["Location"]
    assert "县级管理员" in text_of(system.get(where))
    assert system.post(f"{where}/confirm").status_code == 302
    assert "已撤销" in text_of(system.get("/accounts/5"))


def test_disabling_is_asked_with_an_heir(app: Flask, browse: Open) -> None:
    with app.app_context():
        open_mediation("mediator")
    system, security = browse("system"), browse("security")
    system.get("/accounts/1/requests/disable")
    answer = system.post("/accounts/1/requests/disable", reason="离职", heir_id="")
    assert "她还有 1 件在办案件" in text_of(answer)
    where = system.post("/accounts/1/requests/disable", reason="离职", heir_id="2").headers["Location"]
    assert "王海燕" in text_of(security.get(where))
    assert security.post(f"{where}/confirm").status_code == 302
    made = account(app, "mediator")
    assert made is not None
    assert made.status == "disabled"


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_is_searched_and_says_when_nothing_is_found(browse: Open) -> None:
    admin = browse("admin")
    assert "李秀英" in text_of(admin.get("/accounts/?q=李秀"))
    assert "杨丽" not in text_of(admin.get("/accounts/"))
    assert "没有找到“查无此人”" in text_of(admin.get("/accounts/?q=查无此人"))
    assert admin.get("/accounts/?after=tampered").status_code == 400
    assert "&lt;script&gt;" in text_of(admin.get("/accounts/?q=<script>"))
