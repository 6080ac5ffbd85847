"""Two files of one person: what moves, what is filled, the undo, who may, and what refuses the whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from fulian.accounts.models import Account
from fulian.audit.actor import Actor
from fulian.cases.models import CaseToken, Party
from fulian.db import db, transact
from fulian.errors import NotFound, Refused
from fulian.hooks import PersonLike, hookimpl
from fulian.people.data import facts_of
from fulian.people.merges import doubles, find_merge, find_mergeable, merge_preview
from fulian.people.models import Consent, Person, PersonMerge, PersonScope, PersonToken, Post
from fulian.people.queries import search_people
from fulian.people.service import (
    edit_person,
    hold_post,
    link_person,
    merge_people,
    record_consent,
    undo_merge,
    unlink_person,
)
from fulian.people.service.plugin_rows import rows_of_plugins, take_back_rows
from fulian.programmes.loader import EXTENSION, installed
from fulian.testing.acts import refusal_of
from fulian.testing.world import ACCOUNTS, LIUYUAN, NOW, actor, open_mediation

from .conftest import PHONE, SUN, ZHAO, Acts, Register

ADMIN = "admin"


def merge(kept: int, merged: int, by: str = ADMIN, reason: str = "电话问过本人") -> int:
    return transact(merge_people, kept, merged, reason, actor(by))


def undo(merge_id: int, by: Actor | None = None) -> int:
    return transact(undo_merge, merge_id, by or actor(ADMIN))


def snapshot(person_id: int) -> dict[str, Any]:
    """Everything that hangs on a person, and her facts."""
    person = db.session.get_one(Person, person_id, populate_existing=True)
    tables = (PersonScope, Post, Consent, Party)
    hangs = {t.__tablename__: _ids(select(t.id).where(t.person_id == person_id)) for t in tables}
    tokens = _ids(select(PersonToken.token, PersonToken.county_id).where(PersonToken.person_id == person_id))
    in_cases = _ids(select(CaseToken.token, CaseToken.case_id).where(CaseToken.person_id == person_id))
    accounts = _ids(select(Account.id).where(Account.person_id == person_id))
    return hangs | {"tokens": tokens, "case_tokens": in_cases, "accounts": accounts, "facts": facts_of(person)}


def _ids(query: Any) -> set[Any]:
    return set(map(tuple, db.session.execute(query)))


@pytest.fixture
def two(session: Session, register: Register, acts: Acts) -> tuple[int, int]:
    """Two files: one bare, the other with a case, a post, a consent, an account and a document."""
    kept = register("赵春梅")
    opened = open_mediation(names=("赵春美", "孙建国"))
    merged = session.execute(
        select(Party.person_id).where(Party.case_id == opened.id, Party.role == "applicant")
    ).scalar_one()
    transact(hold_post, merged, LIUYUAN, "执委", date(2024, 3, 1), "当选", actor(ADMIN))
    transact(record_consent, merged, "notice", "consent", actor("mediator"))
    transact(lambda: session.execute(update(Account).where(Account.id == 2).values(person_id=merged)))
    facts = replace(
        facts_of(db.session.get_one(Person, merged)), document_kind="id_card", document_number=ZHAO, phone=PHONE
    )
    transact(edit_person, merged, 1, facts, actor("mediator"))
    acts()
    return kept, merged


def test_everything_moves_and_comes_back(two: tuple[int, int], acts: Acts) -> None:
    kept, merged = two
    before = snapshot(kept), snapshot(merged)
    merge_id = merge(kept, merged)
    assert acts() == ["person.merged"]
    now, gone = snapshot(kept), snapshot(merged)
    for name in ("person_scope", "post", "consent", "party", "accounts", "case_tokens"):
        assert now[name] == before[0][name] | before[1][name]
        assert gone[name] == set()
    assert before[1]["tokens"] <= now["tokens"]
    assert gone["tokens"] == set()
    assert (now["facts"].document_number, now["facts"].phone, now["facts"].name) == (ZHAO, PHONE, "赵春梅")
    by = actor("mediator")
    assert [line.id for text in ("赵春美", "5512", ZHAO) for line in search_people(by, text, None, 5)] == [kept] * 3
    assert undo(merge_id) == merged
    assert acts() == ["person.merge_undone"]
    assert (snapshot(kept), snapshot(merged)) == before


def test_what_was_changed_since_stays_with_the_kept_file(two: tuple[int, int]) -> None:
    kept, merged = two
    merge_id = merge(kept, merged)
    later = transact(record_consent, kept, "portrait", "consent", actor("mediator"))
    facts = facts_of(db.session.get_one(Person, kept))
    transact(edit_person, kept, 2, replace(facts, phone="15900007730"), actor("mediator"))
    undo(merge_id)
    assert snapshot(kept)["consent"] == {(later,)}
    assert (snapshot(kept)["facts"].phone, snapshot(merged)["facts"].phone) == ("15900007730", PHONE)


def test_the_undo_has_its_time_and_happens_once(two: tuple[int, int]) -> None:
    merge_id = merge(*two)
    assert "30 天" in refusal_of(undo, merge_id, replace(actor(ADMIN), now=NOW + timedelta(days=31))).message
    with pytest.raises(NotFound):
        undo(merge_id, actor("other_admin"))
    undo(merge_id, replace(actor(ADMIN), now=NOW + timedelta(days=30)))
    assert "已经撤销" in refusal_of(undo, merge_id).message


def test_merges_in_a_row_are_undone_in_the_opposite_order(two: tuple[int, int], register: Register) -> None:
    kept, merged = two
    third = register("赵春玫")
    first = merge(kept, merged)
    second = merge(third, kept)
    assert [line.id for line in search_people(actor("mediator"), "赵春美", None, 5)] == [third]
    assert db.session.get_one(Person, merged).merged_into == third
    with pytest.raises(NotFound):
        undo(first)
    undo(second)
    assert db.session.get_one(Person, merged, populate_existing=True).merged_into == kept
    undo(first)
    assert [line.id for line in search_people(actor("mediator"), "赵春美", None, 5)] == [merged]


def test_who_may_merge_and_with_what_reason(two: tuple[int, int], register: Register) -> None:
    kept, merged = two
    for username in ("mediator", "lead", "township", "city", "other_admin", "audit"):
        with pytest.raises(NotFound):
            merge(kept, merged, by=username)
    assert refusal_of(merge, kept, merged, reason=" ").field == "reason"
    assert refusal_of(merge, kept, merged, reason="长" * 201).field == "reason"
    assert "自己" in refusal_of(merge, kept, kept).message
    elsewhere = register("赵春梅", by="other_mediator")
    with pytest.raises(NotFound):
        merge(kept, elsewhere)
    merge(kept, merged)
    with pytest.raises(NotFound):
        merge(kept, merged)


def test_two_parties_of_one_case_stay_two(session: Session) -> None:
    opened = open_mediation()
    one, other = session.execute(select(Party.person_id).where(Party.case_id == opened.id).order_by(Party.id)).scalars()
    refused = refusal_of(merge, one, other)
    assert opened.number in refused.message
    assert snapshot(one)["party"] != snapshot(other)["party"]


def test_a_pair_hidden_by_a_restricted_case_is_told_to_the_county_admin_alone(
    session: Session, register: Register
) -> None:
    hidden = register("赵春梅", by="sibling", document_number=ZHAO)
    transact(unlink_person, "registered", hidden)
    transact(link_person, hidden, account_id=ACCOUNTS["sibling"][0], source="party", source_id=1)
    second = register("赵春梅", document_number=ZHAO)
    register("孙建国", document_number=SUN)
    assert [(first.id, last.id) for first, last in doubles(actor(ADMIN))] == [(hidden, second)]
    assert doubles(actor("other_admin")) == doubles(actor("city")) == doubles(actor("mediator")) == []
    with pytest.raises(NotFound):
        find_mergeable(actor("other_admin"), hidden)
    merge(second, find_mergeable(actor(ADMIN), hidden).id)
    assert doubles(actor(ADMIN)) == []


def test_the_preview_says_what_moves_what_is_filled_and_what_clashes(two: tuple[int, int]) -> None:
    kept, merged = (db.session.get_one(Person, person_id) for person_id in two)
    preview = merge_preview(kept, merged)
    assert preview.moves == (("职务", 1), ("同意与告知", 1), ("登录账号", 1))
    assert set(preview.fills) == {"性别", "出生日期", "证件类型", "证件号", "电话"}
    assert [(row.label, row.kept, row.merged) for row in preview.rows if row.clash] == [("姓名", "赵春梅", "赵春美")]
    assert preview.clashes == 1
    done, gone = find_merge(actor(ADMIN), merge(*two))
    assert (done.kept_id, gone.id) == two


# --- plugins --------------------------------------------------------------------------------------------------------


class Told:
    """A plugin that notes what it is told, or refuses to follow."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.told: list[tuple[int, int]] = []

    @hookimpl
    def fulian_person_merged(self, kept: PersonLike, merged: PersonLike, by: Actor) -> None:
        if self.error is not None:
            raise self.error
        self.told.append((kept.id, merged.id))


