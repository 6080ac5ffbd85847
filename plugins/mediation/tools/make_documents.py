"""Makes the .docx templates of fulian_mediation/documents: `python plugins/mediation/tools/make_documents.py`."""

from __future__ import annotations

from pathlib import Path

from docx.document import Document

from fulian.documents.paper import (
    SIZE_4,
    add_fields,
    add_heading,
    add_prose,
    add_reference,
    add_seal,
    add_sign_row,
    add_tag,
    add_title,
    new_paper,
)

DOCUMENTS = Path(__file__).parents[1] / "fulian_mediation" / "documents"
BLANK_DATE = "年　　月　　日"


def make_agreement() -> Document:
    """人民调解协议书, as agreement.typ has it."""
    paper = new_paper(size=SIZE_4)
    paper.core_properties.title = "{{ title }}"
    add_title(paper, "{{ title }}")
    add_reference(paper, "编号：{{ number }}")
    add_tag(paper, "{%p for party in parties %}")
    add_fields(
        paper,
        [
            ("姓名", "{{ party.name }}（{{ party.mark }}）", 2.4),
            ("性别", "{{ party.sex }}", 1),
            ("民族", "{{ party.ethnicity }}", 1.4),
            ("年龄", "{{ party.age }}", 1),
        ],
    )
    add_fields(paper, [("职业或职务", "{{ party.occupation }}", 1), ("联系方式", "{{ party.contact }}", 1)])
    add_fields(paper, [("单位或住址", "{{ party.place }}", 1)])
    add_tag(paper, "{%p endfor %}")
    add_heading(paper, "{{ headings.facts }}")
    add_prose(paper, "{{ facts }}")
    add_tag(paper, "{%p if disputed %}")
    add_heading(paper, "{{ headings.disputed }}")
    add_prose(paper, "{{ disputed }}")
    add_tag(paper, "{%p endif %}")
    add_heading(paper, "{{ headings.agreed }}")
    add_tag(paper, "{%p for clause in clauses %}")
    add_prose(paper, "{{ loop.index }}.{{ clause }}")
    add_tag(paper, "{%p endfor %}")
    add_heading(paper, "{{ headings.effect }}")
    add_prose(paper, "{{ effect }}")
    add_prose(paper, "{{ confirmation }}")
    add_tag(paper, "{%p for party in parties %}")
    add_sign_row(paper, "{{ party.mark }}（签名）")
    add_tag(paper, "{%p endfor %}")
    add_sign_row(paper, "人民调解员（签名）", fingerprint=False)
    add_sign_row(paper, "记录人（签名）", fingerprint=False)
    add_seal(paper, "{{ committee }}", BLANK_DATE)
    return paper


if __name__ == "__main__":
    make_agreement().save(str(DOCUMENTS / "agreement.docx"))
