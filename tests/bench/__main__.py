"""`make bench`: the goals of performance as one table, judged by ratios inside this run.

`--twin NAME` breaks the product on purpose for one run: a benchmark that notices nothing is none.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from fulian.testing.run import begin_run, remove_run
from tests.bench import pages, writes
from tests.bench.data import read_tree
from tests.bench.databases import Prepared, postgres_beside, prepare_sqlite
from tests.bench.measure import Result, table_of
from tests.bench.reads import Reads
from tests.bench.twins import TWINS, broken

SCALES = {"10k": 10_000, "100k": 100_000, "1m": 1_000_000}


def measured(prepared: Prepared) -> Iterator[Result]:
    """Every line of one database."""
    tree = read_tree()
    with prepared.application() as app:
        yield from pages.results(app, prepared.kind, tree)
        with app.app_context():
            yield from Reads(prepared.kind, tree).results()
    yield from writes.results(prepared)


def run(folder: Path, cases: int, twin: str | None) -> list[Result]:
    """Prepare both databases in `folder` and measure them."""
    started = time.monotonic()

    def say(text: str) -> None:
        sys.stderr.write(f"{time.monotonic() - started:5.0f} s  {text}\n")

    say(f"writing {cases:,} cases into SQLite")
    sqlite = prepare_sqlite(folder, cases)
    say("copying them to PostgreSQL")
    with postgres_beside(folder) as postgres:
        found: list[Result] = []
        for prepared in filter(None, (sqlite, postgres)):
            say(f"measuring {prepared.kind}")
            with broken(twin, prepared):
                found += measured(prepared)
        if postgres is None:
            say("PostgreSQL is not installed (no initdb): its half was not measured")
    say("done")
    return found


def main() -> int:
    """Print the table; 1 where a goal was missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--scale", choices=SCALES, default="10k")
    parser.add_argument("--twin", choices=sorted(TWINS), help="break the product in this way first")
    given = parser.parse_args()
    place, alive = begin_run()
    try:
        found = run(place.folder, SCALES[given.scale], given.twin)
    finally:
        remove_run(place)
        alive.close()
    missed = [result for result in found if result.verdict == "missed"]
    sys.stdout.write(f"{table_of(found)}\n\n{len(missed)} of {len(found)} missed\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
