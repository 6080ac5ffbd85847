"""Every route of the application from its own URL map, beside what was written down by hand for it."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from flask import Flask

from fulian.web.access import declared

from .forms import CONSTANTS, QUERIES
from .objects import BUILDERS, Spot
from .places import CALLERS

ROOT = Path(__file__).parents[2]
EXPECTED = "expected.csv"
OBJECTS = ("none", "own", "subtree", "all")
ABSENT_ID = 987_654_321
# For programs that show a token: no account opens it, nobody is told of it.
TOKEN_ONLY = frozenset({"health.metrics"})


@dataclass(frozen=True)
class Route:
    """One endpoint and method. `arguments` are those that name a row, in the order of the address."""

    endpoint: str
    method: str
    arguments: tuple[str, ...]
    constants: tuple[tuple[str, str], ...] = ()

    @property
    def about(self) -> str:
        """What kind of object it reaches: case, person, or other; "" where it names none."""
        first = self.arguments[0] if self.arguments else ""
        return {"case_id": "case", "person_id": "person", "": ""}.get(first, "other")

    def url(self, app: Flask, ids: Mapping[str, int], query: Mapping[str, str] | None = None) -> str:
        """The address with these ids in it."""
        values: dict[str, object] = {name: ids[name] for name in self.arguments}
        values |= dict(self.constants) | dict(query or {})
        return app.url_map.bind("localhost").build(self.endpoint, values, method=self.method)

    def url_at(self, app: Flask, spot: Spot) -> str:
        """The address of the objects of a spot."""
        query = QUERIES[self.endpoint](spot) if self.endpoint in QUERIES else {}
        return self.url(app, {name: spot.get(name) for name in self.arguments}, query)


def routes(app: Flask) -> list[Route]:
    """Every route but static files. Fails for an argument that nobody can build."""
    found = []
    for rule in declared(app):
        if rule.permission == "public.static":
            continue
        arguments = _arguments(app, rule.endpoint)
        rows = tuple(name for name in arguments if name in BUILDERS)
        constants = tuple((name, _constant(rule.endpoint, name)) for name in arguments if name not in BUILDERS)
        found += [Route(rule.endpoint, method, rows, constants) for method in rule.methods]
    return found


def _arguments(app: Flask, endpoint: str) -> tuple[str, ...]:
    [rule] = app.url_map.iter_rules(endpoint)
    return tuple(part for is_dynamic, part in rule._trace if is_dynamic)


def _constant(endpoint: str, argument: str) -> str:
    if (endpoint, argument) not in CONSTANTS:
        raise KeyError(f"{endpoint}: nobody builds a {argument!r}; add it to BUILDERS or CONSTANTS in tests/harness")
    return CONSTANTS[endpoint, argument]


def read_expected() -> dict[tuple[str, str], dict[str, str]]:
    """(endpoint, method) → caller → widest object class, from the core's file and from every plugin's own."""
    expected: dict[tuple[str, str], dict[str, str]] = {}
    for path in (ROOT / "tests/access" / EXPECTED, *sorted(ROOT.glob(f"plugins/*/tests/{EXPECTED}"))):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                key = row.pop("endpoint"), row.pop("method")
                if key in expected:
                    raise ValueError(f"{path}: {key} stands there twice")
                if set(row) != set(CALLERS):
                    raise ValueError(f"{path}: columns {sorted(row)}")
                expected[key] = row
    return expected
