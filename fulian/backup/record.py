"""When backups were made and restored: said by the audit log, where the audit administrator sees it."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.audit.models import AuditEntry
from fulian.backup.reading import Summary
from fulian.db import db
from fulian.orgs.queries import city_unit

MADE, RESTORED = "backup.made", "backup.restored"
LOOKED_BACK = timedelta(days=60)  # an older backup is none


def note_backup(act: str, name: str, summary: Summary, by: Actor) -> None:
    """Put on the log that the backup `name` was made and read back (`MADE`), or restored (`RESTORED`)."""
    after = {"made_at": summary.contents.made_at, "rows": summary.rows, "files": summary.files}
    record(by, act, "backup", name, county_id=city_unit(), after=after)


def last_backup(now: datetime) -> datetime | None:
    """When the last backup was made and read back; None where there was none in the last sixty days."""
    return db.session.execute(
        select(AuditEntry.at)
        .where(
            AuditEntry.county_id == city_unit(),
            AuditEntry.at > now - LOOKED_BACK,
            AuditEntry.act == MADE,
            AuditEntry.outcome == "done",
        )
        .order_by(AuditEntry.at.desc())
        .limit(1)
    ).scalar()
