"""The paper is that of GB/T 9704-2012, in both formats."""

from __future__ import annotations

import importlib.util
import io
from pathlib import Path
from types import ModuleType

import pytest
from docx import Document as open_docx
from docx.document import Document
from docx.oxml.ns import qn
from pypdf import PdfReader

from fulian.documents.paper import SIZE_3, SIZE_4, add_prose, add_title, new_paper
from fulian.documents.render import render_pdf

FIXTURES = Path(__file__).with_name("fixtures")
POINTS_PER_MM = 72 / 25.4


def load_builder() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_agreement", FIXTURES / "make_agreement.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def reopen(paper: Document) -> Document:
    saved = io.BytesIO()
    paper.save(saved)
    return open_docx(saved)


def test_docx_page_and_fonts() -> None:
    paper = new_paper()
    add_title(paper, "通知")
    add_prose(paper, "正文")
    paper = reopen(paper)
    section = paper.sections[0]
    sides = (section.page_width, section.page_height, section.top_margin, section.bottom_margin, section.left_margin)
    assert [round(side.mm) for side in sides if side is not None] == [210, 297, 37, 35, 28]
    body, title = paper.styles["Normal"], paper.styles["Title"]
    assert body.element.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia")) == "仿宋_GB2312"
    assert title.element.rPr.find(qn("w:rFonts")).get(qn("w:eastAsia")) == "方正小标宋简体"
    assert body.element.rPr.find(qn("w:sz")).get(qn("w:val")) == "32"
    assert body.paragraph_format.line_spacing.pt == pytest.approx(28.99, abs=0.05)  # 22 lines in 225 mm


@pytest.mark.parametrize(("size", "characters"), [(SIZE_3, 28), (SIZE_4, 32)])
def test_docx_characters_fill_a_line(size: int, characters: int) -> None:
    paper = new_paper(size=size)  # type: ignore[arg-type]
    tracking = int(paper.styles["Normal"].element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
    width = characters * (size / 12700 + tracking)
    assert width <= 156 * POINTS_PER_MM < width + size / 12700


def test_docx_page_numbers() -> None:
    of_total = reopen(new_paper()).sections[0]
    codes = [code.text for code in of_total.footer._element.iter(qn("w:instrText"))]
    assert codes == ["PAGE", "NUMPAGES"]
    assert of_total.footer.paragraphs[0].text == "第 1 页 共 1 页"
    dash = reopen(new_paper(page_number="dash"))
    assert dash.settings.odd_and_even_pages_header_footer
    assert dash.sections[0].footer.paragraphs[0].text == "— 1 —\u3000"
    assert dash.sections[0].even_page_footer.paragraphs[0].text == "\u3000— 1 —"


def test_docx_properties_name_nobody_and_no_year() -> None:
    properties = reopen(new_paper()).core_properties
    assert (properties.author, properties.comments, properties.created, properties.modified) == ("", "", None, None)


def test_the_committed_template_is_what_its_builder_makes() -> None:
    builder = load_builder()
    made, committed = reopen(builder.make_agreement()), open_docx(str(builder.AGREEMENT))
    assert made._element.xml == committed._element.xml
    assert made.styles.element.xml == committed.styles.element.xml


def render_text(tmp_path: Path, source: str) -> PdfReader:
    template = tmp_path / "letter.typ"
    template.write_text(f'#import "/fulian/paper.typ": *\n{source}', "utf-8")
    return PdfReader(io.BytesIO(render_pdf(template, {})))


def test_pdf_page_is_a4_with_28_characters_by_22_lines(tmp_path: Path) -> None:
    pdf = render_text(
        tmp_path, '#show: paper.with(title: "通知", page-number: "dash")\n#par(first-line-indent: 0pt, "调" * 28 * 23)'
    )
    assert [round(side / POINTS_PER_MM) for side in pdf.pages[0].mediabox[2:]] == [210, 297]
    lines = [line for line in pdf.pages[0].extract_text().split("\n") if "调" in line]
    assert [line.count("调") for line in lines] == [28] * 22
    assert "— 1 —" in pdf.pages[0].extract_text()
    assert pdf.pages[1].extract_text().count("调") == 28


def test_pdf_numbers_stand_at_the_outer_edge(tmp_path: Path) -> None:
    pdf = render_text(tmp_path, '#show: paper.with(page-number: "dash")\n一#pagebreak()二')
    places: list[float] = []

    def note_place(text: str, matrix: list[float], text_matrix: list[float], *_: object) -> None:
        if "—" in text:
            places.append(text_matrix[4] * matrix[0] + matrix[4])

    for page in pdf.pages:
        page.extract_text(visitor_text=note_place)
    assert places[0] > 105 * POINTS_PER_MM > places[-1]


def test_pdf_holds_only_the_shipped_fonts(tmp_path: Path) -> None:
    pdf = render_text(tmp_path, '#show: paper\n#title("标题")\n#heading-line("一、标题")\n#prose("正文 abc 123")')
    fonts = pdf.pages[0]["/Resources"]["/Font"].values()  # type: ignore[index]
    names = {font.get_object()["/BaseFont"].partition("+")[2].partition("-")[0] for font in fonts}
    assert names == {"NotoSerifSC", "NotoSansSC"}
