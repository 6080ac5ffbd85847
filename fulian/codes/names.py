"""Personal names: folding what was typed, and the tokens by which a name is found.

A name is stored under every token of `name_tokens`; a typed query becomes the one token of `query_token`, so that a
search is a single equality on an index. Three kinds, told apart by their prefix:
- `g:` one or two characters: the first character, and each pair of neighbours (g:赵, g:赵春, g:春梅);
- `n:` three characters or more: each beginning of the name, and of each part of a name with dots (n:赵春梅);
- `y:` letters: each beginning of the full pinyin and of the initials, and the given name's pinyin (y:zhaoch, y:zcm,
  y:chunmei). Pinyin and initials share a kind on purpose: "zh" begins 张 and 赵 in pinyin and stands for 周红 in
  initials, and who types it does not say which she means.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from functools import lru_cache
from itertools import islice, product

from fulian.codes.tables import read_table
from fulian.errors import Refused

LONGEST = 50  # characters of a name, the longest that identity cards print
DOT = "·"  # U+00B7, the separator that GB/T 2312 text and identity cards use in transliterated names

_DOTS = re.compile("[·•‧∙⋅・･．᛫]")
_HAN = "[〇\u2e80-\u2fdf\u3400-\u9fff\ue000-\uf8ff\uf900-\ufaff\U00020000-\U0003ffff]"  # private use: characters of GBK
_POINT_BETWEEN_HAN = re.compile(f"(?<={_HAN})[ ]*[.·][ ]*(?={_HAN})")
_SPACE_BETWEEN_HAN = re.compile(f"(?<={_HAN})[ ]+(?={_HAN})")
_UMLAUT = re.compile("(?<=[ln])ü")
_LONGEST_LATIN = 24  # letters of one token: 诸葛 with a long given name; a longer query is cut to it
_MOST_READINGS = 16  # combinations of readings of one name


def fold_name(text: str, *, field_name: str = "name") -> str:
    """A name as it is stored: compatibility forms folded (NFKC), middle dots U+00B7, no space between Han characters.

    Inner spaces of a foreign name stay, one at a time; characters outside the BMP and private-use ones stay. Raises
    Refused for the field `field_name` when nothing is left, when it is longer than 50 characters, or holds no letter.
    """
    kept = "".join(ch for ch in text if ch.isspace() or unicodedata.category(ch) not in ("Cc", "Cf", "Cs"))
    spaced = " ".join(unicodedata.normalize("NFKC", _DOTS.sub(DOT, kept)).split())
    name = _SPACE_BETWEEN_HAN.sub("", _POINT_BETWEEN_HAN.sub(DOT, spaced)).strip(" " + DOT)
    if not name:
        raise Refused("请填写姓名。", field_name)
    if len(name) > LONGEST:
        raise Refused(f"姓名最多{LONGEST}个字，现在有{len(name)}个，请核对。", field_name)
    if not any(_is_character(ch) or _latin(ch) for ch in name):
        raise Refused("姓名里没有文字，请核对后重填。", field_name)
    return name


def _latin(ch: str) -> str:
    """The plain small letter under a Latin letter (é gives e), "" for anything else."""
    base = unicodedata.normalize("NFKD", ch)[0].lower()
    return base if "a" <= base <= "z" else ""


def _is_character(ch: str) -> bool:
    """Whether a letter that is not Latin: Han above all, with 〇 (Nl) and the characters newer than Unicode 14 (Cn)."""
    return unicodedata.category(ch) in ("Lo", "Lu", "Ll", "Lm", "Nl", "Co", "Cn") and not _latin(ch)


def _split(text: str) -> tuple[list[str], list[str]]:
    """The parts of a name in characters (split at dots) and its words in plain small Latin letters."""
    folded = _UMLAUT.sub("v", unicodedata.normalize("NFKC", _DOTS.sub(DOT, text)).lower())
    parts = ["".join(ch for ch in part if _is_character(ch)) for part in re.split(f"[{DOT}.]", folded)]
    words = ["".join(_latin(ch) for ch in word) for word in re.split(rf"[\s.{DOT}-]+", folded)]
    return [part for part in parts if part], [word for word in words if word]


@lru_cache(maxsize=1)
def _readings_table() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Readings beside the usual one: of surnames (also of two characters, syllables apart), of other characters."""
    surnames: dict[str, list[str]] = defaultdict(list)
    others: dict[str, list[str]] = defaultdict(list)
    for row in read_table("fulian.codes", "name_readings"):
        (surnames if row["place"] == "surname" else others)[row["name"]].append(row["reading"])
    return dict(surnames), dict(others)


