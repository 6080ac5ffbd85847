"""The agreement on paper: what stands in it and what must not."""

from __future__ import annotations

import io
import runpy
import zipfile
from pathlib import Path
from typing import Any

import fulian_mediation
import pytest
from docx import Document as open_docx
from flask import Flask
from fulian_mediation.documents import DOCUMENTS, agreement_context, committee_name
from pypdf import PdfReader

from fulian.api import Refused, case_parties
from fulian.testing.acts import advance, find_row, make_paper, set_facts, tell
from fulian.testing.world import actor, open_mediation

from .conftest import AGREEMENT, SESSION, TODAY

PACKAGE = Path(fulian_mediation.__file__).parent
ONE_SIDED = "独角兽只对甲方说"
PHONES = ("13800000001", "13800000002")
PLACES = ("幸福家园3号楼", "平安小区8号楼")


def fill_in(case_id: int) -> None:
    for party, phone, place in zip(case_parties(case_id), PHONES, PLACES, strict=True):
        set_facts(party.person_id, phone=phone, address=place, ethnicity="01", occupation="超市收银员")


def context_of(case_id: int) -> dict[str, Any]:
    return dict(agreement_context(find_row(case_id), actor("mediator")))


def test_all_that_the_form_asks_for(signed: int) -> None:
    """人民调解法第二十九条: 当事人的基本情况; 主要事实、争议事项以及各方当事人的责任; 内容，履行的方式、期限."""
    fill_in(signed)
    context = context_of(signed)
    assert context["number"] == "（2026）聊妇婚调字第371502-0001号"
    first = context["parties"][0]
    assert (first["mark"], first["name"], first["sex"], first["ethnicity"]) == ("甲方", "赵春梅", "女", "汉族")
    assert (first["occupation"], first["contact"], first["place"]) == ("超市收银员", PHONES[0], PLACES[0])
    assert context["facts"] == AGREEMENT["facts"]
    assert context["disputed"] == AGREEMENT["disputed"]
    assert context["clauses"] == [
        "男方每月支付抚养费 1,200 元。履行方式：转账；履行期限：每月 5 日前。",
        "男方每周可以探望孩子一次。",
    ]


def test_a_copy_for_each_party_and_one_for_the_committee(signed: int) -> None:
    """人民调解法第二十九条: 由当事人各执一份，人民调解委员会留存一份."""
    assert "本协议一式三份" in context_of(signed)["effect"]
    assert committee_name(find_row(signed)) == "东昌府区婚姻家庭纠纷人民调解委员会"


def test_where_she_is_is_kept_from_the_other_side(world: Flask) -> None:
    case_id = open_mediation(keep_hidden=True).id
    fill_in(case_id)
    advance(case_id, "record_session", **SESSION)
    advance(case_id, "write_agreement", **AGREEMENT)
    first, second = context_of(case_id)["parties"]
    assert (first["contact"], first["place"]) == ("（保密）", "（保密）")
    assert (second["contact"], second["place"]) == (PHONES[1], PLACES[1])


def test_what_one_side_told_is_not_printed(written: int) -> None:
    applicant = case_parties(written)[0]
    tell(written, ONE_SIDED, party_id=applicant.id)
    assert ONE_SIDED not in str(context_of(written))
    assert SESSION["content"] not in str(context_of(written))


def test_too_early_and_not_for_oral(mediated: int) -> None:
    """人民调解法第二十八条: an oral agreement needs no paper."""
    (document,) = DOCUMENTS
    assert not document.required(find_row(mediated))
    with pytest.raises(Refused, match="还没有写协议"):
        context_of(mediated)
    advance(mediated, "record_oral_agreement", **AGREEMENT, agreed_on=TODAY)
    assert not document.required(find_row(mediated))
    with pytest.raises(Refused, match="口头协议"):
        context_of(mediated)


@pytest.mark.parametrize("kind", ["docx", "pdf"])
def test_both_papers_hold_every_word(written: int, kind: str) -> None:
    fill_in(written)
    context = context_of(written)
    shown = read(make_paper("fulian_mediation", "agreement", kind, context), kind)
    for text in texts(context):
        assert "".join(text.split()) in shown, text
    for word in ("捺印处", "人民调解员（签名）", "记录人（签名）", "甲方（签名）", "乙方（签名）"):
        assert word in shown


@pytest.mark.parametrize("kind", ["docx", "pdf"])
def test_what_was_not_disputed_is_no_part_of_the_paper(mediated: int, kind: str) -> None:
    advance(mediated, "write_agreement", **{**AGREEMENT, "disputed": ""})
    shown = read(make_paper("fulian_mediation", "agreement", kind, context_of(mediated)), kind)
    assert "争议事项、各方责任" not in shown
    assert "无。" not in shown
    for heading in ("一、纠纷主要事实", "二、经调解，自愿达成如下协议", "三、履行和效力"):
        assert heading in shown


@pytest.mark.parametrize("lines", range(4, 24, 3))
def test_signatures_and_seal_stand_on_one_page(written: int, lines: int) -> None:
    """Wherever the text ends: who signs, the seal and what signing brings about are never apart."""
    context = {**context_of(written), "facts": "双方分居四个月，孩子随女方生活，抚养费没有谈拢。" * lines}
    made = make_paper("fulian_mediation", "agreement", "pdf", context)
    pages = ["".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(made)).pages]
    words = ("四、履行和效力", "甲方（签名）", "乙方（签名）", "人民调解员（签名）", "记录人（签名）", "（印章）")
    assert len({index for index, page in enumerate(pages) for word in words if word in page}) == 1


def test_the_template_is_what_its_script_makes() -> None:
    made, kept = io.BytesIO(), PACKAGE / "documents" / "agreement.docx"
    runpy.run_path(str(PACKAGE.parent / "tools" / "make_documents.py"))["make_agreement"]().save(made)
    with zipfile.ZipFile(made) as new, zipfile.ZipFile(kept) as old:
        assert new.namelist() == old.namelist()
        assert [name for name in new.namelist() if new.read(name) != old.read(name)] == []


def read(made: bytes, kind: str) -> str:
    if kind == "pdf":
        text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(made)).pages)
    else:
        paper = open_docx(io.BytesIO(made))
        cells = [cell.text for table in paper.tables for row in table.rows for cell in row.cells]
        text = "".join([*(line.text for line in paper.paragraphs), *cells])
    return "".join(text.split())


def texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for member in value.values() for text in texts(member)]
    if isinstance(value, list):
        return [text for member in value for text in texts(member)]
    return [str(value)]
