"""What an archive holds once it is open: records, compressed, in one fixed order.

The contents, then for each table its head, blocks of rows and its end, then for each file its head, blocks and end,
then the end of all. Every table and file ends with its count and the SM3 of its content, which whoever reads compares.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, BinaryIO

from cryptography.hazmat.primitives import hashes

from fulian.backup.archive import DAMAGED, ArchiveWriter, read_archive
from fulian.errors import Refused
from fulian.sealing.keys import Keyring

CONTENTS, TABLE, FILE, BLOCK, ENDED, DONE = b"C", b"T", b"F", b"B", b"E", b"Z"
RECORD = struct.Struct(">cI")  # kind, length of what follows
LEVEL = 1  # of zlib: most of a row is digests and sealed bytes, a higher level only takes longer
INFLATED_BYTES = 1024 * 1024  # taken out of the decompressor at once


@dataclass(frozen=True)
class Contents:
    """What stands at the front of an archive: where it is from, and what restoring it needs.

    `made_at` is UTC; `heads` are lineage code → revision; `keys` name purpose, version and mark (hex) of every key of
    the installation, never the key; `tables` are all tables that follow, in order; `anchor` is the audit log's.
    """

    made_at: str
    installation: str
    address: str
    program: str
    database: str
    heads: Mapping[str, str]
    keys: tuple[Mapping[str, Any], ...]
    tables: tuple[str, ...]
    anchor: Mapping[str, Any]


@dataclass(frozen=True)
class Part:
    """A table or a file as it was read: its name, how many rows or bytes, and the SM3 of its content (hex)."""

    name: str
    size: int
    digest: str


@dataclass
class Tally:
    """Counts and hashes the blocks of one part."""

    size: int = 0

    def __post_init__(self) -> None:
        self._hash = hashes.Hash(hashes.SM3())

    def add(self, block: bytes, size: int) -> None:
        """Take in one block of `size` rows or bytes."""
        self._hash.update(block)
        self.size += size

    def end(self, name: str) -> Part:
        """The part whose blocks were taken in."""
        return Part(name, self.size, self._hash.finalize().hex())


class RecordWriter:
    """Writes the records of one backup into an archive."""

    def __init__(self, file: BinaryIO, keyring: Keyring) -> None:
        self._archive = ArchiveWriter(file, keyring)
        self._squeeze = zlib.compressobj(LEVEL)

    def contents(self, contents: Contents) -> None:
        """The first record."""
        self._put(CONTENTS, _as_json(asdict(contents)))

    def part(self, kind: bytes, head: Mapping[str, Any], blocks: Iterable[tuple[bytes, int]]) -> Part:
        """One table or file: `head` has its name; `blocks` are bytes, each with how many rows or bytes it counts."""
        self._put(kind, _as_json(head))
        tally = Tally()
        for block, size in blocks:
            tally.add(block, size)
            self._put(BLOCK, block)
        part = tally.end(str(head["name"]))
        self._put(ENDED, _as_json(asdict(part)))
        return part

    def finish(self, files: int) -> None:
        """The last record, with how many files there were."""
        self._put(DONE, _as_json({"files": files}))
        self._archive.write(self._squeeze.flush())
        self._archive.finish()

    def _put(self, kind: bytes, payload: bytes) -> None:
        for data in (RECORD.pack(kind, len(payload)), payload):
            self._archive.write(self._squeeze.compress(data))


class RecordReader:
    """Reads the records of one backup, once, from front to back.

    `contents` is there from the start; `tables`, `files` and `file_bytes` grow with what was read. Every method raises
    Refused where the archive is not what was written. Only after `parts` has come to its end is the whole known to be
    genuine.
    """

    def __init__(self, file: BinaryIO, keyring: Keyring) -> None:
        self._records = _read_records(file, keyring)
        self.contents = _contents(self._next(CONTENTS))
        self.tables: list[Part] = []
        self.files = 0
        self.file_bytes = 0

    def parts(self) -> Iterator[tuple[bytes, Mapping[str, Any], Iterator[bytes]]]:
        """Kind (TABLE or FILE), head and blocks of each part. What is left of the blocks is read, too, and checked."""
        for kind, payload in self._records:
            if kind == DONE:
                self._check_end(json.loads(payload))
                return
            if kind not in (TABLE, FILE):
                raise Refused(DAMAGED)
            head = json.loads(payload)
            blocks = self._blocks(kind, str(head["name"]))
            yield kind, head, blocks
            for _block in blocks:
                pass
        raise Refused(DAMAGED)

    def _blocks(self, kind: bytes, name: str) -> Iterator[bytes]:
        tally = Tally()
        for found, payload in self._records:
            if found == ENDED:
                part = tally.end(name)
                if asdict(part) != json.loads(payload):
                    raise Refused(DAMAGED)
                self._count(kind, part)
                return
            if found != BLOCK:
                raise Refused(DAMAGED)
            tally.add(payload, payload.count(b"\n") if kind == TABLE else len(payload))
            yield payload
        raise Refused(DAMAGED)

    def _count(self, kind: bytes, part: Part) -> None:
        if kind == TABLE:
            self.tables.append(part)
        else:
            self.files += 1
            self.file_bytes += part.size

    def _check_end(self, end: Mapping[str, Any]) -> None:
        told = (tuple(part.name for part in self.tables), self.files)
        if told != (self.contents.tables, end["files"]) or next(self._records, None) is not None:
            raise Refused(DAMAGED)

    def _next(self, wanted: bytes) -> bytes:
        kind, payload = next(self._records, (b"", b""))
        if kind != wanted:
            raise Refused(DAMAGED)
        return payload


def _read_records(file: BinaryIO, keyring: Keyring) -> Iterator[tuple[bytes, bytes]]:
    held = bytearray()
    for data in _inflate(read_archive(file, keyring)):
        held += data
        while len(held) >= RECORD.size:
            kind, length = RECORD.unpack_from(held)
            if len(held) < RECORD.size + length:
                break
            yield kind, bytes(held[RECORD.size : RECORD.size + length])
            del held[: RECORD.size + length]
    if held:
        raise Refused(DAMAGED)


def _inflate(chunks: Iterable[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj()
    for chunk in chunks:
        while chunk:
            yield inflater.decompress(chunk, INFLATED_BYTES)
            chunk = inflater.unconsumed_tail
    yield inflater.flush()
    if not inflater.eof or inflater.unused_data:
        raise Refused(DAMAGED)


def _contents(payload: bytes) -> Contents:
    found = json.loads(payload)
    return Contents(**{**found, "keys": tuple(found["keys"]), "tables": tuple(found["tables"])})


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
