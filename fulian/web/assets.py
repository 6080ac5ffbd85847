"""Files the browser fetches: their addresses with a hash of the content, worked out once."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from markupsafe import Markup

STATIC = Path(__file__).parent / "static"
STATIC_URL = "/static/"


@cache
def asset(name: str) -> str:
    """The address of a file under `static/`: it changes with the content. Raises FileNotFoundError."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()
    return f"{STATIC_URL}{name}?v={digest[:12]}"


@cache
def icon(name: str) -> Markup:
    """An icon of `icons.svg`, for the eye only: the words stand beside it."""
    return Markup('<svg class="ic" aria-hidden="true"><use href="{}#{}"/></svg>').format(asset("icons.svg"), name)
