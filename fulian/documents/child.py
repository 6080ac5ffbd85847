"""The child's side of a rendering: confine, read one request, answer with bytes. `render.py` is the other side."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Callable
from typing import Any

from fulian.documents.confinement import confine

BROKEN_TEMPLATE = 65  # EX_DATAERR of sysexits.h
OUT_OF_MEMORY = 71  # EX_OSERR


def answer_one(render: Callable[[dict[str, Any]], bytes], template_errors: tuple[type[Exception], ...]) -> None:
    """Answer the one request on standard input with the bytes of `render(request)` on standard output.

    An error among `template_errors` ends with `BROKEN_TEMPLATE` and its text on standard error. Any other error tells
    its kind and place only: its text could hold what was typed into a case, and standard error goes to the log.
    """
    confine()
    try:
        answer = render(json.load(sys.stdin.buffer))
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    except MemoryError:
        sys.exit(OUT_OF_MEMORY)
    except template_errors as error:
        _complain(f"{type(error).__name__}: {error}")
        sys.exit(BROKEN_TEMPLATE)
    except Exception as error:
        _complain(type(error).__name__ + "\n" + "".join(traceback.format_tb(error.__traceback__)))
        sys.exit(1)


def _complain(text: str) -> None:
    sys.stderr.buffer.write(text.encode("utf-8", "replace"))
    sys.stderr.buffer.flush()
