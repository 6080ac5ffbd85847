"""The shipped test fixtures: copies keep apart, dear things are made once, what is lacking is said aloud."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from fulian.testing import browser, databases
from fulian.testing.databases import Database, postgres_server
from fulian.testing.postgres import PostgresServer, find_programs
from fulian.testing.run import Run, begin_run, dead_runs, remove_run


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_has_a_database_for_itself(database: Database, turn: int) -> None:
    """Commits, and finds nothing of what the other turn committed."""
    with database.engine() as engine, engine.begin() as connection:
        assert connection.execute(text("SELECT count(*) FROM number_counter")).scalar_one() == 0
        connection.execute(text("INSERT INTO login_attempt (name_key, address, at) VALUES ('x', '::1', '2026-11-02')"))
        assert connection.execute(text("SELECT count(*) FROM login_attempt")).scalar_one() == 1


def test_foreign_keys_hold_for_the_application(database: Database) -> None:
    statement = text("INSERT INTO number_counter (series, county_id, year, last) VALUES ('x', 99, 2026, 1)")
    with database.engine() as engine, engine.connect() as connection, pytest.raises(IntegrityError):
        connection.execute(statement)


def test_once_is_once_for_all_who_ask_at_the_same_time(tmp_path: Path) -> None:
    run, made = Run(tmp_path), []
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _turn: run.once("dear", made.append), range(8)))
    assert made == [tmp_path / "dear"]


def test_what_could_not_be_made_is_tried_again(tmp_path: Path) -> None:
    run = Run(tmp_path)

    def fail(_path: Path) -> None:
        raise OSError("no room")

    with pytest.raises(OSError, match="no room"):
        run.once("dear", fail)
    made: list[Path] = []
    run.once("dear", made.append)
    assert made == [tmp_path / "dear"]


def test_a_run_that_was_killed_is_found_and_a_living_one_is_not() -> None:
    living, alive = begin_run()
    code = "from fulian.testing.run import begin_run; run, alive = begin_run(); print(run.folder, flush=True); "
    killed = subprocess.run([sys.executable, "-c", code + "import os; os._exit(9)"], capture_output=True, text=True)
    try:
        dead = {run.folder for run in dead_runs()}
        assert Path(killed.stdout.strip()) in dead
        assert living.folder not in dead
    finally:
        remove_run(Run(Path(killed.stdout.strip())))
        remove_run(living)
        alive.close()


def test_a_server_that_died_with_its_machine_is_no_trouble(tmp_path: Path) -> None:
    """Its process number may be an innocent's by now: nobody is ended by it."""
    programs = find_programs()
    if programs is None:
        databases.lacking(databases.NO_POSTGRES)
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        data = tmp_path / "postgres" / "data"
        data.mkdir(parents=True)
        (data / "postmaster.pid").write_text(f"{bystander.pid}\n{data}\n")
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / "postgres" / ".s.PGSQL.5432"))
        PostgresServer(tmp_path / "postgres", programs).stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize(("forced", "outcome"), [("0", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_a_server_that_is_not_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forced: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(databases, "find_programs", lambda: None)
    monkeypatch.setenv("FULIAN_TEST_NO_SKIP", forced)
    with pytest.raises(outcome, match="not run: no PostgreSQL server is installed"):
        postgres_server(Run(tmp_path))


@pytest.mark.parametrize(("forced", "outcome"), [("0", pytest.skip.Exception), ("1", pytest.fail.Exception)])
def test_a_browser_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, forced: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    monkeypatch.setenv("FULIAN_TEST_NO_SKIP", forced)
    with pytest.raises(outcome, match="not run: no Chromium is installed"):
        browser.find_chromium()
