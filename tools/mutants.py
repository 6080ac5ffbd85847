"""Mutants: sixty small faults, drawn by a fixed seed from services, queries and scopes; the tests must notice 90 %.

    python tools/mutants.py [--n 60] [--seed N] [--jobs 2] [--list] [WORD ...]

At most one in each function, made from the syntax tree: a filter clause left off, a condition turned round, `<` for
`<=`, a `raise` or another statement forgotten, an early return, a part of and/or left off, a number one more. Which
ones are drawn depends on the function and the fault alone, so an edit elsewhere changes nothing. With WORDs only files
whose path has one of them. Each runs in a copy of the tree on SQLite, without a browser: first the tests of its room,
then of cases and plugins, then access and harness. The unchanged source must pass the same tests first. What survives
is listed, and the end is 1 where it is more than a tenth. On two idle cores it takes about half an hour.

Why none of the kept tools: they draw no seeded sample, know no filter clause, and change the source in place
(cosmic-ray) or run every test before the first mutant (mutmut); one room's tests take seconds.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from twins import ROOT, copy_tree, run_tests

SEED = 20261124
GOAL = 0.9
SUBJECTS = {"service", "queries", "scope"}  # the name of the file, or of the folder it lies in
ABOVE = ("tests/cases", "plugins")  # the tests of the rooms that stand on most others
EVERYBODYS = ("tests/access", "tests/harness")  # and those that call every route
FAILED, NOT_COLLECTED = 1, 2  # pytest's exit codes for a test that fails, and for a module that does not even load

SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """One fault: `text` stands instead of the bytes from `start` to `end` of `file`."""

    file: str
    line: int
    function: str
    what: str
    start: int
    end: int
    old: str
    text: str

    def __str__(self) -> str:
        old = " ".join(self.old.split())
        return f"{self.file}:{self.line} {self.what}: {old[:90]} → {self.text[:90]}"

    def rank(self, seed: int) -> str:
        """Its place in the draw."""
        return hashlib.sha256(f"{seed} {self.file} {self.function} {self.what} {self.old}".encode()).hexdigest()


# --- faults -------------------------------------------------------------------------------------------------------

Fault = tuple[str, ast.AST, str]  # what it is called, the node that is replaced, by what


def faults(node: ast.AST) -> Iterator[Fault]:
    """The faults that can be made at one node of a function."""
    match node:
        case ast.Compare(left=left, ops=[op], comparators=right):
            yield "turned", node, f"({ast.unparse(ast.Compare(left, [SWAPPED[type(op)]()], right))})"
        case ast.BoolOp(op=op, values=values):
            for n in range(len(values)):
                rest = [value for at, value in enumerate(values) if at != n]
                yield f"part {n + 1} left off", node, f"({ast.unparse(ast.BoolOp(op, rest))})"
        case ast.Call(func=ast.Attribute(value=query, attr="where" | "having"), args=args):
            yield from _shorter(node, args, ast.unparse(query))
        case ast.Call(func=ast.Name(id="and_" | "or_"), args=[_, _, *_] as args):
            yield from _shorter(node, args, "")
        case ast.If(test=test) | ast.IfExp(test=test):
            yield "turned", test, f"(not ({ast.unparse(test)}))"
        case ast.comprehension(ifs=[first, *_]):
            yield "filter left off", first, "True"
        case ast.Raise():
            yield "forgotten", node, "pass"
        case ast.Expr(value=ast.Call()):
            yield "forgotten", node, "pass"
        case ast.Constant(value=bool() as value):
            yield "turned", node, str(not value)
        case ast.Constant(value=int() as value):
            yield "one more", node, str(value + 1)
        case ast.FunctionDef(body=[_, *later]) if not _returns_something(node):
            yield from (("early return", statement, "return") for statement in later[:-1])


def _shorter(call: ast.Call, args: Sequence[ast.expr], without: str) -> Iterator[Fault]:
    for n in range(len(args)):
        rest = [arg for at, arg in enumerate(args) if at != n]
        text = ast.unparse(ast.Call(call.func, rest, call.keywords)) if rest else without
        yield f"clause {n + 1} left off", call, text


def _returns_something(function: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Return | ast.Yield) and node.value is not None for node in ast.walk(function))


def _inside(node: ast.AST) -> Iterator[ast.AST]:
    """A node and what it holds, but for annotations, marks, defaults, texts, and locks, which SQLite does not know."""
    lock = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "with_for_update"
    if lock or isinstance(node, ast.JoinedStr):
        return
    yield node
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "decorator_list", "args"} and not isinstance(node, ast.Call):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _inside(child)


def mutants_of(file: str, source: bytes) -> Iterator[Mutant]:
    """Every fault that can be made in a file, function by function, statements at import among them."""
    lines = [0]
    for line in source.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    for name, node in _functions(ast.parse(source)):
        for inner in _inside(node):
            for what, at, text in faults(inner):
                start = lines[at.lineno - 1] + at.col_offset
                end = lines[at.end_lineno - 1] + at.end_col_offset
                yield Mutant(file, at.lineno, name, what, start, end, source[start:end].decode(), text)


def _functions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    """Functions, methods, and statements that are prepared at import, by name."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{part.name}", part) for part in node.body if isinstance(part, ast.FunctionDef))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            yield ast.unparse(node.targets[0]), node


def changed(source: bytes, mutant: Mutant) -> bytes:
    """The file with the fault."""
    return source[: mutant.start] + mutant.text.encode() + source[mutant.end :]


def draw(mutants: Sequence[Mutant], n: int, seed: int) -> list[Mutant]:
    """`n` of them, at most one in each function."""
    first: dict[tuple[str, str], Mutant] = {}
    for mutant in sorted(mutants, key=lambda mutant: mutant.rank(seed)):
        first.setdefault((mutant.file, mutant.function), mutant)
    return list(first.values())[:n]


