"""The pages of people: what they show, hide and refuse, and that nothing typed is lost."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from fulian.db import db, transact
from fulian.hooks import PersonLike, hookimpl
from fulian.people.data import PersonData, facts_of
from fulian.people.models import Person
from fulian.people.queries import consents_of, posts_of
from fulian.people.service import link_person, merge_people, record_consent, unlink_person
from fulian.programmes.loader import installed
from fulian.programmes.programme import RecordSection
from fulian.testing.signing_in import log_in, send, token_on
from fulian.testing.world import ACCOUNTS, LIUYUAN, NOW, actor, open_mediation

from .conftest import OTHER_PHONE, PHONE, SUN, ZHAO, Acts, Inside, Register

NAME = re.compile(r'name="submission_id"[^>]* value="([^"]+)"')


def text_of(client: FlaskClient, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return html.unescape(answer.get_data(as_text=True))


def search(client: FlaskClient, text: str) -> Any:
    return client.post("/people/", data={"csrf_token": token_on(client.get("/people/")), "q": text})


def saved(person_id: int) -> PersonData:
    return facts_of(db.session.get_one(Person, person_id))


def count_people() -> int:
    return db.session.execute(select(func.count()).select_from(Person)).scalar_one()


def register_hidden(person_id: int) -> None:
    """Make somebody known only through a restricted case of 古楼."""
    transact(unlink_person, "registered", person_id)
    transact(link_person, person_id, account_id=ACCOUNTS["sibling"][0], source="party", source_id=1)


def values_in(page: str) -> list[str]:
    """What stands in the inputs of a page."""
    return re.findall(r'<(?:input|textarea)[^>]*value="([^"]*)"', page) + re.findall(r"<textarea[^>]*>([^<]*)<", page)


@pytest.fixture
def zhao(register: Register) -> int:
    return register(
        "赵春梅", document_number=ZHAO, phone=PHONE, address="前罗村三号", phone_note="白天打", note="孩子有病"
    )


@pytest.fixture
def other_client(app: Flask) -> FlaskClient:
    """A second browser."""
    return app.test_client()


# --- the list and the search ----------------------------------------------------------------------------------------


def test_the_list_shows_the_newest_masked(client: FlaskClient, zhao: int, register: Register) -> None:
    register("王桂兰", by="other_mediator")
    page = text_of(log_in(client, "mediator"), "/people/")
    assert "赵春梅" in page
    assert "371599********0026" in page
    assert "王桂兰" not in page
    assert not [secret for secret in (ZHAO, PHONE, "138****5512", "前罗村三号") if secret in page]


def test_a_name_goes_into_the_address_and_a_number_does_not(client: FlaskClient, zhao: int) -> None:
    log_in(client, "mediator")
    answer = search(client, "zcm")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/people/?q=zcm")
    assert "赵春梅" in text_of(client, "/people/?q=zcm")
    for typed in (ZHAO, PHONE, "138 0000 5512", "３７１５９９１９９００３０７００２６"):
        answer = search(client, typed)
        assert answer.status_code == 200
        assert f"/people/{zhao}" in answer.get_data(as_text=True)
        assert "网址" in text_of(client, "/people/?" + f"q={typed}", 400)
    assert search(client, "").headers["Location"] == "/people/"


def test_an_undeclared_filter_or_a_foreign_cursor_is_refused(client: FlaskClient, zhao: int) -> None:
    log_in(client, "mediator")
    for address in ("/people/?sort=phone", "/people/?after=x", "/people/?q=a&phone=1"):
        text_of(client, address, 400)


def test_nobody_found_says_what_helps(client: FlaskClient, zhao: int, inside: Inside) -> None:
    inside(open_mediation, names=("赵春玫", "孙建国"))
    page = text_of(log_in(client, "mediator"), "/people/?q=赵春美")
    assert "没有找到“赵春美”" in page
    assert "读音相近" in page
    assert "赵春梅" in page
    assert "1 件旧案" in page
    assert 'href="/people/new?name=赵春美"' in re.sub(r"%E8%B5%B5%E6%98%A5%E7%BE%8E", "赵春美", page)
    assert "没有找到这个号码" in html.unescape(search(client, OTHER_PHONE).get_data(as_text=True))
    assert "至少写两个字母" in text_of(client, "/people/?q=z")


def test_the_empty_list_helps(client: FlaskClient, other_client: FlaskClient) -> None:
    assert "还没有登记过人" in text_of(log_in(client, "mediator"), "/people/")
    assert "登记人员</a>" not in text_of(log_in(other_client, "city"), "/people/")


def test_somebody_elsewhere_is_announced_and_linked(client: FlaskClient, register: Register, acts: Acts) -> None:
    person_id = register("赵春梅", by="other_mediator", document_number=ZHAO)
    acts()
    log_in(client, "mediator")
    answer = search(client, ZHAO)
    page = html.unescape(answer.get_data(as_text=True))
    assert "在别处登记过" in page
    assert "赵**" in page
    assert "赵春梅" not in page
    assert "person.found_elsewhere" in acts()
    fields = {"csrf_token": token_on(answer), "from_search": "1", "document_number": ZHAO}
    answer = client.post("/people/new", data=fields)
    assert answer.status_code == 200
    assert "是同一个人，关联" in answer.get_data(as_text=True)
    found = NAME.search(answer.get_data(as_text=True))
    assert found is not None
    fields = {"name": "赵春梅", "document_kind": "id_card", "document_number": ZHAO, "sex": "0", "link": "y"}
    fields |= {"submission_id": found[1], "org_id": str(LIUYUAN), "csrf_token": token_on(answer)}
    answer = client.post("/people/new", data=fields)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/people/{person_id}")
    assert "赵春梅" in text_of(client, f"/people/{person_id}")


def test_candidates_for_an_opening_form(client: FlaskClient, zhao: int, inside: Inside, register: Register) -> None:
    inside(open_mediation, names=("赵春梅", "孙建国"))
    register("赵春梅", by="other_mediator")
    log_in(client, "mediator")
    page = text_of(client, "/people/match?role=applicant&applicant-name=zcm")
    assert page.count('name="applicant-same"') == 3
    assert "checked" not in page
    assert "371599********0026" in page
    assert "手机尾号 5512" in page
    assert "有 1 件旧案" in page
    assert "checked" in text_of(client, f"/people/match?role=applicant&applicant-name=zcm&applicant-same={zhao}")
    assert text_of(client, "/people/match?name=谁也不是").strip() == ""
    token = token_on(client.get("/people/"))
    assert "赵春梅" in client.post("/people/match", data={"csrf_token": token, "name": PHONE}).get_data(as_text=True)
    text_of(client, f"/people/match?name={PHONE}", 400)
    text_of(client, "/people/match?role=<b>&name=a", 400)


# --- one person -----------------------------------------------------------------------------------------------------


def test_the_file_masks_what_is_sealed(
    client: FlaskClient, other_client: FlaskClient, zhao: int, inside: Inside
) -> None:
    opened = inside(open_mediation, names=("赵春玫", "孙建国"))
    (person_id,) = inside(lambda: list(db.session.execute(select(Person.id).where(Person.name == "赵春玫")).scalars()))
    log_in(client, "mediator")
    page = text_of(client, f"/people/{zhao}")
    assert [shown for shown in ("女，36 岁", "371599********0026", "138****5512", "已登记") if shown not in page] == []
    assert [secret for secret in (ZHAO, PHONE, "前罗村三号", "白天打", "孩子有病") if secret in page] == []
    assert opened.number in text_of(client, f"/people/{person_id}")
    assert "显示" not in text_of(log_in(other_client, "city"), f"/people/{zhao}")


def test_out_of_scope_and_no_such_id_are_alike(client: FlaskClient, zhao: int) -> None:
    log_in(client, "sibling")
    addresses = ("", "/edit", "/reveal?field=phone", "/consents/new")
    for address in addresses:
        pages = {re.sub(r'value="[^"]*"', "", text_of(client, f"/people/{n}{address}", 404)) for n in (zhao, 99999)}
        assert len(pages) == 1


def test_a_merged_file_leads_to_the_kept_one(
    client: FlaskClient, other_client: FlaskClient, zhao: int, register: Register, inside: Inside
) -> None:
    merged = register("赵春美")
    inside(lambda: transact(merge_people, zhao, merged, "电话核对", actor("admin")))
    answer = log_in(client, "mediator").get(f"/people/{merged}")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/people/{zhao}")
    assert log_in(other_client, "sibling").get(f"/people/{merged}").status_code == 404


class Broken:
    """A plugin whose answer to the record fails, and one that tells of a case the viewer may not see."""

    def __init__(self, sections: list[RecordSection] | None = None) -> None:
        self.sections = sections

    @hookimpl
    def fulian_person_record(self, person: PersonLike, viewer: object, purpose: str) -> list[RecordSection]:
        if self.sections is None:
            raise RuntimeError("broken")
        return self.sections


def test_a_plugin_that_fails_says_so_and_the_rest_stands(client: FlaskClient, zhao: int, inside: Inside) -> None:
    hidden = inside(open_mediation, username="other_mediator")
    lines = ((NOW.date(), "听了一场讲座", None), (NOW.date(), "别县的事", hidden.id))
    manager = inside(installed).manager
    manager.register(Broken(), "broken")
    manager.register(Broken([RecordSection("讲座", lines)]), "lectures")
    page = text_of(log_in(client, "mediator"), f"/people/{zhao}")
    assert "暂时看不了" in page
    assert "听了一场讲座" in page
    assert "别县的事" not in page


def test_showing_asks_why_and_is_logged(client: FlaskClient, zhao: int, acts: Acts) -> None:
    log_in(client, "mediator")
    acts()
    address = f"/people/{zhao}/reveal?field=phone"
    page = text_of(client, address)
    assert "138****5512" in page
    assert PHONE not in page
    answer = send(client, address)
    assert answer.status_code == 422
    assert "请选择为什么要看" in answer.get_data(as_text=True)
    assert acts() == []
    answer = send(client, address, reason="contact")
    assert PHONE in answer.get_data(as_text=True)
    assert "no-store" in answer.headers["Cache-Control"]
    assert "先看提示" in answer.get_data(as_text=True)
    assert acts() == ["person.revealed"]
    assert PHONE not in "".join(values_in(answer.get_data(as_text=True)))
    text_of(client, f"/people/{zhao}/reveal?field=name", 404)


# --- registering and correcting -------------------------------------------------------------------------------------


def test_a_person_is_registered_once_for_a_doubled_submit(client: FlaskClient, inside: Inside, acts: Acts) -> None:
    log_in(client, "mediator")
    acts()
    answer = client.get("/people/new?name=赵春梅")
    page = answer.get_data(as_text=True)
    assert 'value="赵春梅"' in page
    found = NAME.search(page)
    assert found is not None
    fields = {"csrf_token": token_on(answer), "submission_id": found[1], "org_id": str(LIUYUAN)}
    fields |= {"name": "赵春梅", "document_kind": "id_card", "document_number": "", "sex": "2", "phone": PHONE}
    first, second = client.post("/people/new", data=fields), client.post("/people/new", data=fields)
    assert (first.status_code, first.headers["Location"]) == (302, second.headers["Location"])
    assert inside(count_people) == 1
    assert acts() == ["person.registered"]


def test_bad_input_is_said_at_its_field_and_nothing_is_lost(client: FlaskClient, inside: Inside) -> None:
    log_in(client, "mediator")
    typed = {"name": "赵春梅", "document_kind": "id_card", "document_number": "371599199003070027", "phone": "138"}
    typed |= {"org_id": str(LIUYUAN), "submission_id": "s-1", "address": "前罗村三号", "note": "孩子有病", "sex": "2"}
    typed |= {"csrf_token": token_on(client.get("/people/new"))}
    answer = client.post("/people/new", data=typed)
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 422
    assert 'id="document_number-error"' in page
    assert "最后一位" in page
    assert [value for value in typed.values() if value not in page] == []
    answer = client.post("/people/new", data=typed | {"name": "", "birth_date": "2026-13-45", "document_number": ZHAO})
    page = answer.get_data(as_text=True)
    assert 'id="name-error"' in page
    assert 'id="birth_date-error"' in page
    assert inside(count_people) == 0


def test_an_edit_form_holds_no_sealed_value(client: FlaskClient, zhao: int, inside: Inside) -> None:
    log_in(client, "mediator")
    page = text_of(client, f"/people/{zhao}/edit")
    assert "已登记 371599********0026，不改就留空" in page
    assert "已登记 138****5512，不改就留空" in page
    secrets = (ZHAO, PHONE, "前罗村三号", "白天打", "孩子有病", "371599********0026", "138****5512")
    assert [value for value in values_in(page) if value in secrets] == []
    facts = {"name": "赵春梅", "document_kind": "id_card", "version": "1", "occupation": "教师", "clear_note": "y"}
    assert send(client, f"/people/{zhao}/edit", **facts).status_code == 302
    facts = inside(saved, zhao)
    assert (facts.document_number, facts.phone, facts.occupation, facts.note) == (ZHAO, PHONE, "教师", "")


def test_a_stale_page_merges_what_does_not_clash(client: FlaskClient, zhao: int, inside: Inside) -> None:
    log_in(client, "mediator")
    before = client.get(f"/people/{zhao}/edit")
    base = re.search(r'name="base"[^>]* value="([^"]*)"', before.get_data(as_text=True))
    assert base is not None
    mine = {"name": "赵春梅", "document_kind": "id_card", "version": "1", "base": html.unescape(base[1])}
    mine |= {"phone": OTHER_PHONE, "note": "另有顾虑"}
    mine |= {"occupation": "教师", "marital": "20", "education": "", "csrf_token": token_on(before)}
    other = {"name": "赵春梅", "document_kind": "id_card", "version": "1", "occupation": "会计", "education": "20"}
    other |= {"note": "孩子住院"}
    assert send(client, f"/people/{zhao}/edit", **other).status_code == 302
    answer = client.post(f"/people/{zhao}/edit", data=mine)
    page = html.unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409
    assert "刚被别人改过" in page
    assert "已合在一起：文化程度" in page
    assert re.findall(r'<th scope="row">(\S+)</th>', page) == ["职业", "备注"]  # nobody else touched the phone
    assert "孩子住院" not in page
    assert "会计" in page
    assert 'value="教师"' in page
    facts = inside(saved, zhao)
    assert (facts.occupation, facts.education, facts.marital) == ("会计", "20", None)
    again = mine | {"version": "2", "education": "20", "base": ""}
    assert client.post(f"/people/{zhao}/edit", data=again).status_code == 302
    facts = inside(saved, zhao)
    assert (facts.occupation, facts.education, facts.marital) == ("教师", "20", "20")


def test_a_number_beside_no_document_is_an_identity_card(
    client: FlaskClient, register: Register, inside: Inside
) -> None:
    person_id = register("孙建国")
    log_in(client, "mediator")
    facts = {"name": "孙建国", "document_kind": "none", "version": "1"}
    answer = send(client, f"/people/{person_id}/edit", **facts, document_number=SUN[:17])
    assert answer.status_code == 422
    assert 'id="document_number-error"' in answer.get_data(as_text=True)
    assert send(client, f"/people/{person_id}/edit", **facts, document_number=SUN).status_code == 302
    assert inside(saved, person_id).document_number == SUN


def test_a_version_that_was_tampered_with_is_refused(client: FlaskClient, zhao: int) -> None:
    log_in(client, "mediator")
    facts = {"name": "赵春梅", "document_kind": "id_card"}
    for version in ("", "x", "-1", "9" * 30):
        assert send(client, f"/people/{zhao}/edit", version=version, **facts).status_code == 400


def test_a_known_document_leads_to_its_file(client: FlaskClient, zhao: int, register: Register) -> None:
    register("孙建国", document_number=SUN)
    log_in(client, "mediator")
    facts = {"name": "赵春美", "document_kind": "id_card", "document_number": ZHAO, "sex": "0"}
    answer = send(client, "/people/new", **facts, org_id=str(LIUYUAN), submission_id="s-1")
    assert answer.status_code == 422
    assert f'href="/people/{zhao}"' in answer.get_data(as_text=True)


# --- posts, consents, merging ---------------------------------------------------------------------------------------


def test_a_post_is_noted_and_ended_on_the_pages(client: FlaskClient, zhao: int, inside: Inside) -> None:
    log_in(client, "township")
    page = text_of(client, f"/people/{zhao}/posts/new?org=罗村")
    assert "前罗村妇联" in page
    assert "西关村妇联" not in page
    fields = {"org_id": str(LIUYUAN), "title": "执委", "change": "当选", "starts_on": "2024-03-01"}
    assert send(client, f"/people/{zhao}/posts/new", **fields | {"starts_on": "2030-01-01"}).status_code == 422
    for nowhere in ("9223372036854775808", "-1", "x"):
        refused = send(client, f"/people/{zhao}/posts/new", **fields | {"org_id": nowhere})
        assert refused.status_code == 422
        assert "请从列出的选项里选。" in refused.get_data(as_text=True)
    assert send(client, f"/people/{zhao}/posts/new", **fields).status_code == 302
    (post,) = inside(posts_of, zhao)
    assert "登记离任" in text_of(client, f"/people/{zhao}")
    address = f"/people/{zhao}/posts/{post.id}/end"
    assert send(client, address, version="1", ends_on="2024-02-01", end_change="届满").status_code == 422
    assert send(client, address, version="1", ends_on="2026-03-01", end_change="届满").status_code == 302
    assert "已离任" in text_of(client, f"/people/{zhao}")
    assert [post.end_change for post in inside(posts_of, zhao)] == ["届满"]


def test_a_consent_is_recorded_and_withdrawn_on_the_pages(client: FlaskClient, zhao: int, inside: Inside) -> None:
    log_in(client, "mediator")
    address = f"/people/{zhao}/consents/new"
    answer = send(client, address, purpose="portrait", basis="duty")
    assert answer.status_code == 422
    assert "第二十五条" in answer.get_data(as_text=True)
    assert send(client, address, purpose="portrait", basis="consent").status_code == 302
    (consent,) = inside(consents_of, zhao)
    address = f"/people/{zhao}/consents/{consent.id}/withdraw"
    assert "不删除" in text_of(client, address)
    assert send(client, address).status_code == 302
    assert "撤回" in text_of(client, f"/people/{zhao}")
    text_of(client, f"/people/{zhao}/consents/999/withdraw", 404)


def test_a_consent_of_somebody_else_is_not_found(
    client: FlaskClient, zhao: int, register: Register, inside: Inside
) -> None:
    other = register("孙建国")
    consent = inside(lambda: transact(record_consent, other, "notice", "consent", actor("mediator")))
    text_of(log_in(client, "mediator"), f"/people/{zhao}/consents/{consent}/withdraw", 404)


def test_two_files_are_merged_and_parted_on_the_pages(client: FlaskClient, zhao: int, register: Register) -> None:
    other = register("赵春美", phone=OTHER_PHONE)
    log_in(client, "admin")
    token = token_on(client.get(f"/people/{zhao}/merge"))
    answer = client.post(f"/people/{zhao}/merge", data={"csrf_token": token, "q": OTHER_PHONE})
    assert f"other={other}" in answer.get_data(as_text=True)
    address = f"/people/{zhao}/merge?other={other}"
    assert "赵春美" in text_of(client, address)
    assert send(client, address, reason="").status_code == 422
    assert send(client, address, reason="电话问过本人").status_code == 302
    page = text_of(client, f"/people/{zhao}")
    undo = re.search(r'href="(/people/\d+/merges/\d+/undo)"', page)
    assert undo is not None
    assert "分出来" in text_of(client, undo[1])
    assert send(client, undo[1]).headers["Location"] == f"/people/{other}"
    text_of(client, undo[1], 404)


def test_files_with_the_same_document_are_listed_for_the_county_admin(
    client: FlaskClient, other_client: FlaskClient, register: Register, inside: Inside
) -> None:
    log_in(client, "admin")
    assert "没有证件号重复的档案" in text_of(client, "/people/doubles")
    hidden = register("赵春梅", by="sibling", document_number=ZHAO)
    inside(register_hidden, hidden)
    second = register("赵春梅", document_number=ZHAO)
    page = text_of(client, "/people/doubles")
    assert f"/people/{hidden}/merge?other={second}" in page
    assert "赵春梅" in text_of(client, f"/people/{hidden}/merge?other={second}")
    assert log_in(other_client, "mediator").get("/people/doubles").status_code == 403