def test_plugins_are_told_and_one_that_fails_stops_the_merge(two: tuple[int, int], acts: Acts) -> None:
    kept, merged = two
    before = snapshot(kept), snapshot(merged)
    good, bad = Told(), Told(RuntimeError("broken"))
    installed().manager.register(good, "good")
    installed().manager.register(bad, "bad")
    assert "“bad”" in refusal_of(merge, kept, merged).message
    bad.error = Refused("两份都有同一天的签到，请先处理。")
    assert refusal_of(merge, kept, merged).message == "两份都有同一天的签到，请先处理。"
    assert (snapshot(kept), snapshot(merged)) == before
    assert set(acts()) == {"refused.merge_people"}
    bad.error = None
    merge(kept, merged)
    assert good.told[-1] == bad.told[-1] == (kept, merged)


def test_nothing_is_merged_while_a_plugin_is_left_out(two: tuple[int, int], app: Any) -> None:
    merge_id = merge(*two)
    app.extensions[EXTENSION] = replace(installed(), blocked=("lectures",))
    assert "lectures" in refusal_of(undo, merge_id).message
    assert "lectures" in refusal_of(merge, two[0], two[0] + 1).message


def test_rows_of_plugins_are_written_down_and_pointed_back(two: tuple[int, int], monkeypatch: Any) -> None:
    kept, merged = two
    table = Consent.__table__  # stands for a plugin's table: its rows point at persons
    monkeypatch.setattr("fulian.people.service.plugin_rows._columns", lambda: iter([(table, table.c.person_id)]))
    rows = rows_of_plugins(merged)
    assert list(rows) == ["consent.person_id"]
    transact(lambda: db.session.execute(update(table).values(person_id=kept)))
    transact(take_back_rows, rows, kept, merged)
    assert snapshot(merged)["consent"] == {tuple(key) for key in rows["consent.person_id"]}
    assert db.session.execute(select(PersonMerge)).first() is None
