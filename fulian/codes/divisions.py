"""Administrative divisions of 聊城: the statistical codes of 2023, and the townships' civil-affairs codes of 2025.

Two sets of township codes exist and disagree: 371502002 is 柳园街道 to the statisticians, and 新区街道 to the
civil-affairs ministry. A statistical code here has 12 digits, a civil-affairs code 9; never cut one to make the
other, use `to_civil_affairs` and `to_statistical`. County codes (6 digits) are the same in both. The development zones
are no divisions and have no code anywhere; their townships stand under 东昌府区.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache

from fulian.codes.tables import read_table

STATISTICAL, CIVIL_AFFAIRS = "nbs", "mca"
SOURCES = {STATISTICAL: "国家统计局", CIVIL_AFFAIRS: "民政部"}
CITY_CODE = "371500000000"

# The order in which the city lists its counties, followed by its three development zones, by the code used in case
# numbers (the zones' are our own): 东昌府 茌平 临清 阳谷 莘县 东阿 冠县 高唐, 经开 高新 度假.
OFFICIAL_ORDER = (
    "371502",
    "371503",
    "371581",
    "371521",
    "371522",
    "371524",
    "371525",
    "371526",
    "3715A1",
    "3715A2",
    "3715A3",
)

_COUNTY_DIGITS, _CIVIL_TOWNSHIP_DIGITS, _STATISTICAL_DIGITS = 6, 9, 12


@dataclass(frozen=True, slots=True)
class Division:
    """A division: `level` ∈ city, county, township, village; `source` ∈ nbs, mca (SOURCES); `year` of that edition."""

    code: str
    name: str
    level: str
    parent_code: str | None
    year: int
    source: str


def _level_and_parent(code: str) -> tuple[str, str | None]:
    """Of a 12-digit statistical code: 2+2+2+3+3 digits, filled with zeros; the city has no parent here."""
    if not code.endswith("000"):
        return "village", code[:9] + "000"
    if not code.endswith("000000"):
        return "township", code[:6] + "000000"
    if code[4:6] != "00":
        return "county", code[:4] + "00000000"
    return "city", None


@lru_cache(maxsize=1)
def _statistical() -> dict[str, Division]:
    divisions = {}
    for row in read_table("fulian.codes", "divisions_nbs_2023"):
        level, parent = _level_and_parent(row["code"])
        divisions[row["code"]] = Division(row["code"], row["name"], level, parent, int(row["year"]), row["source"])
    return divisions


@lru_cache(maxsize=1)
def _children() -> dict[str, tuple[Division, ...]]:
    below: dict[str, list[Division]] = defaultdict(list)
    for found in _statistical().values():
        if found.parent_code is not None:
            below[found.parent_code].append(found)
    below[CITY_CODE].sort(key=lambda county: OFFICIAL_ORDER.index(county.code[:_COUNTY_DIGITS]))
    return {code: tuple(found) for code, found in below.items()}


@lru_cache(maxsize=1)
def _civil_affairs() -> dict[str, Division]:
    return {
        row["code"]: Division(
            row["code"], row["name"], "township", row["code"][:_COUNTY_DIGITS], int(row["year"]), row["source"]
        )
        for row in read_table("fulian.codes", "townships_mca_2025")
    }


@lru_cache(maxsize=1)
def _crosswalk() -> tuple[dict[str, str], dict[str, str]]:
    pairs = [
        (row["nbs_2023_code"], row["mca_2025_code"])
        for row in read_table("fulian.codes", "township_crosswalk")
        if row["nbs_2023_code"] and row["mca_2025_code"]
    ]
    return dict(pairs), {civil: statistical for statistical, civil in pairs}


@lru_cache(maxsize=1)
def _former() -> dict[str, str]:
    return {row["code"]: row["current_code"] for row in read_table("fulian.codes", "former_codes")}


def _full(code: str) -> str:
    return code.ljust(_STATISTICAL_DIGITS, "0") if len(code) == _COUNTY_DIGITS else code


def division(code: str) -> Division | None:
    """The division of 2023 with this statistical code (12 digits, or the 6 of a county or the city); None if none.

    A 9-digit code finds nothing: it would be a civil-affairs code, see `civil_township`.
    """
    return _statistical().get(_full(code))


def children(code: str) -> tuple[Division, ...]:
    """The divisions of 2023 right below this one: counties in official order, townships and villages in code order."""
    return _children().get(_full(code), ())


def full_name(code: str) -> str:
    """The names from the city down: 聊城市东昌府区柳园街道; "" where the code is unknown."""
    found, names = division(code), []
    while found is not None:
        names.append(found.name)
        found = division(found.parent_code) if found.parent_code else None
    return "".join(reversed(names))


def current_code(code: str) -> str | None:
    """The code in force for one that may be former: 371523 (茌平县 until 2019) gives 371503; None if unknown.

    The places below a former county are looked up under its successor: 371523101000 gives 371503101000.
    """
    successor = _former().get(code[:_COUNTY_DIGITS])
    wanted = successor + code[_COUNTY_DIGITS:] if successor else code
    return wanted if division(wanted) else None


def civil_township(code: str) -> Division | None:
    """The township of 2025 with this 9-digit civil-affairs code; None if there is none."""
    return _civil_affairs().get(code)


def to_civil_affairs(code: str) -> str | None:
    """The 9-digit civil-affairs code (2025) of a township given by its statistical code (2023); None if it has none."""
    return _crosswalk()[0].get(code)


def to_statistical(code: str) -> str | None:
    """The statistical code (2023) of a township given by its civil-affairs code (2025); None where it has none."""
    return _crosswalk()[1].get(code)
