from __future__ import annotations

from collections import Counter

import pytest

from fulian.codes.divisions import CITY_CODE, OFFICIAL_ORDER, children, division
from fulian.codes.tables import read_table
from fulian.orgs.network import CITY_KEY, CITY_OWN_KEY, KINDS, OWN_WORK, NetworkOrg, lateral_bodies, read_network

ZONES = OFFICIAL_ORDER[8:]


@pytest.fixture(scope="module")
def network() -> dict[str, NetworkOrg]:
    orgs = read_network()
    by_key = {org.key: org for org in orgs}
    assert len(by_key) == len(orgs)  # no key stands twice
    return by_key


def of_level(network: dict[str, NetworkOrg], level: str) -> list[NetworkOrg]:
    return [org for org in network.values() if org.level == level]


def test_counts(network: dict[str, NetworkOrg]) -> None:
    # 135 townships of 2023 (136 statistical units less 香江光彩大市场服务中心), 6,363 villages of 2019
    assert Counter(org.level for org in network.values()) == {
        "city": 1,
        "county": 12,
        "township": 135,
        "village": 6_363,
    }
    assert len(network) == 6_511


def test_counts_by_county_are_those_of_the_edition_of_2019(network: dict[str, NetworkOrg]) -> None:
    counted = Counter(
        org.county_key if org.county_key not in ZONES else "371502" for org in of_level(network, "village")
    )
    assert counted == {
        "371502": 1_134, "371503": 732, "371521": 873, "371522": 1_126,
        "371524": 520, "371525": 764, "371526": 645, "371581": 569,
    }  # fmt: skip


def test_parents_stand_before_children_one_level_up(network: dict[str, NetworkOrg]) -> None:
    above = {"county": "city", "township": "county", "village": "township"}
    seen: set[str] = set()
    for org in network.values():
        if org.level == "city":
            assert org.parent_key is None
        else:
            assert org.parent_key in seen
            assert network[org.parent_key].level == above[org.level]
        seen.add(org.key)


def test_every_organisation_has_its_parents_county_unit(network: dict[str, NetworkOrg]) -> None:
    assert network[CITY_KEY].county_key == CITY_OWN_KEY
    for org in network.values():
        if org.level == "county":
            assert org.county_key == org.key == org.number_code
        elif org.parent_key is not None:
            assert org.county_key == network[org.parent_key].county_key
        if org.level != "county":
            assert org.number_code is None


def test_the_twelve_units_in_official_order(network: dict[str, NetworkOrg]) -> None:
    units = sorted(of_level(network, "county"), key=lambda org: org.sort)
    assert [unit.number_code for unit in units] == [*OFFICIAL_ORDER, "371500"]
    assert [unit.short_name for unit in units] == [
        "东昌府区", "茌平区", "临清市", "阳谷县", "莘县", "东阿县", "冠县", "高唐县",
        "经济技术开发区", "高新技术产业开发区", "江北水城旅游度假区", "市本级",
    ]  # fmt: skip
    assert units[0].name == "东昌府区妇联"
    assert units[-1].kind == OWN_WORK


def test_zones_and_the_citys_own_work_are_no_divisions(network: dict[str, NetworkOrg]) -> None:
    for key in (*ZONES, CITY_OWN_KEY):
        unit = network[key]
        assert (unit.division_code, unit.division_year, unit.division_source) == (None, None, None)
    assert not [org for org in network.values() if org.parent_key == CITY_OWN_KEY]


def test_townships_of_the_zones_hang_under_their_zone(network: dict[str, NetworkOrg]) -> None:
    held = {zone: {org.short_name for org in network.values() if org.parent_key == zone} for zone in ZONES}
    assert held == {
        "3715A1": {"东城街道", "蒋官屯街道", "北城街道"},
        "3715A2": {"许营镇", "顾官屯镇"},
        "3715A3": {"湖西街道", "李海务街道", "于集镇", "朱老庄镇"},
    }
    assert len([org for org in network.values() if org.parent_key == "371502"]) == 14


