"""An archive that was changed anywhere, cut, lengthened or put together differently does not open."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import algorithms

from fulian.backup.archive import CHUNK_BYTES, HEAD, ArchiveWriter, Head, read_archive
from fulian.errors import Refused
from fulian.sealing.cipher import TAG_BYTES
from fulian.sealing.keys import Key, Keyring, create_keys

SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return create_keys(tmp_path / "keys")


def archive_of(data: bytes, keyring: Keyring) -> bytes:
    file = io.BytesIO()
    writer = ArchiveWriter(file, keyring)
    for start in range(0, len(data), 1000):
        writer.write(data[start : start + 1000])
    writer.finish()
    return file.getvalue()


def read(archive: bytes, keyring: Keyring) -> bytes:
    return b"".join(read_archive(io.BytesIO(archive), keyring))


def chunks_of(archive: bytes) -> list[bytes]:
    body = archive[HEAD.size :]
    return [body[start : start + SEALED_CHUNK] for start in range(0, len(body), SEALED_CHUNK)]


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_what_is_written_is_read(keyring: Keyring, size: int) -> None:
    data = os.urandom(size)
    archive = archive_of(data, keyring)
    assert read(archive, keyring) == data
    assert len(chunks_of(archive)) == max(1, -(-size // CHUNK_BYTES))


def test_every_byte_of_the_head_counts(keyring: Keyring) -> None:
    archive = archive_of(b"x", keyring)
    for at in range(HEAD.size):
        with pytest.raises(Refused):
            read(archive[:at] + bytes((archive[at] ^ 1,)) + archive[at + 1 :], keyring)


@pytest.mark.parametrize("cut", [0, 1, HEAD.size - 1, HEAD.size, HEAD.size + 5, -1, -SEALED_CHUNK])
def test_a_truncated_archive_is_refused(keyring: Keyring, cut: int) -> None:
    archive = archive_of(os.urandom(3 * CHUNK_BYTES), keyring)
    with pytest.raises(Refused):
        read(archive[:cut], keyring)


def test_chunks_keep_their_places(keyring: Keyring) -> None:
    archive = archive_of(os.urandom(4 * CHUNK_BYTES), keyring)
    head, (a, b, c, d) = archive[: HEAD.size], chunks_of(archive)
    assert read(head + a + b + c + d, keyring)
    for order in ((b, a, c, d), (a, b, d), (a, b, c), (a, a, b, c, d), (a, b, c, d, d), (a, c, b, d), (d,), ()):
        with pytest.raises(Refused):
            read(head + b"".join(order), keyring)


def test_a_chunk_of_another_archive_does_not_fit(keyring: Keyring) -> None:
    one, other = archive_of(b"x" * 2 * CHUNK_BYTES, keyring), archive_of(b"x" * 2 * CHUNK_BYTES, keyring)
    with pytest.raises(Refused):
        read(one[: HEAD.size] + chunks_of(other)[0] + chunks_of(one)[1], keyring)
    with pytest.raises(Refused):
        read(other[: HEAD.size] + one[HEAD.size :], keyring)


def test_something_behind_the_end_is_refused(keyring: Keyring) -> None:
    for size in (10, CHUNK_BYTES):
        with pytest.raises(Refused):
            read(archive_of(os.urandom(size), keyring) + b"\0", keyring)


def test_each_archive_has_a_key_of_its_own(keyring: Keyring) -> None:
    key = keyring.newest("seal")
    ciphers = [Head(1, b"", os.urandom(32)).cipher(key) for _n in range(2)]
    assert ciphers[0].key != ciphers[1].key
    assert key.material not in (cipher.key for cipher in ciphers)
    assert all(isinstance(cipher, algorithms.SM4) for cipher in ciphers)


def test_the_newest_key_writes_and_an_older_one_still_reads(keyring: Keyring) -> None:
    old = archive_of(b"old", keyring)
    rotated = Keyring([*keyring, Key("seal", 2, os.urandom(16))])
    assert read(old, rotated) == b"old"
    with pytest.raises(Refused, match="第 2 版密钥"):
        read(archive_of(b"new", rotated), keyring)


def test_a_file_that_is_no_backup_is_said(keyring: Keyring) -> None:
    with pytest.raises(Refused, match="不是本系统的备份"):
        read(b"PK\x03\x04" + b"x" * 200, keyring)
    newer = bytearray(archive_of(b"x", keyring))
    newer[8] = 2
    with pytest.raises(Refused, match="格式是第 2 版"):
        read(bytes(newer), keyring)
