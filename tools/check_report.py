"""Read the report of a whole test run and refuse it where something was left out.

    python tools/check_report.py REPORT.xml ROUTES.json

REPORT.xml is pytest's JUnit report, ROUTES.json what `fulian routes --json` prints. The run is refused where a test
failed or was skipped, where fewer tests ran on PostgreSQL than on SQLite, and where a page of the URL map was opened
by no browser test. The tests need no marks for that: the fixtures of `fulian.testing` write down, as properties of
each test, which `database` it had and which addresses its browser `visited`.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

# Addresses that no person opens: rule → why no browser test has to.
NOT_PAGES = {"/healthz": "read by machines", "/metrics": "read by machines that show a token"}


@dataclass(frozen=True)
class Test:
    """One test of the report: its name, passed, failed or skipped, and what the fixtures wrote down."""

    name: str
    result: str
    databases: tuple[str, ...]
    visited: tuple[str, ...]


def read_report(path: Path) -> list[Test]:
    """The tests of a JUnit report."""
    return [_read_test(case) for case in ElementTree.parse(path).iter("testcase")]  # noqa: S314 - pytest wrote it


def _read_test(case: ElementTree.Element) -> Test:
    properties = [(str(item.get("name")), str(item.get("value"))) for item in case.iter("property")]
    tags = {child.tag for child in case}
    result = "failed" if tags & {"failure", "error"} else "skipped" if "skipped" in tags else "passed"
    return Test(
        name=f"{case.get('classname')}::{case.get('name')}",
        result=result,
        databases=tuple(value for name, value in properties if name == "database"),
        visited=tuple(address for name, value in properties if name == "visited" for address in value.split()),
    )


def complaints(tests: list[Test], routes: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the run, one sentence each; empty where nothing is."""
    found = [] if tests else ["no test was run"]
    found += [f"{test.result}: {test.name}" for test in tests if test.result != "passed"]
    passed = [test for test in tests if test.result == "passed"]
    ran = Counter(database for test in passed for database in test.databases)
    if not 0 < ran["sqlite"] <= ran["postgresql"]:
        found.append(f"{ran['sqlite']} tests passed on SQLite, but {ran['postgresql']} on PostgreSQL")
    visited = {address for test in passed for address in test.visited}
    found += [f"no browser test opened {rule}" for rule in unvisited(routes, visited)]
    return found


def unvisited(routes: list[dict[str, Any]], visited: set[str]) -> list[str]:
    """The rules of pages (what answers GET) that none of the visited paths belongs to."""
    shown = [route for route in routes if "GET" in route["methods"] and not route["endpoint"].endswith(".static")]
    pages = {str(route["rule"]) for route in shown} - set(NOT_PAGES)
    rules = Map([Rule(rule, endpoint=rule) for rule in pages]).bind("localhost")
    for path in visited:
        try:
            pages.discard(rules.match(path)[0])
        except HTTPException:
            continue
    return sorted(pages)


def main(report: str, routes: str) -> int:
    """Print what is wrong, or what was counted; 1 where something is wrong."""
    tests = read_report(Path(report))
    found = complaints(tests, json.loads(Path(routes).read_text(encoding="utf-8")))
    for complaint in found:
        print(f"report: {complaint}")
    if not found:
        ran = Counter(database for test in tests for database in test.databases)
        browser = sum(bool(test.visited) for test in tests)
        print(f"report: {len(tests)} tests, none skipped: {ran['sqlite']} on SQLite, {ran['postgresql']} on PostgreSQL")
        print(f"report: {browser} tests in a browser opened every page")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
