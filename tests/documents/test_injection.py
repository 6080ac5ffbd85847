"""Nothing that somebody typed, and nothing in a hostile template, is ever executed; what was typed stands as typed.

Twins (tests/twins.md): the environment without its sandbox; values without escaping; braces left as they are; user
text formatted into typst source; a header with the raw name. Each must be caught by the same harness.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import jinja2
import pytest
from docx import Document as open_docx
from markupsafe import Markup, escape
from pypdf import PdfReader
from werkzeug.http import parse_options_header

from fulian.documents import docx_child
from fulian.documents.files import NAME_BYTES, content_disposition, safe_file_name
from fulian.documents.render import BrokenTemplate, render_docx, render_pdf

FIXTURES = Path(__file__).with_name("fixtures")
PLACES = ("body", "header", "footer", "property")


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that exists once a payload has run."""
    return tmp_path / "canary"


def read_payloads(canary: Path) -> list[str]:
    return [
        line.replace("CANARY", str(canary))
        for line in FIXTURES.joinpath("payloads.txt").read_text("utf-8").splitlines()
    ]


@cache
def blank_parts() -> dict[str, bytes]:
    """The files of a .docx that has a mark of its own at each place."""
    paper = open_docx()
    paper.add_paragraph("[body]")
    paper.sections[0].header.paragraphs[0].text = "[header]"
    paper.sections[0].footer.paragraphs[0].text = "[footer]"
    paper.core_properties.title, paper.core_properties.comments = "[property]", ""
    saved = io.BytesIO()
    paper.save(saved)
    with ZipFile(saved) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def make_template(**texts: str) -> bytes:
    """A .docx with these texts at these places."""
    saved = io.BytesIO()
    with ZipFile(saved, "w") as archive:
        for name, part in blank_parts().items():
            for place in PLACES:
                part = part.replace(f"[{place}]".encode(), escape(texts.get(place, "")).encode())
            archive.writestr(name, part)
    return saved.getvalue()


def read_places(filled: bytes) -> dict[str, str]:
    paper = open_docx(io.BytesIO(filled))
    return {
        "body": "\n".join(line.text for line in paper.paragraphs),
        "header": paper.sections[0].header.paragraphs[0].text,
        "footer": paper.sections[0].footer.paragraphs[0].text,
        "property": paper.core_properties.title,
    }


def altered_values(payloads: Iterable[str]) -> list[str]:
    """The payloads that do not stand literally at every place where they were a value."""
    template = make_template(**dict.fromkeys(PLACES, "{{ payload }}"))
    altered = []
    for payload in payloads:
        try:
            places = read_places(docx_child.fill_docx(template, {"payload": payload}))
        except (jinja2.TemplateError, ValueError, SyntaxError):
            places = {}
        if [places.get(place) for place in PLACES] != [payload] * len(PLACES):
            altered.append(payload)
    return altered


def executed_templates(payloads: Iterable[str], canary: Path, place: str) -> list[str]:
    """The payloads that ran, or reached an object of Python, where they stood in a hostile template itself."""
    executed = []
    for payload in payloads:
        try:
            shown = read_places(docx_child.fill_docx(make_template(**{place: payload}), {}))[place]
        except (jinja2.TemplateError, ValueError, AttributeError, TypeError, SyntaxError):
            shown = ""
        reached = re.search(r"<(class|function|built-in|module|slot wrapper)|__builtins__'|root:", shown)
        if canary.exists() or (reached and shown != payload):
            executed.append(payload)
        canary.unlink(missing_ok=True)
    return executed


def squeeze(text: str) -> str:
    """Text without spaces: a PDF holds glyphs at places, and where a line ends is not in it."""
    return re.sub(r"\s", "", text)


def altered_in_pdf(payloads: list[str], template: Path) -> list[str]:
    """The payloads that do not stand literally, each on its page; all of them where there is no PDF."""
    try:
        pdf = PdfReader(io.BytesIO(render_pdf(template, {"payloads": payloads})))
    except BrokenTemplate:
        return payloads
    assert pdf.metadata is not None
    assert pdf.metadata.title == payloads[0]
    pages = [squeeze(page.extract_text()) for page in pdf.pages]
    return [payload for payload in payloads if f"[{squeeze(payload)}]" not in pages]


