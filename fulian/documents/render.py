"""Documents from templates and plain data, .docx and PDF, each made in a confined child process.

See docs/decisions/documents-in-a-child.md. The child gets the data on its standard input and gives the document on its
standard output: nothing of a case is written to a disk, and the child knows neither database nor keys.
"""

from __future__ import annotations

import base64
import importlib.resources
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import BoundedSemaphore

from fulian.documents.child import BROKEN_TEMPLATE, OUT_OF_MEMORY
from fulian.documents.font import FONT_FOLDER, missing_characters
from fulian.documents.plain import clean_data, clean_text, texts_of
from fulian.errors import Busy, Refused

RENDER_SECONDS = 20  # by the clock, for a machine under load; the child's own limit is processor time
TURN_SECONDS = 10  # as long as a save waits for its turn to write
CHILDREN = 2  # at once in one process of the server, each with up to `MEMORY_BYTES`
NAMED_CHARACTERS = 8  # so many missing characters are named; more would not fit one sentence

TYPST_SOURCES = (".typ", ".svg", ".png", ".jpg")

_turns = BoundedSemaphore(CHILDREN)


class BrokenTemplate(Exception):
    """A template that cannot be filled: its author's mistake, not the user's. The text is for the log."""


def template_file(package: str, name: str) -> Path:
    """The template `name` ("agreement.typ") in the folder `documents` of a feature's or plugin's package.

    Raises FileNotFoundError. `name` comes from a `Document` of the programme, never from a request.
    """
    template = _folder(package, "documents") / name
    if Path(name).name != name or not template.is_file():
        raise FileNotFoundError(f"{package} has no document template {name}")
    return template


def _folder(package: str, name: str) -> Path:
    return Path(str(importlib.resources.files(package) / name))


def render_docx(template: Path | bytes, context: Mapping[str, object]) -> bytes:
    """Fill a .docx template (Jinja2 tags as docxtpl reads them) with plain data.

    Values stand in the document as they are; each line of one is a paragraph, None prints nothing. Raises `Refused`
    where the document is too large to be made, `Busy` where too many are being made, `BrokenTemplate` for a mistake in
    the template (an unknown name among them), TypeError for what is not plain data.
    """
    source = template if isinstance(template, bytes) else template.read_bytes()
    request = {"template": base64.b64encode(source).decode("ascii"), "data": clean_data(dict(context))}
    return _ask_child("fulian.documents.docx_child", request)


def render_pdf(template: Path, data: Mapping[str, object]) -> bytes:
    """Compile a typst template (.typ) with plain data, `json(bytes(sys.inputs.data))` there, to a PDF.

    The template may import its neighbours in the same folder (`TYPST_SOURCES`) and `/fulian/paper.typ`, and reads no
    other file. The same data gives the same bytes. Raises as `render_docx` does, and `Refused` naming the characters
    of the data that the font lacks: typst would print them as empty boxes.
    """
    cleaned = clean_data(dict(data))
    _refuse_missing(texts_of(cleaned))
    with tempfile.TemporaryDirectory(prefix="fulian-document-") as folder:  # made with mode 0700
        root = Path(folder)
        _lay_out(template, root)
        request = {
            "root": str(root),
            "main": str(root / template.name),
            "fonts": str(FONT_FOLDER),
            "data": cleaned,
        }
        return _ask_child("fulian.documents.pdf_child", request)


def _refuse_missing(texts: list[str]) -> None:
    missing = missing_characters(texts)
    if not missing:
        return
    named = "、".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in missing[:NAMED_CHARACTERS])
    more = "等" if len(missing) > NAMED_CHARACTERS else ""
    which = "这个字" if len(missing) == 1 else "这些字"
    raise Refused(f"字库里没有{which}：{named}{more}。请改用同音字或手写。")


def _lay_out(template: Path, root: Path) -> None:
    """Copy the template, its neighbours and the shared paper into the folder that typst may read."""
    house = root / "fulian"
    house.mkdir()
    for folder, into in ((_folder("fulian.documents", "templates"), house), (template.parent, root)):
        for source in folder.iterdir():
            if source.suffix in TYPST_SOURCES:
                shutil.copyfile(source, into / source.name)
            if source.suffix == ".typ" and (missing := missing_characters([clean_text(source.read_text("utf-8"))])):
                raise BrokenTemplate(f"{source.name} has characters that the font lacks: {missing}")


def _ask_child(module: str, request: Mapping[str, object]) -> bytes:
    """The answer of a new child to `request`. It inherits no environment: no address, password or key of ours."""
    question = json.dumps(request, allow_nan=False).encode("ascii")
    if not _turns.acquire(timeout=TURN_SECONDS):
        raise Busy
    try:
        child = subprocess.run(  # noqa: S603 - a fixed command; the request goes to its standard input
            [sys.executable, "-I", "-m", module],
            input=question,
            capture_output=True,
            timeout=RENDER_SECONDS,
            env={"LC_ALL": "C.UTF-8"},
            cwd="/",
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise Refused("文书内容太多，没有生成。请删减后再试。") from error
    finally:
        _turns.release()
    if child.returncode < 0 or child.returncode == OUT_OF_MEMORY:  # ended by a limit
        raise Refused("文书内容太多，没有生成。请删减后再试。")
    if child.returncode:
        kind = "template" if child.returncode == BROKEN_TEMPLATE else "child"
        raise BrokenTemplate(f"{kind}: {child.stderr.decode('utf-8', 'replace')}")
    return child.stdout
