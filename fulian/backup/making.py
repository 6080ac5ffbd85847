"""Making a backup: one moment of the database, and the files its rows name, into one archive that is read back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine, select

from fulian import __version__
from fulian.audit.chain import written_time
from fulian.audit.verify import snapshot, take_anchor
from fulian.backup.reading import Summary, verify_backup
from fulian.backup.records import FILE, TABLE, Contents, RecordWriter
from fulian.backup.tables import ROWS_AT_ONCE, columns_of, read_heads, read_rows, reflect_tables
from fulian.cases.models import Attachment
from fulian.cases.service.files import FOLDER
from fulian.errors import Refused
from fulian.orgs.models import Organisation
from fulian.sealing.disk import writing_private
from fulian.sealing.keys import Keyring
from fulian.sealing.marks import key_mark

FILE_BLOCK_BYTES = 256 * 1024


@dataclass(frozen=True)
class Source:
    """The installation that is copied: its database, its keys, its instance folder and the address users type."""

    engine: Engine
    keyring: Keyring
    instance: Path
    address: str


def make_backup(source: Source, target: Path, now: datetime) -> tuple[Summary, int]:
    """Copy everything into the new file `target` (mode 0600), and read it back whole before it gets its name.

    Returns what it holds, and how many files the rows name that are not in the folder. Raises Refused where the
    database was never migrated or `target` is there already; then no file is left.
    """
    if target.exists():
        raise Refused(f"{target} 已经有了，没有覆盖：请换一个名字。")
    try:
        with writing_private(target, replace=False) as file:
            with snapshot(source.engine) as connection:
                missing = _write(RecordWriter(file, source.keyring), connection, source, now)
            file.flush()
            file.seek(0)
            return verify_backup(file, source.keyring), missing
    except FileExistsError:
        raise Refused(f"{target} 已经有了，没有覆盖：请换一个名字。") from None


def _write(writer: RecordWriter, connection: Connection, source: Source, now: datetime) -> int:
    heads, tables = read_heads(connection), reflect_tables(connection)
    named = select(Organisation.name).where(Organisation.level == "city").limit(1)
    installation = connection.execute(named).scalar() if "core" in heads else None
    if installation is None:
        raise Refused("数据库还是空的，没有可备份的。")
    writer.contents(
        Contents(
            made_at=written_time(now),
            installation=installation,
            address=source.address,
            program=__version__,
            database=connection.dialect.name,
            heads=heads,
            keys=tuple(
                {"purpose": key.purpose, "version": key.version, "mark": key_mark(key).hex()} for key in source.keyring
            ),
            tables=tuple(tables),
            anchor=take_anchor(connection, source.keyring, now),
        )
    )
    for name, table in tables.items():
        writer.part(TABLE, {"name": name, "columns": columns_of(table)}, read_rows(connection, table))
    # A file is there before the row that names it, and stays: whatever the snapshot names can be copied now.
    folder = source.instance / FOLDER
    names = list_files(folder)
    for name in names:
        writer.part(FILE, {"name": name}, read_blocks(folder / name))
    writer.finish(len(names))
    kept = connection.execute(select(Attachment.file), execution_options={"yield_per": ROWS_AT_ONCE}).scalars()
    return sum(not (folder / name).is_file() for name in kept)


def list_files(folder: Path) -> list[str]:
    """The files in `folder` and below it, as relative names; not those that are just being written."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
    return sorted(path.relative_to(folder).as_posix() for path in found)


def read_blocks(path: Path) -> Iterator[tuple[bytes, int]]:
    """The bytes of a file, block by block, each with its length."""
    with path.open("rb") as file:
        while block := file.read(FILE_BLOCK_BYTES):
            yield block, len(block)