def test_there_are_enough_payloads(canary: Path) -> None:
    assert len(set(read_payloads(canary))) >= 40


def test_values_stand_literally_everywhere_in_docx(canary: Path) -> None:
    assert altered_values(read_payloads(canary)) == []
    assert not canary.exists()


def test_values_stand_literally_through_the_child(canary: Path) -> None:
    payloads = read_payloads(canary)
    template = make_template(body="{{ text }}", header="{{ payloads[0] }}", property="{{ payloads[1] }}")
    filled = read_places(render_docx(template, {"payloads": payloads, "text": "\n".join(payloads)}))
    assert filled["body"].split("\n") == payloads
    assert [filled["header"], filled["property"]] == payloads[:2]
    assert not canary.exists()


@pytest.mark.parametrize("place", PLACES)
def test_hostile_templates_run_nothing(canary: Path, place: str) -> None:
    assert executed_templates(read_payloads(canary), canary, place) == []


def test_values_stand_literally_in_pdf(canary: Path) -> None:
    assert altered_in_pdf(read_payloads(canary), FIXTURES / "payloads.typ") == []


@pytest.mark.parametrize(
    "source",
    [
        '#read("/etc/passwd")',
        '#read("/../../../../etc/passwd")',
        '#import "@preview/example:0.1.0": *',
        '#import "/etc/passwd": *',
        '#plugin("/lib/x86_64-linux-gnu/libc.so.6")',
        '#image("/proc/self/environ")',
    ],
)
def test_a_hostile_typst_template_reads_nothing(tmp_path: Path, source: str) -> None:
    tmp_path.joinpath("hostile.typ").write_text(source, "utf-8")
    with pytest.raises(BrokenTemplate):
        render_pdf(tmp_path / "hostile.typ", {})


def file_names_that_break(payloads: Iterable[str], header: Callable[[str], str]) -> list[str]:
    """The payloads whose header names another file than one plain name with the payload's text in it."""
    broken = []
    for payload in payloads:
        kind, options = parse_options_header(header(payload))
        stem = re.sub(r'[\\/:*?"<>|]+', "_", payload).strip(" .")
        expected = stem[: NAME_BYTES - len(".docx")].rstrip(" .") + ".docx"
        if (kind, options.get("filename")) != ("attachment", expected):
            broken.append(payload)
    return broken


def test_file_names_are_one_plain_name(canary: Path) -> None:
    payloads = read_payloads(canary)
    assert file_names_that_break(payloads, lambda text: content_disposition(safe_file_name(text, "docx"))) == []


def test_twin_unsandboxed_environment_is_caught(canary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_child, "ImmutableSandboxedEnvironment", jinja2.Environment)
    assert len(executed_templates(read_payloads(canary), canary, "body")) >= 3


def test_twin_unescaped_values_are_caught(canary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_child, "_to_xml", lambda value: Markup(str(value)))  # noqa: S704 - the twin
    assert altered_values(read_payloads(canary))


def test_twin_plain_braces_are_caught(canary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docx_child, "_to_xml", lambda value: value)
    assert altered_values(read_payloads(canary)) == ["{_{ 7*191 }_} {_% raw %_}"]


def test_twin_formatted_typst_source_is_caught(canary: Path, tmp_path: Path) -> None:
    payloads = [payload for payload in read_payloads(canary) if payload.startswith("#")]
    template = tmp_path / "formatted.typ"
    for payload in payloads:
        template.write_text(f"#set document(title: {json.dumps(payload)})\n[{payload}]", "utf-8")
        assert altered_in_pdf([payload], template) == [payload]


def test_twin_raw_header_is_caught(canary: Path) -> None:
    assert file_names_that_break(read_payloads(canary), lambda text: f'attachment; filename="{text}.docx"')
