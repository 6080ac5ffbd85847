"""What the demo holds: how many, where, since when. Days are counted back from the day it is made."""

from __future__ import annotations

from dataclasses import dataclass

SEED = 3715
PERSONS, CASES = 2_000, 1_500


@dataclass(frozen=True)
class Area:
    """A county-level unit with cases, by its number code.

    `share` of all cases; `opened`, `stopped` and `ended` are days ago: of the opening, the last new case, the end.
    """

    code: str
    share: float
    opened: int
    stopped: int | None = None
    ended: int | None = None


@dataclass(frozen=True)
class Trial:
    """A unit without cases: the programme was tried there (`opened` and `ended` days ago), or begins (`starts_in`)."""

    code: str
    opened: int = 0
    ended: int = 0
    starts_in: int = 0


# Open in three units; in the fourth it was closed long ago, so that all cases there are old.
AREAS = (
    Area("371502", 0.40, opened=990),
    Area("371503", 0.27, opened=905),
    Area("371581", 0.20, opened=960),
    Area("371526", 0.13, opened=1330, stopped=640, ended=430),
)
TRIALS = (Trial("371525", opened=760, ended=560), Trial("3715A1", starts_in=20))
LOGIN_AREAS = ("371502", "371503")  # where each county role has an account to log in with
GUARDED = "county2"  # the one of them whose log-in asks for a code of an authenticator

OPEN_SHARE = 0.11  # of the cases of a unit that takes cases
VIOLENT_SHARE = 0.08
TOWNSHIPS, VILLAGES = 6, 3  # of each unit in which cases are registered
# How many cases an organisation has, relative to the others: the unit itself, its first township (where the mediator
# with a log-in works), each other township, each village.
UNIT_WEIGHT, FIRST_WEIGHT, TOWNSHIP_WEIGHT, VILLAGE_WEIGHT = 1.5, 3.0, 1.2, 0.4
LATEST_CLOSING = 5  # days ago
SHORTEST, LONGEST = 6, 110  # days from opening to closing

OPEN_REASON = "市妇联关于在全市推开品牌项目的通知"
STOP_REASON = "人员调整，暂不接新案"
END_REASON = "在办案件已全部办结"
TRIAL_REASON, TRIAL_END = "县级试点", "试点期满，总结后再定"
