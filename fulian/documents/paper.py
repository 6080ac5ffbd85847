"""Builds .docx templates: A4 by GB/T 9704-2012 and the blocks of a signed document, as paper.typ has them for PDF.

For whoever makes a template, not for filling one: `python -m fulian.documents.paper OUT.docx` writes an empty paper to
go on with in Word or WPS; a script of a plugin builds a whole one with these functions and Jinja2 tags as text. Fonts
stand in the file by name only (仿宋_GB2312, 方正小标宋简体, 黑体): they are licensed, and an office has them.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from math import floor
from typing import Literal, cast

from docx import Document as open_docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_ALIGN_VERTICAL, WD_ROW_HEIGHT_RULE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.section import Section, _Footer
from docx.shared import Length, Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

BODY_FONT, TITLE_FONT, HEADING_FONT, NUMBER_FONT = "仿宋_GB2312", "方正小标宋简体", "黑体", "宋体"
SIZE_2, SIZE_3, SIZE_4 = Pt(22), Pt(16), Pt(14)
TYPE_WIDTH, TYPE_HEIGHT = Mm(156), Mm(225)
LINES_OF_SIZE_3 = 22
CELL_MARGIN = Pt(2)
FAINT = RGBColor(0x6E, 0x6E, 0x6E)

PageNumber = Literal["of-total", "dash"]


def new_paper(*, page_number: PageNumber = "of-total", size: Length = SIZE_3) -> Document:
    """An empty A4 document with margins, styles, line and character pitch, and page number.

    `page_number`: "of-total" prints 第 1 页 共 2 页 (papers of a case), "dash" prints — 1 — at the outer edge (official
    letters; GB/T 9704-2012, 7.5). `size`: `SIZE_3` for letters and reports, `SIZE_4` for forms; lines and characters of
    the standard's grid (22 × 28 of size 3; 5.2.3) are scaled with it.
    """
    paper = open_docx()
    section = paper.sections[0]
    _set_page(section)
    _set_styles(paper, size)
    paper.settings.odd_and_even_pages_header_footer = page_number == "dash"
    if page_number == "dash":
        _number_page(section.footer, ["— ", "PAGE", " —\u3000"], WD_ALIGN_PARAGRAPH.RIGHT)
        _number_page(section.even_page_footer, ["\u3000— ", "PAGE", " —"], WD_ALIGN_PARAGRAPH.LEFT)
    else:
        _number_page(section.footer, ["第 ", "PAGE", " 页 共 ", "NUMPAGES", " 页"], WD_ALIGN_PARAGRAPH.CENTER)
    _forget_origin(paper)
    return paper


def add_title(paper: Document, text: str) -> None:
    """The title: size 2, 小标宋, centred."""
    paper.add_paragraph(text, style="Title")


def add_reference(paper: Document, text: str) -> None:
    """The number under the title, at the right."""
    paper.add_paragraph(text, style="Flush").alignment = WD_ALIGN_PARAGRAPH.RIGHT


def add_heading(paper: Document, text: str) -> None:
    """A heading of the first level, 一、 in 黑体; it stays with the paragraph after it."""
    paper.add_paragraph(text, style="Heading 1")


def add_prose(paper: Document, text: str) -> None:
    """A paragraph of body text, two characters in; each line of a value becomes a paragraph of this kind."""
    paper.add_paragraph(text)


def add_tag(paper: Document, tag: str) -> None:
    """A paragraph that holds only a tag and vanishes: `{%p for party in parties %}`, `{%p endfor %}`."""
    paper.add_paragraph(tag, style="Flush")


def add_fields(paper: Document, entries: Sequence[tuple[str, str, float]]) -> None:
    """A row of labels, each with its value on a line: (label, tag of the value, the value's share of the row).

    A label is plain text: its column is as wide as its characters.
    """
    size = _body_style(paper).font.size or SIZE_3
    labels = [len(label) * size + 2 * CELL_MARGIN for label, _, _ in entries]
    left, shares = TYPE_WIDTH - sum(labels), sum(share for _, _, share in entries)
    widths: list[float] = []
    for label_width, (_, _, share) in zip(labels, entries, strict=True):
        widths += [label_width, left * share / shares]
    table = _add_row_table(paper, widths, Pt(3))
    for at, (label, value, _) in enumerate(entries):
        _write(table.cell(0, 2 * at), label)
        _write(table.cell(0, 2 * at + 1), value)
        _border(table.cell(0, 2 * at + 1), ("bottom",), "single")


def add_sign_row(paper: Document, who: str, *, fingerprint: bool = True) -> None:
    """One who signs by hand: who, a line to sign on, a place for the fingerprint, and the date."""
    table = _add_row_table(paper, [Mm(46), Mm(45), Mm(21), Mm(44)], Pt(8))
    row = table.rows[0]
    row.height_rule, row.height = WD_ROW_HEIGHT_RULE.AT_LEAST, Mm(21) if fingerprint else Mm(12)
    for cell in row.cells:
        cell.vertical_alignment = WD_ALIGN_VERTICAL.BOTTOM
        for line in cell.paragraphs:
            line.paragraph_format.keep_with_next = True  # all who sign stand on one page, above the seal
    _write(row.cells[0], who)
    _border(row.cells[1], ("bottom",), "single")
    _write(row.cells[3], "年\u3000\u3000月\u3000\u3000日").alignment = WD_ALIGN_PARAGRAPH.RIGHT
    if fingerprint:
        _border(row.cells[2], ("top", "left", "bottom", "right"), "dashed")
        mark = _write(row.cells[2], "捺印处")
        mark.alignment = WD_ALIGN_PARAGRAPH.CENTER
        _set_faint(mark.runs[0], Pt(9))


def add_seal(paper: Document, organisation: str, date: str) -> None:
    """Signed by the organisation: its name over the date, on which the seal goes."""
    for text in ("", organisation, "（印章）", date):
        line = paper.add_paragraph(text, style="Flush")
        line.alignment, line.paragraph_format.left_indent = WD_ALIGN_PARAGRAPH.CENTER, Mm(40)
        line.paragraph_format.keep_with_next = text != date
        if text == "（印章）":
            _set_faint(line.runs[0], Pt(10.5))


def _forget_origin(paper: Document) -> None:
    """Take out what python-docx's own template says of itself: its author, a date of 2013, English for Chinese text."""
    properties = paper.core_properties
    properties.author = properties.comments = properties.keywords = ""
    for element in list(properties._element):
        if element.tag.rpartition("}")[2] in ("created", "modified", "lastModifiedBy"):
            properties._element.remove(element)
    for language in paper.styles.element.iter(qn("w:lang")):
        language.set(qn("w:eastAsia"), "zh-CN")


def _set_page(section: Section) -> None:
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(35 - 7 - 5)  # 7.5: the number stands 7 mm below the type area; it is 5 mm high
    for grid in section._sectPr.findall(qn("w:docGrid")):
        section._sectPr.remove(grid)  # exact line pitch and tracking are read alike everywhere, a grid is not


def _line_pitch(size: Length) -> Length:
    return Length(round(TYPE_HEIGHT / round(LINES_OF_SIZE_3 * SIZE_3 / size)))


def _body_style(paper: Document) -> ParagraphStyle:
    return cast(ParagraphStyle, paper.styles["Normal"])


def _set_styles(paper: Document, size: Length) -> None:
    body = _body_style(paper)
    _set_font(body, BODY_FONT, size)
    _set_tracking(body, size)
    body.paragraph_format.line_spacing_rule = WD_LINE_SPACING.EXACTLY
    body.paragraph_format.line_spacing = _line_pitch(size)
    body.paragraph_format.space_before = body.paragraph_format.space_after = Pt(0)
    body.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
    _indent_first_line(body, 2, size)
    flush = cast(ParagraphStyle, paper.styles.add_style("Flush", WD_STYLE_TYPE.PARAGRAPH))
    flush.base_style = body
    _indent_first_line(flush, 0, size)
    title = cast(ParagraphStyle, paper.styles["Title"])
    _set_font(title, TITLE_FONT, SIZE_2)
    title.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    title.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
    title.paragraph_format.space_after = SIZE_2
    _indent_first_line(title, 0, size)
    heading = cast(ParagraphStyle, paper.styles["Heading 1"])
    _set_font(heading, HEADING_FONT, size)
    heading.paragraph_format.space_before = Pt(0)
    heading.paragraph_format.keep_with_next = True


def _set_font(style: ParagraphStyle, name: str, size: Length) -> None:
    """Write the font's name for every script, without what python-docx's own template says of fonts and borders."""
    style.font.size, style.font.bold, style.font.color.rgb = size, False, RGBColor(0, 0, 0)
    properties = style.element.get_or_add_rPr()
    for tag in ("w:rFonts", "w:spacing", "w:kern"):
        for old in properties.findall(qn(tag)):
            properties.remove(old)
    fonts = properties.get_or_add_rFonts()
    for script in ("ascii", "hAnsi", "eastAsia", "cs"):
        fonts.set(qn(f"w:{script}"), name)
    paragraph = style.element.get_or_add_pPr()
    for border in paragraph.findall(qn("w:pBdr")):
        paragraph.remove(border)


def _set_tracking(style: ParagraphStyle, size: Length) -> None:
    """Tighten the characters so that 28 of size 3 fill a line (untightened they are 158 mm wide).

    In whole twentieths of a point, rounded down: rounded up, the last character would fall to the next line.
    """
    tracking = TYPE_WIDTH.pt / round(TYPE_WIDTH / size) - size.pt
    spacing = OxmlElement("w:spacing")
    spacing.set(qn("w:val"), str(floor(tracking * 20)))
    style.element.get_or_add_rPr().insert_element_before(spacing, "w:sz")


def _indent_first_line(style: ParagraphStyle, characters: int, size: Length) -> None:
    style.paragraph_format.first_line_indent = Length(characters * size)
    style.element.pPr.find(qn("w:ind")).set(qn("w:firstLineChars"), str(100 * characters))


def _set_faint(run: Run, size: Length) -> None:
    run.font.size, run.font.color.rgb = size, FAINT


def _number_page(footer: _Footer, parts: Sequence[str], alignment: WD_ALIGN_PARAGRAPH) -> None:
    footer.is_linked_to_previous = False
    line = footer.paragraphs[0]
    line.style, line.alignment = "Flush", alignment
    for part in parts:
        run = line.add_run()
        run.font.name, run.font.size = NUMBER_FONT, SIZE_4
        run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), NUMBER_FONT)
        if part in ("PAGE", "NUMPAGES"):
            _add_field_code(run, part)
        else:
            run.text = part


