"""This month's numbers of each programme, as the viewer's scope has them: declared by the programme, scoped here."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select

from fulian.audit.actor import Viewer
from fulian.cases.queries.workbench import month_start
from fulian.db import db, savepoint
from fulian.orgs.models import Organisation
from fulian.orgs.scope import in_scope
from fulian.programmes.loader import programmes
from fulian.programmes.programme import Period, Statistic
from fulian.programmes.queries import open_codes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tile:
    """One number. `base` is what it is a rate of; `failed` where the programme could not say it."""

    label: str
    unit: str
    n: int = 0
    base: int | None = None
    failed: bool = False


@dataclass(frozen=True)
class Tiles:
    """The numbers of one programme."""

    programme: str
    name: str
    tiles: tuple[Tile, ...]


def month_tiles(viewer: Viewer) -> list[Tiles]:
    """The tiles of the programmes that are open for the viewer."""
    open_now = open_codes(viewer)
    period = Period(month_start(viewer.now), viewer.now)
    return [
        Tiles(code, programme.name, tuple(_tile(viewer, code, statistic, period) for statistic in programme.statistics))
        for code, programme in programmes().items()
        if code in open_now and programme.statistics
    ]


def _tile(viewer: Viewer, code: str, statistic: Statistic, period: Period) -> Tile:
    """One tile in a savepoint: where it raises, that tile says so and the rest of the page stands."""
    try:
        with savepoint(db.session()):
            n, base = _numbers(viewer, code, statistic, period)
    except Exception:
        log.exception("statistic %s of %s failed", statistic.code, code)
        return Tile(statistic.label, statistic.unit, failed=True)
    return Tile(statistic.label, statistic.unit, n, base)


def _numbers(viewer: Viewer, code: str, statistic: Statistic, period: Period) -> tuple[int, int | None]:
    base = _scoped_sum(viewer, code, statistic.of(period)) if statistic.of is not None else None
    return _scoped_sum(viewer, code, statistic.select(period)), base


def _scoped_sum(viewer: Viewer, code: str, query: Select[*tuple[Any, ...]]) -> int:
    rows = query.subquery()
    reach = in_scope(viewer, Organisation.id, Organisation.county_id, programme=code)
    total = db.session.execute(
        select(func.coalesce(func.sum(rows.c.n), 0)).join(Organisation, Organisation.id == rows.c.org_id).where(reach)
    ).scalar_one()
    return int(total)
