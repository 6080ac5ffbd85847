"""The short violence screen: three questions, a suggested risk, and when mediation is no longer allowed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fulian_mediation.codes import UNSAID, YES

# [D] No national or provincial score exists (colours differ from place to place): a setting, with this default.
# Points of each answer, and the points from which a colour is suggested; below yellow it is blue.
DEFAULT_SCORES: Mapping[str, int] = {
    "hit": 5,
    "threatened": 4,
    "unsafe": 5,
    "unsaid": 1,
    "red": 9,
    "orange": 4,
    "yellow": 1,
}

RED, ORANGE, YELLOW, BLUE = "r", "o", "y", "b"

ADVICE: Mapping[str, str] = {
    RED: "有严重家暴风险，不能调解。正受伤害的先打 110，再报告公安、记下回执。",
    ORANGE: "可以调解，须两名调解员到场、错开时间约见。",
    YELLOW: "可以调解，换个时间单独再问一次。",
    BLUE: "可以调解。",
}


@dataclass(frozen=True)
class Screen:
    """The answers: has the other side hit, threatened or followed; is it unsafe at home tonight (yes, no, unsaid)."""

    hit: str
    threatened: str
    unsafe: str

    @property
    def answers(self) -> dict[str, str]:
        """Question → answer."""
        return {"hit": self.hit, "threatened": self.threatened, "unsafe": self.unsafe}

    @property
    def reported(self) -> bool:
        """Whether violence was reported: beating, threats and following are all of it (山东省反家庭暴力条例第三条)."""
        return YES in self.answers.values()


def suggest_risk(screen: Screen, scores: Mapping[str, int], *, violence_named: bool = False) -> str:
    """The colour (r, o, y, b) that the answers suggest; orange at least where the dispute itself is called violence."""
    points = sum(
        scores[question] if answer == YES else scores["unsaid"] if answer == UNSAID else 0
        for question, answer in screen.answers.items()
    )
    if points >= scores["red"]:
        return RED
    if points >= scores["orange"] or violence_named:
        return ORANGE
    return YELLOW if points >= scores["yellow"] else BLUE


_WORDS = (("hit", "打过人"), ("threatened", "曾有威胁、跟踪"), ("unsafe", "回家不安全"))


def screen_words(screen: Screen) -> tuple[str, ...]:
    """What was answered with yes, in a few words each: ("曾有威胁、跟踪",)."""
    return tuple(words for question, words in _WORDS if screen.answers[question] == YES)


def unsaid_words(screen: Screen) -> tuple[str, ...]:
    """What was not answered."""
    return tuple(words for question, words in _WORDS if screen.answers[question] == UNSAID)
