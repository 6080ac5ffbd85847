"""Finding somebody: every kind of thing that is typed, paging, candidates, what never stands in an address."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from fulian.db import transact
from fulian.people.bulk import scope_rows, token_rows
from fulian.people.models import SCOPE_ROWS, TOKENS, PersonScope, PersonToken
from fulian.people.queries import match_people, newest_people, search_people, sound_alikes
from fulian.people.service import link_person
from fulian.people.tokens import DOCUMENT, ENDING, NAME, NOTHING, PHONE, looks_personal, person_tokens, query_tokens
from fulian.testing.world import DONGCHANGFU, LIUYUAN, ZHENXING, actor
from fulian.web.paging import Page, page_of, read_cursor

from .conftest import OTHER_PHONE, SUN, WANG, ZHAO, Register
from .conftest import PHONE as MOBILE


def found(text: str, username: str = "mediator") -> list[str]:
    """The names that an account finds by what she types."""
    return [line.name for line in search_people(actor(username), text, None, 50)]


@pytest.fixture
def people(register: Register) -> None:
    register("赵春梅", document_number=ZHAO, phone=MOBILE)
    register("赵春燕", phone="0635-8241234")
    register("曾小红", phone=OTHER_PHONE, document_number=SUN)
    register("欧阳娜娜")


FOUND = {
    "赵春梅": ["赵春梅"],
    "春梅": ["赵春梅"],
    "赵春": ["赵春燕", "赵春梅"],
    "赵": ["赵春燕", "赵春梅"],
    "zhaochunmei": ["赵春梅"],
    "zhaoch": ["赵春燕", "赵春梅"],
    "zcm": ["赵春梅"],
    "ZC": ["赵春燕", "赵春梅"],
    "zengxiaohong": ["曾小红"],
    "zxh": ["曾小红"],
    "nana": ["欧阳娜娜"],
    "5512": ["赵春梅"],
    "1234": ["赵春燕"],
    MOBILE: ["赵春梅"],
    "138 0000-5512": ["赵春梅"],
    "0635-8241234": ["赵春燕"],
    "8241234": ["赵春燕"],
    ZHAO: ["赵春梅"],
    ZHAO[:6] + " " + ZHAO[6:14] + " " + ZHAO[14:]: ["赵春梅"],
    ZHAO[:6] + ZHAO[8:17]: ["赵春梅"],  # the number of 15 digits of the same person
    "３７１５９９１９８５０５１２１０４４": ["曾小红"],
    WANG: [],
    "551": [],
    "z": [],
    "": [],
    "赵春美": [],
}


def test_everything_that_is_typed_finds(session: Session, people: None) -> None:
    assert {typed: found(typed) for typed in FOUND} == FOUND


def test_numbers_of_somebody_are_known_as_such() -> None:
    personal = {MOBILE, ZHAO, "E12345678", "１３８００００５５１２", "0635-8241234", "12345"}
    assert {text for text in (*personal, "赵春梅", "5512", "zcm", "") if looks_personal(text)} == personal


def test_what_was_typed_is_told_apart() -> None:
    assert [query_tokens(text).kind for text in ("赵春梅", "zcm", "551", "z")] == [NAME, NAME, NOTHING, NOTHING]


def test_numbers_are_told_apart(session: Session) -> None:
    assert query_tokens("5512").kind == ENDING
    assert {query_tokens(text).kind for text in (MOBILE, "8241234", "0635-8241234", "+86 13800005512")} == {PHONE}
    assert {query_tokens(text).kind for text in (ZHAO, "371599900307002", "E12345678", "南字第1234567号")} == {DOCUMENT}


def test_tokens_give_no_number_away(session: Session) -> None:
    tokens = person_tokens("赵春梅", MOBILE, ZHAO)
    assert not [token for token in tokens if "5512" in token or ZHAO[6:14] in token]
    assert person_tokens("赵春梅", MOBILE, ZHAO) == tokens


def test_a_person_linked_to_another_county_is_found_there(session: Session, register: Register) -> None:
    person_id = register("赵春梅", phone=MOBILE)
    assert found("5512", "other_admin") == []
    transact(link_person, person_id, org_id=ZHENXING, source="party", source_id=1)
    assert found("5512", "other_admin") == found("zcm", "other_mediator") == ["赵春梅"]
    transact(link_person, person_id, org_id=ZHENXING, source="party", source_id=2)
    assert found("zcm", "other_admin") == ["赵春梅"]


def test_the_pages_of_a_search_and_of_the_newest(session: Session, register: Register) -> None:
    ids = [register("王秀英") for _ in range(7)]
    for read in (
        lambda cursor: search_people(actor("city"), "王秀英", cursor, 3),
        lambda cursor: newest_people(actor("admin"), cursor, 3),
    ):
        pages = []
        after: str | None = None
        for _ in range(3):
            cursor = read_cursor(after)
            page: Page = page_of(read(cursor), cursor, 3, lambda line: line.place)  # type: ignore[type-arg]
            pages.append([line.id for line in page.rows])
            after = page.next
        assert pages == [ids[:-4:-1], ids[-4:-7:-1], ids[:1]]
        assert after is None
        cursor = read_cursor(page.previous)
        back = page_of(read(cursor), cursor, 3, lambda line: line.place)
        assert [line.id for line in back.rows] == pages[1]


def test_candidates_begin_with_the_very_name_and_end_with_the_sound(session: Session, register: Register) -> None:
    exact, longer = register("张伟"), register("张伟强")
    assert [line.id for line in match_people(actor("mediator"), "张伟")] == [exact, longer]
    assert [line.name for line in match_people(actor("mediator"), "zw")] == ["张伟强", "张伟"]
    assert [line.name for line in match_people(actor("mediator"), "章伟")] == ["张伟强", "张伟"]
    assert sound_alikes(actor("mediator"), "zw") == []
    assert match_people(actor("mediator"), "") == match_people(actor("sibling"), "张伟") == []


def test_lines_are_masked(session: Session, register: Register) -> None:
    register("赵春梅", document_number=ZHAO, phone=MOBILE, division_code="371502002000", address="前罗村 3 号")
    (line,) = search_people(actor("mediator"), "zcm", None, 5)
    assert (line.facts, line.document, line.phone_ending, line.area) == (
        "女，36 岁",
        "371599********0026",
        "5512",
        "柳园街道",
    )
    assert ZHAO not in repr(line)
    assert MOBILE not in repr(line)


def test_the_loader_makes_the_same_rows_as_the_service(session: Session, register: Register) -> None:
    person_id = register("赵春梅", document_number=ZHAO, phone=MOBILE)

    def rows() -> tuple[set[object], set[object]]:
        scope = select(PersonScope.person_id, PersonScope.org_id, PersonScope.own, PersonScope.source_id)
        tokens = select(PersonToken.token, PersonToken.county_id, PersonToken.person_id)
        return set(map(tuple, session.execute(scope))), set(map(tuple, session.execute(tokens)))

    made = rows()
    session.execute(SCOPE_ROWS.delete())
    session.execute(TOKENS.delete())
    session.execute(
        insert(SCOPE_ROWS), scope_rows(person_id, [LIUYUAN, DONGCHANGFU, 1], LIUYUAN, "registered", person_id)
    )
    session.execute(insert(TOKENS), token_rows(person_id, [DONGCHANGFU], person_tokens("赵春梅", MOBILE, ZHAO)))
    assert rows() == made
