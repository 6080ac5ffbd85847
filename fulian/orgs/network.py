"""The organisation tree of 聊城 as plain rows, read from the tables shipped under data/; no database.

The organisation tree is not the division tree: the three development zones hold townships of 东昌府区 and are no
divisions, and 市本级 is the city's own work. Townships are those of 2023; the village federations are those of the 2019
edition (6,363, before the mergers of villages), hung under the townships of 2023 by data/township_2019_2023.csv.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random

from fulian.codes.divisions import CITY_CODE, Division, children, division
from fulian.codes.tables import read_table

FEDERATION, OWN_WORK = "federation", "own_work"
NEW_ECONOMIC, NEW_SOCIAL, INDUSTRY, GROUP = "new_economic", "new_social", "industry", "group"

KINDS = {
    FEDERATION: "妇联",
    OWN_WORK: "市本级",
    NEW_ECONOMIC: "新经济组织妇联",
    NEW_SOCIAL: "新社会组织妇联",
    INDUSTRY: "行业妇联",
    GROUP: "特色群体妇联",
}

CITY_KEY, CITY_OWN_KEY = "3715", "371500"

_SORT_STEP = 10  # room to put an organisation between two others
_COMMITTEE = re.compile("(?:村民委员会|居?居民委员会|村委会|居委会|村委)$")  # 居居民: a slip in the edition of 2019
_NO_ORGANISATION = "371502400000"  # 香江光彩大市场服务中心: a unit of the statisticians without a government


@dataclass(frozen=True, slots=True)
class NetworkOrg:
    """An organisation of the shipped tree: the columns of `Organisation`, with keys where that has ids.

    `level` ∈ city, county, township, village, body; `kind` a key of KINDS; `county_key` names the county-level unit
    (a unit names itself, the city 市本级); `sort` orders siblings; `number_code` stands on units only.
    `division_source` is nbs (statistical code), with the year of that edition; code, year and source are None where it
    is no division.
    """

    key: str
    parent_key: str | None
    name: str
    short_name: str
    level: str
    kind: str
    county_key: str
    sort: int
    division_code: str | None = None
    division_year: int | None = None
    division_source: str | None = None
    number_code: str | None = None
    demo: bool = False


def read_network() -> list[NetworkOrg]:
    """The city, its twelve county-level units in official order, the townships, the villages: parents before children.

    Keys are statistical codes where there is one, else the number code of a unit; the city's is 3715.
    """
    city = _require_division(CITY_CODE)
    name, level = "聊城市妇女联合会", "city"
    root = NetworkOrg(
        CITY_KEY, None, name, city.name, level, FEDERATION, CITY_OWN_KEY, 0, city.code, city.year, city.source
    )
    townships = list(_read_townships())
    return [root, *_read_units(), *townships, *_read_villages({org.key: org.county_key for org in townships})]


def _require_division(code: str) -> Division:
    found = division(code)
    if found is None:
        raise LookupError(f"no division {code}")
    return found


def _read_units() -> Iterator[NetworkOrg]:
    for place, row in enumerate(read_table("fulian.orgs", "county_units"), start=1):
        key, name, short_name = row["number_code"], row["name"], row["short_name"]
        unit = NetworkOrg(
            key, CITY_KEY, name, short_name, "county", row["kind"], key, place * _SORT_STEP, number_code=key
        )
        if row["division_code"]:
            county = _require_division(row["division_code"])
            unit = replace(unit, division_code=county.code, division_year=county.year, division_source=county.source)
        yield unit


def _read_townships() -> Iterator[NetworkOrg]:
    zones = {row["code_2023"]: row["unit"] for row in read_table("fulian.orgs", "zone_townships")}
    placed: Counter[str] = Counter()
    for county in children(CITY_CODE):
        for found in children(county.code):
            if found.code == _NO_ORGANISATION:
                continue
            unit = zones.get(found.code, county.code[:6])
            placed[unit] += _SORT_STEP
            yield _federation(found.name, "township", unit, unit, placed[unit], found.code, found.year, found.source)


def _read_villages(unit_of_township: dict[str, str]) -> Iterator[NetworkOrg]:
    township_of = {row["code_2019"]: row["code_2023"] for row in read_table("fulian.orgs", "township_2019_2023")}
    placed: Counter[str] = Counter()
    for row in read_table("fulian.orgs", "villages_2019"):
        code, name = row["code"], _village_name(row["name"])
        township = township_of[code[:9] + "000"]
        placed[township] += _SORT_STEP
        unit = unit_of_township[township]
        yield _federation(name, "village", township, unit, placed[township], code, int(row["year"]), row["source"])


def _federation(
    name: str, level: str, parent_key: str, county_key: str, sort: int, code: str, year: int, source: str
) -> NetworkOrg:
    """The federation of a township or village, whose key is its statistical code."""
    return NetworkOrg(code, parent_key, f"{name}妇联", name, level, FEDERATION, county_key, sort, code, year, source)


def _village_name(committee: str) -> str:
    """A village's or community's name from its committee's: 前李村委会 gives 前李村, 东街居委会 gives 东街社区."""
    name = _COMMITTEE.sub("", committee)
    if name.endswith(("村", "社区", "支部")):
        return name
    return name + ("村" if "村" in committee[len(name) :] else "社区")


