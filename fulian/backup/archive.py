"""The file of a backup: a short head in the clear, then chunks, each sealed for its place (STREAM over SM4-GCM).

head  = "FULIANBK" ‖ format (1 byte) ‖ version of the seal key (1) ‖ mark of that key (32) ‖ salt (32)
chunk = SM4-GCM of 64 KiB; nonce = seven zero bytes ‖ number of the chunk (4) ‖ 1 on the last, else 0; the head is AAD

The key is derived from the installation's seal key and the salt (HKDF with SM3), so it is used for this file only and a
counter is a nonce that never comes twice. The last chunk is marked in its nonce: a file that was cut, lengthened or put
together differently does not open. See docs/decisions/backup.md.
"""

from __future__ import annotations

import hmac
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from fulian.errors import Refused
from fulian.sealing.cipher import TAG_BYTES, SealBroken, decrypt, encrypt
from fulian.sealing.keys import KEY_BYTES, Key, Keyring
from fulian.sealing.marks import key_mark

MAGIC = b"FULIANBK"
FORMAT = 1
SALT_BYTES = 32
CHUNK_BYTES = 64 * 1024  # of plaintext: small enough to check before anything of it is used
HEAD = struct.Struct(f">8sBB32s{SALT_BYTES}s")
NONCE = struct.Struct(">7xIB")  # seven zero bytes, number of the chunk, 1 on the last: 12 bytes
PURPOSE = "seal"
DAMAGED = "备份文件已损坏或被改动过，没有采用。请换一份备份。"


@dataclass(frozen=True)
class Head:
    """The clear head of an archive: which key opens it. `mark` tells that key from another of the same version."""

    version: int
    mark: bytes
    salt: bytes

    def pack(self) -> bytes:
        """The head as it stands in the file."""
        return HEAD.pack(MAGIC, FORMAT, self.version, self.mark, self.salt)

    @classmethod
    def read(cls, file: BinaryIO) -> Head:
        """The head at the start of `file`. Raises Refused where it is no archive of this program."""
        raw = file.read(HEAD.size)
        if len(raw) < HEAD.size or not raw.startswith(MAGIC):
            raise Refused("这不是本系统的备份文件。")
        _magic, form, version, mark, salt = HEAD.unpack(raw)
        if form != FORMAT:
            raise Refused(f"备份文件的格式是第 {form} 版，本程序只认识第 {FORMAT} 版：请用做这份备份的程序版本。")
        return cls(version, mark, salt)

    def find_key(self, keyring: Keyring) -> Key:
        """The key that opens the archive. Raises Refused, naming the version, where it is missing or another one."""
        key = keyring.find(PURPOSE, self.version)
        if key is None:
            raise Refused(
                f"打开这份备份要用第 {self.version} 版密钥（{PURPOSE}），密钥文件里没有：请放回当时的密钥文件。"
            )
        if not hmac.compare_digest(key_mark(key), self.mark):
            raise Refused(f"密钥文件里的第 {self.version} 版密钥（{PURPOSE}）不是做这份备份时的那一把，打不开。")
        return key

    def cipher(self, key: Key) -> algorithms.SM4:
        """The block cipher of this one archive, under a key derived from `key` and the salt."""
        derived = HKDF(hashes.SM3(), KEY_BYTES[PURPOSE], self.salt, b"fulian backup archive").derive(key.material)
        return algorithms.SM4(derived)


def _nonce(number: int, last: bool) -> bytes:
    return NONCE.pack(number, last)  # struct.error, not a second use, should the numbers ever run out


class ArchiveWriter:
    """Writes plaintext as an archive; holds one chunk in memory. `finish` writes the last chunk, and must be called."""

    def __init__(self, file: BinaryIO, keyring: Keyring) -> None:
        key = keyring.newest(PURPOSE)
        head = Head(key.version, key_mark(key), os.urandom(SALT_BYTES))
        self._file, self._cipher, self._head = file, head.cipher(key), head.pack()
        self._held = bytearray()
        self._number = 0
        file.write(self._head)

    def write(self, data: bytes) -> None:
        """Add `data` to the plaintext."""
        self._held += data
        while len(self._held) > CHUNK_BYTES:  # the last chunk, full or not, is kept back for `finish`
            self._seal(bytes(self._held[:CHUNK_BYTES]), last=False)
            del self._held[:CHUNK_BYTES]

    def finish(self) -> None:
        """Write what is held as the last chunk."""
        self._seal(bytes(self._held), last=True)

    def _seal(self, plaintext: bytes, *, last: bool) -> None:
        self._file.write(encrypt(self._cipher, _nonce(self._number, last), plaintext, self._head))
        self._number += 1


def read_archive(file: BinaryIO, keyring: Keyring) -> Iterator[bytes]:
    """The plaintext of the archive in `file`, chunk by chunk, each checked before it is given out.

    Raises Refused where it is no archive, its key is not here, or (at the chunk in question, at the latest at the end)
    where anything was changed, moved, cut off or added. What came before is then part of a damaged whole.
    """
    head = Head.read(file)
    cipher, associated = head.cipher(head.find_key(keyring)), head.pack()
    size = CHUNK_BYTES + TAG_BYTES
    number, sealed = 0, file.read(size)
    while True:
        following = file.read(size) if len(sealed) == size else b""
        try:
            plaintext = decrypt(cipher, _nonce(number, not following), sealed, associated)
        except (SealBroken, ValueError):  # ValueError: shorter than a tag
            raise Refused(DAMAGED) from None
        yield plaintext
        if not following:
            return
        number, sealed = number + 1, following
