from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fulian.codes import documents
from fulian.codes.documents import IdNumber, check_character, mask_id, mask_phone, read_document, read_id_number
from fulian.codes.documents import read_phone as read
from fulian.errors import Refused

ON = date(2026, 11, 24)
# Of the county 371599, which does not exist: they can be nobody's. The check characters were computed elsewhere.
GOOD = ["371599199003070026", "371599198505121044", "37159919781231006X", "37159919920229038X"]

births = st.dates(date(1900, 1, 1), ON)
numbers = st.builds(
    lambda born, sequence: f"371599{born:%Y%m%d}{sequence:03}",
    births,
    st.integers(0, 999),
).map(lambda digits: digits + check_character(digits))


def refusal(text: str, on: date = ON) -> Refused:
    with pytest.raises(Refused) as caught:
        read_id_number(text, on)
    assert caught.value.field == "id_number"
    return caught.value


@pytest.mark.parametrize("number", GOOD)
def test_known_numbers(number: str) -> None:
    found = read_id_number(number, ON)
    assert (found.number, found.sex_code, found.kind) == (number, "2", documents.ID_CARD)
    assert f"{found.birth_date:%Y%m%d}" == number[6:14]


@given(numbers)
def test_birth_date_and_sex_are_read_from_every_number(number: str) -> None:
    found = read_id_number(number, ON)
    assert f"{found.birth_date:%Y%m%d}" == number[6:14]
    assert found.sex_code == ("1" if int(number[16]) % 2 else "2")  # GB 11643: odd is male


@given(numbers, st.integers(0, 17), st.sampled_from("0123456789X"))
def test_every_wrong_character_is_caught(number: str, place: int, other: str) -> None:
    if number[place] == other:
        return
    refusal(number[:place] + other + number[place + 1 :])


@given(numbers, st.integers(0, 16))
def test_neighbours_changed_about_are_caught(number: str, place: int) -> None:
    changed = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if changed != number:
        refusal(changed)


@contextmanager
def suppress_refused() -> Iterator[list[str]]:
    messages: list[str] = []
    try:
        yield messages
    except Refused as refused:
        messages.append(refused.message)


@given(st.one_of(st.text(max_size=25), st.from_regex(r"[0-9Xx]{14,19}", fullmatch=True)))
def test_any_text_is_read_or_refused_without_repeating_it(text: str) -> None:
    assume(len(text.strip()) >= 4)
    with suppress_refused() as messages:
        read_id_number(text, ON)
    assert not any(text in message for message in messages)


def test_full_width_small_x_and_spaces_are_folded() -> None:
    assert read_id_number(" ３７１５９９ 19781231　００６ｘ\u200b", ON).number == "37159919781231006X"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "请填写身份证号"),
        ("37159919900307002", "现在是17位"),
        ("3715991990030700266", "现在是19位"),
        ("37159919900307002O", "第18位不是数字"),
        ("37159919X003070026", "第9位不是数字"),
        ("371599199013070026", "不是真实的日期"),
        ("371599199302290026", "不是真实的日期"),  # 1993 had no 29 February
        ("371599202611250026", "晚于今天"),
        ("371599189912310026", "早于1900年"),
        ("371599199003070027", "最后一位与前17位对不上"),
        ("371599901307002", "第7到12位是出生日期"),
    ],
)
def test_what_is_wrong_is_said(text: str, says: str) -> None:
    assert says in refusal(text).message


def test_born_today_is_read() -> None:
    digits = f"371599{ON:%Y%m%d}002"
    assert read_id_number(digits + check_character(digits), ON).birth_date == ON


def test_fifteen_digits_are_kept_as_they_are() -> None:
    found = read_id_number("371599781231006", ON)
    assert found == IdNumber("371599781231006", date(1978, 12, 31), "2", documents.OLD_ID_CARD)
    assert documents.KINDS[found.kind] == "15位旧证"


def test_an_unknown_place_is_no_error_and_no_residence() -> None:
    assert not {"division_code", "residence", "address"} & set(IdNumber.__slots__)


