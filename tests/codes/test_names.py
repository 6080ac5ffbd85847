from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fulian.codes.names import LONGEST, fold_name, name_tokens, query_token
from fulian.errors import Refused

han = st.text("王赵春梅丽芳曾单乐𠮷𠀀", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (" 赵春梅 ", "赵春梅"),
        ("赵 春　梅", "赵春梅"),
        ("买买提•艾力", "买买提·艾力"),
        ("买买提・艾力", "买买提·艾力"),
        ("买买提．艾力", "买买提·艾力"),
        ("买买提.艾力", "买买提·艾力"),
        ("买买提 · 艾力", "买买提·艾力"),
        ("Mary  Jane Smith", "Mary Jane Smith"),
        ("Ｊ. Smith", "J. Smith"),
        ("𠮷𠀀丽", "𠮷𠀀丽"),  # outside the BMP
        ("⼥王", "女王"),  # a radical that looks like the character
        ("\u202e赵\x00春\u200b梅", "赵春梅"),
    ],
)
def test_names_are_folded(text: str, name: str) -> None:
    assert fold_name(text) == name


@pytest.mark.parametrize("text", ["", " 　", "·", "赵" * (LONGEST + 1), "123", "——"])
def test_names_refused(text: str) -> None:
    with pytest.raises(Refused) as caught:
        fold_name(text, field_name="applicant")
    assert caught.value.field == "applicant"


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    try:
        once = fold_name(text)
    except Refused:
        assume(False)
    assert fold_name(once) == once


@pytest.mark.parametrize(
    ("name", "queries"),
    [
        ("赵春梅", "赵 赵春 春梅 赵春梅 zhao zhaoch zhaochunmei ZCM zc chunmei"),
        ("张三丰", "张 张三 三丰 张三丰 zs zsf zh zhangsanfeng"),
        ("张丽", "张丽 zl zhangli zhangl"),
        ("欧阳娜娜", "欧阳 阳娜 欧阳娜 欧阳娜娜 ouyang oynn nana ouyangnuonuo"),
        ("吕秀英", "lv lvxiuying lx"),
        ("买买提·艾力", "买买提 艾力 买买提·艾力 买买提．艾力 mmtal aili"),
        ("阿依古丽·买买提明", "买买提明 买买提 阿依古"),
        ("Mary Jane Smith", "mary smith mjs maryj jane"),
        ("José Müller", "jose müller muller jm"),
        ("𠮷𠀀丽", "𠮷 𠮷𠀀 𠮷𠀀丽"),
    ],
)
def test_a_name_is_found_by(name: str, queries: str) -> None:
    tokens = name_tokens(name)
    assert {query for query in queries.split() if query_token(query) not in tokens} == set()


@pytest.mark.parametrize("query", ["李", "春赵", "赵梅", "赵春芳", "zm", "zhangchun", "mei"])
def test_a_name_is_not_found_by(query: str) -> None:
    assert query_token(query) not in name_tokens("赵春梅")


@pytest.mark.parametrize(
    ("name", "readings"),
    [
        ("曾丽", "zengli cengli"),
        ("仇丽", "qiuli chouli"),
        ("解丽", "xieli jieli"),
        ("单丽", "shanli danli"),
        ("查丽", "zhali chali"),
        ("朴丽", "piaoli puli"),
        ("任丽", "renli"),
        ("盖丽", "geli gaili"),
        ("区丽", "ouli quli"),
        ("华丽", "huali"),
        ("燕丽", "yanli"),
        ("翟丽", "zhaili dili"),
        ("乐丽", "yueli leli"),
        ("尉迟丽", "yuchili weichili"),
        ("万俟丽", "moqili wan"),
        ("长孙丽", "zhangsunli changsunli"),
        ("单于丽", "chanyuli shanyuli danyuli"),
        ("曾乐", "zengle zengyue cengle cengyue"),
        ("王茜", "wangqian wangxi"),
    ],
)
def test_surnames_are_found_by_every_reading(name: str, readings: str) -> None:
    tokens = name_tokens(name)
    assert {reading for reading in readings.split() if query_token(reading) not in tokens} == set()


@given(han, st.data())
def test_every_beginning_of_a_name_finds_it(name: str, data: st.DataObject) -> None:
    end = data.draw(st.integers(1, len(name)))
    assert query_token(name[:end]) in name_tokens(name)


@given(han)
def test_every_pair_of_neighbours_finds_a_name(name: str) -> None:
    tokens = name_tokens(name)
    assert all(query_token(name[start : start + 2]) in tokens for start in range(len(name) - 1))


@given(st.text(max_size=LONGEST))
def test_tokens_fit_their_column_and_hold_the_whole_name(text: str) -> None:
    tokens = name_tokens(text)
    assert all(2 < len(token) <= 80 for token in tokens)
    whole = query_token(text)
    assert whole is None or whole in tokens


def test_a_name_of_three_characters_has_few_tokens() -> None:
    assert len(name_tokens("赵春梅")) < 20


@pytest.mark.parametrize("text", ["", " ", "1", "0026", "z", "·", "%", "'"])
def test_what_says_too_little_is_no_query(text: str) -> None:
    assert query_token(text) is None


def test_characters_win_over_half_typed_letters() -> None:
    assert query_token("赵ch") == "g:赵"


def test_reading_the_module_does_not_load_the_pinyin_tables() -> None:
    code = "import sys, fulian.codes.names; sys.exit('pypinyin' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
