"""Invented names with about as many namesakes as real ones have; no name here is a record of a person.

Of a million women in the public name statistics 55.6 % share their whole name with another, 25.6 % have a name that
ten or more have, and the most frequent name, 张秀英, comes 434 times. Surnames are drawn by their weight; given names
are those usual in a time of birth, or two characters usual in names.
"""

from __future__ import annotations

from itertools import accumulate
from random import Random

from fulian.codes.namelists import given_names, surnames

WOMAN, MAN = "2", "1"  # GB/T 2261.1
LAST_OF_THE_OLD, LAST_OF_THE_MIDDLE = 1966, 1986  # years of birth up to which the names of that time were usual

# The names usual for the old and the middle, the most frequent first; the others of the lists are of today.
_USUAL = {
    WOMAN: (
        "秀英 桂英 秀兰 玉兰 淑珍 凤英 玉英 桂兰 秀珍 兰英 玉珍 秀云 秀荣 桂珍 淑英 桂荣 玉梅"
        " 秀芳 桂芳 秀梅 桂香 秀华 桂芝 淑兰 凤兰 桂花 玉华 淑华",
        "丽 静 芳 娟 敏 霞 红 艳 燕 玲 萍 梅 英 春梅 海燕 红梅 丽娟 冬梅 琴 莉 云 丽华 丽萍 丽丽 小红",
    ),
    MAN: (
        "建国 建华 国强 建军 国平 志国 文 平 明 建平 林 成 华 利 东 民 志明 国良 国栋 国辉",
        "伟 强 磊 勇 军 杰 涛 超 刚 辉 鹏 飞 波 斌 亮 峰 志强 兵 雷 健 俊 龙",
    ),
}
# Characters usual in names, beside those of the lists.
_MORE = {
    WOMAN: "爱巧翠素景月银彩瑞芹青仙焕喜秋菊莲枝平亚晓文宁新立继存改变转芸珠贞宝庆灵卫群俊书元凡会先利勤双同善娥广",
    MAN: "德福贵宝庆祥喜来长春金银玉山河水生根柱栓牢保安全顺才有富发财昌盛兴旺忠孝义信仁礼勤俭光荣贤书元先会广存",
}
# Set so that a million names come out as the statistics say: 56.8 %, 24.7 %, 508 times.
_FALL = 0.25  # how steeply the usual names fall off
_USUAL_SHARE = (0.32, 0.32, 0.3)  # of the old, the middle, the young
_OWN_SHARE = 0.95  # of characters usual for that sex


class Names:
    """Draws names; the same random numbers draw the same ones."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._surnames, weights = zip(*surnames(), strict=True)
        self._weights = list(accumulate(weights))
        self._own: dict[str, str] = {}
        self._usual: dict[str, list[tuple[tuple[str, ...], list[float]]]] = {}
        for sex in (WOMAN, MAN):
            listed = given_names(sex)
            old, middle = (names.split() for names in _USUAL[sex])
            young = [name for name in listed if name not in {*old, *middle}]
            self._usual[sex] = [_with_weights(names) for names in (old, middle, young)]
            self._own[sex] = "".join(sorted({ch for name in listed for ch in name} | set(_MORE[sex])))

    def draw(self, sex: str, born: int) -> str:
        """A whole name for somebody of this sex (GB/T 2261.1) and year of birth."""
        surname: str = self._rng.choices(self._surnames, cum_weights=self._weights)[0]
        return surname + self._given(sex, born)

    def _given(self, sex: str, born: int) -> str:
        time = 0 if born <= LAST_OF_THE_OLD else 1 if born <= LAST_OF_THE_MIDDLE else 2
        if self._rng.random() < _USUAL_SHARE[time]:
            usual, weights = self._usual[sex][time]
            return self._rng.choices(usual, cum_weights=weights)[0]
        return self._character(sex) + self._character(sex)

    def _character(self, sex: str) -> str:
        other = MAN if sex == WOMAN else WOMAN
        return self._rng.choice(self._own[sex if self._rng.random() < _OWN_SHARE else other])


def _with_weights(names: list[str]) -> tuple[tuple[str, ...], list[float]]:
    return tuple(names), list(accumulate(1 / place**_FALL for place in range(1, len(names) + 1)))
