"""The time limit: 30 days from acceptance, longer where both agree."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from fulian_mediation.queries import find_detail
from fulian_mediation.service.deadline import guard_extension

from fulian.testing.acts import advance, due_tasks, find_row, refusal_of
from fulian.testing.world import VIOLENT, actor, open_mediation

from .conftest import TODAY


def test_a_holiday_moves_the_last_day(world: Flask) -> None:
    """民法典第二百零三条: 期间的最后一日是法定休假日的，以法定休假日结束的次日为期间的最后一日."""
    case_id = open_mediation(now=datetime(2026, 3, 12, 2, tzinfo=UTC)).id  # day 30 is Saturday, April 11
    assert due_tasks(case_id)["deadline"].due_on == date(2026, 4, 13)


def test_both_may_agree_to_go_on(accepted: int) -> None:
    until = date(2027, 1, 10)
    advance(accepted, "extend_deadline", until=until, both_agreed=True, note="")
    task = due_tasks(accepted)["deadline"]
    assert (task.due_on, task.legal, task.article) == (until, True, "双方同意延期")
    assert find_detail(accepted).extended_until == until
    assert find_row(accepted).stage == "accepted"


@pytest.mark.parametrize("days", [0, -1])
def test_not_into_the_past(accepted: int, days: int) -> None:
    until = TODAY + timedelta(days=days)
    refused = refusal_of(advance, accepted, "extend_deadline", until=until, both_agreed=True, note="")
    assert refused.field == "until"


def test_one_alone_extends_nothing(accepted: int) -> None:
    until = date(2027, 1, 10)
    refused = refusal_of(advance, accepted, "extend_deadline", until=until, both_agreed=False, note="")
    assert refused.field == "both_agreed"


def test_an_extension_never_shortens_the_limit(accepted: int) -> None:
    def refusal(until: date) -> str | None:
        return refusal_of(advance, accepted, "extend_deadline", until=until, both_agreed=True, note="").field

    assert refusal(date(2026, 12, 24)) == "until"  # the limit itself
    advance(accepted, "extend_deadline", until=date(2027, 1, 10), both_agreed=True, note="")
    assert refusal(date(2027, 1, 9)) == "until"
    assert due_tasks(accepted)["deadline"].due_on == date(2027, 1, 10)


def test_severe_violence_is_not_put_off(world: Flask) -> None:
    """山东省反家庭暴力条例第二十条: 及时向公安机关报告."""
    case_id = open_mediation(data=VIOLENT).id
    refused = refusal_of(advance, case_id, "extend_deadline", until=date(2027, 1, 10), both_agreed=True, note="")
    assert "第二十条" in refused.message
    assert guard_extension(find_row(case_id), {}, actor("mediator")) is not None  # said before the form is shown
