"""What is said when a request cannot be answered: in Chinese, without a trace of the inside, fit for who asked."""

from __future__ import annotations

from typing import NamedTuple

from flask import Flask, Response, jsonify, make_response, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError

from fulian.db import is_out_of_reach
from fulian.errors import Busy, Forbidden, NotFound, Refused, Stale
from fulian.web.forms import STALE_PAGE
from fulian.web.within import sent_within

RETRY_SECONDS = 5  # a writer holds the database for milliseconds; a restart takes seconds


class Words(NamedTuple):
    """What is wrong, and how to mend it."""

    title: str
    text: str


WORDS = {
    400: Words("这个请求不完整", "地址或内容缺了一部分。请返回上一页重试，填过的还在那里。"),
    401: Words("请先登录", "您还没有登录，或者离开太久，已经自动退出。"),
    403: Words("您的账号不能办这件事", "需要办理的，请联系本级妇联管理员开通权限。"),
    # one text for "no such" and "not yours to see": the difference itself would tell something
    404: Words("没有找到这一页", "地址可能写错了，或者这项内容不在您能查看的范围内。"),
    405: Words("这个地址不能这样打开", "请从菜单进入，再按页面上的按钮办理。"),
    409: Words("这项内容刚被别人改过", "您的还没有保存。请返回上一页，打开最新的再改。"),
    413: Words("内容太大，没有收下", "请把文字删短，或把文件拆小后再上传。"),
    422: Words("有内容要改", "请返回上一页，改好再保存。填过的还在那里。"),
    429: Words("试得太频繁", "请等几分钟再试。"),
    500: Words("这一步没有办成", "没有保存任何改动。请返回上一页再试一次；还是不行，请把发生的时间告诉系统管理员。"),
    503: Words("现在忙不过来，没有保存", "没有改动任何内容。请等几秒，返回上一页再按一次按钮，填过的还在那里。"),
}


def init_error_pages(app: Flask) -> None:
    """Register the error pages on `app`."""
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(InternalServerError, _answer_http)
    app.register_error_handler(CSRFError, lambda error: error_reply(400, STALE_PAGE))
    app.register_error_handler(NotFound, lambda error: error_reply(404))
    app.register_error_handler(Forbidden, lambda error: error_reply(403, error.message))
    app.register_error_handler(Stale, lambda error: error_reply(409, error.message))
    app.register_error_handler(Refused, lambda error: error_reply(422, error.message))
    app.register_error_handler(Busy, lambda error: error_reply(503))
    app.register_error_handler(OperationalError, _answer_database)


def error_reply(code: int, text: str = "") -> Response:
    """The reply for an error: JSON for who asked for JSON, a note for htmx, else a page. `text` replaces the second
    sentence of the house's own words."""
    known = WORDS.get(code) or WORDS[500 if code >= 500 else 400]
    words = Words(known.title, text or known.text)
    if _wants_json():
        reply = jsonify(error={"code": code, "title": words.title, "text": words.text})
    else:
        template = "_error_note.html" if "HX-Request" in request.headers or sent_within() else "error.html"
        # above 500 the menu is left out: what makes it may be what failed
        reply = make_response(render_template(template, code=code, words=words, bare=code >= 500, within=sent_within()))
    reply.status_code = code
    if code == 503:
        reply.headers["Retry-After"] = str(RETRY_SECONDS)
    return reply


def _answer_http(error: HTTPException) -> Response | HTTPException:
    code = error.code
    if code is None or code < 400 or error.response is not None:
        return error  # a redirect, or a reply the view made itself
    reply = error_reply(code)
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After", "WWW-Authenticate"):
            reply.headers[name] = value
    if code == 405 and "Allow" not in reply.headers:
        reply.headers["Allow"] = "GET, HEAD, OPTIONS"
    return reply


def _answer_database(error: OperationalError) -> Response:
    """A reading that met a database that is gone or taken is a 503 like a change; anything else is our mistake."""
    if not is_out_of_reach(error):
        raise error
    return error_reply(503)


def _wants_json() -> bool:
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]
