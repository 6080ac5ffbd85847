"""`case_stat` counted again in plain SQL from the lines of history and the tree: nothing of the product is asked."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import text

from fulian.db import db

# The month in Shanghai of a stored instant, which is UTC without a zone.
MONTH = {
    "sqlite": "strftime('%Y-%m', e.recorded_at, '+8 hours')",
    "postgresql": "to_char(e.recorded_at + interval '8 hours', 'YYYY-MM')",
}
LAST = """
    SELECT e.* FROM event e
    WHERE e.id = (SELECT max(f.id) FROM event f WHERE f.case_id = e.case_id AND f.status IS NOT NULL)
"""
PLACES = """
    SELECT a.org_id, a.ancestor_id FROM org_ancestor a
    JOIN organisation o ON o.id = a.ancestor_id AND o.level IN ('county', 'township')
"""
MEASURED = """
    SELECT p.ancestor_id, {month}, e.kind, c.programme, '',
           CASE e.kind WHEN 'closed' THEN coalesce(e.outcome, '') ELSE '' END, coalesce(e.risk, ''), count(*)
    FROM event e
    JOIN cases c ON c.id = e.case_id
    JOIN ({last}) l ON l.case_id = e.case_id AND l.status <> 'void'
    JOIN ({places}) p ON p.org_id = c.org_id
    WHERE e.kind IN ('opened', 'closed', 'reopened')
    GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
OPEN_NOW = """
    SELECT p.ancestor_id, '', 'open-now', c.programme, coalesce(l.stage, ''), '', coalesce(l.risk, ''), count(*)
    FROM ({last}) l
    JOIN cases c ON c.id = l.case_id
    JOIN ({places}) p ON p.org_id = c.org_id
    WHERE l.status IN ('open', 'waiting')
    GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
STORED = "SELECT scope_id, month, measure, programme, stage, outcome, risk, n FROM case_stat WHERE n <> 0"

Cells = Counter[tuple[Any, ...]]


def recounted() -> Cells:
    """Cell → n, from the events."""
    parts = {"month": MONTH[db.engine.dialect.name], "last": LAST, "places": PLACES}
    return _cells(MEASURED.format(**parts)) + _cells(OPEN_NOW.format(**parts))


def stored() -> Cells:
    """Cell → n, as `case_stat` has it."""
    return _cells(STORED)


def _cells(statement: str) -> Cells:
    return Counter({tuple(row[:-1]): row[-1] for row in db.session.execute(text(statement))})
