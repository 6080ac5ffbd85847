"""The suggested risk: every combination of answers."""

from __future__ import annotations

from itertools import product

import pytest
from fulian_mediation.codes import NO, UNSAID, YES
from fulian_mediation.service.screening import (
    DEFAULT_SCORES,
    Screen,
    screen_words,
    suggest_risk,
    unsaid_words,
)

ORDER = "byor"
ANSWERS = (NO, UNSAID, YES)


def risk_of(hit: str, threatened: str, unsafe: str, named: bool = False) -> str:
    return suggest_risk(Screen(hit, threatened, unsafe), DEFAULT_SCORES, violence_named=named)


@pytest.mark.parametrize(
    ("answers", "risk"),
    [
        ((NO, NO, NO), "b"),
        ((NO, NO, UNSAID), "y"),
        ((UNSAID, UNSAID, UNSAID), "y"),
        ((NO, YES, NO), "o"),
        ((NO, YES, UNSAID), "o"),
        ((YES, NO, NO), "o"),
        ((NO, NO, YES), "o"),
        ((YES, UNSAID, UNSAID), "o"),
        ((YES, YES, NO), "r"),
        ((YES, NO, YES), "r"),
        ((NO, YES, YES), "r"),
        ((YES, YES, YES), "r"),
    ],
)
def test_default_scores(answers: tuple[str, str, str], risk: str) -> None:
    assert risk_of(*answers) == risk


def test_a_worse_answer_never_lowers_the_risk() -> None:
    for answers in product(ANSWERS, repeat=3):
        for at in range(3):
            for worse in ANSWERS[ANSWERS.index(answers[at]) :]:
                changed = (*answers[:at], worse, *answers[at + 1 :])
                assert ORDER.index(risk_of(*changed)) >= ORDER.index(risk_of(*answers))


def test_a_dispute_called_violence_is_orange_at_least() -> None:
    assert risk_of(NO, NO, NO, named=True) == "o"
    assert risk_of(YES, YES, NO, named=True) == "r"


def test_scores_are_a_setting() -> None:
    strict = {**DEFAULT_SCORES, "red": 5}
    assert suggest_risk(Screen(YES, NO, NO), strict) == "r"


def test_words_of_the_answers() -> None:
    screen = Screen(YES, UNSAID, NO)
    assert screen_words(screen) == ("打过人",)
    assert unsaid_words(screen) == ("曾有威胁、跟踪",)
