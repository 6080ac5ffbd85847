"""Sealed files: attachments and generated documents, bound to the row that names them."""

from __future__ import annotations

from pathlib import Path

from fulian.sealing.cipher import OVERHEAD_BYTES, SealBroken, seal, unseal
from fulian.sealing.columns import place
from fulian.sealing.disk import write_private
from fulian.sealing.keys import keys

# Sealed whole, in memory: GCM may give out no byte before the tag at the end is checked. SM4 takes 9 ms a MiB.
MAX_FILE_BYTES = 30 * 1024 * 1024


def seal_file(path: Path, table: str, column: str, seal_id: bytes, content: bytes) -> None:
    """Write `content` sealed to `path` (mode 0600): there whole and on disk when this returns, or not there.

    `table`, `column` and `seal_id` name the row that points at the file. Raises `ValueError` above 30 MiB.
    """
    if len(content) > MAX_FILE_BYTES:
        raise ValueError(f"a sealed file holds at most {MAX_FILE_BYTES} bytes")
    write_private(path, seal(content, place(table, column, seal_id)), replace=True)


def is_sealed_with_newest(path: Path) -> bool:
    """Whether the newest key sealed a file; False where there is none."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(1) == bytes((keys().newest("seal").version,))


def open_sealed(path: Path, table: str, column: str, seal_id: bytes) -> bytes:
    """The content that `seal_file` wrote for the same row. Raises `SealBroken` where it is gone or was changed."""
    try:
        with path.open("rb") as file:
            sealed = file.read(MAX_FILE_BYTES + OVERHEAD_BYTES + 1)
    except FileNotFoundError:
        raise SealBroken("文件不在原处，打不开。请告诉系统管理员，可从备份取回。") from None
    return unseal(sealed, place(table, column, seal_id))
