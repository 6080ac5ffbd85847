"""A document holds what was given, says what it cannot print, leaves nothing behind, and ends within its limits."""

from __future__ import annotations

import io
import json
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest
from docx import Document as open_docx
from docx.document import Document
from pypdf import PdfReader

from fulian.documents import render
from fulian.documents.render import BrokenTemplate, render_docx, render_pdf, template_file
from fulian.errors import Busy, Refused

FIXTURES = Path(__file__).with_name("fixtures")


@pytest.fixture
def agreement() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(FIXTURES.joinpath("agreement.json").read_text("utf-8"))
    return data


def read_pdf(pdf: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


def read_docx(filled: bytes) -> str:
    paper = open_docx(io.BytesIO(filled))
    cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(line.text for line in paper.paragraphs), *cells])


def make_docx(*paragraphs: str) -> bytes:
    paper: Document = open_docx()
    for paragraph in paragraphs:
        paper.add_paragraph(paragraph)
    saved = io.BytesIO()
    paper.save(saved)
    return saved.getvalue()


def every_text(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for member in value.values() for text in every_text(member)]
    if isinstance(value, list):
        return [text for member in value for text in every_text(member)]
    return str(value).split("\n")


def test_the_agreement_as_pdf_holds_every_value(agreement: dict[str, Any]) -> None:
    pdf = render_pdf(FIXTURES / "agreement.typ", agreement)
    shown = read_pdf(pdf)
    assert [text for text in every_text(agreement) if "".join(text.split()) not in shown] == []
    assert shown.count("捺印处") == len(agreement["parties"])
    assert "第1页共2页" in shown
    assert "第2页共2页" in shown


def test_the_agreement_as_docx_holds_every_value(agreement: dict[str, Any]) -> None:
    shown = read_docx(render_docx(FIXTURES / "agreement.docx", agreement))
    assert [text for text in every_text(agreement) if text not in shown] == []
    assert "{{" not in shown
    assert "{%" not in shown


def test_the_same_data_gives_the_same_pdf(agreement: dict[str, Any]) -> None:
    assert render_pdf(FIXTURES / "agreement.typ", agreement) == render_pdf(FIXTURES / "agreement.typ", agreement)


def test_an_empty_value_leaves_a_line_and_prints_no_none(agreement: dict[str, Any]) -> None:
    agreement["parties"][0]["occupation"] = None
    agreement["date"] = None
    assert "None" not in read_docx(render_docx(FIXTURES / "agreement.docx", agreement))
    shown = read_pdf(render_pdf(FIXTURES / "agreement.typ", agreement))
    assert "none" not in shown.lower()
    assert shown.count("年月日") == 5


def test_a_long_agreement_runs_on_and_stays_whole(agreement: dict[str, Any]) -> None:
    agreement["clauses"] = [f"第{at}项：" + "双方自愿履行本项约定，不再反悔。" * 8 for at in range(1, 61)]
    pdf = render_pdf(FIXTURES / "agreement.typ", agreement)
    pages = len(PdfReader(io.BytesIO(pdf)).pages)
    assert pages > 10
    assert f"第{pages}页共{pages}页" in read_pdf(pdf)
    assert "第60项" in read_docx(render_docx(FIXTURES / "agreement.docx", agreement))


UNSAFE = "甲\x00\x01\x07\x08\x0b\x0c\x1b\x7f\x85\ufffe\uffff\ud800\u202e\u200b\ufeff<b>&amp;]]>\"'乙"


def test_characters_that_xml_cannot_hold_do_not_break_the_docx() -> None:
    shown = read_docx(render_docx(make_docx("{{ text }}"), {"text": UNSAFE}))
    assert shown.replace("\n", "") == "甲<b>&amp;]]>\"'乙"


def test_lines_become_paragraphs_in_docx() -> None:
    paper = open_docx(io.BytesIO(render_docx(make_docx("{{ text }}"), {"text": "一\r\n二\u2028三\t四"})))
    assert [line.text for line in paper.paragraphs] == ["一", "二", "三 四"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("乙方：𠮷田", "字库里没有这个字：𠮷。请改用同音字或手写。"),
        ("🙂和𠮷和🙂", "字库里没有这些字：🙂、𠮷。请改用同音字或手写。"),
        ("姓名\ue863", "字库里没有这个字：U+E863。请改用同音字或手写。"),
        ("".join(chr(0x20000 + at) for at in range(3, 40)), "等。请改用同音字或手写。"),
    ],
)
def test_a_character_outside_the_font_is_said(agreement: dict[str, Any], text: str, named: str) -> None:
    agreement["parties"][1]["name"] = text
    with pytest.raises(Refused) as refused:
        render_pdf(FIXTURES / "agreement.typ", agreement)
    assert refused.value.message.endswith(named)
    assert text in read_docx(render_docx(FIXTURES / "agreement.docx", agreement))  # Word has its own fonts


