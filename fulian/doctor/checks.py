"""All checks of an installation, in the order of the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from fulian.accounts.queries import roles_taken
from fulian.accounts.roles import ROLES, THREE
from fulian.backup.record import last_backup
from fulian.config import Settings
from fulian.db import db
from fulian.doctor import database, machine
from fulian.doctor.finding import Finding, judge
from fulian.errors import StartRefused
from fulian.lineages import status
from fulian.orgs.queries import has_organisations
from fulian.programmes.loader import installed
from fulian.sealing.keys import keys

LATEST_BACKUP = timedelta(hours=26)  # one a day, and two hours for it to run late


def examine(now: datetime) -> Iterator[Finding]:
    """Look at the installation of the application in context; changes nothing. Never raises for what it finds."""
    settings: Settings = current_app.config["FULIAN"]
    yield from machine.check_folders(settings)
    yield from machine.check_disk(settings)
    yield from machine.check_addresses(settings)
    try:
        with db.engine.connect() as connection:
            yield from _examine_database(connection, settings, now)
    except SQLAlchemyError as error:
        yield Finding(
            "数据库", "bad", f"连不上或读不了（{type(error).__name__}）", "检查 FULIAN_DATABASE_URL 和数据库服务。"
        )
    finally:
        db.session.remove()


def refuse_unfit(now: datetime) -> None:
    """Raise StartRefused with every bad finding, one a line, where production would start on it."""
    settings: Settings = current_app.config["FULIAN"]
    bad = [finding for finding in examine(now) if finding.level == "bad"] if settings.production else []
    if bad:
        said = "".join(f"\n{finding.subject}：{finding.text}。{finding.mend}" for finding in bad)
        raise StartRefused(f"不能这样投入使用（fulian doctor 看全部）：{said}")


def _examine_database(connection: Connection, settings: Settings, now: datetime) -> Iterator[Finding]:
    yield from database.check_settings(connection)
    lineages = installed().lineages()
    yield from database.check_heads(connection, lineages)
    if not all(found.up_to_date for found in status(connection, lineages)):
        return  # what else there is to look at may not be there
    yield from machine.check_keys(settings, keys(), connection)
    yield from database.check_role(connection, settings)
    yield from database.check_clock(connection, now)
    yield from _check_people(now)
    yield from _check_backup(now)


def _check_people(now: datetime) -> Iterator[Finding]:
    missing = "、".join(name for role, name in ROLES.items() if role in THREE - roles_taken(now))
    text = f"还没有{missing}" if missing else "三员都有"
    yield judge("三员", not missing, text, "运行 fulian accounts create --three。", "warning")


def _check_backup(now: datetime) -> Iterator[Finding]:
    if not has_organisations():
        yield Finding("备份", "ok", "还没有数据")
        return
    made = last_backup(now)
    age = None if made is None else now - made
    text = "没有备份" if age is None else f"上一次备份在 {age.total_seconds() / 3600:.0f} 小时前，已核对"
    well = age is not None and age <= LATEST_BACKUP
    yield judge("备份", well, text, "运行 fulian backup create，并设成每天自动做。", "warning")
