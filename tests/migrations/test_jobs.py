"""Revision 0002 with data: errors of the earlier release are kept apart from results, and lose their own words."""

from __future__ import annotations

from sqlalchemy import text

from fulian.db import Lineage
from fulian.lineages import downgrade, upgrade
from fulian.testing.databases import Database
from fulian.testing.postgres import APPLICATION

INSERT = text(
    "INSERT INTO job (id, kind, payload, state, due_at, attempts, progress, total, result)"
    " VALUES (:id, 'trial', '{}', :state, '2026-11-02 08:00:00', 1, 0, 0, :result)"
)
ROWS = (
    (1, "done", "统计与经过一致。"),
    (2, "failed", "KeyError: '张三'"),
    (3, "waiting", "KeyError: '张三'"),
    (4, "running", None),
)


def test_up_and_down_with_jobs(database: Database, lineages: tuple[Lineage, ...]) -> None:
    downgrade(database.owner_url, lineages[0], "0001")
    with database.engine(as_owner=True) as engine, engine.begin() as connection:
        for number, state, result in ROWS:
            connection.execute(INSERT, {"id": number, "state": state, "result": result})

    upgrade(database.owner_url, lineages[:1], APPLICATION)
    with database.engine() as engine, engine.begin() as connection:
        found = connection.execute(
            text("SELECT result, error, state, asked_at = due_at AS same FROM job ORDER BY id")
        ).all()
        assert [(row.result, (row.error or "")[:4]) for row in found] == [
            ("统计与经过一致。", ""),
            (None, "程序出错"),
            (None, "程序出错"),
            (None, ""),
        ]
        assert all(row.same for row in found)
        assert [row.state for row in found] == ["done", "failed", "waiting", "waiting"]
        connection.execute(text("UPDATE job SET state = 'cancelled' WHERE id = 4"))

    downgrade(database.owner_url, lineages[0], "0001")
    with database.engine() as engine, engine.connect() as connection:
        left = connection.execute(text("SELECT id, state, result FROM job ORDER BY id")).all()
    assert [(row.id, row.state) for row in left] == [(1, "done"), (2, "failed"), (3, "waiting")]
    assert left[1].result.startswith("程序出错")
