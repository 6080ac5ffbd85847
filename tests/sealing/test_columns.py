"""A sealed value opens only in its own place, and blind indexes find equal values without opening them."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from fulian.sealing.cipher import OVERHEAD_BYTES, SealBroken
from fulian.sealing.columns import Sealed, blind_index, new_seal_id, seal_text, unseal_text
from fulian.sealing.files import MAX_FILE_BYTES, open_sealed, seal_file
from fulian.sealing.keys import create_keys, init_keys

PHONE = "13800005512"


class Tables(DeclarativeBase):
    """Tables of this file alone."""


class Visitor(Sealed, Tables):
    __tablename__ = "visitor"

    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[bytes | None] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)


pytestmark = pytest.mark.usefixtures("with_keys")


def test_a_row_seals_and_unseals_its_columns() -> None:
    engine = create_engine("sqlite://")
    Tables.metadata.create_all(engine)
    with Session(engine) as session:
        visitor = Visitor()
        visitor.seal("phone", PHONE)
        session.add_all([visitor, Visitor()])
        session.commit()
        read, empty = session.query(Visitor).order_by(Visitor.id)
        assert read.unseal("phone") == PHONE
        assert PHONE.encode() not in (read.phone or b"")
        assert (read.unseal("address"), empty.unseal("phone")) == (None, None)
        assert len(read.seal_id) == len(empty.seal_id) == 16
        assert read.seal_id != empty.seal_id
        read.seal("phone", None)
        assert read.phone is None
    engine.dispose()


def test_a_column_that_is_not_there_is_an_error() -> None:
    with pytest.raises(AttributeError, match="no column telephone"):
        Visitor().seal("telephone", PHONE)


def test_equal_texts_are_sealed_differently() -> None:
    seal_id = new_seal_id()
    assert len({seal_text("visitor", "phone", seal_id, PHONE) for _ in range(100)}) == 100


def test_a_value_moved_elsewhere_does_not_open() -> None:
    one, other = Visitor(), Visitor()
    one.seal("phone", PHONE)
    other.seal("phone", "13900000000")
    other.phone = one.phone
    one.address = one.phone
    for row, column in ((other, "phone"), (one, "address")):
        with pytest.raises(SealBroken, match="没有显示") as caught:
            row.unseal(column)
        assert PHONE not in caught.value.message
    with pytest.raises(SealBroken):
        unseal_text("guest", "phone", one.seal_id, one.phone or b"")


def test_every_flipped_bit_is_found() -> None:
    seal_id = new_seal_id()
    sealed = seal_text("visitor", "phone", seal_id, PHONE)
    for bit in range(len(sealed) * 8):
        changed = bytearray(sealed)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            unseal_text("visitor", "phone", seal_id, bytes(changed))


@pytest.mark.parametrize("length", [0, 1, OVERHEAD_BYTES - 1])
def test_a_short_value_does_not_open(length: int) -> None:
    with pytest.raises(SealBroken):
        unseal_text("visitor", "phone", new_seal_id(), bytes(length))


def test_a_seal_id_of_another_length_is_an_error() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        seal_text("visitor", "phone", b"short", PHONE)


def test_blind_indexes_find_equal_values_of_one_kind() -> None:
    assert blind_index("phone", PHONE) == blind_index("phone", PHONE)
    assert blind_index("phone", PHONE) != blind_index("phone_tail", PHONE)
    assert len({blind_index("phone_tail", f"{tail:04}") for tail in range(10_000)}) == 10_000
    assert {len(blind_index(kind, "5512")) for kind in ("phone", "phone_tail", "id_number")} == {16}


def test_blind_indexes_of_two_installations_have_nothing_in_common(with_keys: Flask, tmp_path: Path) -> None:
    here = blind_index("phone", PHONE)
    init_keys(with_keys, create_keys(tmp_path / "other"))
    assert blind_index("phone", PHONE) != here


def test_a_file_is_sealed_to_its_row(tmp_path: Path) -> None:
    path, seal_id, content = tmp_path / "a1", new_seal_id(), "调解协议 ".encode() * 1000
    seal_file(path, "attachment", "content", seal_id, content)
    assert "调解".encode() not in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert open_sealed(path, "attachment", "content", seal_id) == content
    with pytest.raises(SealBroken):
        open_sealed(path, "attachment", "content", new_seal_id())
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == ["a1"]


def test_a_cut_or_missing_file_does_not_open(tmp_path: Path) -> None:
    path, seal_id = tmp_path / "a1", new_seal_id()
    seal_file(path, "attachment", "content", seal_id, b"x" * 5000)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(SealBroken):
        open_sealed(path, "attachment", "content", seal_id)
    with pytest.raises(SealBroken, match="文件不在原处"):
        open_sealed(tmp_path / "gone", "attachment", "content", seal_id)


def test_a_file_above_the_limit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at most"):
        seal_file(tmp_path / "big", "attachment", "content", new_seal_id(), bytes(MAX_FILE_BYTES + 1))
    assert not (tmp_path / "big").exists()
