from __future__ import annotations

import pytest

from fulian.codes import divisions
from fulian.codes.divisions import CITY_CODE, OFFICIAL_ORDER, children, current_code, division, full_name


def test_counties_stand_in_official_order() -> None:
    assert [county.name for county in children(CITY_CODE)] == [
        "东昌府区", "茌平区", "临清市", "阳谷县", "莘县", "东阿县", "冠县", "高唐县",
    ]  # fmt: skip
    assert OFFICIAL_ORDER[8:] == ("3715A1", "3715A2", "3715A3")  # 经开 高新 度假


def test_the_tree_of_2023_is_whole() -> None:
    townships = [township for county in children(CITY_CODE) for township in children(county.code)]
    villages = [village for township in townships for village in children(township.code)]
    assert (len(townships), len(villages)) == (136, 2_408)
    assert {entry.level for entry in townships} == {"township"}
    assert {entry.level for entry in villages} == {"village"}
    assert {(entry.year, entry.source) for entry in (*townships, *villages)} == {(2023, "nbs")}


def test_division_by_twelve_or_six_digits() -> None:
    county = division("371502")
    assert county is not None
    assert county == division("371502000000")
    assert (county.name, county.level, county.parent_code) == ("东昌府区", "county", CITY_CODE)
    assert division("371599") is None
    assert division("") is None


def test_full_name_runs_from_the_city_down() -> None:
    assert full_name("371502001001") == "聊城市东昌府区古楼街道古城社区居委会"
    assert full_name("371599000000") == ""


def test_former_code_of_chiping() -> None:
    assert division("371523") is None
    assert current_code("371523") == "371503"
    assert current_code("371523101000") == "371503101000"
    assert current_code("371503") == "371503"
    assert current_code("370102") is None


def test_a_township_code_means_different_places_in_the_two_sets() -> None:
    statistical, civil = division("371502002000"), divisions.civil_township("371502002")
    assert statistical is not None
    assert civil is not None
    assert (statistical.name, statistical.source, statistical.year) == ("柳园街道", "nbs", 2023)
    assert (civil.name, civil.source, civil.year) == ("新区街道", "mca", 2025)
    assert division("371502002") is None


@pytest.mark.parametrize(
    ("statistical", "civil", "name"),
    [
        ("371502002000", "371502003", "柳园街道"),
        ("371526002000", "371526003", "汇鑫街道"),
        ("371521203000", "371521117", "大布镇"),  # a town since: the name differs, the place does not
        ("371502001000", "371502001", "古楼街道"),
    ],
)
def test_crosswalk_between_the_two_sets(statistical: str, civil: str, name: str) -> None:
    assert divisions.to_civil_affairs(statistical) == civil
    assert divisions.to_statistical(civil) == statistical
    found = divisions.civil_township(civil)
    assert found is not None
    assert found.name == name


def test_crosswalk_is_one_to_one_but_for_one_place_in_each_set() -> None:
    townships = [township.code for county in children(CITY_CODE) for township in children(county.code)]
    matched = {code: divisions.to_civil_affairs(code) for code in townships}
    assert [code for code, civil in matched.items() if civil is None] == ["371502400000"]  # 香江光彩大市场服务中心
    assert len(set(matched.values()) - {None}) == 135
    assert all(divisions.civil_township(civil) for civil in matched.values() if civil)
    assert divisions.to_statistical("371502012") is None  # 九州街道, new in 2025
    same = sum(civil == code[:9] for code, civil in matched.items())
    assert 0 < same < 135  # never cut one code to make the other
