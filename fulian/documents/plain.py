"""What may go into a document: plain data, and text that stays text on paper and in XML."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_NONCHARACTERS = {plane * 0x10000 + low for plane in range(17) for low in (0xFFFE, 0xFFFF)} | set(range(0xFDD0, 0xFDF0))


def clean_text(text: str) -> str:
    """`text` without what no paper shows: control and format characters, lone surrogates, noncharacters.

    Control characters and noncharacters make XML unreadable (XML 1.0, 2.2) and docxtpl gives some of them a meaning (a
    bell starts a paragraph, a form feed a page); direction marks could make a sentence read otherwise than it was
    agreed. Every kind of line end becomes a newline, a tab a space.
    """
    lines = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return "".join(char for char in lines if char == "\n" or _is_printed(char))


def _is_printed(char: str) -> bool:
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs") and ord(char) not in _NONCHARACTERS


def clean_data(value: object) -> object:
    """A copy of plain data with every text cleaned by `clean_text`; None becomes an empty text.

    Mappings become dict, sequences list; numbers and booleans stay. Raises TypeError for anything else (a row, a date,
    bytes): what a document shows is text that its author wrote out, never an object a template could reach into.
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {_key(key): clean_data(member) for key, member in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray | memoryview):
        return [clean_data(member) for member in value]
    raise TypeError(f"a document takes plain data, not {type(value).__name__}")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError(f"a document's data has text keys, not {type(key).__name__}")
    return key


def texts_of(value: object) -> list[str]:
    """Every text inside cleaned plain data, in order; keys are not printed and not among them."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for member in value.values() for text in texts_of(member)]
    if isinstance(value, list):
        return [text for member in value for text in texts_of(member)]
    return []