def _add_field_code(run: Run, code: str) -> None:
    """A field that Word counts itself: begin, code, separator, what stands there until then, end."""
    for tag, text in (("begin", ""), ("w:instrText", code), ("separate", ""), ("w:t", "1"), ("end", "")):
        element = OxmlElement(tag if text else "w:fldChar")
        if text:
            element.text = text
        else:
            element.set(qn("w:fldCharType"), tag)
        run._r.append(element)


def _add_row_table(paper: Document, widths: Sequence[float], space: Length) -> Table:
    """A table of one row that is never parted by a page, with a paragraph of the height `space` before it.

    Without a paragraph between them two tables would become one.
    """
    between = paper.add_paragraph(style="Flush")
    between.paragraph_format.line_spacing = space
    table: Table = paper.add_table(rows=1, cols=len(widths))
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = column.cells[0].width = Length(round(width))
    table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    margins = OxmlElement("w:tblCellMar")
    for side in ("left", "right"):
        margin = OxmlElement(f"w:{side}")
        margin.set(qn("w:w"), str(round(CELL_MARGIN.pt * 20)))
        margin.set(qn("w:type"), "dxa")
        margins.append(margin)
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook")
    return table


def _write(cell: _Cell, text: str) -> Paragraph:
    line: Paragraph = cell.paragraphs[0]
    line.style, line.alignment = "Flush", WD_ALIGN_PARAGRAPH.LEFT
    line.add_run(text)
    return line


def _border(cell: _Cell, sides: Sequence[str], line: str) -> None:
    borders = OxmlElement("w:tcBorders")
    for side in sides:
        border = OxmlElement(f"w:{side}")
        for name, value in (("val", line), ("sz", "4"), ("space", "0"), ("color", "000000")):  # 4 eighths of a point
            border.set(qn(f"w:{name}"), value)
        borders.append(border)
    cell._tc.get_or_add_tcPr().insert_element_before(borders, "w:vAlign")


if __name__ == "__main__":
    new_paper().save(sys.argv[1])