@lru_cache(maxsize=30_000)
def _usual_reading(ch: str) -> str:
    """The usual pinyin of one character without tone (女 nv), "" where none is known."""
    from pypinyin import lazy_pinyin  # 0.2 s and 66 MB: only a process that indexes names pays for it

    return "".join(lazy_pinyin(ch, errors="ignore"))


def _readings(characters: str) -> list[list[str]]:
    """For each character its possible readings, a surname's own reading first; unknown characters are left out."""
    surnames, others = _readings_table()
    double = [syllables.split() for syllables in surnames.get(characters[:2], ())] if len(characters) > 2 else []
    found = []
    for place, ch in enumerate(characters):
        own = surnames.get(ch, []) if place == 0 else others.get(ch, [])
        possible = [syllables[place] for syllables in double if place < 2] + own + [_usual_reading(ch)]
        known = list(dict.fromkeys(reading for reading in possible if reading))
        if known:
            found.append(known)
    return found


def _beginnings(kind: str, text: str, shortest: int) -> set[str]:
    return {f"{kind}:{text[:end]}" for end in range(shortest, len(text) + 1)}


def _letters(text: str) -> set[str]:
    return _beginnings("y", text[:_LONGEST_LATIN], 2)


def _character_tokens(parts: list[str]) -> set[str]:
    whole = "".join(parts)
    tokens = {f"g:{whole[0]}"} | {f"g:{whole[start : start + 2]}" for start in range(len(whole) - 1)}
    for text in (whole, *parts):
        tokens |= _beginnings("n", text, 3)
    return tokens


def _pinyin_tokens(parts: list[str]) -> set[str]:
    tokens: set[str] = set()
    given_starts = [len(parts[0])] if len(parts) > 1 else [1]
    if len(parts) == 1 and len(parts[0]) > 3:
        given_starts.append(2)  # 欧阳娜娜: the surname may have two characters
    for syllables in islice(product(*_readings("".join(parts))), _MOST_READINGS):
        tokens |= _letters("".join(syllables)) | _letters("".join(syllable[0] for syllable in syllables))
        for start in given_starts:
            if len(syllables) - start > 1:
                tokens.add("y:" + "".join(syllables[start:])[:_LONGEST_LATIN])
    return tokens


def name_tokens(name: str) -> set[str]:
    """Every token under which a name is found (module docstring), over all readings of a surname, the common one too.

    A name in Latin letters is found by its words and by their initials. At most 2 + 50 characters each.
    """
    parts, words = _split(name)
    tokens: set[str] = set()
    if parts:
        tokens |= _character_tokens(parts) | _pinyin_tokens(parts)
    if words:
        tokens |= _letters("".join(words)) | _letters("".join(word[0] for word in words))
        for word in words:
            tokens |= _letters(word)
    return tokens


def query_token(text: str) -> str | None:
    """The one token that a typed name, part of a name, pinyin or initials stands for; None if it says too little.

    Characters win over letters where both were typed; digits and signs are ignored; one letter alone says too little.
    """
    parts, words = _split(text)
    characters, letters = "".join(parts), "".join(words)[:_LONGEST_LATIN]
    if characters:
        return f"{'g' if len(characters) < 3 else 'n'}:{characters}"
    return f"y:{letters}" if len(letters) > 1 else None
