"""The benchmark runs: on a tiny amount of data, on both databases, with every line of its table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from fulian.testing.databases import NO_POSTGRES, lacking
from fulian.testing.postgres import find_programs
from fulian.testing.run import begin_run, remove_run
from tests.bench import pages, reads, writes
from tests.bench.__main__ import run

TINY = 1_200  # enough for pages of fifty rows


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in which PostgreSQL may open its socket."""
    place, alive = begin_run()
    yield place.folder
    remove_run(place)
    alive.close()


def test_it_says_every_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("ROUNDS", 1), ("SECONDS", 0.2), ("WRITERS", 2)):
        monkeypatch.setattr(writes, name, value)
    monkeypatch.setattr(reads, "ROUNDS", 1)
    monkeypatch.setattr(pages, "ROUNDS", 1)
    monkeypatch.setattr(pages, "ADDRESSES", {"closed": "/cases/?status=closed"})
    found = run(folder, TINY, None)
    lines = Counter((result.database, result.goal) for result in found)
    for database in ("sqlite", "postgresql"):
        if database == "postgresql" and find_programs() is None:
            lacking(NO_POSTGRES)
        assert {goal for kind, goal in lines if kind == database} == {"G1", "G2", "G4", "G5", "G8"}
        assert lines[database, "G2"] > 40
    assert all(result.ratio > 0 for result in found)
    assert {result.verdict for result in found} <= {"met", "missed", "–"}
