"""The real server: it starts on a database that was brought up, answers, and ends cleanly at Ctrl-C."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import nullcontext
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from fulian.testing.databases import Kind, postgres_server
from fulian.testing.plugin import Content
from fulian.testing.run import Run
from fulian.testing.server import PROGRAM, LiveServer, start_server
from fulian.testing.world import WORLD


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


def test_it_answers(live_server: LiveServer) -> None:
    address = urlsplit(live_server.url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=10)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    assert answer.status == 200
    assert "聊城市妇联" in answer.read().decode()
    connection.close()


def test_ctrl_c_ends_it(app_config: Mapping[str, Any], fulian_run: Run, database_kind: Kind, tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to every process of the group: the server must end once, whole, and without complaint."""
    settings = {name: str(value) for name, value in app_config.items() if name.startswith("FULIAN_")}
    log = tmp_path / "server.log"
    with postgres_server(fulian_run).durable() if database_kind == "postgresql" else nullcontext():
        process, _url = start_server(settings, log)

        os.killpg(process.pid, signal.SIGINT)

        assert process.wait(10) == 0
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert {(line["logger"], line["endpoint"], line["level"]) for line in said} == {
        ("fulian.request", "health.healthz", "info")
    }


def test_it_does_not_start_on_a_database_that_was_not_brought_up(tmp_path: Path, fulian_keys: Path) -> None:
    settings = {"FULIAN_INSTANCE": str(tmp_path / "instance"), "FULIAN_KEYS": str(fulian_keys)}
    done = subprocess.run(
        [PROGRAM, "serve"], env={**os.environ, **settings}, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr == "数据库的版本与程序不符，请先运行 fulian db upgrade。\n"
