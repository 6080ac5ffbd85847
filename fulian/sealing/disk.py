"""Writing a file that only we may read, whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

DRAFT_NAME_LENGTH = 60  # of the name, so that a draft's own stays below 255 bytes


def write_private(path: Path, content: bytes, *, replace: bool) -> None:
    """Write `content` to `path` with mode 0600; when this returns, bytes and name are on disk.

    Nobody ever sees half a file, also after a power cut or when two write at the same moment. Raises
    `FileExistsError` where the file exists and `replace` is false.
    """
    with writing_private(path, replace=replace) as file:
        file.write(content)


@contextmanager
def writing_private(path: Path, *, replace: bool) -> Iterator[BinaryIO]:
    """`write_private` for what is written piece by piece: a file to write (and read back), at `path` only afterwards.

    Where the block raises, nothing is left. Raises `FileExistsError` after the block as `write_private` does.
    """
    draft = path.with_name(f".{path.name[:DRAFT_NAME_LENGTH]}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
    fsync_folder(path.parent)


def fsync_folder(folder: Path) -> None:
    """Put the names in `folder` on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