def test_townships_are_those_of_2023_but_for_the_one_without_a_government(network: dict[str, NetworkOrg]) -> None:
    codes = {township.code for county in children(CITY_CODE) for township in children(county.code)}
    assert codes - {org.key for org in of_level(network, "township")} == {"371502400000"}
    for org in of_level(network, "township"):
        found = division(org.division_code or "")
        assert found is not None
        assert (org.short_name, org.name) == (found.name, f"{found.name}妇联")
        assert (org.division_year, org.division_source) == (2023, "nbs")


def test_every_village_of_2019_stands_once_in_its_own_county(network: dict[str, NetworkOrg]) -> None:
    rows = read_table("fulian.orgs", "villages_2019")
    villages = of_level(network, "village")
    assert Counter(org.division_code for org in villages) == Counter(row["code"] for row in rows)
    for org in villages:
        assert org.parent_key is not None
        assert org.parent_key[:6] == org.key[:6]
        assert (org.division_year, org.division_source) == (2019, "nbs")


def test_the_table_of_townships_covers_2019_and_changes_what_changed() -> None:
    rows = read_table("fulian.orgs", "township_2019_2023")
    assert {row["code_2019"] for row in rows} == {
        row["code"][:9] + "000" for row in read_table("fulian.orgs", "villages_2019")
    }
    for row in rows:
        found = division(row["code_2023"])
        assert found is not None
        assert found.name == row["name_2023"]
        assert (row["code_2019"], row["name_2019"]) == (row["code_2023"], row["name_2023"]) or row["note"]
    changed = {row["name_2019"]: row["name_2023"] for row in rows if row["code_2019"] != row["code_2023"]}
    assert changed == {"广平乡": "广平镇", "韩集乡": "韩集镇", "甘官屯乡": "甘官屯镇", "香江管委会": "古楼街道"}
    renamed = {row["name_2019"]: row["name_2023"] for row in rows if row["note"] and row["name_2019"] not in changed}
    assert renamed == {"阎寺街道": "闫寺街道", "鱼丘湖街道": "鱼邱湖街道"}


def test_names_of_villages_and_communities(network: dict[str, NetworkOrg]) -> None:
    villages = of_level(network, "village")
    assert {org.name for org in villages} >= {"古城社区妇联", "五里后村妇联", "温泉社区妇联", "吴官屯社区妇联"}
    assert all(org.name == f"{org.short_name}妇联" for org in villages)
    assert not [org.name for org in villages if "委" in org.name or "村村" in org.name or "居" in org.short_name[-2:]]
    twice = [pair for pair, n in Counter((org.parent_key, org.name) for org in villages).items() if n > 1]
    assert twice == []  # within one township a name says which


def test_siblings_have_each_their_place(network: dict[str, NetworkOrg]) -> None:
    places = Counter((org.parent_key, org.sort) for org in network.values())
    assert max(places.values()) == 1


def test_lateral_bodies_are_571_and_marked_demo(network: dict[str, NetworkOrg]) -> None:
    bodies = lateral_bodies(2026)
    assert Counter(body.kind for body in bodies) == {"new_economic": 430, "new_social": 117, "industry": 19, "group": 5}
    assert all(body.demo and body.level == "body" and body.division_code is None for body in bodies)
    assert not any(org.demo for org in network.values())
    assert len({body.name for body in bodies}) == len({body.key for body in bodies}) == 571
    for body in bodies:
        assert body.parent_key is not None
        parent = network[body.parent_key]
        assert body.county_key == parent.county_key != CITY_OWN_KEY
        assert parent.level == ("township" if body.kind.startswith("new_") else "county")
    assert {org.kind for org in (*network.values(), *bodies)} == set(KINDS)


def test_tree_and_lateral_bodies_make_7082(network: dict[str, NetworkOrg]) -> None:
    # the report's "7000余个": 6,363 villages, 135 townships, 12 units, the city, and 571 lateral bodies
    assert len(network) + len(lateral_bodies(2026)) == 7_082


def test_lateral_bodies_are_the_same_for_the_same_seed() -> None:
    assert lateral_bodies(1) == lateral_bodies(1)
    assert lateral_bodies(1) != lateral_bodies(2)


def test_texts_fit_their_columns(network: dict[str, NetworkOrg]) -> None:
    for org in (*network.values(), *lateral_bodies(2026)):
        assert len(org.name) <= 80
        assert len(org.short_name) <= 60
        assert len(org.kind) <= 20
