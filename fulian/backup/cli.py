"""`fulian backup create|verify|restore`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.engine import make_url

from fulian.audit.actor import COMMAND_LINE, Actor
from fulian.backup.making import Source, make_backup
from fulian.backup.reading import Summary, verify_backup
from fulian.backup.record import MADE, RESTORED, note_backup
from fulian.backup.restoring import Target, check_keys, restore_backup
from fulian.calendar import SHANGHAI
from fulian.config import Settings, read_settings
from fulian.db import db, transact
from fulian.orgs.queries import city_unit
from fulian.programmes.loader import installed
from fulian.sealing.keys import keys, load_keys

SHOWN_PROBLEMS = 5
MIB = 1024 * 1024

backup = AppGroup("backup", help="备份：做一份、核对、恢复。")


@backup.command("create")
@click.argument("path", type=click.Path(path_type=Path))
def create_command(path: Path) -> None:
    """把数据库和附件做成一份加密的备份，写下后整份读一遍核对。PATH 是新文件，或已有的文件夹。

    密钥不在备份里，请另外保存。服务不用停。
    """
    settings: Settings = current_app.config["FULIAN"]
    now = datetime.now(UTC)
    file = path / f"fulian-{now.astimezone(SHANGHAI):%Y%m%d-%H%M%S}.backup" if path.is_dir() else path
    source = Source(db.engine, keys(), settings.instance, settings.public_url)
    summary, missing = make_backup(source, file, now)
    by = Actor(account_id=None, name=COMMAND_LINE, county_id=city_unit(), now=datetime.now(UTC))
    transact(note_backup, MADE, file.name, summary, by)
    click.echo(f"已备份到 {file}（{file.stat().st_size / MIB:,.1f} MiB），已整份核对。")
    _describe(summary)
    if missing:
        click.echo(f"注意：有 {missing} 个附件在数据库里有记录，文件却不在数据目录里。", err=True)
        sys.exit(1)


@backup.command("verify", with_appcontext=False)
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def verify_command(file: Path) -> None:
    """整份核对一个备份文件，说明里面有什么。只要密钥，不用数据库。"""
    settings = read_settings()
    keyring = load_keys(settings.keys, instance=settings.instance, production=settings.production)
    with file.open("rb") as opened:
        summary = verify_backup(opened, keyring)
    click.echo("备份完整，没有被改动过。")
    _describe(summary)
    check_keys(summary.contents, keyring)


@backup.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore_command(file: Path) -> None:
    """恢复到一个空的数据库（SQLite 或 PostgreSQL 都行），逐表、逐个文件比对；不成功就什么也不留下。"""
    settings: Settings = current_app.config["FULIAN"]
    owner = settings.owner_url or settings.database_url
    role = None if owner == settings.database_url else make_url(settings.database_url).username
    target = Target(owner, role, installed().lineages(), keys(), settings.instance)
    with file.open("rb") as opened:
        summary, problems = restore_backup(opened, target, click.echo)
    by = Actor(account_id=None, name=COMMAND_LINE, county_id=city_unit(), now=datetime.now(UTC))
    transact(note_backup, RESTORED, file.name, summary, by)
    click.echo("已恢复，每个表、每个文件都与备份一致。")
    _describe(summary)
    for problem in problems[:SHOWN_PROBLEMS]:
        click.echo(f"单位 {problem.county_id}：{problem.text}")
    if problems:
        click.echo("数据已恢复，但备份之前审计日志就被改动过：请报告安全管理员，用 fulian audit verify 看全部。")
        sys.exit(1)
    click.echo("审计日志完整。")


def _describe(summary: Summary) -> None:
    contents = summary.contents
    made = datetime.fromisoformat(contents.made_at).replace(tzinfo=UTC)
    click.echo(f"时间　{made.astimezone(SHANGHAI):%Y-%m-%d %H:%M}（程序 {contents.program}，{contents.database}）")
    click.echo(f"来源　{contents.installation}　{contents.address}".rstrip())
    click.echo(f"版本　{'、'.join(f'{code} {revision}' for code, revision in contents.heads.items())}")
    click.echo(f"数据　{len(summary.tables)} 个表，{summary.rows:,} 行")
    click.echo(f"附件　{summary.files:,} 个文件，{summary.file_bytes / MIB:,.1f} MiB")
    click.echo("密钥　" + "、".join(f"{key['purpose']} 第 {key['version']} 版" for key in contents.keys))
