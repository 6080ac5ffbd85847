"""The runner of broken twins: it tells a caught twin from a missed one, and the list is up to date."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

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


def named(twins: ModuleType, name: str, file: str = "sums.py", tests: str = "test_sums.py") -> Any:
    return twins.Twin(name, file, tests, "    return a + b\n", "    return a - b\n")


def test_when_the_time_is_over_no_further_one_is_begun(twins: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    known = [named(twins, f"minus {n}") for n in range(4)]
    monkeypatch.setattr(twins, "try_twin", lambda twin, _source: (True, twin.name))
    assert [twin for twin, _caught, _line in twins.try_twins(known, jobs=2)] == known
    clock = iter(range(100))  # read once at the beginning, and once before each twin
    monkeypatch.setattr(twins.time, "monotonic", lambda: float(next(clock)))
    assert [twin for twin, _caught, _line in twins.try_twins(known, jobs=1, seconds=2)] == known[:2]


def test_what_is_left_is_named_and_no_failure(
    twins: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["twins.py", "--minutes", "-1"])
    assert twins.main() == 0
    told = capsys.readouterr().out.splitlines()
    n = len(twins.read_twins((ROOT / twins.LIST).read_text(encoding="utf-8")))
    assert told[0] == f"{n} of {n} twins"
    assert len([line for line in told if line.startswith("LEFT ") and "make soak" in line]) == n


def test_what_changed_itself_goes_first(twins: ModuleType) -> None:
    by_tests = [named(twins, f"tests {n}", "other.py") for n in range(20)]
    by_file = named(twins, "file")
    drawn = twins.most_wanted_first([*by_tests, by_file], {"sums.py", "test_sums.py"})
    assert drawn[0] == by_file
    assert set(drawn[1:]) == set(by_tests)
    assert drawn == twins.most_wanted_first([*by_tests, by_file], {"test_sums.py", "sums.py"})
    assert drawn[1:] != twins.most_wanted_first([*by_tests, by_file], {"sums.py", "test_sums.py", "x"})[1:]


def test_tests_that_hang_catch_nothing(twins: ModuleType, small_tree: Path) -> None:
    (small_tree / "test_sums.py").write_text("import time\n\n\ndef test_long():\n    time.sleep(60)\n")
    code, printed = twins.run_tests(small_tree, ["test_sums.py"], seconds=1.5)
    assert code is None
    assert "not done within" in printed
