"""The nightly look at sessions and log-in attempts: what is long over is forgotten (the log keeps who logged in)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete

from fulian.accounts.log_in import FAMILIAR, FORGOTTEN
from fulian.accounts.models import LoginAttempt, Session
from fulian.audit.actor import Actor
from fulian.db import db

KIND = "accounts.forget_ended"


def forget_ended(_payload: Mapping[str, Any], by: Actor) -> str:
    """Remove sessions that are over and make no address familiar any more, and attempts that no throttle looks at."""
    over = delete(Session).where(Session.started_at < by.now - FAMILIAR)
    old = delete(LoginAttempt).where(LoginAttempt.at < by.now - FORGOTTEN)
    counts = [int(getattr(db.session.execute(query), "rowcount", 0)) for query in (over, old)]
    return f"清除 {counts[0]} 个会话、{counts[1]} 次登录记录。"
