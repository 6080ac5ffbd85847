"""What is long over is forgotten at night, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session as Rows

from fulian.accounts.models import LoginAttempt, Session
from fulian.accounts.upkeep import forget_ended
from fulian.db import db, transact
from fulian.testing.plugin import Content
from fulian.testing.world import NOW, WORLD, actor


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def test_only_what_is_long_over_is_forgotten(session: Rows) -> None:
    def write() -> None:
        for days in (0, 60):
            at = NOW - timedelta(days=days)
            row = {"account_id": 1, "started_at": at, "seen_at": at, "address": "127.0.0.1", "agent": ""}
            db.session.execute(insert(Session), [{**row, "token_hash": bytes([days]) * 32}])
            db.session.execute(insert(LoginAttempt), [{"name_key": b"k" * 16, "address": "127.0.0.1", "at": at}])

    transact(write)
    assert transact(forget_ended, {}, actor("system")) == "清除 1 个会话、1 次登录记录。"
    for model in (Session, LoginAttempt):
        assert session.execute(select(func.count()).select_from(model)).scalar_one() == 1