def test_a_template_with_a_character_outside_the_font_is_broken(tmp_path: Path) -> None:
    tmp_path.joinpath("ticked.typ").write_text("☑ 已告知", "utf-8")
    with pytest.raises(BrokenTemplate, match="☑"):
        render_pdf(tmp_path / "ticked.typ", {})


@pytest.mark.parametrize("value", [object(), b"bytes", {1: "number as key"}, {"set"}, Path("/etc")])
def test_only_plain_data_is_taken(value: object) -> None:
    with pytest.raises(TypeError):
        render_docx(make_docx("{{ x }}"), {"x": value})
    with pytest.raises(TypeError):
        render_pdf(FIXTURES / "agreement.typ", {"x": [value]})


def test_an_unknown_name_is_a_mistake_of_the_template(tmp_path: Path) -> None:
    with pytest.raises(BrokenTemplate, match="nmae"):
        render_docx(make_docx("{{ party.nmae }}"), {"party": {"name": "张三"}})
    tmp_path.joinpath("typo.typ").write_text("#json(bytes(sys.inputs.data)).nmae", "utf-8")
    with pytest.raises(BrokenTemplate, match="nmae"):
        render_pdf(tmp_path / "typo.typ", {"name": "张三"})


def test_an_unforeseen_error_tells_no_value() -> None:
    with pytest.raises(BrokenTemplate) as broken:
        render_docx(make_docx("{{ '%d'|format(number) }}"), {"number": "371599199003070026"})
    assert "371599199003070026" not in str(broken.value)


def test_a_template_is_found_in_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "some_feature" / "documents"
    folder.mkdir(parents=True)
    folder.with_name("__init__.py").touch()
    folder.joinpath("letter.typ").write_text('#import "parts.typ": greeting\n#greeting', "utf-8")
    folder.joinpath("parts.typ").write_text("#let greeting = [您好]", "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert read_pdf(render_pdf(template_file("some_feature", "letter.typ"), {})) == "您好"


def test_templates_are_found_by_name_alone() -> None:
    for name in ("../render.py", "missing.typ", "/etc/passwd"):
        with pytest.raises(FileNotFoundError):
            template_file("fulian.documents", name)


def test_nothing_typed_is_written_and_nothing_is_left(
    agreement: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, seen = subprocess.run, []

    def look_and_run(*args: Any, **kwargs: Any) -> Any:
        for folder in tmp_path.iterdir():
            seen.append(oct(folder.stat().st_mode & 0o777))
            written = b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())
            assert agreement["parties"][0]["name"].encode() not in written
        assert "FULIAN_KEYS" not in kwargs["env"]
        return run(*args, **kwargs)

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(subprocess, "run", look_and_run)
    monkeypatch.setenv("FULIAN_KEYS", "somewhere")
    render_pdf(FIXTURES / "agreement.typ", agreement)
    render_docx(FIXTURES / "agreement.docx", agreement)
    assert seen == ["0o700"]
    assert list(tmp_path.iterdir()) == []


def test_what_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "RENDER_SECONDS", 1)
    endless = "{% for a in s %}{% for b in s %}{% for c in s %}{% endfor %}{% endfor %}{% endfor %}"
    with pytest.raises(Refused, match="请删减后再试"):
        render_docx(make_docx(endless), {"s": "x" * 10_000})
    tmp_path.joinpath("endless.typ").write_text("#for a in range(100000000) { for b in range(1000) {} }", "utf-8")
    with pytest.raises(Refused, match="请删减后再试"):
        render_pdf(tmp_path / "endless.typ", {})


def test_what_takes_too_much_memory_is_ended() -> None:
    with pytest.raises(Refused, match="请删减后再试"):
        render_docx(make_docx("{{ 'x' * 2000000000 }}"), {})


def test_more_documents_than_turns_wait_and_then_say_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "_turns", threading.BoundedSemaphore(1))
    monkeypatch.setattr(render, "TURN_SECONDS", 0.01)
    render_docx(make_docx("一"), {})
    with render._turns, pytest.raises(Busy):
        render_docx(make_docx("二"), {})
    render_docx(make_docx("三"), {})
