"""Log lines are JSON with what happened, and nothing that anybody typed or that is kept about anybody."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
import structlog
from flask import Flask

from fulian.health.logs import FIELDS, write_logs
from fulian.testing.server import run_program, serving
from fulian.testing.world import PASSWORD

CANARIES = ("赵金丝雀", "37159919900307002X", "13912345678", "Canary-4711-word")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Any]:
    """`lines()`: what was logged since, as JSON. The loggers are put back afterwards."""
    root, ours = logging.root, logging.getLogger("fulian")
    kept = (root.handlers[:], root.level, ours.level)
    handlers = {name: logging.getLogger(name).handlers[:] for name in root.manager.loggerDict}
    write_logs()
    root.handlers[0].setStream(_Now())  # type: ignore[attr-defined]
    yield lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    root.handlers[:], root.level, ours.level = kept
    logging.captureWarnings(False)
    for name, found in handlers.items():
        logging.getLogger(name).handlers[:] = found


class _Now:
    """Standard output as it is at the moment of writing."""

    def write(self, text: str) -> None:
        sys.stdout.write(text)

    def flush(self) -> None:
        sys.stdout.flush()


def test_a_request_is_one_line(app: Flask, lines: Any) -> None:
    client = app.test_client()
    client.get("/login?next=/people/")
    [line] = lines()
    assert (line["event"], line["endpoint"], line["method"], line["status"]) == (
        "request",
        "accounts.log_in",
        "GET",
        200,
    )
    assert line["account"] is None
    assert line["ms"] > 0
    assert len(line["request_id"]) == 16
    assert line["at"].endswith("+00:00")


def test_who_is_signed_in_is_a_number(app: Flask, lines: Any) -> None:
    client = app.test_client()
    page = client.get("/login").get_data(as_text=True)
    token = page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    client.post("/login", data={"username": "mediator", "password": PASSWORD, "csrf_token": token})
    client.get("/account")
    found = lines()
    assert [line["account"] for line in found] == [None, None, 1]
    assert "李秀英" not in json.dumps(found, ensure_ascii=False)
    assert "mediator" not in json.dumps(found)


def test_what_somebody_typed_is_in_no_line(app: Flask, lines: Any) -> None:
    client = app.test_client()
    for canary in CANARIES:
        client.get(f"/people/?q={canary}", headers={"User-Agent": canary.encode().decode("latin-1")})
        client.get(f"/{canary}")
        client.post("/login", data={"username": canary, "password": canary})
        client.open("/login", method=canary.encode().decode("latin-1"))
        logging.getLogger("a.library").error("row %s refused", canary)
        logging.getLogger("a.library").error(f"row {canary} refused")
        logging.getLogger("py.warnings").warning("%s", canary)
        try:
            raise ValueError(canary) from KeyError(canary)
        except ValueError:
            logging.getLogger("fulian.some.room").exception("panel of %s failed", "mediation")
            logging.getLogger("fulian").exception("Exception on %s [%s]", f"/{canary}", "GET")
    found = lines()
    assert len(found) == 9 * len(CANARIES)
    for canary in CANARIES:
        assert canary not in json.dumps(found, ensure_ascii=False)
    assert {name for line in found for name in line} <= FIELDS
    error = next(line for line in found if line["logger"] == "fulian.some.room")
    assert (error["event"], error["error"]) == ("panel of mediation failed", "ValueError <- KeyError")
    assert error["where"][-1].endswith("test_what_somebody_typed_is_in_no_line")
    assert {line["event"] for line in found if line["logger"] == "a.library"} == {"row %s refused", "(text left out)"}


def test_a_field_nobody_allowed_is_dropped(lines: Any) -> None:
    structlog.get_logger("fulian.request").info("request", status=200, username="赵金丝雀")
    [line] = lines()
    assert line == {key: line[key] for key in ("event", "status", "at", "level", "logger")}


def test_nothing_is_written_before_it_is_asked_for(app: Flask, capsys: pytest.CaptureFixture[str]) -> None:
    app.test_client().get("/login")
    assert capsys.readouterr().out == ""


def test_the_server_writes_lines_and_no_canary(tmp_path: Path) -> None:
    """The real server: its whole output."""
    environment = {"FULIAN_INSTANCE": str(tmp_path / "instance"), "FULIAN_METRICS_TOKEN": "a-token-of-this-test"}
    run_program("keys", "create", environment=environment)
    run_program("db", "upgrade", environment=environment)
    with serving(environment, tmp_path) as server:
        connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
        for path in ("/login?next=/Canary-4711-word", "/Canary-4711-word", "/people/?q=13912345678"):
            connection.request("GET", path, headers={"User-Agent": "Canary-4711-word"})
            connection.getresponse().read()
        connection.request("GET", "/metrics", headers={"Authorization": "Bearer a-token-of-this-test"})
        metrics = connection.getresponse().read().decode()
        connection.close()
    assert 'fulian_requests_total{endpoint="none",method="GET",status="404"} 1.0' in metrics
    text = server.log.read_text(encoding="utf-8")
    assert not [canary for canary in CANARIES if canary in text]
    requests = [json.loads(line) for line in text.splitlines() if '"fulian.request"' in line]
    assert {(line["endpoint"], line["status"]) for line in requests} >= {
        ("accounts.log_in", 200),
        ("none", 404),
        ("health.metrics", 200),
    }
