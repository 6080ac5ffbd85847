"""The pages of cases: each is drawn for who may, bad input comes back with its text, two versions are shown."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update
from werkzeug.test import TestResponse

from fulian.accounts.models import Grant
from fulian.app import create_app
from fulian.cases.models import Case, Event, Party, Referral, Task
from fulian.cases.queries.lists import CasePage
from fulian.cases.service import add_note, add_task, close_case, edit_case, restrict_case
from fulian.cases.service.editing import CaseEdit
from fulian.db import db, transact
from fulian.people.models import Person, Post
from fulian.people.service import PersonData, hold_post, register_person
from fulian.programmes.models import Opening
from fulian.testing.world import DONGCHANGFU, GULOU, LIUYUAN, PASSWORD, PEACEFUL, VIOLENT, actor, open_mediation
from fulian.web.paging import Cursor

TOKEN = re.compile(r'name="csrf_token"[^>]* value="([^"]+)"')
SUBMISSION = re.compile(r'name="submission_id"[^>]* value="([^"]+)"')
LATIN = re.compile(r">[^<]*\b[A-Za-z]{4,}\b[^<]*<")
ANSWERS: Mapping[str, Any] = {
    **{name: value for name, value in PEACEFUL.items() if not isinstance(value, bool)},
    "notice_given": "y",
    "applicant-name": "赵春梅",
    "respondent-name": "孙建国",
    "respondent-relation": "husband",
}


@dataclass
class Browser:
    """Somebody at a browser, without scripts."""

    client: FlaskClient
    token: str = ""
    text: str = ""

    def get(self, path: str, status: int = 200) -> str:
        """Open a page; its text."""
        return self._read(self.client.get(path), status)

    def post(self, path: str, status: int, **fields: Any) -> str:
        """Send a form with the token of the page seen last; the text of the answer, for a redirect its address."""
        data = {"csrf_token": self.token, **{name.replace("__", "-"): value for name, value in fields.items()}}
        response = self.client.post(path, data=data)
        text = self._read(response, status)
        return str(response.location) if status in (302, 303) else text

    def _read(self, response: TestResponse, status: int) -> str:
        self.text = response.get_data(as_text=True)
        assert response.status_code == status, self.text[:2000]
        found = TOKEN.search(self.text)
        self.token = found[1] if found else self.token
        return self.text


Browse = Callable[[str], Browser]


@pytest.fixture
def browse(app: Flask) -> Browse:
    """`browse("mediator")`: a browser in which this account is logged in."""

    def open_browser(username: str) -> Browser:
        browser = Browser(app.test_client())
        browser.get("/login")
        browser.post("/login", 302, username=username, password=PASSWORD)
        return browser

    return open_browser


@dataclass
class House:
    """The application from within: each call in a context of its own, as a request has one."""

    app: Flask

    def open(self, days: int = 1, **case: Any) -> int:
        """Open a case of the mediator some days ago; its id."""
        with self.app.app_context():
            return open_mediation(now=now() - timedelta(days=days), **case).id

    def act(self, use_case: Callable[..., Any], *args: Any, by: str = "mediator") -> None:
        with self.app.app_context():
            transact(use_case, *args, actor(by, now()))

    def value(self, statement: Any) -> Any:
        """The first value that a statement finds."""
        with self.app.app_context():
            return db.session.execute(statement).scalars().first()

    def of(self, case_id: int, column: Any) -> Any:
        return self.value(select(column).where(Case.id == case_id))

    def count(self, model: type[Any]) -> int:
        return int(self.value(select(func.count()).select_from(model)))

    def write(self, statement: Any) -> None:
        with self.app.app_context():
            db.session.execute(statement)
            db.session.commit()


@pytest.fixture
def house(app: Flask) -> House:
    return House(app)


@pytest.fixture
def case_id(house: House) -> int:
    """A case of the mediator that both sides want mediated, opened yesterday."""
    return house.open()


def now() -> datetime:
    return datetime.now(UTC)


def problems(text: str) -> list[str]:
    """The errors at the fields of a page."""
    return re.findall(r'<div class="wrong" id="[^"]+">.*?</svg>(.*?)</div>', text)


# --- every page -------------------------------------------------------------------------------------------------------

FORMS = (
    "do/record_session",
    "do/record_willingness",
    "do/write_agreement",
    "close",
    "edit",
    "restrict",
    "note",
    "tasks/new",
    "files/new",
)


def test_every_page_of_a_case_is_drawn(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    texts = [mediator.get(f"/cases/{case_id}/{page}") for page in (*FORMS, "history")]
    texts += [mediator.get(path) for path in ("/", "/cases/", "/cases/new", f"/cases/{case_id}")]
    task = house.value(select(Task.id).where(Task.case_id == case_id, Task.legal.is_(False)))
    texts.append(mediator.get(f"/cases/{case_id}/tasks/{task}/done"))
    lead = browse("lead")
    texts += [lead.get(path) for path in (f"/cases/{case_id}/handler", "/cases/urgent", "/")]
    for text in texts:
        assert not re.search(r"""\sstyle=|<style|\son[a-z]+="|javascript:""", text)
        main = text[text.index("<main") : text.index("</main>")]
        assert LATIN.findall(re.sub(r">(Word|Excel)<", "><", main.replace("Word 和 Excel", ""))) == []


@pytest.mark.parametrize("username", ["system", "security", "audit"])
def test_the_three_administrators_see_their_pages_and_no_case(
    house: House, case_id: int, browse: Browse, username: str
) -> None:
    page = browse(username).get("/")
    assert "您可以办的" in page
    assert 'href="/accounts/"' in page
    assert "/cases/" not in page
    assert "赵春梅" not in page


def test_a_page_of_a_case_out_of_scope_is_not_there(house: House, case_id: int, browse: Browse) -> None:
    other = browse("other_mediator")
    for page in ("", *(f"/{form}" for form in FORMS), "/history"):
        other.get(f"/cases/{case_id}{page}", 404)


