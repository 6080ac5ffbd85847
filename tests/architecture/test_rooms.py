"""What may import what. The contracts stand in `.importlinter`; here they hold, and each is seen to catch a breach."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {"fulian": ROOT / "fulian", "fulian_mediation": ROOT / "plugins/mediation/fulian_mediation"}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the contracts on the packages in `folder`."""
    program = Path(sys.executable).parent / "lint-imports"
    return subprocess.run(
        [program, "--no-cache", "--config", ROOT / ".importlinter"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The two packages, source files only, free to be broken."""

    def only_python(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()]

    for name, source in PACKAGES.items():
        shutil.copytree(source, tmp_path / name, ignore=only_python)
    return tmp_path


def test_every_contract_is_kept(copy: Path) -> None:
    result = lint_imports(copy)
    assert result.returncode == 0, result.stdout
    assert "0 broken" in result.stdout


# module, the line a tired colleague might add, the contract that must catch it
BREACHES = [
    ("fulian/orgs/queries.py", "from fulian.cases.models import Case", "Rooms import only downwards"),
    ("fulian/web/paging.py", "from fulian.accounts.models import Account", "Rooms import only downwards"),
    ("fulian/cases/scope.py", "from fulian.accounts import views", "Only the application imports views"),
    ("fulian/jobs/models.py", "from fulian.audit import cli", "Only the command line imports commands"),
    ("fulian/programmes/loader.py", "import fulian_mediation", "The core never imports a plugin"),
    ("fulian_mediation/queries.py", "from fulian.cases.models import Case", "A plugin imports only fulian.api"),
]


@pytest.mark.parametrize(("module", "line", "contract"), BREACHES, ids=[breach[2] for breach in BREACHES])
def test_a_breach_is_caught(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / module
    path.write_text(f"{path.read_text()}\n{line}\n")

    result = lint_imports(copy)

    assert result.returncode == 1
    broken = [row for row in result.stdout.splitlines() if " BROKEN" in row]
    assert [row for row in broken if row.startswith(contract)], result.stdout
