"""A bare application with nothing but the web room and a sample page of every part."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask, abort, current_app, redirect, render_template, request
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Response
from wtforms import (
    BooleanField,
    DateField,
    IntegerField,
    PasswordField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.validators import Length, Optional

from fulian.errors import Busy, Forbidden, NotFound, Refused, Stale
from fulian.testing.databases import lacking
from fulian.web.access import form_checks_csrf, no_login, requires
from fulian.web.forms import BaseForm, Filled, MomentField, refuse
from fulian.web.page import Entry, Me, page_context
from fulian.web.paging import Cursor, page_of
from fulian.web.setup import init_web, protect_forms

AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)


class SampleForm(BaseForm):
    name = StringField("申请人姓名", [Filled()])
    about = StringField("称呼", [Optional(), Length(max=300)], description="可以不填。")
    secret = PasswordField("密码")
    held = MomentField("调解时间", [Optional()])
    born = DateField("出生日期", [Optional()])
    visits = IntegerField("回访次数", [Optional()])
    place = SelectField("地点", choices=[("", "请选择"), ("room", "柳园街道婚调室")], validators=[Filled()])
    result = RadioField(
        "这次的结果", choices=[("all", "达成协议"), ("part", "部分达成"), ("none", "调解不成")], validators=[Filled()]
    )
    kinds = SelectMultipleField(
        "什么事",
        choices=[("feeling", "夫妻感情"), ("money", "抚养费")],
        option_widget=widgets.CheckboxInput(),
        validators=[Optional()],
    )
    words = TextAreaField("双方意见", [Filled()])
    told = BooleanField("已告知权利义务", [Filled()])


def _raise(name: str) -> str:
    known: dict[str, Exception] = {
        "not-found": NotFound(),
        "forbidden": Forbidden("只有项目负责人能办这件事。"),
        "stale": Stale("王海燕刚保存过一次。", {}, {}),
        "refused": Refused("对方明确拒绝，不能调解。"),
        "busy": Busy(),
        "bug": ZeroDivisionError("a secret of the inside"),
    }
    raise known[name]


@form_checks_csrf
def _sample() -> tuple[str, int] | Response:
    form = SampleForm(place="room")
    if request.method == "POST":
        current_app.extensions["posts"].append(request.form.to_dict())
        time.sleep(current_app.extensions.get("pause", 0))
    if form.validate_on_submit():
        if form.name.data == "拒绝":
            refuse(form, Refused("这个人已经登记过。", field="name"))
        else:
            return redirect("/cases/")
    rows = [("徐美玲、马东", "000131", "o", AT), ("杨淑珍、杨建设", "000128", "", None)]
    page = page_of(rows, Cursor(AT, 9, passed=50), 2, lambda row: (AT, 1))
    return render_template("sample.html", form=form, page=page, soon=date(2026, 11, 27)), 422 if form.errors else 200


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """The bare application: signed in as 李秀英 unless the query says ?out."""
    app = Flask("sample", static_folder=None)
    app.config.update(SECRET_KEY="only for the test", TESTING=False, MAX_CONTENT_LENGTH=100_000)
    init_web(app, cache_folder=tmp_path / "templates")
    protect_forms(app)
    app.jinja_loader.searchpath.append(str(Path(__file__).parent))  # type: ignore[union-attr]
    app.extensions["posts"] = []
    context = page_context(app)
    context.viewer_from(lambda: None if "out" in request.args else Me("李秀英", "柳园街道"))
    context.entries_from(
        lambda: [Entry("人员", "/people/", 30, "people"), Entry("我的", "/me", 99, "person", menu=False)]
    )
    context.entries_from(lambda: [Entry("工作台", "/", 10, "house-door"), Entry("案件", "/cases/", 20, "folder2-open")])
    context.entries_from(lambda: [Entry("组织", "/orgs/", 40), Entry("品牌项目", "/programmes/", 50)])
    change = requires("case.change", "case")
    app.add_url_rule("/cases/new", "sample", change(_sample), methods=["GET", "POST"])
    app.add_url_rule("/cases/act", "act", change(lambda: "done"), methods=["POST"])
    app.add_url_rule("/fail/<name>", "fail", change(_raise), methods=["POST"])
    app.add_url_rule("/raise/<name>", "raise", requires("case.read", "case")(_raise))
    app.add_url_rule("/abort/<int:code>", "abort", no_login(lambda code: abort(code)))
    return app


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, object]:
    """Debian's Chromium: skipped aloud where there is none."""
    chromium = shutil.which("chromium") or lacking("no Chromium (apt-get install chromium)")
    return {"executable_path": chromium, "args": ["--no-sandbox"]}


@pytest.fixture
def served(app: Flask) -> Iterator[str]:
    """The address of the sample application, served on the loopback."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(WSGIRequestHandler):
    """Werkzeug's development server without its line for every request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""
