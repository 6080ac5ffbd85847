"""The national code sets: gender, marital status, education, political status, ethnic group, employment, relation.

Each is a table under data/ (origin and licence in data/NOTICE.md): gender GB/T 2261.1, marital GB/T 2261.2, education
GB/T 4658, political GB/T 4762, ethnic GB/T 3304, employment GB/T 2261.4, family_relation GB/T 4761, and urban_rural,
the three-digit class of the statistical division codes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from fulian.codes.tables import read_table

SETS = (
    "gender",
    "marital",
    "education",
    "political",
    "ethnic",
    "employment",
    "family_relation",
    "urban_rural",
)


@dataclass(frozen=True, slots=True)
class Code:
    """One entry: the standard's full name, the word of everyday use, and the entry it refines (None at the top)."""

    code: str
    name: str
    short_name: str
    parent_code: str | None


@lru_cache(maxsize=len(SETS))
def _entries(set_name: str) -> dict[str, Code]:
    if set_name not in SETS:
        raise LookupError(f"no code set {set_name!r}")
    rows = (
        Code(row["code"], row["name"], row["short_name"] or row["name"], row["parent_code"] or None)
        for row in read_table("fulian.codes", set_name)
    )
    return {entry.code: entry for entry in rows}


def label(set_name: str, code: str | None, *, short: bool = False) -> str:
    """The name of `code`, with `short` the word of everyday use (女, 中共党员); "" for None or "".

    A code that the set does not have (from an older version, or an import) is shown as such, so that a page never fails
    over stored data. Raises LookupError for an unknown set.
    """
    entries = _entries(set_name)
    if not code:
        return ""
    entry = entries.get(code)
    if entry is None:
        return f"{code}（代码表中没有）"
    return entry.short_name if short else entry.name


def choices(set_name: str, *, short: bool = False, top_only: bool = False) -> list[tuple[str, str]]:
    """(code, name) of every entry in code order, for a select; `top_only` leaves out the refinements of an entry.

    Raises LookupError for an unknown set.
    """
    return [
        (entry.code, entry.short_name if short else entry.name)
        for entry in _entries(set_name).values()
        if not (top_only and entry.parent_code)
    ]


def is_code(set_name: str, code: str) -> bool:
    """Whether the set has this code. Raises LookupError for an unknown set."""
    return code in _entries(set_name)
