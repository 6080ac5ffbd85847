"""The commands `fulian audit verify` and `fulian audit anchor`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import click
from flask.cli import AppGroup

from fulian.audit.verify import AnchorRefused, snapshot, take_anchor, verify_chains
from fulian.db import db
from fulian.sealing.keys import keys

SHOWN_PROBLEMS = 20


audit = AppGroup("audit", help="审计日志：核对、存证。")


@audit.command("verify")
@click.option("--anchor", "anchor_file", type=click.Path(exists=True, path_type=Path), help="以前的存证文件")
def verify_command(anchor_file: Path | None) -> None:
    """核对日志有没有被改动；有问题时返回 1。"""
    taken = None
    if anchor_file is not None:
        try:
            taken = json.loads(anchor_file.read_text(encoding="utf-8"))
        except ValueError:
            raise click.ClickException(f"{anchor_file} 不是存证文件。") from None
    try:
        with snapshot(db.engine) as connection:
            problems = list(islice(verify_chains(connection, keys(), taken), SHOWN_PROBLEMS + 1))
    except AnchorRefused as refused:
        raise click.ClickException(refused.message) from None
    for problem in problems[:SHOWN_PROBLEMS]:
        click.echo(f"单位 {problem.county_id}：{problem.text}")
    if len(problems) > SHOWN_PROBLEMS:
        click.echo("还有更多，没有全部列出。")
    if problems:
        click.echo("日志被改动过。请保留现场，报告安全管理员。")
        sys.exit(1)
    click.echo(
        "日志完整，与存证一致。" if taken is not None else "日志完整。末尾是否被删，要用存证文件核对：--anchor。"
    )


@audit.command("anchor")
def anchor_command() -> None:
    """打印各单位日志链的末端，请存到本机以外，以后用它核对。"""
    with snapshot(db.engine) as connection:
        taken = take_anchor(connection, keys(), datetime.now(UTC))
    click.echo(json.dumps(taken, indent=1, ensure_ascii=False))