def test_a_number_does_not_show_in_a_trace() -> None:
    assert GOOD[0] not in repr(read_id_number(GOOD[0], ON))
    assert GOOD[0] not in repr(read_document(documents.ID_CARD, GOOD[0], ON))


def numbered(digits: str) -> str:
    return digits + check_character(digits)


@pytest.mark.parametrize(
    ("picked", "text", "kind", "number"),
    [
        (documents.ID_CARD, GOOD[0], documents.ID_CARD, GOOD[0]),
        (documents.ID_CARD, numbered("81000019900307002"), documents.HMT_PERMIT, numbered("81000019900307002")),
        (documents.HMT_PERMIT, numbered("83000019900307002"), documents.HMT_PERMIT, numbered("83000019900307002")),
        (documents.PERMANENT, numbered("93715619900307002"), documents.PERMANENT, numbered("93715619900307002")),
        (documents.PERMANENT, "usa371590030701", documents.PERMANENT, "USA371590030701"),
        (documents.PASSPORT, "e12345678", documents.PASSPORT, "E12345678"),
        (documents.OFFICER, "南字第 1234567 号", documents.OFFICER, "南字第1234567号"),
        (documents.NONE, "whatever was left in the field", documents.NONE, ""),
    ],
)
def test_documents_of_every_kind(picked: str, text: str, kind: str, number: str) -> None:
    found = read_document(picked, text, ON)
    assert (found.kind, found.number) == (kind, number)


@pytest.mark.parametrize(
    ("picked", "text"),
    [
        (documents.HMT_PERMIT, "81000019900307002"),
        (documents.PASSPORT, "E1"),
        (documents.PASSPORT, "护照12345"),
        (documents.OFFICER, "南字第号"),
        (documents.PERMANENT, GOOD[0]),
        (documents.PERMANENT, ""),
        (documents.PASSPORT, " "),
    ],
)
def test_documents_refused(picked: str, text: str) -> None:
    with pytest.raises(Refused) as caught:
        read_document(picked, text, ON, field_name="document")
    assert caught.value.field == "document"


def test_unknown_kind_is_a_programming_error() -> None:
    with pytest.raises(LookupError):
        read_document("library_card", "1", ON)


def test_an_old_card_is_not_offered_but_has_a_name() -> None:
    assert documents.OLD_ID_CARD not in dict(documents.KIND_CHOICES)
    assert all(len(kind) <= 10 for kind in documents.KINDS)  # the width of the column


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800005512", "13800005512"),
        ("１３８ ００００ ５５１２", "13800005512"),
        ("138-0000-5512", "13800005512"),
        ("+86 13800005512", "13800005512"),
        ("8613800005512", "13800005512"),
        ("13800861234", "13800861234"),  # a 0086 inside is no country code
        ("0635-8241234", "0635-8241234"),
        ("（0635）8241234", "0635-8241234"),
        ("06358241234", "0635-8241234"),
        ("0635-82412345", "0635-82412345"),
        ("010-12345678", "010-12345678"),
    ],
)
def test_phones(text: str, number: str) -> None:
    assert read(text) == number


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "请填写电话号码"),
        ("1380000551", "现在是10位"),
        ("12345678901", "以13到19开头"),
        ("8241234", "连区号"),
        ("0635-824123", "连区号"),
        ("0635-8241234转801", "只能有数字"),
        ("٠١٢٣٤٥٦٧٨٩", "只能有数字"),
    ],
)
def test_phones_refused(text: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as caught:
        read(text)
    assert caught.value.field == "phone"


def test_masks() -> None:
    assert mask_id("371599199003070026") == "371599********0026"
    assert mask_id("371599781231006") == "371599******006"
    assert mask_id("E12345678") == "E1*****78"
    assert mask_id("12345") == "1***5"
    assert mask_id("") == mask_phone("") == ""
    assert mask_phone("13800005512") == "138****5512"
    assert mask_phone("0635-8241234") == "0635-****234"


@given(st.one_of(numbers, st.from_regex(r"[A-Z0-9]{1,20}", fullmatch=True)))
def test_a_mask_hides_at_least_a_third(number: str) -> None:
    assert mask_id(number).count("*") * 3 >= len(number)
