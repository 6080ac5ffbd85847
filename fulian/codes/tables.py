"""Reads the small CSV tables that are shipped inside the package."""

from __future__ import annotations

import csv
from importlib.resources import files


def read_table(package: str, name: str) -> list[dict[str, str]]:
    """The rows of `data/<name>.csv` in `package`, each as column → text; codes stay text, leading zeros and all.

    Not cached: whoever turns the rows into something keeps that instead.
    """
    text = files(package).joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
