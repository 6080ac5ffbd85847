"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "bad"]
WORDS: dict[Level, str] = {"ok": "好", "warning": "注意", "bad": "不行"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: what was looked at, how it is, and (unless it is well) how to mend it, in Chinese.

    `warning` can wait until tomorrow; with a `bad` one data or secrets are at risk, and production does not start.
    """

    subject: str
    level: Level
    text: str
    mend: str = ""


def judge(subject: str, well: bool, text: str, mend: str, otherwise: Level = "bad") -> Finding:
    """A finding that is ok where `well`, else `otherwise` with the way to mend it."""
    return Finding(subject, "ok", text) if well else Finding(subject, otherwise, text, mend)
