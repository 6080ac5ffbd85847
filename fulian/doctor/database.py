"""The database: how durable it is, what the application's role may do, how far it is migrated, what time it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, select, text
from sqlalchemy.engine import make_url

from fulian.audit.guard import TABLE as LOG
from fulian.audit.models import AuditEntry
from fulian.config import Settings
from fulian.db import Lineage
from fulian.doctor.finding import Finding, judge
from fulian.lineages import status

# PRAGMA → what it must say.
PRAGMAS = {"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"}
LOG_TRIGGERS = 3
# Off, and what was acknowledged may be gone after a power cut.
DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
OLDEST_POSTGRES = 150000  # the one the migrations are tried on; server_version_num
# PostgreSQL compares these byte by byte: an index on a text serves equality and beginnings alike.
BYTEWISE = ("C", "POSIX", "C.UTF-8", "C.utf8")
ZONES = ("UTC", "Etc/UTC", "Asia/Shanghai", "PRC")
MOST_DRIFT = timedelta(seconds=5)


def check_settings(connection: Connection) -> Iterator[Finding]:
    """What was acknowledged is kept, texts are stored and compared as the tables expect."""
    if connection.dialect.name == "sqlite":
        for name, wanted in PRAGMAS.items():
            found = str(connection.exec_driver_sql(f"PRAGMA {name}").scalar()).lower()
            yield judge("SQLite 设置", found == wanted, f"{name}={found}", f"应为 {wanted}：请用本程序打开数据库。")
        return
    for name in DURABLE:
        found = _show(connection, name)
        mend = f"在 postgresql.conf 里设 {name} = on，重新加载。"
        yield judge("PostgreSQL 设置", found != "off", f"{name}={found}", mend)
    version = int(_show(connection, "server_version_num"))
    yield judge("PostgreSQL 版本", version >= OLDEST_POSTGRES, _show(connection, "server_version"), "升级到 15 以上。")
    encoding, collation = connection.execute(
        text("SELECT pg_encoding_to_char(encoding), datcollate FROM pg_database WHERE datname = current_database()")
    ).one()
    yield judge("字符编码", encoding == "UTF8", str(encoding), "用 UTF8 重新建库，再从备份恢复。")
    mend = "用 --locale=C.UTF-8 重新建库，再从备份恢复。"
    yield judge("排序规则", collation in BYTEWISE, str(collation), mend, "warning")
    zone = _show(connection, "TimeZone")
    yield judge("数据库时区", zone in ZONES, zone, "在 postgresql.conf 里设 timezone = 'UTC'。", "warning")


def check_role(connection: Connection, settings: Settings) -> Iterator[Finding]:
    """The application cannot change the log: on PostgreSQL its role may not, on SQLite triggers abort."""
    if connection.dialect.name == "sqlite":
        triggers = "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :log"
        found = connection.execute(text(triggers), {"log": LOG}).scalar()
        mend = "从备份恢复，并核对日志：fulian audit verify。"
        yield judge("日志保护", found == LOG_TRIGGERS, f"{found} 个触发器", mend)
        return
    mend = "新建一个不拥有任何表的角色，写进 FULIAN_DATABASE_URL，再运行 fulian db upgrade。"
    role, superuser = connection.execute(
        text("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user")
    ).one()
    owned = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND pg_has_role(tableowner, 'MEMBER')"
    owns = int(connection.execute(text(owned)).scalar() or 0)
    said = "是超级用户" if superuser else f"拥有 {owns} 个表" if owns else "不拥有表"
    yield judge("数据库角色", not superuser and not owns, f"{role} {said}", mend)
    may = [act for act in ("UPDATE", "DELETE", "TRUNCATE") if _may(connection, act)]
    said = f"可以对日志 {'、'.join(may)}" if may else "只能添加日志"
    yield judge("日志保护", not may, said, mend)
    other = settings.owner_url and make_url(settings.owner_url).username != make_url(settings.database_url).username
    mend = "升级和恢复时设 FULIAN_OWNER_URL 为拥有表的角色。"
    yield judge("升级用的角色", bool(other), "另有一个" if other else "没有设 FULIAN_OWNER_URL", mend, "warning")


def check_heads(connection: Connection, lineages: Sequence[Lineage]) -> Iterator[Finding]:
    """The tables are the ones this program was written for."""
    for found in status(connection, lineages):
        said = f"{found.code} {found.current or '空'}"
        mend = "请升级程序。" if found.unknown else "运行 fulian db upgrade。"
        yield judge("数据库版本", found.up_to_date, said, mend)


def check_clock(connection: Connection, now: datetime) -> Iterator[Finding]:
    """The clock agrees with the database's, and does not stand before what the log has already written down."""
    if connection.dialect.name == "postgresql":
        theirs: Any = connection.execute(select(func.clock_timestamp())).scalar()
        drift = abs(theirs - now)
        yield judge(
            "时钟", drift < MOST_DRIFT, f"与数据库相差 {drift.total_seconds():.0f} 秒", "两台机器都开启时间同步。"
        )
    newest = connection.execute(select(AuditEntry.at).order_by(AuditEntry.at.desc()).limit(1)).scalar()
    back = newest is not None and newest > now + MOST_DRIFT
    said = f"现在 {now.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    yield judge("时钟与日志", not back, f"{said}，早于最新一条日志" if back else said, "校准系统时间。")


def _show(connection: Connection, name: str) -> str:
    return str(connection.execute(text("SELECT current_setting(:name)"), {"name": name}).scalar())


def _may(connection: Connection, act: str) -> bool:
    return bool(connection.execute(text("SELECT has_table_privilege(:log, :act)"), {"log": LOG, "act": act}).scalar())
