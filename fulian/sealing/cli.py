"""`fulian keys create`: runs before there is an application, since an application needs its keys."""

from __future__ import annotations

import click

from fulian.config import read_settings
from fulian.sealing.keys import KEY_FILE, create_keys


@click.group("keys")
def keys() -> None:
    """密钥：新建。"""


@keys.command("create")
def create_command() -> None:
    """新建一套密钥（已有的不会覆盖）。请另存一份在安全的地方：丢了密钥，加密的内容就再也解不开。"""
    settings = read_settings()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    create_keys(settings.keys)
    click.echo(f"已新建 {settings.keys / KEY_FILE}。请另存一份，不要与数据备份放在一起。")
