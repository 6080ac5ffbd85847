"""`fulian demo`: the demo data, made once; the accounts to log in with, printed whenever they are asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask.cli import ScriptInfo
from sqlalchemy import create_engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from fulian.accounts.passwords import hash_password, one_time_password
from fulian.accounts.roles import ROLES
from fulian.accounts.second_factor import new_secret
from fulian.config import DEFAULT_PORT, Settings, read_settings
from fulian.db import transact
from fulian.demo.loading import Secrets, is_demo, load_demo, login_usernames, require_empty
from fulian.demo.plan import CASES, PERSONS
from fulian.errors import Refused
from fulian.lineages import upgrade
from fulian.programmes.loader import installed
from fulian.sealing.disk import write_private
from fulian.sealing.keys import KEY_FILE, create_keys

PASSWORDS = "demo-accounts.json"  # in the instance folder, readable for its owner only
Say = Callable[[str], None]


@click.command("demo")
@click.option("--json", "as_json", is_flag=True, help="在标准输出只打印 JSON")
@click.pass_context
def demo(context: click.Context, as_json: bool) -> None:
    """建一次演示数据（正式数据库上不建），打印网址和可以登录的账号。"""

    def say(text: str) -> None:
        click.echo(text, err=as_json)

    settings = read_settings()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    _make_keys(settings, say)
    app = context.ensure_object(ScriptInfo).load_app()
    with app.app_context():
        _bring_up(settings, say)
        accounts = _made(settings, say)
    if as_json:
        click.echo(json.dumps({"url": _url(settings), "accounts": accounts}, ensure_ascii=False, indent=1))
    else:
        _print_table(_url(settings), accounts)


def _make_keys(settings: Settings, say: Say) -> None:
    """Keys for a database that is new; an old one keeps asking for its own."""
    if not (settings.keys / KEY_FILE).exists() and _is_new(settings):
        create_keys(settings.keys)
        say(f"已新建密钥 {settings.keys / KEY_FILE}")


def _is_new(settings: Settings) -> bool:
    url = make_url(settings.owner_url or settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return True
    engine = create_engine(url, poolclass=NullPool)
    return not inspect(engine).has_table("alembic_version")


def _bring_up(settings: Settings, say: Say) -> None:
    owner = settings.owner_url or settings.database_url
    role = None if owner == settings.database_url else make_url(settings.database_url).username
    for step in upgrade(owner, installed().lineages(), role):
        say(f"已升级 {step}")


def _made(settings: Settings, say: Say) -> list[dict[str, Any]]:
    """The accounts as they are printed, from the file of the time when the demo was made, or made now."""
    file = settings.instance / PASSWORDS
    if not is_demo():
        require_empty()
        say(f"正在建演示数据：{PERSONS:,} 人，{CASES:,} 件案件，大约要半分钟…")
        passwords = {username: one_time_password() for username in login_usernames()}
        hashes = {username: hash_password(password) for username, password in passwords.items()}
        secrets = Secrets(passwords, hashes, hash_password(one_time_password()), new_secret())
        transact(_make, secrets, datetime.now(UTC), file)
        say("演示数据已建好。")
    if not file.is_file():
        raise Refused(f"演示数据已经有了，但找不到 {file}，密码无从得知。请另用一个空的 FULIAN_INSTANCE 重建。")
    kept: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return kept


def _make(secrets: Secrets, now: datetime, file: Path) -> None:
    """Load the demo, and keep the passwords before it is committed: afterwards nobody could tell them."""
    accounts = [asdict(account) for account in load_demo(secrets, now)]
    write_private(file, json.dumps(accounts, ensure_ascii=False, indent=1).encode(), replace=True)


def _url(settings: Settings) -> str:
    return settings.public_url or f"http://127.0.0.1:{os.environ.get('PORT') or DEFAULT_PORT}"


def _print_table(url: str, accounts: Sequence[dict[str, Any]]) -> None:
    click.echo(f"\n网址　{url}/\n\n可以登录的账号：")
    for account in accounts:
        role = _padded(ROLES[account["role"]], 20)
        click.echo(f"  {account['username']:<11}{account['password']:<16}{role}{account['organisation']}")
        if account["totp_secret"]:
            click.echo(f"  {'':<11}登录时还要验证码，验证器的密钥：{account['totp_secret']}")
    click.echo()


def _padded(text: str, width: int) -> str:
    """Filled up with blanks to so many columns; a Chinese character takes two."""
    taken = sum(2 if ord(character) > 0x2E7F else 1 for character in text)
    return text + " " * max(width - taken, 1)
