"""Restoring a backup into an empty database, of either kind: all of it, compared row by row, or nothing."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from sqlalchemy import Connection, Table, delete, func, select, text
from sqlalchemy.exc import DBAPIError

from fulian.audit.verify import Problem, verify_chains
from fulian.backup.making import read_blocks
from fulian.backup.reading import Summary, verify_backup
from fulian.backup.records import TABLE, Contents, RecordReader, Tally
from fulian.backup.tables import columns_of, measure, reflect_tables, write_rows
from fulian.cases.service.files import FOLDER
from fulian.db import Lineage
from fulian.errors import Refused
from fulian.lineages import connect_to_migrate, one_at_a_time, status, upgrade
from fulian.sealing.disk import fsync_folder, writing_private
from fulian.sealing.keys import Keyring
from fulian.sealing.marks import key_mark

# What `fulian db upgrade` itself writes into a new database: replaced by what the backup holds.
SETTLED = frozenset({"key_mark", "programme_label"})


@dataclass(frozen=True)
class Target:
    """Where a backup goes: the address of the role that owns the tables, the role the application logs in as (None on
    SQLite), the installed lineages, the keys, the instance folder."""

    owner_url: str
    application_role: str | None
    lineages: Sequence[Lineage]
    keyring: Keyring
    instance: Path


def restore_backup(file: BinaryIO, target: Target, say: Callable[[str], None]) -> tuple[Summary, list[Problem]]:
    """Restore the archive in `file`. `say` is told, in Chinese, which step begins.

    The archive is read whole first. Then tables are made, rows and files are written, read again and compared by
    content hash, and references are checked, all in one transaction. Raises Refused with one plain sentence where the
    archive, the keys, the program's revisions or the database do not fit; then no row and no file is there.

    Returns what it holds, and what is wrong with the audit log. Since every row was compared, that was wrong before the
    backup was made: the data is restored all the same.
    """
    say("先把备份从头到尾核对一遍……")
    summary = verify_backup(file, target.keyring)
    check_keys(summary.contents, target.keyring)
    folder = target.instance / FOLDER
    if folder.is_dir() and any(folder.iterdir()):
        raise Refused(f"{folder} 里已经有文件，没有恢复：请换一个空的数据目录。")
    with connect_to_migrate(target.owner_url) as connection:
        _check_empty(connection, reflect_tables(connection))
        lineages = _named_lineages(connection, summary.contents, target.lineages)
    upgrade(target.owner_url, lineages, target.application_role)
    file.seek(0)
    try:
        with one_at_a_time(target.owner_url), connect_to_migrate(target.owner_url) as connection:
            return summary, _restore_whole(connection, file, summary, target, say)
    except DBAPIError as error:
        raise Refused(f"数据库没有收下备份里的数据（{type(error.orig).__name__}），没有恢复，库仍是空的。") from error


def _restore_whole(
    connection: Connection, file: BinaryIO, summary: Summary, target: Target, say: Callable[[str], None]
) -> list[Problem]:
    folder = target.instance / FOLDER
    draft = folder.with_name(f".{FOLDER}.{secrets.token_hex(8)}")
    draft.mkdir(mode=0o700, parents=True)
    moved = False
    try:
        with connection.begin():
            tables = reflect_tables(connection)
            _check_empty(connection, tables)
            say("写入数据……")
            with _without_references(connection):
                _load(connection, tables, RecordReader(file, target.keyring), draft)
            say("逐表比对，核对审计日志……")
            _compare(connection, tables, summary)
            problems = list(verify_chains(connection, target.keyring, summary.contents.anchor))
            draft.replace(folder)  # fails where somebody put a file there meanwhile
            moved = True
            fsync_folder(folder.parent)
    except BaseException:
        shutil.rmtree(folder if moved else draft)
        raise
    return problems


# --- may it be restored here --------------------------------------------------------------------------------------


def check_keys(contents: Contents, keyring: Keyring) -> None:
    """Raise Refused, naming purpose and version, where a key this backup needs is missing or is another one."""
    for needed in contents.keys:
        key = keyring.find(str(needed["purpose"]), int(needed["version"]))
        if key is None or key_mark(key).hex() != needed["mark"]:
            what = "没有" if key is None else "不是原来那一把"
            raise Refused(
                f"恢复这份备份要用第 {needed['version']} 版密钥（{needed['purpose']}），"
                f"密钥文件里的{what}：请放回做备份时的密钥文件。"
            )


def _named_lineages(connection: Connection, contents: Contents, lineages: Sequence[Lineage]) -> list[Lineage]:
    """The lineages of the backup, in the order to migrate. Raises Refused where this program is at other heads."""
    expected = {found.code: found.expected for found in status(connection, lineages)}
    for code, revision in contents.heads.items():
        if code not in expected:
            raise Refused(f"备份里有插件 {code} 的数据，这里没有装它：请先装上，再恢复。")
        if expected[code] != revision:
            raise Refused(
                f"备份里 {code} 的版本是 {revision}，本程序是 {expected[code]}：请用做备份时的程序"
                f"（{contents.program}）恢复，再升级。"
            )
    return [lineage for lineage in lineages if lineage.code in contents.heads]


def _check_empty(connection: Connection, tables: Mapping[str, Table]) -> None:
    for name, table in tables.items():
        if name not in SETTLED and connection.execute(select(table).limit(1)).first() is not None:
            raise Refused(f"数据库里已经有数据（表 {name}），没有恢复：只能恢复到空的数据库，请新建一个。")


# --- rows and files -----------------------------------------------------------------------------------------------


def _load(connection: Connection, tables: Mapping[str, Table], reader: RecordReader, folder: Path) -> None:
    for name in SETTLED & tables.keys():
        connection.execute(delete(tables[name]))
    for kind, head, blocks in reader.parts():
        if kind == TABLE:
            _load_table(connection, tables, head, blocks)
        else:
            _load_file(folder, str(head["name"]), blocks)
    if connection.dialect.name == "postgresql":
        for table in tables.values():
            _continue_sequence(connection, table)


def _load_table(
    connection: Connection, tables: Mapping[str, Table], head: Mapping[str, Any], blocks: Iterator[bytes]
) -> None:
    table = tables.get(str(head["name"]))
    if table is None or columns_of(table) != head["columns"]:
        raise Refused(f"表 {head['name']} 与本程序的不一样，没有恢复：请用做备份时的程序和插件。")
    for block in blocks:
        write_rows(connection, table, head["columns"], block)


def _load_file(folder: Path, name: str, blocks: Iterator[bytes]) -> None:
    """Write one file, and read it again: what is on disk is what was in the archive."""
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        raise Refused(f"备份里的文件名 {name} 不对，没有恢复。")
    path = folder / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    given, found = Tally(), Tally()
    with writing_private(path, replace=False) as file:
        for block in blocks:
            given.add(block, len(block))
            file.write(block)
    for block, size in read_blocks(path):
        found.add(block, size)
    if found.end(name) != given.end(name):
        raise Refused(f"文件 {name} 写下后与备份不一致，没有恢复：请检查磁盘。")


def _continue_sequence(connection: Connection, table: Table) -> None:
    """Let PostgreSQL count on after the ids that were restored."""
    quoted = connection.dialect.identifier_preparer.quote(table.name)
    for column in table.primary_key.columns:
        sequence = connection.execute(select(func.pg_get_serial_sequence(quoted, column.name))).scalar()
        last = connection.execute(select(func.max(column))).scalar() if sequence else None
        if last is not None:
            connection.execute(select(func.setval(sequence, last)))


def _compare(connection: Connection, tables: Mapping[str, Table], summary: Summary) -> None:
    for part in summary.tables:
        if measure(connection, tables[part.name]) != part:
            raise Refused(f"表 {part.name} 恢复后与备份不一致，没有恢复。")


@contextmanager
def _without_references(connection: Connection) -> Iterator[None]:
    """Rows in any order inside; every reference is checked at the end. Tables point at each other in circles."""
    if connection.dialect.name == "sqlite":  # foreign keys are off on this connection
        yield
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken is not None:
            raise Refused(f"备份里 {broken[0]} 有一行指向 {broken[2]} 里没有的行，没有恢复。")
        return
    found = connection.execute(
        text(
            "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE contype = 'f' AND connamespace = 'public'::regnamespace"
        )
    ).all()
    for table, name, _definition in found:
        connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
    yield
    for table, name, definition in found:
        connection.execute(text(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"))
