from __future__ import annotations

import pytest

from fulian.codes import sets
from fulian.codes.namelists import given_names, surnames

# Counts of the shipped tables, from the publications named in fulian/codes/data/NOTICE.md
SIZES = {
    "gender": 4,
    "marital": 8,
    "education": 40,
    "political": 13,
    "ethnic": 56,
    "employment": 13,
    "family_relation": 93,
    "urban_rural": 7,
}


@pytest.mark.parametrize("set_name", sets.SETS)
def test_every_set_is_whole_in_code_order_and_without_doubles(set_name: str) -> None:
    codes = [code for code, _ in sets.choices(set_name)]
    assert len(codes) == SIZES[set_name]
    assert codes == sorted(set(codes))
    assert all(sets.label(set_name, code) for code in codes)


@pytest.mark.parametrize(
    ("set_name", "code", "name", "short_name"),
    [
        ("gender", "2", "女性", "女"),  # GB/T 2261.1
        ("marital", "40", "离婚", "离婚"),  # GB/T 2261.2-2003, not the 4 of the old GB 4766
        ("marital", "23", "复婚", "复婚"),
        ("education", "20", "大学本科教育", "大学本科"),  # GB/T 4658
        ("political", "01", "中国共产党党员", "中共党员"),  # GB/T 4762
        ("ethnic", "25", "水族", "水族"),  # GB/T 3304
        ("family_relation", "38", "儿媳", "儿媳"),  # GB/T 4761
        ("urban_rural", "220", "村庄", "村庄"),
    ],
)
def test_names_of_the_standards(set_name: str, code: str, name: str, short_name: str) -> None:
    assert sets.is_code(set_name, code)
    assert sets.label(set_name, code) == name
    assert sets.label(set_name, code, short=True) == short_name
    assert (code, short_name) in sets.choices(set_name, short=True)


def test_leading_zeros_are_kept() -> None:
    assert sets.is_code("ethnic", "01")
    assert not sets.is_code("ethnic", "1")


def test_top_entries_leave_out_their_refinements() -> None:
    assert [name for _, name in sets.choices("education", short=True, top_only=True)] == [
        "研究生", "大学本科", "大学专科", "中等职业", "普通高中", "初中", "小学", "其他",
    ]  # fmt: skip


def test_stored_code_that_is_no_longer_in_the_set_does_not_break_a_page() -> None:
    assert sets.label("marital", "4") == "4（代码表中没有）"
    assert sets.label("marital", None) == sets.label("marital", "") == ""


def test_unknown_set_is_a_programming_error() -> None:
    with pytest.raises(LookupError):
        sets.label("blood", "1")
    with pytest.raises(LookupError):
        sets.choices("../orgs/data/county_units")


def test_name_lists_for_the_demonstration() -> None:
    weights = [weight for _, weight in surnames()]
    assert surnames()[0] == ("王", 7.17)
    assert len(weights) == 399
    assert weights == sorted(weights, reverse=True)
    assert (len(given_names("2")), len(given_names("1"))) == (126, 111)
