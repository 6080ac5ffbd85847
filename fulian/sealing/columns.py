"""Sealed columns: plain bytes in the database, bound to their table, column and row.

A column type cannot know its row, so sealing is done by the row (`Sealed`) or, for bulk inserts, by `seal_text`.
"""

from __future__ import annotations

import hmac
import secrets
from typing import ClassVar

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from fulian.sealing.cipher import keyed_digest, seal, unseal
from fulian.sealing.keys import keys

SEAL_ID_BYTES = 16
BLIND_INDEX_BYTES = 16  # 120 bits of HMAC behind the version: no two values of a billion meet


def new_seal_id() -> bytes:
    """The random name, made in Python, that binds a row's sealed values to it before the row has an id."""
    return secrets.token_bytes(SEAL_ID_BYTES)


def place(table: str, column: str, seal_id: bytes) -> bytes:
    """Associated data of a sealed value: table.column ‖ seal_id (fixed length, so no two places are written alike).

    Raises `ValueError` for a seal_id of another length.
    """
    if len(seal_id) != SEAL_ID_BYTES:
        raise ValueError(f"a seal_id has {SEAL_ID_BYTES} bytes")
    return f"{table}.{column}".encode() + seal_id


def seal_text(table: str, column: str, seal_id: bytes, text: str) -> bytes:
    """Seal one text for `table.column` of the row `seal_id`; for Core inserts, where no mapped row exists."""
    return seal(text.encode(), place(table, column, seal_id))


def unseal_text(table: str, column: str, seal_id: bytes, sealed: bytes) -> str:
    """The text that `seal_text` sealed for the same place. Raises `SealBroken`."""
    return unseal(sealed, place(table, column, seal_id)).decode()


def blind_index(kind: str, text: str, version: int | None = None) -> bytes:
    """A keyed digest to find equal values by without opening them, 16 bytes with the key's version in front.

    `kind` keeps values of different kinds apart ("id_number", "phone", "phone_tail"): the last four digits of one
    phone never equal something else. The caller folds `text` first (full width, upper case, blanks). `version` is an
    older key's; None writes with the newest. Raises KeyError for a version that is not here.
    """
    key = keys().newest("index") if version is None else keys().find("index", version)
    if key is None:
        raise KeyError(f"no index key of version {version}")
    return keyed_digest(key, f"{kind}\0{text}".encode())[:BLIND_INDEX_BYTES]


def index_versions() -> list[int]:
    """The versions under which a value may stand in an index: one, but for the time of a rotation. Newest first."""
    return keys().versions("index")


def blind_index_fits(kind: str, text: str, kept: bytes) -> bool:
    """Whether `kept` is the blind index of this text, made with whichever version of the key stands in front of it.

    For values that are not looked for but compared, and so are never written again when the key is.
    """
    key = keys().find("index", kept[0]) or keys(look=True).find("index", kept[0])
    if key is None:
        return False
    return hmac.compare_digest(keyed_digest(key, f"{kind}\0{text}".encode())[:BLIND_INDEX_BYTES], kept)


class Sealed:
    """Mixin of a mapped class with sealed columns (`Mapped[bytes | None]`, plain LargeBinary).

    `person.seal("phone", "13800000000")` sets the column, `person.unseal("phone")` reads it. A sealed column is a
    LargeBinary without a length; digests have one. What is `sealed_for_good` keeps the key it was sealed with, since
    its rows may not be changed.
    """

    __tablename__: str
    sealed_for_good: ClassVar[bool] = False

    seal_id: Mapped[bytes] = mapped_column(LargeBinary(SEAL_ID_BYTES), default=new_seal_id)

    def seal(self, column: str, text: str | None) -> None:
        """Set `column` to the sealed `text`, or to None. A new row gets its seal_id here, before any flush."""
        if column not in self.__mapper__.columns:  # type: ignore[attr-defined]
            raise AttributeError(f"{self.__tablename__} has no column {column}")
        if self.seal_id is None:
            self.seal_id = new_seal_id()
        sealed = None if text is None else seal_text(self.__tablename__, column, self.seal_id, text)
        setattr(self, column, sealed)

    def unseal(self, column: str) -> str | None:
        """The text of `column`, or None where it is empty. Raises `SealBroken`."""
        sealed: bytes | None = getattr(self, column)
        return None if sealed is None else unseal_text(self.__tablename__, column, self.seal_id, sealed)
