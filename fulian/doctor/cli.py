"""`fulian doctor`: runs also where the application itself would not start."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import click

from fulian.app import create_app
from fulian.db import db
from fulian.doctor.checks import examine
from fulian.doctor.finding import WORDS, Finding
from fulian.errors import StartRefused


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
def doctor(as_json: bool) -> None:
    """检查密钥、权限、数据库、磁盘、时钟、备份，说明怎么改；有“不行”的以 1 退出。"""
    findings = list(_all_findings())
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
    else:
        for finding in findings:
            click.echo(f"【{WORDS[finding.level]}】{finding.subject}：{finding.text}")
            if finding.mend:
                click.echo(f"　　→ {finding.mend}")
    if any(finding.level == "bad" for finding in findings):
        sys.exit(1)


def _all_findings() -> Iterator[Finding]:
    try:
        app = create_app()
    except StartRefused as refused:
        yield Finding("启动", "bad", str(refused), "按这句话改好，再运行一次。")
        return
    with app.app_context():
        yield from examine(datetime.now(UTC))
        db.engine.dispose()
