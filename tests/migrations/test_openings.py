"""Revision 0005 with data: of two openings that run at once the later is ended; up and down."""

from __future__ import annotations

from sqlalchemy import text

from fulian.db import Lineage
from fulian.lineages import downgrade, upgrade
from fulian.testing.databases import Database
from fulian.testing.postgres import APPLICATION

UNIT = text(
    "INSERT INTO organisation (id, name, short_name, level, kind, county_id, sort, demo, version)"
    " VALUES (3, '东昌府区妇联', '东昌府区', 'county', 'federation', 3, 1, false, 1)"
)
OPENING = text(
    "INSERT INTO opening (id, programme, county_id, starts_at, reason)"
    " VALUES (:id, :programme, 3, '2026-11-02 08:00:00', '文')"
)


def test_up_and_down_with_two_that_run(database: Database, lineages: tuple[Lineage, ...]) -> None:
    downgrade(database.owner_url, lineages[0], "0004")
    with database.engine(as_owner=True) as engine, engine.begin() as connection:
        connection.execute(UNIT)
        for number, programme in ((1, "mediation"), (2, "mediation"), (3, "lectures")):
            connection.execute(OPENING, {"id": number, "programme": programme})

    upgrade(database.owner_url, lineages[:1], APPLICATION)
    with database.engine() as engine, engine.begin() as connection:
        running = connection.execute(text("SELECT id FROM opening WHERE ends_at IS NULL ORDER BY id")).scalars().all()
        assert running == [1, 3]
        assert connection.execute(text("SELECT ends_at = starts_at FROM opening WHERE id = 2")).scalar_one()
        connection.execute(
            text(
                "INSERT INTO opening_stop (opening_id, county_id, stopped_at, stop_reason, resumed_at, resume_reason)"
                " VALUES (1, 3, '2026-11-03 08:00:00', '停', '2026-11-04 08:00:00', '恢复')"
            )
        )

    downgrade(database.owner_url, lineages[0], "0004")
    with database.engine() as engine, engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM opening")).scalar_one() == 3