# --- workbench --------------------------------------------------------------------------------------------------------


def test_the_counters_filter_the_list_below(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    house.act(add_task, case_id, "走访老人住处", local_today(), None, "t-1")
    page = mediator.get("/")
    assert "登记调解：赵春梅、孙建国" in page
    assert re.findall(r"<b>(\d+)</b>", page[page.index('class="cnt') :])[:3] == ["0", "1", "1"]
    assert "走访老人住处：赵春梅、孙建国" in mediator.get("/?due=today")
    assert "登记调解" not in mediator.text
    assert "没有逾期的事" in mediator.get("/?due=late")
    assert "办结，或双方同意延期" in mediator.get("/?due=all")
    mediator.get("/?due=never", 400)


def test_whoever_sees_an_area_gets_its_due_cases(house: House, case_id: int, browse: Browse) -> None:
    page = browse("admin").get("/")
    assert "本辖区快到期的案件" in page
    assert "赵春梅、孙建国" in page
    assert "/cases/?due=late" in page
    assert "新建案件" not in page[page.index("<main") :]


# --- list -------------------------------------------------------------------------------------------------------------


def test_the_list_says_what_it_shows(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    page = mediator.get("/cases/")
    assert "案号省略了“聊妇调〔2026〕371502-”" in page or now().year != 2026
    assert '<a href="/cases/" aria-current="true"' in page
    assert "共 <b>1</b> 件在办" in page
    page = mediator.get("/cases/?risk=r&mine=1")
    assert "没有符合条件的案件" in page
    page = mediator.get("/cases/?risk=b&mine=1&stage=accepted")
    assert "共 <b>1</b> 件在办" in page
    assert 'href="/cases/?stage=accepted&amp;mine=1" aria-label="去掉蓝色"' in page
    assert "还没有在办的案件" in browse("sibling").get("/cases/")
    assert "没有逾期的案件" in mediator.get("/cases/?due=late")
    assert "共 <b>1</b> 件" in mediator.get("/cases/?due=soon")


@pytest.mark.parametrize(
    "query", ["sort=name", "status=any", "risk=x", "org=99", "due=now", "after=1", "q=13800005512"]
)
def test_what_is_not_declared_is_refused(house: House, browse: Browse, query: str) -> None:
    browse("mediator").get(f"/cases/?{query}", 400)


def test_a_search_goes_into_the_address_only_where_it_is_no_number(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    mediator.get("/cases/")
    assert mediator.post("/cases/", 303, q="zcm", mine="1") == "/cases/?q=zcm&mine=1"
    assert "赵春梅、孙建国" in mediator.get("/cases/?q=zcm")
    assert mediator.post("/cases/", 303, q=house.of(case_id, Case.number)).endswith(f"/cases/{case_id}")
    page = mediator.post("/cases/", 200, q="371599199003070026")
    assert "没有找到这个号码的案件" in page
    assert "371599199003070026" not in re.sub(r'value="371599199003070026"', "", page)
    assert "没有找到“王五”的案件" in mediator.get("/cases/?q=王五")


def test_a_long_list_is_turned_over(house: House, browse: Browse) -> None:
    for days in range(22):
        house.open(days, names=(f"田{'甲乙丙丁'[days % 4]}", "田守信"))
    mediator = browse("mediator")
    mediator.client.environ_base["HTTP_USER_AGENT"] = "Mobile"
    page = mediator.get("/cases/")
    assert "第 1—20 件" in page
    following = re.search(r'href="([^"]+)">下一页', page)
    assert following is not None
    page = mediator.get(following[1].replace("&amp;", "&"))
    assert "第 21—22 件" in page
    assert "上一页" in page


def test_a_search_that_stopped_says_so_and_goes_on(
    house: House, browse: Browse, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Cursor(now(), 7)
    monkeypatch.setattr("fulian.cases.views.lists.case_page", lambda *_asked: CasePage([], place, 0))
    page = browse("mediator").get("/cases/?risk=r")
    assert "请缩小范围，或" in page
    assert f'href="/cases/?risk=r&amp;after={place.encode()}">继续查找</a>' in page
    assert "至少 <b>0</b> 件" in page


# --- opening ----------------------------------------------------------------------------------------------------------


def test_a_case_is_logged_in_three_pages(house: House, browse: Browse) -> None:
    mediator = browse("mediator")
    assert 'href="/cases/new"' in mediator.get("/")
    page = mediator.get("/cases/new")
    assert [title for title in ("1　谁来求助", "2　什么事", "3　安全筛查", "4　告知与同意") if title not in page] == []
    assert "checked" not in page  # nothing is answered for her
    submission = SUBMISSION.search(page)
    assert submission is not None
    fields = {**ANSWERS, "org_id": LIUYUAN, "submission_id": submission[1]}
    address = mediator.post("/cases/new", 302, **fields)
    page = mediator.get(address)
    assert "已受理登记，案号" in page
    assert re.search(r'<div class="fs-5 fw-semibold">聊妇调〔\d{4}〕371502-000001</div>', page)
    # pressed twice, or sent again after a cut line: the same case
    again = mediator.post("/cases/new", 302, **fields)
    assert again.split("?")[0] == address.split("?")[0]
    assert (house.count(Case), house.count(Person)) == (1, 2)


def test_bad_input_comes_back_with_its_texts_at_the_fields(house: House, browse: Browse) -> None:
    mediator = browse("mediator")
    mediator.get("/cases/new")
    page = mediator.post("/cases/new", 422, org_id=LIUYUAN, submission_id="s-1", **{
        **ANSWERS, "summary": "", "hit": "maybe", "respondent__document_number": "371599199003070021",
        "respondent__phone": "138", "disputes": ["visits", "feelings"],
    })  # fmt: skip
    assert "有 4 处要改，改好再登记。" in page
    assert len(problems(page)) == 4
    for kept in (
        'value="赵春梅"',
        'value="371599199003070021"',
        'value="138"',
        'value="visits" checked',
        "<details open",
    ):
        assert kept in page
    assert 'href="#respondent-phone"' in page
    assert 'id="respondent-phone"' in page
    assert (house.count(Case), house.count(Person)) == (0, 0)


def test_nobody_is_taken_for_somebody_else_unasked(house: House, case_id: int, browse: Browse) -> None:
    known = house.value(select(Person.id).where(Person.name == "赵春梅"))
    mediator = browse("mediator")
    mediator.get("/cases/new")
    fields: dict[str, Any] = {**ANSWERS, "org_id": LIUYUAN, "submission_id": "s-2", "respondent-name": "陈国强"}
    page = mediator.post("/cases/new", 422, **fields)
    assert problems(page) == ["有同名或相近的人，请在下面选是不是同一个人。"]
    assert f'name="applicant-same" value="{known}"' in page
    assert "都不是，新登记一个人" in page
    address = mediator.post("/cases/new", 302, **fields, **{"applicant-same": str(known)})
    assert "陈国强" in mediator.get(address)
    assert house.value(select(func.count()).where(Party.person_id == known)) == 2
    mediator.post("/cases/new", 302, **{**fields, "submission_id": "s-3", "respondent-name": "陈大力"}, **{
        "applicant-same": "new"})  # fmt: skip
    assert house.value(select(func.count()).where(Person.name == "赵春梅")) == 2


def test_a_chosen_person_stays_chosen_while_the_rest_is_mended(house: House, case_id: int, browse: Browse) -> None:
    known = house.value(select(Person.id).where(Person.name == "赵春梅"))
    mediator = browse("mediator")
    mediator.get("/cases/new")
    page = mediator.post("/cases/new", 422, **{
        **ANSWERS, "org_id": LIUYUAN, "submission_id": "s", "respondent-name": "陈国强", "summary": "",
        "applicant-name": "春", "applicant-same": str(known)})  # fmt: skip
    assert f'name="applicant-same" value="{known}" checked' in page


def test_a_name_typed_over_a_chosen_person_is_not_hers(house: House, case_id: int, browse: Browse) -> None:
    known = house.value(select(Person.id).where(Person.name == "赵春梅"))
    mediator = browse("mediator")
    mediator.get("/cases/new")
    fields = {**ANSWERS, "org_id": LIUYUAN, "submission_id": "s-2", "respondent-name": "陈国强"}
    for typed in ("刘新人", "赵春梅花", ""):
        page = mediator.post("/cases/new", 422, **{**fields, "applicant-name": typed, "applicant-same": str(known)})
        assert problems(page)[-1].startswith("填的姓名和选的赵春梅不是同一个人。")
        assert f'name="applicant-same" value="{known}"><' in page  # offered, no longer chosen
        assert f'value="{typed}"' in page
        assert "分居四个月" in page
    assert house.count(Case) == 1
    for n, typed in enumerate(("zcm", "赵春", "招春眉")):  # initials, a part, a name read alike: what found her
        mediator.post("/cases/new", 302, **{
            **fields, "submission_id": f"t-{n}", "respondent-name": f"陈国{'一二三'[n]}", "applicant-name": typed,
            "applicant-same": str(known)})  # fmt: skip
    assert house.value(select(func.count()).where(Party.person_id == known)) == 4


def test_the_form_opened_from_a_person_has_her_chosen(house: House, case_id: int, browse: Browse) -> None:
    known = house.value(select(Person.id).where(Person.name == "赵春梅"))
    mediator = browse("mediator")
    assert f'href="/cases/new?person={known}"' in mediator.get(f"/people/{known}")
    page = mediator.get(f"/cases/new?person={known}")
    assert f'name="applicant-same" value="{known}" checked' in page
    assert re.search(r'name="applicant-name"[^>]*value="赵春梅"', page)
    browse("other_mediator").get(f"/cases/new?person={known}", 404)
    mediator.get("/cases/new?person=x", 400)


def test_where_no_programme_takes_cases_the_page_says_so(house: House, browse: Browse) -> None:
    page = browse("foreign_lead").get("/cases/new")
    assert "现在不能新建案件" in page
    house.write(update(Opening).values(intake_ends_at=now() - timedelta(minutes=1)))
    page = browse("mediator").get("/cases/new?programme=mediation")
    assert "现在不能新建案件" in page
    browse("mediator").get("/cases/new?programme=nothing", 404)


def test_who_works_in_two_places_says_where(house: House, browse: Browse) -> None:
    page = browse("lead").get("/cases/new")
    assert f'name="org_id" value="{DONGCHANGFU}"' in page
    page = browse("township").get("/cases/new", 403)
    assert f'value="{GULOU}"' not in page  # the bare number may stand in a token


# --- the case ---------------------------------------------------------------------------------------------------------


def test_the_case_page_shows_who_what_and_what_next(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    first = house.value(select(Party.id).where(Party.case_id == case_id).order_by(Party.sort))
    house.act(add_note, case_id, "走访甲方", "现住亲属家。\n白天不便接电话。", now(), first)
    page = mediator.get(f"/cases/{case_id}")
    assert page.count(f'href="/cases/{case_id}/do/record_session">登记第一次调解</a>') == 2  # desk, and the phone's bar
    assert "仅甲方材料，不得告知乙方" in page
    assert "现住亲属家。<br>白天不便接电话。" in page
    assert f'href="/cases/{case_id}?told={first}"' in page
    assert "登记</b>" not in mediator.get(f"/cases/{case_id}?told={first}")
    mediator.get(f"/cases/{case_id}?told=999", 400)
    assert "申请人的丈夫" in page
    assert re.search(r'<span class="jia">甲</span> <a class="tap" href="/people/\d+"><b>赵春梅</b>', page)


def test_who_may_only_read_gets_no_buttons(house: House, case_id: int, browse: Browse) -> None:
    page = browse("township").get(f"/cases/{case_id}")
    main = page[page.index("<main") : page.index("</main>")]
    assert "btn" not in main
    assert f"/cases/{case_id}/history" in main
    assert "/do/" not in main


def test_a_restricted_case_says_who_reads_it(house: House, browse: Browse) -> None:
    opened = house.open(0, data=VIOLENT)
    page = browse("mediator").get(f"/cases/{opened}")
    assert "受限案件" in page
    assert "谁能看" in page
    assert "项目负责人、县级管理员" in page
    assert "甲方住址保密" in page
    page = browse("admin").get(f"/cases/{opened}")
    assert "/people/" not in page[page.index("<main") :]  # the persons are linked to the handler only
    browse("colleague").get(f"/cases/{opened}", 404)


def test_a_closed_programme_and_a_missing_one_are_said_in_words(
    house: House, case_id: int, app_config: dict[str, Any], browse: Browse
) -> None:
    house.write(update(Opening).values(ends_at=now() - timedelta(minutes=1)))
    page = browse("mediator").get(f"/cases/{case_id}")
    assert "在这里已经停用，案件只能查看" in page
    assert "/do/" not in page
    blocked = create_app(app_config | {"FULIAN_BLOCK": "mediation"})
    without = Browser(blocked.test_client())
    without.get("/login")
    without.post("/login", 302, username="mediator", password=PASSWORD)
    page = without.get(f"/cases/{case_id}")
    assert "本项目的明细暂不可看" in page
    assert "水城家和" in page
    assert "赵春梅、孙建国" in without.get("/cases/")
    assert "赵春梅、孙建国" in without.get("/")
    assert "登记" in without.get(f"/cases/{case_id}/history")
    with blocked.app_context():
        db.engine.dispose()


# --- acts -------------------------------------------------------------------------------------------------------------


def session_fields(**changed: Any) -> dict[str, Any]:
    at = datetime.now().astimezone() - timedelta(hours=1)
    return {
        "at": at.astimezone().strftime("%Y-%m-%dT%H:%M"),
        "place": "柳园街道婚调室",
        "told": "y",
        "content": "双方同意再谈一次。",
        "result": "again",
        **changed,
    }


def test_a_transition_is_done_and_its_refusal_stands_at_the_field(house: House, case_id: int, browse: Browse) -> None:
    mediator, path = browse("mediator"), f"/cases/{case_id}/do/record_session"
    mediator.get(path)
    ahead = (now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    page = mediator.post(path, 422, version="1", **session_fields(at=ahead))
    assert problems(page) == ["这个时间还没到。调解后再登记；若是预约，请用“加一项待办”。"]
    assert f'value="{ahead}"' in page
    assert "双方同意再谈一次。" in page
    assert 'name="version" value="1"' in page
    assert house.of(case_id, Case.stage) == "accepted"
    assert mediator.post(path, 302, version="1", **session_fields()).endswith(f"/cases/{case_id}")
    assert "登记第二次调解" in mediator.get(f"/cases/{case_id}")
    mediator.post(path, 400, version="x", **session_fields())
    mediator.get(f"/cases/{case_id}/do/nothing", 404)


def test_a_barred_act_says_why_instead_of_its_form(house: House, browse: Browse) -> None:
    opened = house.open(0, data=VIOLENT)
    mediator = browse("mediator")
    page = mediator.get(f"/cases/{opened}/do/record_session")
    assert "现在不能登记第一次调解" in page
    assert 'name="content"' not in page
    assert "有严重家暴风险，不能调解" in mediator.get(f"/cases/{opened}")
    assert "报告公安" in mediator.text


def test_closing_asks_and_refuses_at_the_field_of_either_form(house: House, case_id: int, browse: Browse) -> None:
    mediator, path = browse("mediator"), f"/cases/{case_id}/close"
    page = mediator.get(path)
    assert "没办完的 2 项待办一并结束" in page
    assert page.count('name="csrf_token"') == 2  # of the log-out, and one of the form
    page = mediator.post(path, 422, version="1")
    assert problems(page) == ["请选择结果。", "请写明办结情况，一两句话就可以。"]
    page = mediator.post(path, 422, version="1", outcome="42", note="转到区妇联。")
    assert problems(page) == ["请写明转到哪里，例如“东昌府区人民法院”。"]
    assert 'id="transferred_to-error"' in page
    assert "转到区妇联。" in page
    mediator.post(path, 302, version="1", outcome="42", note="转到区妇联。", transferred_to="东昌府区妇联")
    page = mediator.get(f"/cases/{case_id}")
    assert "已办结" in page
    assert "终止，转其他单位" in page
    assert "/do/" not in page
    assert "终止，转其他单位" in mediator.get("/cases/?status=closed")


def test_a_stale_save_shows_both_versions(house: House, case_id: int, browse: Browse) -> None:
    mediator, path = browse("mediator"), f"/cases/{case_id}/edit"
    page = mediator.get(path)
    assert "分居四个月" in page
    house.act(edit_case, case_id, 1, CaseEdit("分居五个月，要求按月支付。", "o"), by="lead")
    mine = {"version": "1", "summary": "分居四个月，要求一次付清。", "risk": "b"}
    page = mediator.post(path, 409, **mine)
    assert "刘敏在" in page
    assert "分居<ins>四</ins>个月，要求<ins>一次付清。</ins>" in page
    assert "分居<ins>五</ins>个月，要求<ins>按月支付。</ins>" in page
    assert 'name="risk" value="o"' in page
    assert house.of(case_id, Case.summary) == "分居五个月，要求按月支付。"
    mediator.post(path, 302, version="2", summary="", merged="分居五个月，要求一次付清。", risk="o")
    assert (house.of(case_id, Case.summary), house.of(case_id, Case.risk)) == ("分居五个月，要求一次付清。", "o")
    page = mediator.post(path, 422, version="3", summary="", risk="o")
    assert problems(page) == ["请用一句话说清是什么事。"]


def test_a_stale_act_keeps_what_was_typed(house: House, case_id: int, browse: Browse) -> None:
    mediator, path = browse("mediator"), f"/cases/{case_id}/do/record_session"
    mediator.get(path)
    house.act(edit_case, case_id, 1, CaseEdit("改过。", "o"), by="lead")
    page = mediator.post(path, 409, version="1", **session_fields(content="双方<同意>再谈。"))
    assert "仍按我填的保存" in page
    assert "再约一次" in page
    assert 'name="content" value="双方&lt;同意&gt;再谈。"' in page
    assert 'name="version" value="2"' in page
    mediator.post(path, 302, version="2", **session_fields())


def test_notes_and_tasks_are_written_and_mended(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    page = mediator.get(f"/cases/{case_id}/note")
    assert 'name="wall" value="" checked' in page
    ahead = (now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    page = mediator.post(f"/cases/{case_id}/note", 422, text="电话联系过。", at=ahead, wall="")
    assert problems(page) == ["这个时间还没到。发生后再登记；若是预约，请用“加一项待办”。"]
    assert "电话联系过。" in page
    mediator.post(f"/cases/{case_id}/note", 302, text="电话联系过。", at="2026-01-05T09:00", wall="", title="")
    assert "补记" in mediator.get(f"/cases/{case_id}")
    path = f"/cases/{case_id}/tasks/new"
    mediator.get(path)
    page = mediator.post(path, 422, title="走访", due_on="2020-01-01", submission_id="t-2")
    assert problems(page) == ["这一天已经过去了，请选今天或以后的日子。"]
    for _ in range(2):
        mediator.post(path, 302, title="走访", due_on=local_today().isoformat(), due_time="23:58", submission_id="t-2")
    task = house.value(select(Task.id).where(Task.title == "走访"))
    assert "走访" in mediator.get(f"/cases/{case_id}/tasks/{task}/done")
    mediator.post(f"/cases/{case_id}/tasks/{task}/done", 302, note="老人在家。")
    assert "办完：走访" in mediator.get(f"/cases/{case_id}")
    mediator.get(f"/cases/{case_id}/tasks/{task}/done", 404)


def sent_twice(browser: Browser, path: str, **fields: Any) -> str:
    """Send the form of a page as it was drawn, two times; the address to which the second answer leads."""
    page = browser.get(path)
    found = SUBMISSION.search(page)
    assert found is not None
    sent = {**fields, "submission_id": found[1]}
    browser.post(path, 302, **sent)
    return browser.post(path, 302, **sent)


def test_a_lost_answer_doubles_nothing(house: House, case_id: int, browse: Browse) -> None:
    mediator, here = browse("mediator"), f"/cases/{case_id}"
    house.act(add_task, case_id, "走访", local_today(), None, "t-1")
    task = house.value(select(Task.id).where(Task.title == "走访"))
    moment = session_fields()["at"]
    for path, fields in (
        ("do/record_session", {"version": "1", **session_fields()}),
        ("note", {"text": "电话联系过。", "at": moment, "wall": ""}),
        (f"tasks/{task}/done", {"note": "老人在家。"}),
        ("close", {"version": "2", "outcome": "90", "note": "双方自行和好。"}),
    ):
        address = sent_twice(mediator, f"{here}/{path}", **fields)
        newest = house.value(select(Event.id).where(Event.submission_id.is_not(None)).order_by(Event.id.desc()))
        assert address == f"{here}#event-{newest}"
        assert f'<li id="event-{newest}">' in mediator.get(here)
    kinds = ("record_session", "note", "task", "closed")
    for kind in kinds:
        assert house.value(select(func.count()).where(Event.kind == kind)) == 1


def test_a_form_that_is_no_form_is_refused(house: House, case_id: int, browse: Browse) -> None:
    mediator, path = browse("mediator"), f"/cases/{case_id}/do/record_session"
    mediator.get(path)
    for wrong in ("x" * 37, "a\x00b"):
        mediator.post(path, 400, version="1", **session_fields(submission_id=wrong))


def test_a_closed_case_says_so_on_every_page_that_would_go_on(house: House, case_id: int, browse: Browse) -> None:
    house.act(close_case, case_id, 1, "90", {"note": "双方自行和好。"})
    mediator = browse("mediator")
    for page in ("close", "do/record_session", "do/record_follow_up"):
        text = mediator.get(f"/cases/{case_id}/{page}")
        assert "这件案件已经办结，不能再办理" in text
        assert "阶段，不能" not in text
        assert 'name="note"' not in text
        assert 'name="content"' not in text


def test_who_raised_the_risk_and_may_no_longer_read_is_led_to_the_list(
    house: House, case_id: int, browse: Browse
) -> None:
    colleague = browse("colleague")
    assert "今天报告公安" in colleague.get(f"/cases/{case_id}/edit")
    fields = {"version": "1", "summary": "男方扬言动手。", "risk": "r"}
    assert colleague.post(f"/cases/{case_id}/edit", 302, **fields) == "/cases/"
    colleague.get("/cases/")
    colleague.get(f"/cases/{case_id}", 404)
    page = browse("mediator").get(f"/cases/{case_id}")
    assert f'href="/cases/{case_id}/do/report_police">报告公安</a>' in page


def test_the_paper_is_printed_before_it_is_signed(house: House, case_id: int, browse: Browse) -> None:
    mediator, here = browse("mediator"), f"/cases/{case_id}"
    mediator.get(here)
    mediator.post(f"{here}/do/record_session", 302, version="1", **session_fields(result="reached"))
    agreement = {"facts": "双方分居四个月。", "text_1": "男方每月支付抚养费。", "matter_1": "payment"}
    mediator.post(f"{here}/do/write_agreement", 302, version="2", **agreement)
    print_it = f'<a class="btn btn-primary" href="{here}/documents/agreement.pdf">打印人民调解协议书</a>'
    sign_it = f'<a class="btn btn-primary" href="{here}/do/sign_agreement">登记签字盖章</a>'
    page = mediator.get(here)
    assert (page.count(print_it), page.count(sign_it)) == (2, 0)
    assert f'<a class="btn btn-plain btn-s me-2 my-1" href="{here}/do/sign_agreement">' in page
    assert mediator.client.get(f"{here}/documents/agreement.pdf").status_code == 200
    page = mediator.get(here)
    assert (page.count(print_it), page.count(sign_it)) == (0, 2)
    clause = mediator.get(f"{here}/do/change_clause?number=1")
    assert "男方每月支付抚养费。</textarea>" in clause
    assert "哪一条" in mediator.get(f"{here}/do/change_clause")
    changed = {"number": "1", "text_1": "男方每季支付抚养费。", "matter_1": "payment"}
    mediator.post(f"{here}/do/change_clause", 302, version="3", **changed)
    assert mediator.get(here).count(print_it) == 2  # what was printed is no longer what stands there


def test_a_file_is_kept_and_given_back(house: House, case_id: int, browse: Browse) -> None:
    mediator, path = browse("mediator"), f"/cases/{case_id}/files/new"
    mediator.get(path)
    page = mediator.post(path, 422, label="身份证", submission_id="f-1", file=(io.BytesIO(b"<svg>"), "a.svg"), party="")
    assert problems(page) == ["只收照片（JPG、PNG）、PDF、Word 和 Excel 文件，请换一种格式。"]
    assert "文件要重新选一次" in page
    assert 'value="身份证"' in page
    photo = b"\xff\xd8\xff" + b"0" * 2000
    mediator.post(path, 302, label="身份证", submission_id="f-1", file=(io.BytesIO(photo), "甲.jpg"), party="")
    link = re.search(rf'href="(/cases/{case_id}/files/\d+)">身份证</a>', mediator.get(f"/cases/{case_id}"))
    assert link is not None
    given = mediator.client.get(link[1])
    assert given.data == photo
    assert given.headers["Content-Disposition"].startswith("attachment")


def test_a_case_changes_hands_and_becomes_restricted(house: House, case_id: int, browse: Browse) -> None:
    lead = browse("lead")
    page = lead.get(f"/cases/{case_id}/handler")
    assert "现在的经办人是 <b>李秀英</b>" in page
    assert "李秀英的 2 项待办一起转给新的经办人" in page
    page = lead.post(f"/cases/{case_id}/handler", 422, version="1", reason="")
    assert len(problems(page)) == 2
    lead.post(f"/cases/{case_id}/handler", 302, version="1", handler_id="2", reason="请假")
    assert house.of(case_id, Case.handler_id) == 2
    colleague = browse("colleague")
    colleague.get(f"/cases/{case_id}/restrict")
    page = colleague.post(f"/cases/{case_id}/restrict", 422, version="2", reason="")
    assert problems(page) == ["请写明理由。"]
    colleague.post(f"/cases/{case_id}/restrict", 302, version="2", reason="对方会来单位打听")
    assert "取消受限要由项目负责人或县级管理员办理" in colleague.get(f"/cases/{case_id}/restrict", 403)
    assert f'href="/cases/{case_id}/restrict"' not in colleague.get(f"/cases/{case_id}")
    assert f'href="/cases/{case_id}/restrict">取消受限' in lead.get(f"/cases/{case_id}")
    assert "取消受限" in lead.get(f"/cases/{case_id}/restrict")
    browse("mediator").get(f"/cases/{case_id}", 404)


def test_an_emergency_opens_a_restricted_case_by_its_number(house: House, case_id: int, browse: Browse) -> None:
    house.act(restrict_case, case_id, 1, "对方会来单位打听")
    city = browse("city")
    city.get(f"/cases/{case_id}", 404)
    city.get("/cases/urgent")
    page = city.post("/cases/urgent", 422, number="聊妇调〔2026〕371502-009999", reason="公安急需。")
    assert len(problems(page)) == 1
    assert "公安急需。" in page
    address = city.post("/cases/urgent", 302, number=house.of(case_id, Case.number), reason="公安急需。")
    assert "赵春梅、孙建国" in city.get(address)
    assert "紧急查看：丁秀兰" in browse("lead").get(f"/cases/{case_id}")
    browse("mediator").get("/cases/urgent", 403)


def test_the_history_speaks_in_words(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    mediator.get(f"/cases/{case_id}/do/record_session")
    mediator.post(f"/cases/{case_id}/do/record_session", 302, version="1", **session_fields())
    mediator.post(f"/cases/{case_id}/edit", 302, version="2", summary="改过的一句话。", risk="o")
    house.act(add_task, case_id, "走访", date(2030, 1, 5), None, "t-3")
    page = mediator.get(f"/cases/{case_id}/history")
    main = page[page.index("<main") : page.index("</main>")]
    assert LATIN.findall(main) == []
    for text in (
        "登记案件",
        "登记调解",
        "更正案件",
        "加待办",
        "再约一次",
        "2030年1月5日",
        "风险等级：",
        "受理告知",
        "李秀英",
    ):
        assert text in main


def test_a_page_left_open_too_long_keeps_what_was_typed(house: House, case_id: int, browse: Browse) -> None:
    mediator = browse("mediator")
    mediator.get(f"/cases/{case_id}/note")
    mediator.token = "stale"
    page = mediator.post(f"/cases/{case_id}/note", 422, text="写了很久。", at="2026-01-05T09:00", wall="")
    assert "这一页打开得太久" in page
    assert "写了很久。" in page
    assert house.value(select(func.count()).where(Event.kind == "note")) == 0


def local_today() -> date:
    return (now() + timedelta(hours=8)).date()


def test_a_closed_case_is_reopened_on_its_page(house: House, browse: Browse) -> None:
    case_id = house.open()
    lead = browse("lead")
    assert f"/cases/{case_id}/reopen" not in lead.get(f"/cases/{case_id}")
    assert "没有办结，不用重新办理" in lead.get(f"/cases/{case_id}/reopen")
    house.act(close_case, case_id, 1, "90", {"note": "双方自行和好。"})
    assert f"/cases/{case_id}/reopen" in lead.get(f"/cases/{case_id}")
    page = lead.get(f"/cases/{case_id}/reopen")
    assert "按“其他”办结" in page
    assert "期限还是原来的" in page
    stage, version = house.of(case_id, Case.stage), house.of(case_id, Case.version)
    lead.post(f"/cases/{case_id}/reopen", 422, stage=stage, version=version)
    assert "请写明理由" in lead.text
    assert "已保存的" in lead.post(f"/cases/{case_id}/reopen", 409, stage=stage, version=1, reason="又吵了")
    lead.post(f"/cases/{case_id}/reopen", 302, stage=stage, version=version, reason="又吵了")
    assert house.of(case_id, Case.status) == "open"
    assert "重新办理：回到" in lead.get(f"/cases/{case_id}")
    assert f"/cases/{case_id}/reopen" not in browse("mediator").get(f"/cases/{case_id}")


def test_a_void_case_says_so_and_is_only_read(house: House, browse: Browse) -> None:
    case_id = house.open()
    lead, mediator = browse("lead"), browse("mediator")
    assert "案号" in lead.get(f"/cases/{case_id}/void")
    lead.post(f"/cases/{case_id}/void", 302, version=1, reason="登记了两次")
    page = mediator.get(f"/cases/{case_id}")
    assert "已作废" in page
    assert not re.search(rf"/cases/{case_id}/(edit|note|close|handler|files/new|tasks/new|void)\"", page)
    mediator.get(f"/cases/{case_id}/note")
    assert "只能查看" in mediator.post(f"/cases/{case_id}/note", 422, text="不该写", at="2026-01-01T09:00")
    assert f'href="/cases/{case_id}"' in mediator.get("/cases/?status=void")
    assert f'href="/cases/{case_id}"' not in mediator.get("/cases/")
    assert "撤销作废" in lead.get(f"/cases/{case_id}/void")
    lead.post(f"/cases/{case_id}/void", 302, version=house.of(case_id, Case.version), reason="没有登记错")
    assert f'href="/cases/{case_id}"' in mediator.get("/cases/")


def test_a_colleague_is_handed_over_in_one_act(house: House, browse: Browse) -> None:
    first, second, third = house.open(), house.open(), house.open()
    lead = browse("lead")
    assert "/cases/handover" in lead.get("/cases/")
    assert "在办 3 件" in lead.get("/cases/handover")
    page = lead.get("/cases/handover/1")
    assert "建议：王海燕" in page
    assert lead.get(f"/cases/handover/1?preview=1&all=12&c{first}=2&c{second}=0").count("没有能接的人") >= 2
    page = lead.get(f"/cases/handover/1?preview=1&all=&c{third}=0")
    assert "交出去 2 件" in page
    assert f'name="c{third}"' not in page
    lead.post("/cases/handover/1", 422, **{f"c{first}": "2"})
    assert "请写明为什么交接" in lead.text
    assert "交出去 1 件" in lead.text
    lead.post("/cases/handover/1", 422, reason="产假")
    assert "没有选要交接的案件" in lead.text
    page = lead.post("/cases/handover/1", 200, reason="产假", **{f"c{first}": "2", f"c{second}": "12", "c98765": "2"})
    assert "交出 1 件，2 件没有交成" in page
    assert "不能办这个组织的案件" in page
    assert [house.of(case, Case.handler_id) for case in (first, second, third)] == [2, 1, 1]
    assert "没有交成" in lead.post("/cases/handover/1", 422, reason="产假", **{f"c{first}": "2"})
    for query in ("all=x", f"c{first}=x", "all=1234567890"):
        lead.get(f"/cases/handover/1?preview=1&{query}", 400)
    lead.get("/cases/handover?sort=name", 400)
    assert "没有在办案件的同事不列在这里" in lead.get("/cases/handover?q=没有人")
    assert "没有您能交接的在办案件" in lead.get("/cases/handover/3")
    browse("other_lead").get("/cases/handover/1", 404)


def test_whom_a_restricted_case_is_left_to_is_said(house: House, browse: Browse) -> None:
    house.open()
    shut = house.open(username="other_mediator", data=VIOLENT)
    house.write(update(Case).where(Case.id == shut).values(handler_id=1))
    page = browse("lead").get("/cases/handover/1")
    assert "茌平区“水城家和”1 件（其中受限案件 1 件）：请茌平区的项目负责人或县级管理员办理" in page
    assert f'name="c{shut}"' not in page


def test_ending_a_post_asks_for_an_heir_on_its_page(house: House, browse: Browse) -> None:
    case_id, shut = house.open(), house.open(data=VIOLENT)
    house.act(register_person, PersonData(name="李秀英", sex="2"), LIUYUAN)
    person_id = house.value(select(Person.id).where(Person.name == "李秀英"))
    house.act(hold_post, person_id, LIUYUAN, "专干", date(2026, 1, 1), "聘任", by="admin")
    post_id = house.value(select(Post.id))
    house.write(update(Grant).where(Grant.account_id == 1).values(post_id=post_id))
    chair, address = browse("township"), f"/people/{person_id}/posts/{post_id}/end"
    page = chair.get(address)
    assert "在办的 1 件案件" in page
    assert "另有 1 件您看不到的案件" in page
    assert "李秀英（mediator）" not in page
    end = {"ends_on": local_today().isoformat(), "end_change": "辞任", "version": "1"}
    assert "请选谁来接" in chair.post(address, 422, **end)
    chair.post(address, 302, **end, heir_id="2")
    assert [house.of(case, Case.handler_id) for case in (case_id, shut)] == [2, 1]
    assert "已不能办案" not in browse("admin").get("/cases/handover")  # the last day still counts


def words_there(browser: Browser, case_id: int, person_id: int) -> set[str]:
    """Which of the case's words somebody of another organisation gets to see, on every page that might show them."""
    seen = ""
    for path in ("/", "/cases/", "/cases/?q=赵春梅", "/people/?q=赵春梅", "/cases/inbox", f"/people/{person_id}",
                 f"/cases/{case_id}", f"/cases/{case_id}/history", f"/cases/{case_id}/edit"):  # fmt: skip
        seen += browser.client.get(path).get_data(as_text=True).replace('value="赵春梅"', "").replace("“赵春梅”", "")
    return {word for word in ("赵春梅", "暗记在经过", "分居四个月") if word in seen}


def test_a_shared_case_is_seen_there_and_no_longer_after(house: House, browse: Browse) -> None:
    case_id = house.open()
    house.act(add_note, case_id, "", "暗记在经过", now() - timedelta(hours=1), None)
    person_id = house.value(select(Party.person_id).where(Party.case_id == case_id, Party.role == "applicant"))
    mine, theirs = browse("mediator"), browse("other_mediator")
    address = f"/cases/{case_id}/share"
    fields = {"kind": "share", "to_org": "振兴街道妇联", "reason": "住在那里", "basis": "consent"}
    mine.get(address)
    assert "没有每一位当事人的单独同意" in mine.post(address, 422, **fields)
    assert "请选择或写明依据" in mine.post(address, 422, **{**fields, "basis": "duty"})
    assert "请选择或写明依据" in mine.post(address, 422, **{**fields, "basis": "duty", "law": "other"})
    assert "没有找到这个组织" in mine.post(address, 422, **{**fields, "to_org": "没有的妇联", "consented": "y"})
    assert "请在下面选一个" in mine.post(address, 422, **{**fields, "to_org": "街道", "consented": "y"})
    assert words_there(theirs, case_id, person_id) == set()
    mine.post(address, 302, **fields, consented="y")
    assert "等对方接收" in mine.get(f"/cases/{case_id}")
    assert words_there(theirs, case_id, person_id) == set()
    assert "别的组织请您接收" in theirs.get("/")
    share_id = house.value(select(Referral.id))
    assert "每一位当事人都单独同意" in theirs.get(f"/cases/inbox/{share_id}")
    theirs.post(f"/cases/inbox/{share_id}", 422, decision="refuse")
    assert "请写明理由" in theirs.text
    theirs.post(f"/cases/inbox/{share_id}", 302, decision="accept")
    assert words_there(theirs, case_id, person_id) == {"赵春梅", "暗记在经过", "分居四个月"}
    assert "别的组织请您接收" not in theirs.get("/")
    theirs.get(f"/cases/{case_id}/note", 200)
    theirs.post(f"/cases/{case_id}/note", 403, text="不该写", at="2026-01-01T09:00")
    mine.get(f"/cases/{case_id}/shares/{share_id}/end")
    mine.post(f"/cases/{case_id}/shares/{share_id}/end", 302, reason="已经办妥")
    assert words_there(theirs, case_id, person_id) == set()
    theirs.get(f"/cases/{case_id}", 404)
    assert "已经收回或退回了" in mine.get(f"/cases/{case_id}/shares/{share_id}/end")


def test_a_case_is_taken_over_with_a_handler(house: House, browse: Browse) -> None:
    case_id = house.open()
    mine, theirs = browse("mediator"), browse("other_admin")
    address = f"/cases/{case_id}/share"
    mine.get(address)
    duty = {"basis": "duty", "law": "other", "other_law": "《信访工作条例》第二十三条"}
    mine.post(address, 302, kind="transfer", to_org="茌平 振兴街道妇联", reason="搬走了", **duty)
    referral_id = house.value(select(Referral.id))
    page = theirs.get(f"/cases/inbox/{referral_id}")
    assert "《信访工作条例》第二十三条" in page
    assert "杨丽" in page
    assert "赵春梅" not in page
    assert "请选择这个组织里能办" in theirs.post(f"/cases/inbox/{referral_id}", 422, decision="accept")
    theirs.post(f"/cases/inbox/{referral_id}", 302, decision="accept", handler_id="12")
    assert (house.of(case_id, Case.org_id), house.of(case_id, Case.handler_id)) == (40, 12)
    assert "已经答复过" in theirs.get(f"/cases/inbox/{referral_id}")
    assert "柳园街道可以查看" in mine.get(f"/cases/{case_id}")
    assert f'{address}"' not in mine.text
    assert "转办：柳园街道 → 振兴街道" in theirs.get(f"/cases/{case_id}")


def test_a_restricted_case_says_how_it_is_taken_over(house: House, browse: Browse) -> None:
    case_id = house.open(data=VIOLENT)
    mine, lead = browse("mediator"), browse("lead")
    fields = {"to_org": "振兴街道妇联", "reason": "搬走了", "basis": "duty", "law": "violence"}
    mine.get(f"/cases/{case_id}/share")
    assert "由项目负责人或县级管理员转办" in mine.post(f"/cases/{case_id}/share", 422, kind="transfer", **fields)
    assert "受限案件不共享" in lead.get(f"/cases/{case_id}/share")
    assert "受限案件不共享。要请别处" in lead.post(f"/cases/{case_id}/share", 422, kind="share", **fields)
    lead.post(f"/cases/{case_id}/share", 302, kind="transfer", **fields)
    assert "没有等您接收的案件" in browse("other_mediator").get("/cases/inbox")
    assert "受限" in browse("other_lead").get("/cases/inbox")
