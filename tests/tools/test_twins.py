"""The runner of broken twins: it tells a caught twin from a missed one, and the list is up to date."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]

LIST = """
### {name}
file: `sums.py`
caught by: `test_sums.py{which}`
```diff
{diff}
```
"""


@pytest.fixture(scope="module")
def twins() -> ModuleType:
    spec = importlib.util.spec_from_file_location("twins", ROOT / "tools/twins.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["twins"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """A repository of one module and its tests."""
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\n")
    (tmp_path / "sums.py").write_text("def add(a, b):\n    # the sum\n    return a + b\n")
    tests = "def test_two():\n    assert add(1, 2) == 3\n\n\ndef test_zero():\n    assert add(0, 0) == 0\n"
    (tmp_path / "test_sums.py").write_text(f"from sums import add\n\n\n{tests}")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("diff", "which", "said"),
    [
        ("-    return a + b\n+    return a - b", "", "caught"),
        ("-    # the sum\n-    return a + b\n+    return a - b", "", "caught"),
        ("-    return a + b\n+    return a - b", "::test_zero", "MISSED"),
        ("-    return a + b\n+    return a +", "", "MISSED"),  # does not even run: proves nothing
        ("-    return a * b", "", "UNMADE"),
    ],
)
def test_a_twin_is_caught_or_not(twins: ModuleType, small_tree: Path, diff: str, which: str, said: str) -> None:
    [twin] = twins.read_twins(LIST.format(name="minus", which=which, diff=diff))
    caught, line = twins.try_twin(twin, small_tree)
    assert line.startswith(said)
    assert caught is (said == "caught")


def test_a_heading_without_its_parts_is_refused(twins: ModuleType) -> None:
    with pytest.raises(twins.Unmakeable, match="not understood: half"):
        twins.read_twins("### half\nfile: `sums.py`\n")


def test_every_twin_of_the_list_can_be_made(twins: ModuleType, tmp_path: Path) -> None:
    known = twins.read_twins((ROOT / twins.LIST).read_text(encoding="utf-8"))
    assert len(known) >= 3
    for twin in known:
        (tmp_path / twin.file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / twin.file).write_bytes((ROOT / twin.file).read_bytes())
        twin.put_into(tmp_path)
        assert all((ROOT / part.split("::")[0]).exists() for part in twin.tests.split())
