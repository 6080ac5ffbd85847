"""Identity documents and telephone numbers: reading what was typed, and masking what is shown.

The citizen identification number follows GB 11643: 17 digits and a check character (ISO 7064 MOD 11-2), birth date in
digits 7 to 14, sex in the 17th. Its first six digits name the place where it was first issued: never checked against
today's divisions, and residence is never taken from them. No message repeats what was typed, since a refusal is logged.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from fulian.errors import Refused

ID_CARD, OLD_ID_CARD, HMT_PERMIT, PASSPORT = "id_card", "id_card_15", "hmt_permit", "passport"
OFFICER, PERMANENT, NONE = "officer", "permanent", "none"

KINDS = {
    ID_CARD: "居民身份证",
    OLD_ID_CARD: "15位旧证",
    HMT_PERMIT: "港澳台居民居住证",
    PASSPORT: "护照",
    OFFICER: "军官证",
    PERMANENT: "外国人永久居留身份证",
    NONE: "无证件或不便提供",
}

# What a form offers: a 15-digit card is read as such when 居民身份证 is picked.
KIND_CHOICES = [(kind, label) for kind, label in KINDS.items() if kind != OLD_ID_CARD]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643
_CHECK_CHARACTERS = "10X98765432"  # GB 11643, by the weighted sum modulo 11
_LENGTH, _OLD_LENGTH = 18, 15
_HMT_PREFIXES = (
    "81",
    "82",
    "83",
)  # 港澳台居民居住证申领发放办法(国办发〔2018〕81号): 香港 810000, 澳门 820000, 台湾 830000
_PERMANENT_PREFIX = "9"  # the first digit of the 2023 edition; citizens' numbers begin with 1 to 8
_EARLIEST_BIRTH = date(1900, 1, 1)  # identity cards exist since 1984
_MALE, _FEMALE = "1", "2"  # GB/T 2261.1

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(0(?:10|2[0-9]|[3-9][0-9]{2}))([0-9]{7,8})")
_COUNTRY_CODE = re.compile(r"(?:\+|00)86|86(?=1[0-9]{10}$)")
_MOBILE_DIGITS = 11


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A number by the rule of GB 11643, folded: `kind` is one of KINDS, `sex_code` GB/T 2261.1. Never printed whole."""

    number: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex_code: str
    kind: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document of any kind. Birth date and sex are known only where the number carries them; NONE has number ""."""

    kind: str
    number: str = field(repr=False)
    birth_date: date | None = field(default=None, repr=False)
    sex_code: str | None = None


def _fold(text: str) -> str:
    """Full-width forms to half-width, letters to capitals, white space and zero-width characters away."""
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(ch for ch in folded if not ch.isspace() and unicodedata.category(ch) != "Cf")


def check_character(digits: str) -> str:
    """The 18th character for 17 digits (GB 11643)."""
    total = sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % len(_CHECK_CHARACTERS)]


def _read_birth_date(digits: str, where: str, on: date, field_name: str) -> date:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise Refused(f"证件号{where}是出生日期，现在不是真实的日期，请对照证件改正。", field_name) from None
    if born > on:
        raise Refused(f"证件号{where}的出生日期晚于今天，请对照证件改正。", field_name)
    if born < _EARLIEST_BIRTH:
        raise Refused(f"证件号{where}的出生日期早于1900年，请对照证件改正。", field_name)
    return born


def _require_digits(number: str, field_name: str) -> None:
    for position, ch in enumerate(number, start=1):
        if ch in "0123456789" or (ch == "X" and position == _LENGTH):
            continue
        only = "只能是数字，最后一位可以是X" if len(number) == _LENGTH else "只能是数字"
        raise Refused(f"身份证号第{position}位不是数字（{only}），请对照证件改正。", field_name)


def _sex_of(digit: str) -> str:
    return _MALE if int(digit) % 2 else _FEMALE


def read_id_number(text: str, on: date, *, field_name: str = "id_number") -> IdNumber:
    """Reads a citizen's number, a 港澳台居民居住证 (81, 82, 83) or a 外国人永久居留身份证 of 2023 (9), all by GB 11643.

    Full-width characters and x are folded, spaces dropped. A number of 15 digits is kept as it is, without check
    character, born 19xx. `on` is today's local date: nobody is born after it. Raises Refused for the field
    `field_name`, saying whether length, a character, the date or the check character is wrong, and how to mend it.
    """
    number = _fold(text)
    if not number:
        raise Refused("请填写身份证号；没有证件时，证件类型请选“无证件或不便提供”。", field_name)
    if len(number) not in (_LENGTH, _OLD_LENGTH):
        raise Refused(f"身份证号要18位（老证15位），现在是{len(number)}位，请对照证件补齐或删去多余的。", field_name)
    _require_digits(number, field_name)
    if len(number) == _OLD_LENGTH:
        born = _read_birth_date("19" + number[6:12], "第7到12位", on, field_name)
        return IdNumber(number, born, _sex_of(number[14]), OLD_ID_CARD)
    born = _read_birth_date(number[6:14], "第7到14位", on, field_name)
    if check_character(number[:17]) != number[17]:
        raise Refused("身份证号的最后一位与前17位对不上，多半是有一位写错了，请对照证件逐位核对。", field_name)
    kind = ID_CARD
    if number.startswith(_HMT_PREFIXES):
        kind = HMT_PERMIT
    elif number.startswith(_PERMANENT_PREFIX):
        kind = PERMANENT
    return IdNumber(number, born, _sex_of(number[16]), kind)


def read_document(kind: str, text: str, on: date, *, field_name: str = "id_number") -> Document:
    """Reads the number of a document of this kind (a key of KINDS).

    Where a number by GB 11643 tells its own kind, that wins over the kind that was picked among the cards; NONE drops
    whatever was typed. Raises Refused for the field `field_name`, LookupError for a kind that does not exist.
    """
    if kind not in KINDS:
        raise LookupError(f"no document kind {kind!r}")
    if kind == NONE:
        return Document(NONE, "")
    if kind in (ID_CARD, OLD_ID_CARD, HMT_PERMIT):
        read = read_id_number(text, on, field_name=field_name)
        return Document(read.kind, read.number, read.birth_date, read.sex_code)
    number = _fold(text)
    if not number:
        raise Refused(f"请填写{KINDS[kind]}的号码；没有证件时，证件类型请选“无证件或不便提供”。", field_name)
    if kind == PERMANENT:
        return _read_permanent(number, on, field_name)
    if kind == PASSPORT and not re.fullmatch(r"(?=.*[0-9])[0-9A-Z]{5,15}", number):
        raise Refused("护照号是5到15位字母和数字，请对照护照首页改正。", field_name)
    if kind == OFFICER and not re.fullmatch(r"(?=.*[0-9])[\w()-]{4,20}", number):
        raise Refused("军官证号是4到20个字和数字，例如“南字第1234567号”，请对照证件改正。", field_name)
    return Document(kind, number)


def _read_permanent(number: str, on: date, field_name: str) -> Document:
    """外国人永久居留身份证: 18 digits beginning with 9 since 2023, before that three letters and twelve digits."""
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        return Document(PERMANENT, number)
    if number.startswith(_PERMANENT_PREFIX):
        read = read_id_number(number, on, field_name=field_name)
        if read.kind == PERMANENT:
            return Document(PERMANENT, read.number, read.birth_date, read.sex_code)
    raise Refused("永久居留身份证号是以9开头的18位，旧证是3个字母加12位数字，请对照证件改正。", field_name)


def read_phone(text: str, *, field_name: str = "phone") -> str:
    """A mobile number as 11 digits, or a landline as 0635-8241234 (area code, hyphen, 7 or 8 digits).

    Full-width digits are folded; spaces, hyphens, brackets and +86 dropped. Raises Refused for the field `field_name`.
    """
    digits = re.sub(r"[-‐‑–—−().]", "", _fold(text))
    abroad = _COUNTRY_CODE.match(digits)
    digits = digits[abroad.end() :] if abroad else digits
    if not digits:
        raise Refused("请填写电话号码。", field_name)
    if _MOBILE.fullmatch(digits):
        return digits
    landline = _LANDLINE.fullmatch(digits)
    if landline:
        return f"{landline[1]}-{landline[2]}"
    if re.search(r"[^0-9]", digits):
        raise Refused("电话号码只能有数字；分机或说明请写在备注里。", field_name)
    if digits.startswith("1"):
        wrong = "以13到19开头" if len(digits) == _MOBILE_DIGITS else f"要11位，现在是{len(digits)}位"
        raise Refused(f"手机号{wrong}，请核对后改正。", field_name)
    raise Refused("座机请连区号一起写，例如0635-8241234；手机号要11位。", field_name)


def mask_id(number: str) -> str:
    """A document number with its middle hidden: 371599********0026; other documents show two characters at each end."""
    if len(number) == _LENGTH:
        return f"{number[:6]}{'*' * 8}{number[-4:]}"
    if len(number) == _OLD_LENGTH:
        return f"{number[:6]}{'*' * 6}{number[-3:]}"
    shown = 2 if len(number) > 5 else 1
    return f"{number[:shown]}{'*' * max(len(number) - 2 * shown, 1)}{number[-shown:]}" if number else ""


def mask_phone(number: str) -> str:
    """A telephone number with its middle hidden: 138****5512, 0635-****234."""
    if not number:
        return ""
    area, _, local = number.rpartition("-")
    if area:
        return f"{area}-{'*' * max(len(local) - 3, 1)}{local[-3:]}"
    return f"{number[:3]}****{number[-4:]}" if len(number) > 7 else "*" * len(number)
