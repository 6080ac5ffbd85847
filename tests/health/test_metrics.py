"""`/metrics` is there for who shows the token, tells how the server is doing, and nothing about anybody."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from fulian.app import create_app
from fulian.config import read_settings
from fulian.db import db, transact
from fulian.errors import StartRefused
from fulian.health.metrics import shared_folder
from fulian.jobs.models import Job
from fulian.testing.world import NOW

TOKEN = "a-token-of-this-test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def watched(app_config: dict[str, Any]) -> Iterator[Flask]:
    app = create_app({**app_config, "FULIAN_METRICS_TOKEN": TOKEN})
    yield app
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


def read(client: FlaskClient) -> str:
    reply = client.get("/metrics", headers=BEARER)
    assert reply.status_code == 200
    assert reply.content_type.startswith("text/plain")
    return reply.get_data(as_text=True)


def value(text: str, line: str) -> float:
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer a-token-of-this-tes"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": "Bearer 令牌".encode().decode("latin-1")},
    ],
)
def test_without_the_token_there_is_no_page(watched: Flask, headers: dict[str, str]) -> None:
    reply = watched.test_client().get("/metrics", headers=headers)
    nothing = watched.test_client().get("/no-such-page")
    assert (reply.status_code, nothing.status_code) == (404, 404)
    assert b"fulian_requests" not in reply.data
    assert watched.test_client().get(f"/metrics?token={TOKEN}").status_code == 404


def test_where_no_token_is_set_there_is_none_to_guess(client: FlaskClient) -> None:
    for header in ("Bearer ", "Bearer None", f"Bearer {TOKEN}"):
        assert client.get("/metrics", headers={"Authorization": header}).status_code == 404


def test_requests_are_counted_by_view(watched: Flask) -> None:
    client = watched.test_client()
    log_in = 'fulian_requests_total{endpoint="accounts.log_in",method="GET",status="200"}'
    nowhere = 'fulian_requests_total{endpoint="none",method="other",status="404"}'
    seconds = 'fulian_request_seconds_count{endpoint="accounts.log_in"}'
    before = read(client)
    client.get("/login")
    client.get("/login?next=/people/37150219900101")
    client.open("/canary-张三", method="赵春梅".encode().decode("latin-1"))
    after = read(client)
    assert value(after, log_in) == value(before, log_in) + 2
    assert value(after, nowhere) == value(before, nowhere) + 1
    assert value(after, seconds) == value(before, seconds) + 2
    assert "canary" not in after
    assert "37150219900101" not in after


def test_the_queue_is_told(watched: Flask) -> None:
    row = {"kind": "x", "payload": "{}", "asked_at": NOW, "due_at": NOW, "attempts": 0, "progress": 0, "total": 0}
    with watched.app_context():
        rows = [row | {"state": state} for state in ("waiting", "waiting", "failed")]
        transact(lambda: db.session.execute(insert(Job), rows))
        db.session.remove()
    text = read(watched.test_client())
    assert [value(text, f'fulian_jobs{{state="{s}"}}') for s in ("waiting", "running", "failed")] == [2, 0, 1]
    assert value(text, "fulian_database_up") == 1
    assert "fulian_jobs_late_seconds" in text


def test_a_database_out_of_reach_is_told(watched: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched.app_context():
        db.engine.dispose()
    gone = create_app(
        {
            **{name: watched.config[name] for name in ("FULIAN_DATABASE_URL",)},
            "FULIAN_DATABASE_URL": "postgresql+psycopg://nobody@localhost:1/nothing",
            "FULIAN_INSTANCE": watched.instance_path,
            "FULIAN_KEYS": str(watched.config["FULIAN"].keys),
            "FULIAN_METRICS_TOKEN": TOKEN,
        }
    )
    text = read(gone.test_client())
    assert value(text, "fulian_database_up") == 0
    assert "fulian_jobs" not in text


def test_processes_of_one_server_add_up(watched: Flask, tmp_path: Path) -> None:
    """Two processes that count into the shared folder, and a third that is asked."""
    instance = tmp_path / "several"
    instance.mkdir()
    (instance / "metrics").mkdir()
    (instance / "metrics" / "counter_1.db").write_bytes(b"of an earlier server")
    folder = shared_folder(instance)
    assert (list(folder.iterdir()), folder.stat().st_mode & 0o777) == ([], 0o700)
    counting = 'from fulian.health.metrics import REQUESTS; REQUESTS.labels("x.y", "GET", "200").inc(3)'
    asking = "from fulian.health.metrics import *; from prometheus_client import *; r = CollectorRegistry();"
    asking += "MultiProcessCollector(r); print(generate_latest(r).decode())"
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(folder)}
    for _n in range(2):
        subprocess.run([sys.executable, "-c", counting], env=environment, check=True)
    said = subprocess.run([sys.executable, "-c", asking], env=environment, check=True, capture_output=True, text=True)
    assert value(said.stdout, 'fulian_requests_total{endpoint="x.y",method="GET",status="200"}') == 6


@pytest.mark.parametrize("token", ["short", "令牌" * 10, "a" * 15])
def test_a_token_that_could_be_guessed_is_refused(token: str) -> None:
    with pytest.raises(StartRefused, match="FULIAN_METRICS_TOKEN"):
        read_settings({"FULIAN_METRICS_TOKEN": token})
    assert token not in repr(read_settings({"FULIAN_METRICS_TOKEN": "b" * 16}))
    assert "b" * 16 not in repr(read_settings({"FULIAN_METRICS_TOKEN": "b" * 16}))
