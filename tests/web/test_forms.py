from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    FieldList,
    FileField,
    FormField,
    IntegerField,
    StringField,
    TextAreaField,
)
from wtforms.validators import Length, NumberRange, Optional

from fulian.errors import Refused
from fulian.web.forms import STALE_PAGE, BaseForm, Filled, MomentField, PartForm, form_problems, refuse

GOOD = {"name": " 赵春梅 ", "place": "room", "result": "part", "words": "一\r\n二", "told": "y"}


class Party(PartForm):
    name = StringField("姓名", [Filled()])


class Odd(BaseForm):
    line = StringField("地址", [Optional()])
    long = StringField("地址全称", [Optional(), Length(max=400)])
    text = TextAreaField("经过", [Optional()])
    whole = IntegerField("人数", [Optional(), NumberRange(0, 10**12)])
    money = DecimalField("金额", [Optional()])
    day = DateField("日期", [Optional()])
    moment = MomentField("时间", [Optional()])
    zero = IntegerField("子女人数", [Filled()])
    parties = FieldList(FormField(Party), min_entries=0)


class Asking(BaseForm):
    beaten = StringField("对方打过您吗？", [Filled()])
    file = FileField("附件", [Filled()])
    agreed = BooleanField("愿意调解", [Filled()])
    day = DateField("出生日期：", [Filled()])


def fill(app: Flask, form: type[BaseForm], **data: object) -> BaseForm:
    app.config["WTF_CSRF_ENABLED"] = False
    with app.test_request_context("/", method="POST"):
        filled = form(MultiDict({"zero": "0"} | data))
        filled.validate()
        return filled


def token(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', client.get("/cases/new").text)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("field", "typed", "error"),
    [
        ("line", "张\x00三", "里面有看不见的字符，请删掉后重新填写。"),
        ("line", "x" * 201, "最多 200 个字，现在有 201 个，请删短。"),
        ("long", "x" * 401, "最多 400 个字，现在有 401 个，请删短。"),
        ("text", "字" * 5001, "最多 5000 个字，现在有 5001 个，请删短。"),
        ("whole", "9" * 20, "这个数太大，请检查。"),
        ("whole", "9" * 5000, "请填写整数，例如 3。"),
        ("whole", "\x00", "请填写整数，例如 3。"),
        ("whole", "-1", "要在 0 到 1000000000000 之间，请改正。"),
        ("money", "NaN", "请填写数字，例如 12.5；太大的数请检查。"),
        ("money", "sNaN", "请填写数字，例如 12.5；太大的数请检查。"),
        ("money", "1e400", "请填写数字，例如 12.5；太大的数请检查。"),
        ("money", "十", "请填写数字，例如 12.5。"),
        ("day", "0001-01-01", "请检查年份：要在 1900 年到 2100 年之间。"),
        ("day", "11/24", "请按 2026-11-24 的样子填写日期。"),
        ("moment", "0001-01-01T00:00", "请检查年份：要在 1900 年到 2100 年之间。"),
        ("moment", "昨天", "请把日期和时间填完整，例如 2026-11-24 14:30。"),
    ],
)
def test_what_no_column_holds_is_a_field_error(app: Flask, field: str, typed: str, error: str) -> None:
    form = fill(app, Odd, **{field: typed})
    assert form.errors == {field: [error]}


def test_good_values_come_clean(app: Flask) -> None:
    form = fill(
        app, Odd, line="  新区街道 ", text="一\r\n二", money="1200.50", moment="2026-11-24T14:30", long="x" * 400
    )
    assert form.errors == {}
    assert (form.line.data, form.text.data, form.money.data) == ("新区街道", "一\n二", Decimal("1200.50"))
    assert form.moment.data == datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    assert (form.day.data, form.zero.data) == (None, 0)


def test_empty_fields_are_asked_for_by_name(app: Flask) -> None:
    form = fill(app, Asking, day="")
    assert [text for _id, text in form_problems(form)] == [
        "请回答：对方打过您吗？",
        "请选择附件。",
        "请勾选“愿意调解”。",
        "请填写出生日期。",
    ]


def test_a_refusal_stands_at_its_field_or_on_top(app: Flask) -> None:
    form = fill(app, Odd, **{"parties-0-name": "赵"})
    refuse(form, Refused("已经登记过。", field="parties-0-name"))
    refuse(form, Refused("对方拒绝，不能调解。"))
    refuse(form, Refused("没有这一栏也要说。", field="gone"))
    assert form_problems(form) == [
        ("", "对方拒绝，不能调解。"),
        ("", "没有这一栏也要说。"),
        ("parties-0-name", "已经登记过。"),
    ]


def test_part_forms_are_checked_and_cleaned(app: Flask) -> None:
    form = fill(app, Odd, **{"parties-0-name": " 孙建国 ", "parties-1-name": "\x00"})
    assert form.parties[0].form.name.data == "孙建国"
    assert form_problems(form) == [("parties-1-name", "里面有看不见的字符，请删掉后重新填写。")]


def test_a_json_body_is_no_form(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for body in ('["x"]', '{"line": 3}', "{"):
        with app.test_request_context("/", method="POST", data=body, content_type="application/json"):
            assert Odd().line.data == ""


def test_errors_are_shown_at_the_field_and_nothing_is_lost(app: Flask) -> None:
    client = app.test_client()
    reply = client.post("/cases/new", data=GOOD | {"csrf_token": token(client), "name": "", "words": "<b>话"})
    page = reply.text
    assert reply.status_code == 422
    assert 'href="#name"' in page
    assert 'id="name-error"' in page
    assert re.search(r'<input[^>]*aria-describedby="name-error"[^>]*aria-invalid="true"', page)
    assert "请填写申请人姓名。" in page
    assert "&lt;b&gt;话</textarea>" in page
    assert re.search(r'value="part" checked', page)
    assert " required" not in page.replace("aria-required", "")
    assert "maxlength" not in page


def test_a_stale_token_keeps_what_was_typed(app: Flask) -> None:
    client = app.test_client()
    reply = client.post("/cases/new", data=GOOD | {"csrf_token": "old"})
    assert reply.status_code == 422
    assert STALE_PAGE in reply.text
    assert 'value="赵春梅"' in reply.text


def test_a_view_without_form_is_guarded_before_it_runs(app: Flask) -> None:
    client = app.test_client()
    refused = client.post("/cases/act")
    assert (refused.status_code, STALE_PAGE in refused.text) == (400, True)
    assert client.post("/cases/act", data={"csrf_token": token(client)}).text == "done"
    assert client.post("/nowhere").status_code == 404


def test_a_good_form_goes_through(app: Flask) -> None:
    client = app.test_client()
    assert client.post("/cases/new", data=GOOD | {"csrf_token": token(client)}).status_code == 302
    refused = client.post("/cases/new", data=GOOD | {"csrf_token": token(client), "name": "拒绝"})
    assert (refused.status_code, "这个人已经登记过。" in refused.text) == (422, True)


def test_a_form_that_its_page_sent_is_told_where_to_go(app: Flask) -> None:
    client = app.test_client()
    reply = client.post("/cases/new", data=GOOD | {"csrf_token": token(client)}, headers={"X-Sent-Within": "1"})
    assert (reply.status_code, reply.headers["X-Next-Page"], reply.text) == (204, "/cases/", "")
    assert "Location" not in reply.headers
