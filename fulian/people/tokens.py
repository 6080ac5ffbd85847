"""Search tokens of a person, and what a typed query asks for.

A name has the tokens of `codes.names`; a phone is found by its last four digits (p4:) or whole (p:), a document by its
number (d:): keyed digests, so that the table of tokens gives no number away.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

from fulian.codes.documents import read_phone
from fulian.codes.names import fold_name, name_tokens, query_token
from fulian.errors import Refused
from fulian.people.facts import PHONE_ENDING
from fulian.sealing.columns import blind_index, index_versions

# Five digits in one query are a part of somebody's number: they never stand in an address.
PERSONAL_DIGITS = 5

NAME, ENDING, PHONE, DOCUMENT, NOTHING = "name", "phone_ending", "phone", "document", "nothing"

DIGEST_PREFIXES = ("d:", "p:", "p4:")  # of tokens that are keyed digests in hex, the key's version first

_CARD = re.compile(r"\d{6}19\d{9}[\dX]")  # GB 11643: who was born before 2000 may still show the number of 15 digits
_LOCAL_NUMBER = re.compile(r"\d{7,8}")
_SIGNS = re.compile(r"[\s‐‑–—−().-]")


@dataclass(frozen=True)
class Query:
    """What somebody typed to find a person: `kind` is one of the five above, `tokens` what is looked up.

    More than one token while the index keys are renewed: what is looked for stands under one of them. None where the
    text says too little. `personal` says that it may be a number of a document or a phone.
    """

    kind: str
    tokens: tuple[str, ...]
    personal: bool


def _fold(text: str) -> str:
    return _SIGNS.sub("", unicodedata.normalize("NFKC", text).upper())


def looks_personal(text: str) -> bool:
    """Whether a query may hold a number of a document or a phone, which must not stand in an address."""
    return sum(ch.isdecimal() for ch in unicodedata.normalize("NFKC", text)) >= PERSONAL_DIGITS


def document_key(number: str, version: int | None = None) -> bytes:
    """The blind index of a document's number as `codes.documents` folds it; under an older key with `version`.

    The numbers of 15 and 18 digits of one citizen have the same index, though each is kept as it was shown.
    """
    folded = _fold(number)
    return blind_index("document", folded[:6] + folded[8:17] if _CARD.fullmatch(folded) else folded, version)


def document_keys(number: str) -> list[bytes]:
    """The blind indexes under which a document may stand: one, but for the time in which index keys are renewed."""
    return [document_key(number, version) for version in index_versions()]


def keyed_tokens(phone: str = "", document: str = "", version: int | None = None) -> list[str]:
    """The tokens of a phone and a document, which are keyed digests, in one order whatever the version of the key."""
    tokens = []
    if phone:
        tokens += [_phone_token(phone, version), _ending_token(phone[-PHONE_ENDING:], version)]
        _area, _hyphen, local = phone.partition("-")
        if local:
            tokens.append(_phone_token(local, version))
    if document:
        tokens.append(_document_token(document, version))
    return tokens


def person_tokens(name: str, phone: str = "", document: str = "") -> set[str]:
    """Every token under which somebody is found; phone and document as `codes.documents` reads them, "" for none."""
    return name_tokens(name).union(keyed_tokens(phone, document))


def query_tokens(text: str) -> Query:
    """What was typed: four digits a phone's ending, 7, 8 or 11 digits a phone, other numbers a document, else a name.

    A name may be whole or a part of it, pinyin or initials.
    """
    folded = _fold(text)
    if looks_personal(text):
        phone = _as_phone(folded)
        if phone:
            return Query(PHONE, _under_each_key(_phone_token, phone), True)
        return Query(DOCUMENT, _under_each_key(_document_token, folded), True)
    if folded.isdecimal():
        enough = len(folded) == PHONE_ENDING
        return Query(ENDING, _under_each_key(_ending_token, folded), False) if enough else Query(NOTHING, (), False)
    token = query_token(text)
    return Query(NAME, (token,), False) if token else Query(NOTHING, (), False)


def _document_token(number: str, version: int | None) -> str:
    return f"d:{document_key(number, version).hex()}"


def _phone_token(phone: str, version: int | None) -> str:
    return f"p:{blind_index('phone', _fold(phone), version).hex()}"


def _ending_token(ending: str, version: int | None) -> str:
    return f"p4:{blind_index('phone4', ending, version).hex()}"


def _under_each_key(token: Callable[[str, int | None], str], text: str) -> tuple[str, ...]:
    return tuple(token(text, version) for version in index_versions())


def finds(text: str, name: str, phone: str = "", document: str = "") -> bool:
    """Whether somebody may be meant by what is typed into a name field: a part of her name, or what finds her.

    The latter is what `match_people` goes by: initials, pinyin, a name read alike, an ending, a number. Nothing typed
    means nobody.
    """
    try:
        typed = fold_name(text)
    except Refused:
        typed = text.strip()
    if not typed or typed in name:
        return bool(typed)
    asked: set[str | None] = set(query_tokens(text).tokens)
    readings = [] if typed.isascii() else [token for token in name_tokens(typed) if token.startswith("y:")]
    asked |= {max(readings, key=lambda token: (len(token), token), default=None)}
    return bool((asked - {None}) & person_tokens(name, phone, document))


def _as_phone(digits: str) -> str | None:
    if _LOCAL_NUMBER.fullmatch(digits):
        return digits
    try:
        return read_phone(digits)
    except Refused:
        return None