# The report of November 2024 counts 571 bodies without naming them: 547 in new economic and new social organisations,
# 19 in industries, 5 of special groups. What follows is made up, for demonstration only.
_ECONOMIC_BODIES, _SOCIAL_BODIES = 430, 117
_INDUSTRY_BODIES = (("快递物流", 8), ("外卖配送", 6), ("直播电商", 5))
_GROUP_BODIES = (
    ("371581", "轴承产业链"),
    ("371502", "轴承产业链"),
    ("371525", "嫁接工"),
    ("371522", "嫁接工"),
    ("371521", "嫁接工"),
)
_BODIES_FROM = 5_000  # `sort`: after the townships or villages beside them
_STREET_WEIGHT = 4  # offices and shops stand in the streets' communities rather than in the towns


def lateral_bodies(seed: int) -> list[NetworkOrg]:
    """571 invented lateral bodies for the demonstration, all marked `demo`, the same for the same seed.

    430 in new economic and 117 in new social organisations, each under a township; 19 of industries and 5 of special
    groups, each under a county or zone. No name stands twice; any likeness to a real body is chance.
    """
    rng = Random(seed)  # noqa: S311 (invented names, no secret)
    orgs = read_network()
    units = {org.key: org for org in orgs if org.level == "county" and org.kind == FEDERATION}
    townships = [org for org in orgs if org.level == "township"]
    weights = [_STREET_WEIGHT if org.short_name.endswith("街道") else 1 for org in townships]
    words: dict[str, list[str]] = defaultdict(list)
    for row in read_table("fulian.orgs", "lateral_words"):
        words[row["kind"]].append(row["word"])
    named: dict[str, tuple[NetworkOrg, str, str]] = {}  # name → parent, kind, short name
    for kind, amount in ((NEW_ECONOMIC, _ECONOMIC_BODIES), (NEW_SOCIAL, _SOCIAL_BODIES)):
        wanted = len(named) + amount
        while len(named) < wanted:
            parent = rng.choices(townships, weights)[0]
            short_name = rng.choice(words["brand"]) + rng.choice(words[kind])
            named.setdefault(units[parent.county_key].short_name + short_name, (parent, kind, short_name))
    for industry, amount in _INDUSTRY_BODIES:
        for unit in list(units.values())[:amount]:
            named[f"{unit.short_name}{industry}行业"] = (unit, INDUSTRY, f"{industry}行业")
    for key, group in _GROUP_BODIES:
        named[units[key].short_name + group] = (units[key], GROUP, group)
    return [
        NetworkOrg(
            f"demo-{place:03}",
            parent.key,
            f"{name}妇联",
            short_name,
            "body",
            kind,
            parent.county_key,
            _BODIES_FROM + place * _SORT_STEP,
            demo=True,
        )
        for place, (name, (parent, kind, short_name)) in enumerate(named.items(), start=1)
    ]