def subjects(tree: Path, words: Sequence[str]) -> list[str]:
    """The files in which faults are made."""
    folders = [tree / "fulian", *tree.glob("plugins/*/fulian_*")]
    paths = (path for folder in folders for path in sorted(folder.rglob("*.py")))
    found = [str(path.relative_to(tree)) for path in paths if {path.stem, path.parent.name} & SUBJECTS]
    return [file for file in found if not words or any(word in file for word in words)]


# --- running them -------------------------------------------------------------------------------------------------


def tests_for(file: str) -> list[tuple[str, ...]]:
    """The tests that must notice a fault in this file: those of its room, of rooms above it, then everybody's."""
    parts = Path(file).parts
    room = f"plugins/{parts[1]}/tests" if parts[0] == "plugins" else f"tests/{parts[1]}"
    return [(room,), tuple(tests for tests in ABOVE if tests != room), EVERYBODYS]


class Unsound(Exception):
    """Nothing can be said of a mutant: the tests do not even pass on the source as it is."""


class Trees:
    """Copies of the source, one for each that runs at a time."""

    def __init__(self, folder: Path, n: int, source: Path) -> None:
        self._free: queue.Queue[Path] = queue.Queue()
        for at in range(n):
            copy_tree(folder / str(at), source)
            self._free.put(folder / str(at))

    @contextmanager
    def one(self) -> Iterator[Path]:
        """A copy that nobody else uses meanwhile."""
        tree = self._free.get()
        try:
            yield tree
        finally:
            self._free.put(tree)


def run(tree: Path, tests: Sequence[str], seconds: float | None = None) -> int | None:
    """Pytest's exit code, as `run_tests` gives it."""
    return run_tests(tree, ["-m", "not soak and not browser", *tests], seconds)[0]


class Trial:
    """Runs mutants, `jobs` at a time, and every set of tests once on the unchanged source."""

    def __init__(self, source: Path, folder: Path, jobs: int) -> None:
        self._trees, self._jobs, self._lock = Trees(folder, jobs, source), jobs, threading.Lock()
        self._limits: dict[tuple[str, ...], Future[float]] = {}

    def caught_by(self, mutants: Sequence[Mutant]) -> Iterator[tuple[str, ...]]:
        """The tests that noticed each mutant, in order; empty for one that survives. Raises `Unsound`."""
        with ThreadPoolExecutor(self._jobs) as pool:
            try:
                yield from pool.map(self._catch, mutants)
            except Unsound:
                pool.shutdown(cancel_futures=True)
                raise

    def _catch(self, mutant: Mutant) -> tuple[str, ...]:
        for tests in tests_for(mutant.file):
            limit = self._limit(tests)
            with self._trees.one() as tree, put_into(tree, mutant):
                code = run(tree, tests, limit)
            if code in (FAILED, NOT_COLLECTED, None):  # None: it hangs, where the source does not
                return tests
            if code:
                raise Unsound(f"pytest ended with {code} on {mutant}")
        return ()

    def _limit(self, tests: tuple[str, ...]) -> float:
        """How many seconds these tests may take. Raises Unsound where they fail without a fault."""
        with self._lock:
            mine = tests not in self._limits
            limit = self._limits.setdefault(tests, Future())
        if mine:
            try:
                limit.set_result(3 * self._try_source(tests) + 60)
            except Unsound as unsound:
                limit.set_exception(unsound)
        return limit.result()

    def _try_source(self, tests: tuple[str, ...]) -> float:
        begun = time.monotonic()
        with self._trees.one() as tree:
            code = run(tree, tests)
        if code:
            raise Unsound(f"fails already without a fault: {' '.join(tests)}")
        return time.monotonic() - begun


@contextmanager
def put_into(tree: Path, mutant: Mutant) -> Iterator[None]:
    """Have the fault in a copy of the source, for a while."""
    path = tree / mutant.file
    source = path.read_bytes()
    path.write_bytes(changed(source, mutant))
    try:
        yield
    finally:
        path.write_bytes(source)


def main() -> int:
    """Run the mutants that are drawn; 1 where more than a tenth survive."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument("--n", type=int, default=60)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true", help="say which are drawn, and run nothing")
    given = parser.parse_args()
    possible = [m for file in subjects(ROOT, given.words) for m in mutants_of(file, (ROOT / file).read_bytes())]
    drawn = draw(possible, given.n, given.seed)
    print(f"{len(drawn)} of {len(possible)} mutants, seed {given.seed}", flush=True)
    if given.list:
        print(*drawn, sep="\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="fulian-mutants-") as folder:
        trial = Trial(ROOT, Path(folder), given.jobs)
        try:
            return report(drawn, trial.caught_by(drawn))
        except Unsound as unsound:
            print(unsound)
            return 1


def report(drawn: Sequence[Mutant], caught_by: Iterator[tuple[str, ...]]) -> int:
    """Print each, then the rate and the survivors; 1 where they are too many."""
    survivors = []
    for mutant, tests in zip(drawn, caught_by, strict=True):
        print(f"{'caught  ' if tests else 'SURVIVED'} {mutant} ({' '.join(tests)})", flush=True)
        if not tests:
            survivors.append(mutant)
    n = len(drawn) - len(survivors)
    print(f"{n} of {len(drawn)} caught ({n / max(len(drawn), 1):.0%}, at least {GOAL:.0%}); survivors:")
    print(*survivors or ["none"], sep="\n")
    return int(n < GOAL * len(drawn))


if __name__ == "__main__":
    sys.exit(main())
