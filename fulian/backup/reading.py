"""Reading a backup whole without a database: whether it is genuine, and what is in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from fulian.backup.records import Contents, Part, RecordReader
from fulian.sealing.keys import Keyring


@dataclass(frozen=True)
class Summary:
    """What a backup holds: its contents, each table with count and content hash, how many files of how many bytes."""

    contents: Contents
    tables: tuple[Part, ...]
    files: int
    file_bytes: int

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(part.size for part in self.tables)


def verify_backup(file: BinaryIO, keyring: Keyring) -> Summary:
    """Read the archive in `file` from front to back and check all of it. Raises Refused where anything is wrong."""
    reader = RecordReader(file, keyring)
    for _part in reader.parts():
        pass  # each is read and checked when the next one is asked for
    return Summary(reader.contents, tuple(reader.tables), reader.files, reader.file_bytes)
