"""The real server for tests: `fulian serve` in a process of its own, on a free loopback port, ended by its id."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

START_SECONDS = 60
END_SECONDS = 30  # the server itself cuts off what does not end
PROGRAM = Path(sys.executable).with_name("fulian")


@dataclass(frozen=True)
class LiveServer:
    """A running server. `log` is the file of what it printed, `environment` what it was started with."""

    url: str
    log: Path
    environment: Mapping[str, str]


@dataclass(frozen=True)
class DemoServer(LiveServer):
    """A server on the demo data. `accounts` as `fulian demo --json` prints them."""

    accounts: tuple[Mapping[str, Any], ...] = ()

    def account(self, role: str, **wanted: str) -> Mapping[str, Any]:
        """The first demo account with this role (and these values). Raises `StopIteration` where there is none."""
        return next(found for found in self.accounts if found["role"] == role and wanted.items() <= found.items())


def run_program(*arguments: str, environment: Mapping[str, str]) -> str:
    """Run a `fulian` command to its end; returns what it printed. Fails the test where it ends badly."""
    done = subprocess.run([PROGRAM, *arguments], env={**os.environ, **environment}, capture_output=True, text=True)
    if done.returncode != 0:
        raise AssertionError(f"fulian {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def serving(environment: Mapping[str, str], folder: Path) -> Iterator[LiveServer]:
    """Start `fulian serve` with the settings `environment` (FULIAN_…), wait until it answers, end it afterwards."""
    log = folder / "server.log"
    process, url = start_server(environment, log)
    try:
        yield LiveServer(url, log, environment)
    finally:
        _end(process)


def start_server(environment: Mapping[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    """Start a server in a process group of its own and wait until it answers; whoever calls ends it. Its address."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--port", str(port)],
            env={**os.environ, "FULIAN_PUBLIC_URL": url, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_until_it_answers(process, port, log)
    except BaseException:
        _end(process)
        raise
    return process, url


def make_demo(instance: Path) -> None:
    """Make an instance folder with keys, an embedded database and the demo data; its accounts go to accounts.json."""
    printed = run_program("demo", "--json", environment={"FULIAN_INSTANCE": str(instance)})
    (instance / "accounts.json").write_text(printed, encoding="utf-8")


@contextmanager
def serving_demo(made: Path, folder: Path) -> Iterator[DemoServer]:
    """Serve a copy, in `folder`, of the instance folder that `make_demo` made."""
    instance = folder / "instance"
    shutil.copytree(made, instance)
    accounts = json.loads((instance / "accounts.json").read_text(encoding="utf-8"))["accounts"]
    with serving({"FULIAN_INSTANCE": str(instance)}, folder) as server:
        yield DemoServer(server.url, server.log, server.environment, tuple(accounts))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_it_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    late = time.monotonic() + START_SECONDS
    while time.monotonic() < late and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise AssertionError(f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
