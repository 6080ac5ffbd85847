"""Reads of openings and labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, or_, select

from fulian.audit.actor import Viewer
from fulian.db import UtcDateTime, db
from fulian.errors import NotFound
from fulian.orgs.scope import grants_for
from fulian.prepared import Prepared
from fulian.programmes.loader import find_programme, programmes
from fulian.programmes.models import Opening, OpeningStop, ProgrammeLabel

Instant = datetime | BindParameter[datetime]  # the latter in statements that are made once


@dataclass(frozen=True)
class OpeningRow:
    """An opening as pages show it."""

    id: int
    programme: str
    county_id: int
    starts_at: datetime
    intake_ends_at: datetime | None
    ends_at: datetime | None
    reason: str
    stop_reason: str | None
    end_reason: str | None

    def state(self, now: datetime) -> str:
        """planned, open, stopping (no new case) or ended."""
        if self.ends_at is not None and self.ends_at <= max(now, self.starts_at):
            return "ended"  # also one that was cancelled before it began
        if self.starts_at > now:
            return "planned"
        if self.intake_ends_at is not None and self.intake_ends_at <= now:
            return "stopping"
        return "open"


_row = (
    Opening.id,
    Opening.programme,
    Opening.county_id,
    Opening.starts_at,
    Opening.intake_ends_at,
    Opening.ends_at,
    Opening.reason,
    Opening.stop_reason,
    Opening.end_reason,
)


def in_force(now: Instant) -> ColumnElement[bool]:
    """The openings under which work goes on at this instant."""
    return and_(Opening.starts_at <= now, or_(Opening.ends_at.is_(None), Opening.ends_at > now))


def taking_cases(now: Instant) -> ColumnElement[bool]:
    """The openings that take new cases at this instant."""
    return and_(in_force(now), or_(Opening.intake_ends_at.is_(None), Opening.intake_ends_at > now))


# Built once: every page asks for its menu. Twelve units have a few openings each, so they are sifted in Python.
_now: BindParameter[datetime] = bindparam("now", type_=UtcDateTime())
_running = Prepared(select(Opening.programme, Opening.county_id).where(in_force(_now)))
_taking = Prepared(select(Opening.programme, Opening.county_id).where(taking_cases(_now)))
_stored = Prepared(
    select(ProgrammeLabel.programme, ProgrammeLabel.code, ProgrammeLabel.label)
    .where(ProgrammeLabel.kind == bindparam("kind"))
    .order_by(ProgrammeLabel.programme, ProgrammeLabel.sort)
)


def is_open(county_id: int, code: str, now: datetime) -> bool:
    """Whether the programme is installed and open in the unit."""
    return find_programme(code) is not None and (
        db.session.execute(
            select(Opening.id).where(Opening.county_id == county_id, Opening.programme == code, in_force(now)).limit(1)
        ).first()
        is not None
    )


def open_codes(viewer: Viewer, *, intake: bool = False) -> frozenset[str]:
    """The installed programmes that are open (`intake`: take new cases) in any unit that the viewer's grants reach."""
    held = grants_for(viewer, None)
    if not held:
        return frozenset()
    rows, known = (_taking if intake else _running).rows({"now": viewer.now}), programmes()
    return frozenset(
        code
        for code, county_id in rows
        if code in known
        and any(
            (grant.level == "city" or grant.county_id == county_id) and grant.programme in (None, code)
            for grant in held
        )
    )


def latest_openings() -> dict[tuple[str, int], OpeningRow]:
    """The newest opening of each programme in each unit: the cells of the matrix."""
    rows = db.session.execute(select(*_row).order_by(Opening.id))
    return {(row.programme, row.county_id): OpeningRow(*row) for row in rows}


def opening_history(code: str, county_id: int) -> list[OpeningRow]:
    """All openings of a programme in a unit, newest first."""
    rows = db.session.execute(
        select(*_row)
        .where(Opening.programme == code, Opening.county_id == county_id)
        .order_by(Opening.starts_at.desc(), Opening.id.desc())
    )
    return [OpeningRow(*row) for row in rows]


def intake_stops(code: str, county_id: int) -> dict[int, list[OpeningStop]]:
    """The stops of the intake that are over, newest first, by the id of their opening."""
    rows = db.session.execute(
        select(OpeningStop)
        .join(Opening, Opening.id == OpeningStop.opening_id)
        .where(Opening.programme == code, Opening.county_id == county_id)
        .order_by(OpeningStop.stopped_at.desc(), OpeningStop.id.desc())
    ).scalars()
    found: dict[int, list[OpeningStop]] = {}
    for stop in rows:
        found.setdefault(stop.opening_id, []).append(stop)
    return found


def opening_programmes(opening_ids: Iterable[int]) -> dict[int, str]:
    """What the programmes of these openings are called, by the opening's id."""
    rows = db.session.execute(select(Opening.id, Opening.programme).where(Opening.id.in_(set(opening_ids))))
    names = known_programmes()
    return {row.id: names.get(row.programme, row.programme) for row in rows}


def label(programme: str, kind: str, code: str | None) -> str:
    """What a stage, an outcome or (kind "programme") the programme itself is called, also when its plugin is gone."""
    return labels(kind, {(programme, code)})[programme, code] if code else ""


def labels(kind: str, codes: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """(programme, code) → what `label` says of it. The database is asked once, and only for plugins that are gone."""
    stored: dict[tuple[str, str], str] = {}
    if any(find_programme(programme) is None for programme, _code in codes):
        stored = {(programme, code): text for programme, code, text in _stored.rows({"kind": kind})}
    return {key: _own_label(kind, *key) or stored.get(key) or key[1] for key in codes}


def _own_label(kind: str, programme: str, code: str) -> str:
    """What an installed programme itself calls it; "" where it is not installed or has no such kind."""
    found = find_programme(programme)
    if found is None:
        return ""
    if kind == "programme":
        return found.name
    return {"stage": found.stage_label, "outcome": found.outcome_label}.get(kind, lambda _code: "")(code)


def setting(programme: str, code: str, county_id: int) -> Any:
    """The value of a programme's setting in a unit: the default that the programme declares. Raises NotFound."""
    found = find_programme(programme)
    for declared in found.settings if found is not None else ():
        if declared.code == code:
            return declared.default
    raise NotFound


def known_programmes() -> Mapping[str, str]:
    """Code → name of every programme that is or was installed, for filters and lists."""
    stored = {code: text for code, _same, text in _stored.rows({"kind": "programme"})}
    return stored | {code: programme.name for code, programme in programmes().items()}
