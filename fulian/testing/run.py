"""The folder of one test run, shared by its pytest-xdist workers: what is dear to make is made in it once."""

from __future__ import annotations

import fcntl
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PREFIX = "fulian-test-"
# A UNIX socket's path may have 107 bytes (sun_path); "/postgres/.s.PGSQL.5432" and the folder's own name take 45.
LONGEST_BASE = 60


@dataclass(frozen=True)
class Run:
    """One test run. `folder` can be entered, but not listed, by the account that PostgreSQL runs as."""

    folder: Path

    def once(self, name: str, make: Callable[[Path], None]) -> Path:
        """The path `name` inside the folder, made by `make(path)` by whichever worker comes first; the others wait.

        Where `make` raises, the next one who asks tries again.
        """
        made = self.folder / f"{name}.made"
        with locked(self.folder / f"{name}.lock"):
            if not made.exists():
                make(self.folder / name)
                made.touch()
        return self.folder / name


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on a file (made where missing) as long as the block runs, or the process lives."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def begin_run() -> tuple[Run, IO[str]]:
    """Make the folder of a run; the open file marks the run as alive for as long as this process lives."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_base()))
    folder.chmod(0o711)
    alive = (folder / "new").open("w")
    fcntl.flock(alive, fcntl.LOCK_EX)
    (folder / "new").rename(folder / "alive")  # locked before anybody can look at it
    return Run(folder), alive


def dead_runs() -> list[Run]:
    """The folders of runs whose process was killed before it could clean up."""
    return [Run(folder) for folder in _base().glob(f"{PREFIX}*") if _is_dead(folder)]


def remove_run(run: Run) -> None:
    """Remove the folder of a run, with all that is in it."""
    shutil.rmtree(run.folder, ignore_errors=True)


def _is_dead(folder: Path) -> bool:
    try:
        with (folder / "alive").open("r+") as alive:
            fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held by a living run, being made just now, or another account's
        return False
    return True


def _base() -> Path:
    """The system's temporary folder, or /tmp where that is too long for a socket or closed to other accounts."""
    base = Path(tempfile.gettempdir()).resolve()
    open_to_all = all(folder.stat().st_mode & stat.S_IXOTH for folder in (base, *base.parents))
    return base if open_to_all and len(str(base)) <= LONGEST_BASE else Path("/tmp")  # noqa: S108 - mkdtemp makes it private
