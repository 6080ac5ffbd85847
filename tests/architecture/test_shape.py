"""The shape of the source: imports at the top, short files, short views, names that say what they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 450  # lines; a file is split by noun before it passes about 400
LONGEST_VIEW = 30  # lines; a view has about 25
EMPTY_NAMES = {"utils", "helpers", "manager", "common"}

# Imports inside functions, and imports by name: file → what, and why it cannot stand at the top.
LATE_IMPORTS = {
    "fulian/codes/names.py": {"pypinyin": "0.19 s and 66 MB, and most processes never read a name"},
    "fulian/programmes/loader.py": {"import_module": "a plugin is named by its entry point"},
    "fulian/testing/plugin.py": {"import_module": "pytest loads this file in every run, also where no fixture is used"},
}


def sources() -> list[Path]:
    """Every source file that is shipped: the core's, the plugins', the environment of the migrations."""
    folders = [ROOT / "fulian", *ROOT.glob("plugins/*/fulian_*")]
    found = [path for folder in folders for path in folder.rglob("*.py") if "migrations" not in path.parts]
    return [*sorted(found), ROOT / "migrations/env.py", ROOT / "wsgi.py"]


def late_imports(tree: ast.Module) -> Iterator[str]:
    """What a file imports inside a function, or by calling import_module or __import__."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield str(node.module)
            elif isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in {"import_module", "__import__"}:
                    yield name


def long_views(tree: ast.Module) -> Iterator[str]:
    """The views (functions with a route above them) longer than `LONGEST_VIEW` lines, marks and docstring apart."""
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            continue
        routed = any(
            isinstance(mark, ast.Call)
            and isinstance(mark.func, ast.Attribute)
            and mark.func.attr in {"route", "get", "post"}
            for mark in node.decorator_list
        )
        docstring = (ast.get_docstring(node, clean=False) or "").count("\n") + 1 if ast.get_docstring(node) else 0
        length = (node.end_lineno or node.lineno) - node.lineno + 1 - docstring
        if routed and length > LONGEST_VIEW:
            yield f"{node.name}: {length} lines"


def others_forms(tree: ast.Module, room: str) -> list[str]:
    """The forms of another room that a view imports; `fulian.web.forms` is everybody's."""
    imported = [str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    rooms = {module: found[1] for module in imported if (found := re.fullmatch(r"fulian\.(\w+)\.forms", module))}
    return [module for module, other in rooms.items() if other not in {room, "web"}]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sources():
        yield path, ast.parse(path.read_text())


def test_imports_stand_at_the_top() -> None:
    found = {name_of(path): set(late_imports(tree)) for path, tree in trees()}
    assert {name: late for name, late in found.items() if late} == {
        name: set(allowed) for name, allowed in LATE_IMPORTS.items()
    }


def test_files_are_short() -> None:
    lengths = {name_of(path): len(path.read_text().splitlines()) for path in sources()}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_views_are_short() -> None:
    assert {name_of(path): long for path, tree in trees() if (long := list(long_views(tree)))} == {}


def test_views_use_their_own_forms() -> None:
    views = [(path, tree) for path, tree in trees() if "views" in (path.stem, path.parent.name)]
    room = {path: path.relative_to(ROOT).parts[1] for path, _tree in views}
    assert {name_of(path): found for path, tree in views if (found := others_forms(tree, room[path]))} == {}


def test_names_say_what_they_are() -> None:
    assert [name_of(path) for path in sources() if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES] == []


# --- the checks see what they look for -----------------------------------------------------------------------------


def test_a_late_import_is_seen() -> None:
    text = "import os\ndef f():\n    import json\n    from re import match\n    return importlib.import_module('x')\n"
    assert list(late_imports(ast.parse(text))) == ["json", "re", "import_module"]


def test_a_long_view_is_seen() -> None:
    body = "    x = 1\n" * LONGEST_VIEW
    text = f"@pages.get('/')\ndef show():\n{body}\n\ndef not_a_view():\n{body}"
    assert list(long_views(ast.parse(text))) == [f"show: {LONGEST_VIEW + 1} lines"]


def test_anothers_form_is_seen() -> None:
    text = "from fulian.web.forms import BaseForm\nfrom fulian.people.forms import PersonForm\n"
    assert others_forms(ast.parse(text), "cases") == ["fulian.people.forms"]
    assert others_forms(ast.parse(text), "people") == []
