"""`fulian db`: bring the database up, say how far it is, write a revision."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy.engine import make_url

from fulian.db import db, transact
from fulian.lineages import LineageStatus, new_revision, status, upgrade
from fulian.programmes.loader import installed
from fulian.programmes.service import refresh_labels
from fulian.sealing.keys import keys
from fulian.sealing.marks import confirm_keys

commands = AppGroup("db", help="数据库：升级、查看版本、编写升级脚本。")


@commands.command("upgrade")
def upgrade_command() -> None:
    """升级到最新版本：先核心，后插件；每一步要么完成，要么不留痕迹。"""
    application = current_app.config["FULIAN_DATABASE_URL"]
    owner = current_app.config["FULIAN_OWNER_URL"] or application
    ran = upgrade(owner, installed().lineages(), None if owner == application else make_url(application).username)
    for step in ran:
        click.echo(f"已升级 {step}")
    transact(_settle, datetime.now(UTC))
    if not ran:
        click.echo("数据库已是最新。")


def _settle(now: datetime) -> None:
    """After the tables: note whose keys these are (or refuse the wrong ones), and what the programmes are called."""
    confirm_keys(db.session.connection(), keys(), now)
    refresh_labels()


@commands.command("status")
def status_command() -> None:
    """逐个显示核心和插件的版本；有未完成的升级时以 1 退出。"""
    with db.engine.connect() as connection:
        found = status(connection, installed().lineages())
    for lineage in found:
        click.echo(f"{lineage.code:<16}{_describe(lineage)}")
    if not all(lineage.up_to_date for lineage in found):
        click.get_current_context().exit(1)


def _describe(lineage: LineageStatus) -> str:
    if lineage.unknown:
        return f"{lineage.current}，比程序新（程序只到 {lineage.expected or '无'}）"
    if lineage.pending:
        return f"{lineage.current or '空'}，待升级：{'、'.join(lineage.pending)}"
    return f"{lineage.current or '空'}，已是最新"


@commands.command("revision")
@click.option("--lineage", "code", default="core", show_default=True, help="core 或插件代码")
@click.option("-m", "--message", required=True, help="改了什么，几个英文词，用作文件名")
@click.option("--empty", is_flag=True, help="不比较模型，写一个空白脚本")
def revision_command(code: str, message: str, empty: bool) -> None:
    """按模型与现有脚本的差别，写下一个升级脚本（请逐行看过再提交）。"""
    lineages = installed().lineages()
    lineage = next((known for known in lineages if known.code == code), None)
    if lineage is None:
        known_codes = "、".join(known.code for known in lineages)
        raise click.BadParameter(f"没有 {code}，可选：{known_codes}", param_hint="--lineage")
    path = new_revision(lineage, message, lineages, empty)
    click.echo(f"已写 {path}" if path else "模型与脚本没有差别，没有写。")
