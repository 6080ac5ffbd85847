"""Revision 0006 with data: lines of history stay as they are; a filling of a form writes one line and no second."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import text

from fulian.db import Lineage
from fulian.lineages import downgrade, upgrade
from fulian.testing.databases import Database
from fulian.testing.postgres import APPLICATION

BEFORE = "0005"
AT = "2026-11-02 08:00:00"
PLACES = (
    "INSERT INTO organisation (id, name, short_name, level, kind, county_id, sort, demo, version)"
    " VALUES (1, '聊城市妇联', '聊城市', 'city', 'federation', 1, 0, :no, 1)",
    "INSERT INTO account (id, username, name, org_id, county_id, password_hash, password_at, must_change, status,"
    f" created_at, version) VALUES (1, 'first', '甲', 1, 1, '-', '{AT}', :no, 'active', '{AT}', 1)",
    "INSERT INTO cases (id, number, programme, status, stage, restricted, org_id, county_id, handler_id, opened_at,"
    " title, subject, summary, source, version, submission_id, created_by) VALUES (1, '第一号', 'mediation', 'open',"
    f" 'accepted', :no, 1, 1, 1, '{AT}', '甲、乙', '赡养', '没有赡养。', 'visit', 1, 's', 1)",
)
LINE = (
    "INSERT INTO event (id, case_id, county_id, kind, title, at, recorded_at, actor_name, seal_id{names})"
    f" VALUES (:id, 1, 1, 'note', '记一笔', '{AT}', '{AT}', '甲', :seal{{values}})"
)


def write(database: Database, statement: str, **values: Any) -> None:
    with database.engine() as engine, engine.begin() as connection:
        connection.execute(text(statement), values)


def lines(database: Database) -> list[int]:
    with database.engine() as engine, engine.connect() as connection:
        return list(connection.execute(text("SELECT id FROM event ORDER BY id")).scalars())


def test_up_and_down_with_lines(database: Database, lineages: tuple[Lineage, ...]) -> None:
    downgrade(database.owner_url, lineages[0], BEFORE)
    for statement in PLACES:
        write(database, statement, no=False)
    plain, sent = LINE.format(names="", values=""), LINE.format(names=", submission_id", values=", :sent")
    for number in (1, 2):
        write(database, plain, id=number, seal=bytes(16))

    upgrade(database.owner_url, lineages[:1], APPLICATION)
    write(database, sent, id=3, seal=bytes(16), sent="s-1")
    write(database, plain, id=4, seal=bytes(16))
    with pytest.raises(sa.exc.IntegrityError):
        write(database, sent, id=5, seal=bytes(16), sent="s-1")
    assert lines(database) == [1, 2, 3, 4]

    downgrade(database.owner_url, lineages[0], BEFORE)
    assert lines(database) == [1, 2, 3, 4]
    upgrade(database.owner_url, lineages[:1], APPLICATION)
    write(database, sent, id=5, seal=bytes(16), sent="s-1")
