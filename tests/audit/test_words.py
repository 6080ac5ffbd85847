"""The log in Chinese: whatever can be refused has words, and its page says what an entry is about."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from fulian.accounts.roles import PERMISSIONS
from fulian.audit import tried
from fulian.audit.models import AuditEntry
from fulian.audit.words import act_word, field_words
from fulian.cases.service import advance_case
from fulian.db import db, transact
from fulian.errors import NotFound, Refused
from fulian.programmes.service import stop_intake
from fulian.testing.plugin import Content
from fulian.testing.signing_in import log_in
from fulian.testing.world import CHIPING, WORLD, actor, open_mediation

ROOT = Path(__file__).parents[2]
NEVER_REFUSE = {"count", "note_backup", "note_refusal", "record_read", "refuse_attempt", "run_claimed", "run_step"}
ASKS_ONLY = {"why_not_confirm"}


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def use_cases() -> set[str]:
    """The public functions that take `by` and are handed on somewhere, as `transact` wants them."""
    made, handed = set(), set()
    for path in (ROOT / "fulian").rglob("*.py"):
        if {"testing", "demo"} & set(path.parts):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and "views" not in path.stem:
                arguments = {one.arg for one in (*node.args.args, *node.args.kwonlyargs)}
                made |= {node.name} if "by" in arguments and "views" not in path.parts else set()
        for call in ast.walk(tree):
            given = [*call.args, *(one.value for one in call.keywords)] if isinstance(call, ast.Call) else []
            handed |= {one.id for one in given if isinstance(one, ast.Name)}
    return made & handed - NEVER_REFUSE - ASKS_ONLY


def test_every_right_and_every_use_case_has_words() -> None:
    assert set(PERMISSIONS) == set(tried.PERMISSIONS)
    assert {"open_case", "advance_case", "move_organisation"} <= use_cases() <= set(tried.USE_CASES)


def test_a_refusal_is_named_in_chinese() -> None:
    words = {"mediation.view": "打开“水城家和”的页面"}
    assert act_word("refused.advance_case", words) == "试过：办理案件的下一步"
    assert act_word("refused.cases.open", words) == "试过：登记案件"
    assert act_word("refused.mediation.view", words) == "试过：打开“水城家和”的页面"
    assert act_word("refused.gone.view", words) == "试过：别的事"


def test_fields_are_named_as_far_as_they_have_words() -> None:
    assert field_words(("stage", "risk", "said_on", "side")) == "阶段、风险等级，另 2 项"
    assert (field_words(("side",)), field_words(())) == ("1 项", "")


def test_the_page_names_the_case_by_its_number_and_the_programme(app: Flask) -> None:
    with app.app_context():
        opened = open_mediation()
        transact(stop_intake, "mediation", CHIPING, "文", actor("city"))
        with pytest.raises(Refused):
            transact(stop_intake, "mediation", CHIPING, "文", actor("city"))
        with pytest.raises(NotFound):
            transact(advance_case, opened.id, 1, "nothing", {}, actor("mediator"))
        for case_id in (opened.id, opened.id, open_mediation().id):  # a repeat is one, another case is another
            with pytest.raises(Refused):
                transact(advance_case, case_id, 7, "record_willingness", {}, actor("mediator"))
        about = select(AuditEntry.case_id).where(AuditEntry.act == "refused.advance_case").order_by(AuditEntry.seq)
        assert db.session.execute(about).scalars().all() == [opened.id, opened.id + 1]
    client = app.test_client()
    log_in(client, "lead")
    assert client.get("/audit/").status_code == 403
    auditor = app.test_client()
    log_in(auditor, "audit")
    page = auditor.get("/audit/").get_data(as_text=True)
    rows = page[page.index("<tbody>") : page.index("</tbody>")]
    for word in (
        opened.number,
        ">水城家和<",
        "试过：停止受理",
        "试过：看日志",
        'data-l="改了哪些">案号',
        'data-l="从哪里"',
    ):
        assert word in rows, word
    assert re.findall(r">[^<]*\b[A-Za-z]{3,}\b[^<]*<", rows) == []
    empty = auditor.get("/audit/?account=999999").get_data(as_text=True)
    assert empty.count("btn-primary") == 1
