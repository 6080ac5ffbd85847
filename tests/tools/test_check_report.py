"""The report's reader: it passes a whole run, and refuses one where something was left out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools/check_report.py"

CASE = '<testcase classname="tests.a" name="{}"><properties><property name="{}" value="{}"/></properties></testcase>'
ON_SQLITE = CASE.format("test_a[sqlite]", "database", "sqlite")
ON_POSTGRESQL = CASE.format("test_a[postgresql]", "database", "postgresql")
IN_BROWSER = CASE.format("test_b", "visited", "/cases/ /cases/12")
ROUTES = [
    {"rule": "/cases/", "methods": ["GET"], "endpoint": "cases.show_list"},
    {"rule": "/cases/<int:case_id>", "methods": ["GET"], "endpoint": "cases.show"},
    {"rule": "/cases/<int:case_id>/close", "methods": ["POST"], "endpoint": "cases.close"},
    {"rule": "/mediation/static/<path:filename>", "methods": ["GET"], "endpoint": "programme.mediation.static"},
    {"rule": "/healthz", "methods": ["GET"], "endpoint": "health.healthz"},
]


def check(folder: Path, *cases: str, routes: list[dict[str, object]] = ROUTES) -> subprocess.CompletedProcess[str]:
    (folder / "report.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")
    (folder / "routes.json").write_text(json.dumps(routes))
    command = [sys.executable, TOOL, folder / "report.xml", folder / "routes.json"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_a_whole_run_passes(tmp_path: Path) -> None:
    result = check(tmp_path, ON_SQLITE, ON_POSTGRESQL, IN_BROWSER)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 tests, none skipped: 1 on SQLite, 1 on PostgreSQL" in result.stdout


SKIPPED = ON_POSTGRESQL.replace("</testcase>", '<skipped message="not run: no PostgreSQL"/></testcase>')
FAILED = ON_POSTGRESQL.replace("</testcase>", "<failure/></testcase>")
BROKEN_RUNS = {
    "nothing ran": ([], "no test was run"),
    "PostgreSQL left out": ([ON_SQLITE, IN_BROWSER], "1 tests passed on SQLite, but 0 on PostgreSQL"),
    "one fewer on PostgreSQL": ([ON_SQLITE, ON_SQLITE, ON_POSTGRESQL, IN_BROWSER], "2 tests passed on SQLite, but 1"),
    "no database at all": ([IN_BROWSER], "0 tests passed on SQLite"),
    "a skip": ([ON_SQLITE, ON_POSTGRESQL, SKIPPED, IN_BROWSER], "skipped: tests.a::test_a[postgresql]"),
    "a failure": ([ON_SQLITE, ON_POSTGRESQL, FAILED, IN_BROWSER], "failed: tests.a::test_a[postgresql]"),
    "a page nobody opened": (
        [ON_SQLITE, ON_POSTGRESQL, IN_BROWSER.replace(" /cases/12", "")],
        "no browser test opened /cases/<int:case_id>",
    ),
    "opened by a failed test": (
        [ON_SQLITE, ON_POSTGRESQL, IN_BROWSER.replace("</testcase>", "<error/></testcase>")],
        "no browser test opened /cases/",
    ),
}


@pytest.mark.parametrize(("cases", "complaint"), BROKEN_RUNS.values(), ids=BROKEN_RUNS)
def test_a_run_with_a_hole_is_refused(tmp_path: Path, cases: list[str], complaint: str) -> None:
    result = check(tmp_path, *cases)
    assert result.returncode == 1
    assert complaint in result.stdout, result.stdout + result.stderr
