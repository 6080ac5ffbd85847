"""`fulian`: every command of the program."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import click
from flask.cli import ScriptInfo

from fulian.accounts.cli import accounts
from fulian.app import create_app
from fulian.audit.cli import audit
from fulian.backup.cli import backup
from fulian.config import DEFAULT_PORT
from fulian.demo.cli import demo
from fulian.doctor.cli import doctor
from fulian.errors import Refused, StartRefused
from fulian.lineages_cli import commands as database
from fulian.programmes.loader import installed
from fulian.sealing.cipher import SealBroken
from fulian.sealing.cli import keys
from fulian.serve import serve, serve_jobs
from fulian.web.access import declared


class Program(click.Group):
    """The command group; the installed programmes' own commands are found beside the core's, by code."""

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        known = super().get_command(context, name)
        if known is not None:
            return known
        app = context.ensure_object(ScriptInfo).load_app()
        with app.app_context():
            programme = installed().programmes.get(name)
        return programme.cli if programme is not None else None


@click.group(cls=Program, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fulian")
@click.pass_context
def program(context: click.Context) -> None:
    """聊城市妇联案件系统。设置见 docs/operations.md。"""
    context.obj = ScriptInfo(create_app=create_app)


@program.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="监听地址")
@click.option("--port", default=lambda: int(os.environ.get("PORT", DEFAULT_PORT)), type=click.IntRange(1, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="进程数；SQLite 只能是 1")
def serve_command(host: str, port: int, workers: int) -> None:
    """提供网页服务，按 Ctrl-C 结束。"""
    serve(host, port, workers)


@program.command("jobs")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 16), help="同时办几项")
def jobs_command(workers: int) -> None:
    """运行后台任务（PostgreSQL；SQLite 由 serve 自己运行），按 Ctrl-C 结束。"""
    serve_jobs(workers)


@program.command("routes")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
@click.pass_context
def routes_command(context: click.Context, as_json: bool) -> None:
    """列出全部页面和它们要求的权限。"""
    app = context.ensure_object(ScriptInfo).load_app()
    rows: list[dict[str, Any]] = [
        {
            "rule": route.rule,
            "methods": list(route.methods),
            "endpoint": route.endpoint,
            "permission": route.permission,
            "scope": route.scope,
            "public": route.public,
        }
        for route in sorted(declared(app), key=lambda route: (route.rule, route.methods))
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    for row in rows:
        click.echo(f"{'/'.join(row['methods']):<6} {row['rule']:<44} {row['permission']:<24} {row['scope']}")


for command in (database, accounts, keys, audit, backup, demo, doctor):
    program.add_command(command)


def main() -> None:
    """The entry point: a refusal is one plain sentence on standard error, without a traceback."""
    try:
        program(prog_name="fulian")
    except (StartRefused, Refused, SealBroken) as refused:
        click.echo(str(refused), err=True)
        sys.exit(1)
