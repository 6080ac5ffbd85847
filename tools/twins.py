"""Broken twins: put one bad line into a copy of the source, as a tired colleague might; the named tests must fail.

    python tools/twins.py [--changed COMMIT] [--minutes N] [--jobs 2] [WORD ...]

The twins stand in tests/twins.md: a heading, `file:` and `caught by:` lines, and a diff block of whole lines. Each runs
in a copy of the tree, on SQLite only. With --changed only those whose file or tests changed since COMMIT are run,
with WORDs only those whose heading has one of them. After --minutes no further one is begun, and those that are left
are named: what changed itself goes first, the rest in an order drawn from what changed, so that no twin is always
last. Ends with 1 where a twin was not caught or cannot be made.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = "tests/twins.md"
SECTION = re.compile(
    r"^### (?P<name>.+)\n+file: `(?P<file>.+)`\n+caught by: `(?P<tests>.+)`\n+```diff\n(?P<diff>(?:[-+ ].*\n)+)```$",
    re.MULTILINE,
)
TESTS_FAILED = 1  # pytest's exit code; any other means that the twin itself does not run
LONGEST_SECONDS = 300


class Unmakeable(Exception):
    """The lines a twin changes are not (or not once) in its file: the list is out of date."""


@dataclass(frozen=True)
class Twin:
    """One twin: `before` becomes `after` in `file`, and `tests` (arguments of pytest) must notice."""

    name: str
    file: str
    tests: str
    before: str
    after: str

    def put_into(self, tree: Path) -> None:
        """Change the file in the copy `tree`. Raises `Unmakeable`."""
        path = tree / self.file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        if text.count(self.before) != 1:
            raise Unmakeable(f"{self.name}: its lines are {text.count(self.before)} times in {self.file}")
        path.write_text(text.replace(self.before, self.after), encoding="utf-8")


def read_twins(text: str) -> list[Twin]:
    """The twins of a list. Raises `Unmakeable` for a heading without its three parts."""
    twins = [
        Twin(found["name"], found["file"], found["tests"], *_sides(found["diff"])) for found in SECTION.finditer(text)
    ]
    unread = set(re.findall(r"^### (.+)$", text, re.MULTILINE)) - {twin.name for twin in twins}
    if unread:
        raise Unmakeable(f"not understood: {', '.join(sorted(unread))}")
    return twins


def _sides(diff: str) -> tuple[str, str]:
    lines = diff.splitlines()
    before = "".join(f"{line[1:]}\n" for line in lines if line[0] in "- ")
    after = "".join(f"{line[1:]}\n" for line in lines if line[0] in "+ ")
    return before, after


def copy_tree(tree: Path, source: Path = ROOT) -> None:
    """Copy what git knows of (and does not ignore) to `tree`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=source,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (source / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, tree / name)


def run_tests(tree: Path, arguments: Sequence[str], seconds: float | None = LONGEST_SECONDS) -> tuple[int | None, str]:
    """Run tests of the copy `tree` on SQLite, to the first that fails.

    Returns pytest's exit code (None: not done within `seconds`, where there is such a limit) and what it printed.
    """
    plugins = [str(path) for path in tree.glob("plugins/*")]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "-k", "not postgresql", *arguments],
            cwd=tree,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tree), *plugins]), "FULIAN_TEST_NO_SKIP": "1"},
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return None, f"not done within {seconds} s\n"
    return done.returncode, done.stdout + done.stderr


def try_twin(twin: Twin, source: Path = ROOT) -> tuple[bool, str]:
    """Whether the twin was caught, and one line that says so; what pytest printed follows where it was not."""
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fulian-twin-") as folder:
        tree = Path(folder)
        copy_tree(tree, source)
        try:
            twin.put_into(tree)
        except Unmakeable as error:
            return False, f"UNMADE  {error}"
        code, printed = run_tests(tree, twin.tests.split())
    caught = code == TESTS_FAILED
    line = f"{'caught' if caught else 'MISSED':<8}{twin.name} ({time.monotonic() - begun:.0f} s)"
    return caught, line if caught else f"{line}\n{printed}"


def try_twins(
    twins: Sequence[Twin], jobs: int, seconds: float | None = None, source: Path = ROOT
) -> Iterator[tuple[Twin, bool, str]]:
    """Each twin with what `try_twin` says of it, in order; those not begun within `seconds` are left out."""
    begun = time.monotonic()

    def try_in_time(twin: Twin) -> tuple[bool, str] | None:
        late = seconds is not None and time.monotonic() - begun > seconds
        return None if late else try_twin(twin, source)

    with ThreadPoolExecutor(jobs) as pool:
        for twin, result in zip(twins, pool.map(try_in_time, twins), strict=True):
            if result is not None:
                yield twin, *result


def changed_files(commit: str) -> set[str] | None:
    """What differs from `commit`; None where git does not know it (a shallow clone): then everything counts."""
    done = subprocess.run(["git", "diff", "--name-only", commit], cwd=ROOT, capture_output=True, text=True)
    return set(done.stdout.splitlines()) if done.returncode == 0 else None


def wanted(twin: Twin, changed: set[str] | None, words: list[str]) -> bool:
    """Whether this twin is to be run."""
    touched = {twin.file, *(part.split("::")[0] for part in twin.tests.split())}
    return (changed is None or bool(touched & changed)) and (not words or any(word in twin.name for word in words))


def most_wanted_first(twins: Sequence[Twin], changed: set[str] | None) -> list[Twin]:
    """Those whose own file changed, then those whose tests did; among them by chance, alike for the same change."""
    drawn = list(twins)
    random.Random(" ".join(sorted(changed or ()))).shuffle(drawn)  # noqa: S311 - an order, no secret
    return sorted(drawn, key=lambda twin: twin.file not in (changed or ()))


def main() -> int:
    """Run the twins that were asked for; 1 where one was not caught."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--changed", metavar="COMMIT")
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--jobs", type=int, default=2)
    given = parser.parse_args()
    changed = changed_files(given.changed) if given.changed else None
    all_twins = read_twins((ROOT / LIST).read_text(encoding="utf-8"))
    twins = [twin for twin in all_twins if wanted(twin, changed, given.words)]
    if given.minutes is not None:
        twins = most_wanted_first(twins, changed)
    print(f"{len(twins)} of {len(all_twins)} twins", flush=True)
    missed, left = 0, list(twins)
    for twin, caught, line in try_twins(twins, given.jobs, None if given.minutes is None else given.minutes * 60):
        print(line, flush=True)
        missed += not caught
        left.remove(twin)
    for twin in left:
        print(f"LEFT    {twin.name}: the {given.minutes:g} minutes are over; `make soak` runs it")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
