"""The font's own table says what it can print."""

from __future__ import annotations

from fulian.documents.font import missing_characters
from fulian.documents.plain import clean_data, clean_text, texts_of


def test_everyday_text_is_covered() -> None:
    ascii_text = "".join(chr(code) for code in range(0x20, 0x7F))
    punctuation = "，。、；：？！“”‘’（）《》〈〉【】〔〕—…·～￥％＋－×÷=①②③㎡℃№→□■○●※Ⅰ½\u3000\u00a0"
    assert missing_characters([ascii_text, punctuation]) == []


def test_every_character_of_gb_2312_and_of_the_basic_block_is_covered() -> None:
    rows = [bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)]
    assert missing_characters(rows) == []
    assert missing_characters([chr(code) for code in range(0x4E00, 0xA000)]) == []


def test_missing_ones_are_named_once_in_order() -> None:
    assert missing_characters(["甲🙂乙", "𠮷🙂"]) == ["🙂", "𠮷"]


def test_newlines_and_variation_selectors_need_no_glyph() -> None:
    assert missing_characters(["葛\U000e0100城\n辻\ufe00"]) == []


def test_what_no_paper_shows_is_taken_out() -> None:
    assert clean_text("甲\u200b\u202e\x00\r\n乙\u2029丙\t丁\ufffe") == "甲\n乙\n丙 丁"


def test_plain_data_is_copied_clean() -> None:
    data = {"a": ("甲\x00", None), "b": {"c": 3, "d": True, "e": 1.5}}
    cleaned = clean_data(data)
    assert cleaned == {"a": ["甲", ""], "b": {"c": 3, "d": True, "e": 1.5}}
    assert texts_of(cleaned) == ["甲", ""]
