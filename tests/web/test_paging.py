from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.exceptions import BadRequest

from fulian.web.paging import Cursor, Page, count_text, page_limit, page_of, read_cursor

START = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = [(START + timedelta(days=i // 3), i) for i in range(23)][::-1]  # newest first, three of a day


def key(row: tuple[datetime, int]) -> tuple[datetime, int]:
    return row


def read(address: str | None, limit: int = 5) -> Page[tuple[datetime, int]]:
    """What a list does: rows behind the cursor in its direction, one more than fit."""
    cursor = read_cursor(address)
    rows = ROWS
    if cursor is not None and cursor.back:
        rows = [row for row in reversed(ROWS) if row > (cursor.at, cursor.id)]
    elif cursor is not None:
        rows = [row for row in ROWS if row < (cursor.at, cursor.id)]
    return page_of(rows[: limit + 1], cursor, limit, key)


def test_forward_and_back_see_every_row_once() -> None:
    pages = [read(None)]
    while pages[-1].next:
        pages.append(read(pages[-1].next))
    assert [row for page in pages for row in page.rows] == ROWS
    assert [(page.first, page.last) for page in pages] == [(1, 5), (6, 10), (11, 15), (16, 20), (21, 23)]
    for earlier, later in zip(pages[-2::-1], pages[:0:-1], strict=True):
        back = read(later.previous)
        assert (back.rows, back.first, back.last) == (earlier.rows, earlier.first, earlier.last)
        assert back.next is not None
    assert pages[0].previous is None
    assert read(pages[1].previous).previous is None


def test_an_empty_list_has_no_neighbours() -> None:
    assert page_of([], None, 5, key) == Page([], None, None, 0, 0)


@given(st.datetimes(timezones=st.just(UTC)), st.integers(0, 2**63 - 1), st.booleans(), st.integers(0, 2**32 - 1))
def test_a_cursor_comes_back_as_it_went(at: datetime, row_id: int, back: bool, passed: int) -> None:
    cursor = Cursor(at, row_id, back, passed)
    assert read_cursor(cursor.encode()) == cursor


@given(st.text(max_size=40))
def test_what_we_did_not_write_is_a_bad_request(text: str) -> None:
    try:
        cursor = read_cursor(text)
    except BadRequest:
        return
    assert cursor is not None
    assert cursor.encode() == text


@pytest.mark.parametrize(
    "text", ["", "1", "AAAA", Cursor(START, 1).encode() + "=", Cursor(START, 1).encode()[:-1], "f" * 28]
)
def test_cut_or_lengthened_cursors_are_refused(text: str) -> None:
    with pytest.raises(BadRequest):
        read_cursor(text)


def test_words_and_sizes() -> None:
    assert read_cursor(None) is None
    assert [count_text(n) for n in (0, 214, 1000, 1001)] == ["0", "214", "1,000", "1000+"]
    assert page_limit({"User-Agent": "Mozilla/5.0 (Linux; Android 9) Mobile MicroMessenger"}) == 20
    assert page_limit({"Sec-CH-UA-Mobile": "?1"}) == 20
    assert page_limit({"User-Agent": "Mozilla/5.0 (Windows NT 10.0)"}) == 50
