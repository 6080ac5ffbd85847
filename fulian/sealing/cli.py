"""`fulian keys`: making, renewing, exporting and counting the keys. Making them runs before there is an application."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from fulian.audit.actor import COMMAND_LINE, Actor
from fulian.audit.log import record
from fulian.config import Settings, read_settings
from fulian.db import transact
from fulian.jobs.renewal import begin_renewal, refuse_while_renewing
from fulian.orgs.queries import city_unit
from fulian.sealing.export import export_keys, import_keys
from fulian.sealing.keys import KEY_FILE, LAST_VERSION, change_keys, create_keys, load_keys
from fulian.sealing.keys import keys as current_keys
from fulian.sealing.renewal import versions_in_use
from fulian.sealing.rotation import forget_key, with_new_keys, with_next_keys, without_key

PURPOSES = {"seal": "加密内容", "index": "查找用的索引", "audit": "审计日志", "cookie": "登录用的小文件"}
KEEP = "请用 fulian keys export 另存一份，不要与数据备份放在一起。"


@click.group("keys")
def keys() -> None:
    """密钥：新建、更换、导出。"""


@keys.command("create")
@click.option(
    "--from",
    "exported",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="从 fulian keys export 导出的文件放回",
)
def create_command(exported: Path | None) -> None:
    """新建一套密钥，或从导出的文件放回（已有的不会覆盖）。丢了密钥，加密的内容就再也解不开。"""
    settings = read_settings()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    if exported is None:
        create_keys(settings.keys)
        click.echo(f"已新建 {settings.keys / KEY_FILE}。{KEEP}")
        return
    keyring = import_keys(exported, click.prompt("口令", hide_input=True))
    create_keys(settings.keys, keyring)
    click.echo(f"已放回 {settings.keys / KEY_FILE}。")


@keys.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export_command(file: Path) -> None:
    """把全部密钥导出到 FILE，用口令加密。已有的文件不会覆盖。"""
    settings = read_settings()
    keyring = load_keys(settings.keys, instance=settings.instance, production=settings.production)
    passphrase = click.prompt("口令", hide_input=True, confirmation_prompt="再输一次口令")
    export_keys(keyring, file, passphrase)
    click.echo(f"已导出到 {file}。没有口令打不开：请把口令和文件分开保存，都不要与数据备份放在一起。")


@keys.command("rotate")
@click.option("--prepare", is_flag=True, help="只备好新密钥，先不启用：有几台机器时，先把密钥文件拷到每一台")
@click.option("--again", is_flag=True, help="不换密钥，只把还在用旧密钥的内容再加密一遍")
@with_appcontext
def rotate_command(prepare: bool, again: bool) -> None:
    """更换密钥：新内容马上用新密钥，旧内容由后台任务逐步重新加密，随时可以中断，会接着办。"""
    if prepare and again:
        raise click.UsageError("--prepare 和 --again 不能一起用。")
    folder, by = _folder(), _operator()
    refuse_while_renewing()
    if prepare:
        change_keys(folder, with_next_keys)
        click.echo(f"已备好。请把 {folder / KEY_FILE} 拷到每一台机器，再运行 fulian keys rotate。")
        return
    keyring = current_keys(look=True) if again else change_keys(folder, with_new_keys)
    job_id = transact(begin_renewal, keyring, by)
    click.echo(f"已交给后台，第 {job_id} 号任务。办的时候照常使用；进度在“后台任务”里。")
    click.echo(f"旧密钥留在密钥文件里，以前的备份还要用它。{KEEP}")


@keys.command("list")
@with_appcontext
def list_command() -> None:
    """列出每一版密钥，和还有多少内容要用它。"""
    keyring, used = current_keys(look=True), versions_in_use()
    for key in sorted(keyring, key=lambda key: (key.purpose, key.version)):
        state = "备用" if key.waits else "在用" if key == keyring.newest(key.purpose) else "旧"
        needed = f"{used[key.purpose, key.version]:,} 项"
        click.echo(f"{key.purpose:<8}第 {key.version} 版　{state}　{needed}　{PURPOSES[key.purpose]}")
    for purpose, version in sorted(set(used) - {(key.purpose, key.version) for key in keyring}):
        needed = f"{used[purpose, version]:,} 项解不开"
        click.echo(f"{purpose:<8}第 {version} 版　缺少　{needed}：请放回原来的密钥文件。")


@keys.command("remove")
@click.argument("purpose", type=click.Choice(list(PURPOSES)))
@click.argument("version", type=click.IntRange(1, LAST_VERSION))
@click.confirmation_option(prompt="用这一版密钥做的备份以后就恢复不了。确定要移除吗？")
@with_appcontext
def remove_command(purpose: str, version: int) -> None:
    """移除一把旧密钥。还有内容要用它时不移除；审计日志永远要用写它时的密钥。"""
    without_key(current_keys(look=True), purpose, version)
    transact(_forget, purpose, version, _operator())
    change_keys(_folder(), partial(without_key, purpose=purpose, version=version))
    click.echo(f"已移除 {purpose} 第 {version} 版密钥。")


def _forget(purpose: str, version: int, by: Actor) -> None:
    refuse_while_renewing()
    forget_key(purpose, version)
    record(by, "keys.removed", "key", f"{purpose}:{version}")


def _operator() -> Actor:
    return Actor(account_id=None, name=COMMAND_LINE, county_id=city_unit(), now=datetime.now(UTC))


def _folder() -> Path:
    settings: Settings = current_app.config["FULIAN"]
    return settings.keys
