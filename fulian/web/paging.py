"""Keyset paging: a cursor is the place of one row in the order (time, id), never a page number or an offset."""

from __future__ import annotations

import binascii
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar

from werkzeug.datastructures import Headers
from werkzeug.exceptions import BadRequest

Row = TypeVar("Row")

DESK_ROWS, PHONE_ROWS = 50, 20
COUNT_CAP = 1000  # an exact count over a large scope costs more than the page
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PACKED = struct.Struct(">qqI?")  # microseconds since 1970, id, rows before the page, whether it reads backwards


@dataclass(frozen=True, slots=True)
class Cursor:
    """The row a page starts behind: `(at, id)` of the last row seen.

    `back` means the page ends just before that row instead (上一页). `passed` counts the rows before the page, only to
    say 第 51—100 件; it comes back from the browser and decides nothing.
    """

    at: datetime
    id: int
    back: bool = False
    passed: int = 0

    def encode(self) -> str:
        """The cursor as an opaque text that may stand in an address."""
        moment = (self.at - _EPOCH) // _MICROSECOND
        packed = _PACKED.pack(moment, self.id, min(self.passed, 2**32 - 1), self.back)
        return urlsafe_b64encode(packed).decode("ascii")


def read_cursor(text: str | None) -> Cursor | None:
    """The cursor of an address, None where there is none. Raises BadRequest (400) for anything we did not write."""
    if text is None:
        return None
    try:
        moment, row_id, passed, back = _PACKED.unpack(urlsafe_b64decode(text.encode("ascii")))
        cursor = Cursor(_EPOCH + moment * _MICROSECOND, row_id, back, passed)
    except (ValueError, binascii.Error, struct.error, OverflowError) as error:
        raise BadRequest from error
    if cursor.encode() != text:
        raise BadRequest
    return cursor


def page_limit(headers: Headers | Mapping[str, str]) -> int:
    """Rows on a page: fewer on a phone, which its own header or the name of its browser gives away."""
    phone = headers.get("Sec-CH-UA-Mobile") == "?1" or "Mobile" in headers.get("User-Agent", "")
    return PHONE_ROWS if phone else DESK_ROWS


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in the order they are shown, the cursors (or None) of the pages around, the numbers of first and last."""

    rows: Sequence[Row]
    previous: str | None
    next: str | None
    first: int
    last: int


def page_of(
    found: Sequence[Row], cursor: Cursor | None, limit: int, key: Callable[[Row], tuple[datetime, int]]
) -> Page[Row]:
    """Make a page of up to `limit + 1` rows read from `cursor` on, in the order they were read.

    With `cursor.back` the query reads in the opposite order; the rows are turned round here. The row too many only
    says that there is more. `key` gives the (time, id) of a row.
    """
    back = cursor is not None and cursor.back
    more = len(found) > limit
    rows = list(found[:limit])
    if back:
        rows.reverse()
    has_previous, has_next = (more, True) if back else (cursor is not None, more)
    passed = 0 if cursor is None else cursor.passed
    if back:
        passed = max(passed - len(rows), 0) if has_previous else 0
    previous = Cursor(*key(rows[0]), back=True, passed=passed).encode() if rows and has_previous else None
    following = Cursor(*key(rows[-1]), passed=passed + len(rows)).encode() if rows and has_next else None
    return Page(rows, previous, following, passed + 1 if rows else 0, passed + len(rows))


def count_text(counted: int) -> str:
    """A count that was read with a limit of `COUNT_CAP` + 1: exact to 1,000, then 1000+."""
    return f"{COUNT_CAP}+" if counted > COUNT_CAP else f"{counted:,}"
