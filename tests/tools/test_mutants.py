"""The maker of mutants: every kind of fault is made and runs, the draw stands still, what survives is said."""

from __future__ import annotations

import ast
import importlib
import subprocess
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def mutants(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("mutants")


def made(mutants: ModuleType, source: str) -> set[tuple[str, str]]:
    """(what, the line that became of it) of every fault in a source whose lines all differ."""
    found = set()
    for mutant in mutants.mutants_of("x.py", source.encode()):
        after = mutants.changed(source.encode(), mutant).decode()
        new = [line.strip() for line in after.splitlines() if line not in source.splitlines()]
        found.add((mutant.what, " ".join(new)))
    return found


@pytest.mark.parametrize(
    ("line", "faults"),
    [
        ("return a < b", {("turned", "return (a <= b)")}),
        ("return 王 in b", {("turned", "return (王 not in b)")}),  # places count bytes
        ("return a and b", {("part 1 left off", "return (b)"), ("part 2 left off", "return (a)")}),
        (
            "return q.where(a, b)",
            {("clause 1 left off", "return q.where(b)"), ("clause 2 left off", "return q.where(a)")},
        ),
        ("return q.where(*a).limit(b)", {("clause 1 left off", "return q.limit(b)")}),
        ("return and_(a, b)", {("clause 1 left off", "return and_(b)"), ("clause 2 left off", "return and_(a)")}),
        ("return [i for i in a if i]", {("filter left off", "return [i for i in a if True]")}),
        ("return a if b else None", {("turned", "return a if (not (b)) else None")}),
        ("raise a", {("forgotten", "pass")}),
        ("return a(7, b=True)", {("one more", "return a(8, b=True)"), ("turned", "return a(7, b=False)")}),
        ("return q.with_for_update(read=True)", set()),  # SQLite has no such lock
        ("return f'{a + 1}'", set()),
    ],
)
def test_kinds_of_faults(mutants: ModuleType, line: str, faults: set[tuple[str, str]]) -> None:
    assert made(mutants, f"def act(a, b, 王=1):\n    {line}\n") == faults


def test_statements_are_forgotten_and_returns_come_early(mutants: ModuleType) -> None:
    source = "class Room:\n    def act(self, by):\n        '''What.'''\n        a(by)\n        b(by)\n"
    assert made(mutants, source) == {("forgotten", "pass"), ("early return", "return")}
    assert len(list(mutants.mutants_of("x.py", source.encode()))) == 3


def test_what_is_prepared_at_import_may_be_wrong_too(mutants: ModuleType) -> None:
    assert made(mutants, "LONG = 5\n_find = Prepared(q.where(a))\n") == {("clause 1 left off", "_find = Prepared(q)")}


def test_the_draw_stands_still(mutants: ModuleType) -> None:
    """An edit of one function moves no mutant of another; at most one is drawn in each."""
    functions = [f"def act_{n}(a, b):\n    return a < b and b < {n}\n\n\n" for n in range(30)]
    before = mutants.draw(list(mutants.mutants_of("x.py", "".join(functions).encode())), 10, 7)
    edited = ["# a line more\n", *functions[:29], "def act_29(a):\n    return a\n"]
    after = mutants.draw(list(mutants.mutants_of("x.py", "".join(edited).encode())), 10, 7)
    assert len({mutant.function for mutant in before}) == 10
    known = [(mutant.function, mutant.what, mutant.old) for mutant in before if mutant.function != "act_29"]
    assert [(mutant.function, mutant.what, mutant.old) for mutant in after][: len(known)] == known
    assert mutants.draw(list(mutants.mutants_of("x.py", "".join(functions).encode())), 10, 8) != before


def test_the_source_has_many_and_all_of_them_are_python(mutants: ModuleType) -> None:
    files = mutants.subjects(ROOT, [])
    assert {"fulian/cases/scope.py", "fulian/people/service/edit.py", "fulian/accounts/queries.py"} <= set(files)
    assert all((ROOT / tests).is_dir() for file in files for given in mutants.tests_for(file) for tests in given)
    drawn = mutants.draw([m for f in files for m in mutants.mutants_of(f, (ROOT / f).read_bytes())], 60, mutants.SEED)
    assert len(drawn) == 60
    for mutant in drawn:
        ast.parse(mutants.changed((ROOT / mutant.file).read_bytes(), mutant))


FILE = "fulian/sums/service.py"


@pytest.fixture
def small_tree(tmp_path: Path) -> Path:
    """A repository of one room with a service and its test."""
    for folder in ("fulian/sums", "tests/sums"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / FILE).write_text("def is_less(a, b):\n    return a < b\n\n\ndef is_more(a, b):\n    return a > b\n")
    (tmp_path / "tests/sums/test_sums.py").write_text("def test_nothing():\n    pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:cacheprovider\nmarkers =\n  soak\n  browser\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def notices(*faults: str) -> Callable[..., int]:
    """Tests that fail where one of these stands in the file."""
    return lambda tree, _tests, _seconds=None: int(any(fault in (tree / FILE).read_text() for fault in faults))


@pytest.fixture
def try_all(mutants: ModuleType, small_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], int]:
    def try_them() -> int:
        drawn = mutants.draw(list(mutants.mutants_of(FILE, (small_tree / FILE).read_bytes())), 2, 1)
        trial = mutants.Trial(small_tree, tmp_path_factory.mktemp("trees"), 2)
        return int(mutants.report(drawn, trial.caught_by(drawn)))

    return try_them


def test_what_survives_is_listed(
    mutants: ModuleType, try_all: Callable[[], int], monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setattr(mutants, "run", notices("a <= b"))
    assert try_all() == 1
    told = capsys.readouterr().out
    assert f"caught   {FILE}:2 turned: a < b → (a <= b) (tests/sums)" in told
    assert f"1 of 2 caught (50%, at least 90%); survivors:\n{FILE}:6 turned: a > b → (a >= b)\n" in told
    monkeypatch.setattr(mutants, "run", notices("a <= b", "a >= b"))
    assert try_all() == 0
    assert "2 of 2 caught (100%, at least 90%); survivors:\nnone\n" in capsys.readouterr().out


def test_a_source_that_fails_already_is_said(
    mutants: ModuleType, try_all: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mutants, "run", notices("a < b"))
    with pytest.raises(mutants.Unsound, match="fails already without a fault: tests/sums"):
        try_all()


def test_tests_are_run_in_the_copy(mutants: ModuleType, small_tree: Path) -> None:
    assert mutants.run(small_tree, ["tests/sums"]) == 0
