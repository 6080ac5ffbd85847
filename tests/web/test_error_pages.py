from __future__ import annotations

import re

import pytest
from flask import Flask

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("code", [400, 401, 403, 404, 405, 409, 410, 413, 415, 418, 422, 429, 500, 501, 503])
def test_each_speaks_chinese_and_says_what_to_do(app: Flask, code: int) -> None:
    reply = app.test_client().get(f"/abort/{code}")
    assert reply.status_code == code
    assert CHINESE.search(reply.text)
    text = re.sub(r"<[^>]+>", "", reply.text)
    assert not re.search(r"[A-Za-z]{4,}", text), text
    assert ("去登录" if code == 401 else "回工作台") in text
    assert ("主导航" in reply.text) == (code < 500)


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        ("not-found", 404, "没有找到这一页"),
        ("forbidden", 403, "只有项目负责人能办这件事。"),
        ("stale", 409, "王海燕刚保存过一次。"),
        ("refused", 422, "对方明确拒绝，不能调解。"),
        ("busy", 503, "没有改动任何内容"),
        ("bug", 500, "没有保存任何改动"),
    ],
)
def test_the_houses_own_errors(app: Flask, name: str, code: int, text: str) -> None:
    client = app.test_client()
    for headers in ({}, {"HX-Request": "true"}, {"Accept": "application/json"}):
        reply = client.get(f"/raise/{name}", headers=headers)
        assert reply.status_code == code
        said = str(reply.json) if reply.is_json else reply.text
        assert text in said
        assert "Traceback" not in said
        assert "secret of the inside" not in said
        assert reply.is_json == ("Accept" in headers)
        assert ("<html" in reply.text) == (not headers)
        assert ("Retry-After" in reply.headers) == (code == 503)


def test_no_such_and_not_yours_are_the_same_page(app: Flask) -> None:
    client = app.test_client()
    pages = [re.sub(r"\d\d:\d\d", "", client.get(path).text) for path in ("/raise/not-found", "/nowhere", "/abort/404")]
    assert pages[0] == pages[1] == pages[2]


def test_a_wrong_method_says_what_is_allowed(app: Flask) -> None:
    reply = app.test_client().get("/cases/act")
    assert reply.status_code == 405
    assert "POST" in reply.headers["Allow"]
    assert app.test_client().get("/abort/405").headers["Allow"]


def test_a_body_too_large_is_refused_in_words(app: Flask) -> None:
    reply = app.test_client().post("/cases/new", data={"words": "x" * 200_000})
    assert reply.status_code == 413
    assert "内容太大" in reply.text


def test_a_frame_that_fails_still_ends_in_a_page(app: Flask) -> None:
    def broken() -> list[object]:
        raise RuntimeError("the menu is broken")

    app.extensions["fulian_page"].entries_from(broken)
    reply = app.test_client().get("/nowhere")
    assert reply.status_code == 500
    assert "没有保存任何改动" in reply.text
