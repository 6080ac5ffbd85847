"""Which characters the shipped font can print, read from its cmap table (OpenType 1.9, `cmap`, format 12)."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pylopdf_fonts_zh_cn import serif_path

FONT_FOLDER = Path(serif_path()).parent

_UNICODE_FULL = (3, 10)  # platform Windows, encoding UCS-4: the table that reaches beyond U+FFFF
_SEGMENTED_COVERAGE = 12


@cache
def _covered_ranges() -> tuple[list[int], list[int]]:
    """First and last code point of each range the serif font has, ascending."""
    font = serif_path().read_bytes()
    (tables,) = struct.unpack_from(">H", font, 4)
    offsets = {
        tag: offset for tag, _, offset, _ in (struct.unpack_from(">4sLLL", font, 12 + 16 * i) for i in range(tables))
    }
    cmap = offsets[b"cmap"]
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    for platform, encoding, offset in (struct.unpack_from(">HHL", font, cmap + 4 + 8 * i) for i in range(count)):
        (kind,) = struct.unpack_from(">H", font, cmap + offset)
        if (platform, encoding) == _UNICODE_FULL and kind == _SEGMENTED_COVERAGE:
            (groups,) = struct.unpack_from(">L", font, cmap + offset + 12)
            rows = [struct.unpack_from(">LLL", font, cmap + offset + 16 + 12 * i) for i in range(groups)]
            return [first for first, _, _ in rows], [last for _, last, _ in rows]
    raise RuntimeError("the font has no full Unicode cmap")


def _is_covered(code: int) -> bool:
    firsts, lasts = _covered_ranges()
    at = bisect_right(firsts, code) - 1
    return at >= 0 and code <= lasts[at]


def _needs_no_glyph(code: int) -> bool:
    """A newline, and variation selectors, which only choose a shape of the character before them."""
    return code == 0x0A or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF


def missing_characters(texts: Iterable[str]) -> list[str]:
    """The characters of `texts` that the font cannot print, each once, in order of first appearance."""
    seen = dict.fromkeys(char for text in texts for char in text)
    return [char for char in seen if not _needs_no_glyph(ord(char)) and not _is_covered(ord(char))]
