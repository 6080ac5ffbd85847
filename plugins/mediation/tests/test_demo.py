"""Demo cases keep the programme's rules: every act is one that its stage allows, every ending has what it needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from flask import Flask
from fulian_mediation.codes import ORAL_AGREEMENT, REFUSED, TO_POLICE
from fulian_mediation.demo.telling import SETTLED, Tale, tell_case
from fulian_mediation.programme import PROGRAMME

from fulian.api import DemoCase, DemoPerson, Story

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
KINDS = ("spouse", "in_law", "child")
TOLD = 40  # stories of each stage and of each outcome


def case(n: int, *, stage: str = "", outcome: str | None = None) -> DemoCase:
    opened = NOW - timedelta(days=7 + n % 50)
    return DemoCase(
        org_id=30,
        county_id=3,
        place="柳园街道",
        handler_id=1,
        handler="李秀英",
        persons=(DemoPerson("赵春梅", "2", 1990), DemoPerson("孙建国", "1", 1988)),
        kin=KINDS[n % 3],
        opened_at=opened,
        now=NOW,
        stage=stage,
        closed_at=opened + timedelta(days=6 + n % 40) if outcome else None,
        outcome=outcome,
        violent=n % 7 == 0,
    )


def stories(app: Flask, **wanted: str) -> list[tuple[DemoCase, Story]]:
    with app.app_context():
        drawn = [case(n, **wanted) for n in range(TOLD)]  # type: ignore[arg-type]
        return [(one, tell_case(one, Random(n))) for n, one in enumerate(drawn)]


def follows_the_rules(one: DemoCase, story: Story) -> None:
    stage, at = story.stage, one.opened_at
    for step in story.steps:
        transition = PROGRAMME.transition(step.kind)
        assert transition is not None
        assert stage in transition.from_
        stage = transition.to or stage
        assert step.stage == stage
        assert at < step.at < one.until
        at = step.at
    for task in story.tasks:
        assert one.opened_at <= task.laid_at <= (task.done_at or one.until)
    severe = story.risk == "r"
    assert story.restricted == one.violent or one.outcome == TO_POLICE
    assert not severe or {step.kind for step in story.steps} <= {"report_police"}


@pytest.mark.parametrize("stage", [stage.code for stage in PROGRAMME.stages])
def test_open_cases(app: Flask, stage: str) -> None:
    found = stories(app, stage=stage)
    for one, story in found:
        follows_the_rules(one, story)
        assert [task for task in story.tasks if task.done_at is None]  # something is due in every open case
    reached = {story.steps[-1].stage if story.steps else story.stage for _one, story in found}
    assert stage in reached


@pytest.mark.parametrize("outcome", [outcome.code for outcome in PROGRAMME.outcomes])
def test_closed_cases(app: Flask, outcome: str) -> None:
    for one, story in stories(app, outcome=outcome):
        follows_the_rules(one, story)
        acts = [step.kind for step in story.steps]
        tale: Tale = story.own
        if outcome in SETTLED:
            assert ("record_oral_agreement" if outcome == ORAL_AGREEMENT else "sign_agreement") in acts
        if outcome == TO_POLICE:
            assert acts == ["report_police"]
        answers = [act.data["answer"] for act in tale.acts if act.code == "record_willingness"]
        assert (REFUSED in answers) == (outcome == "30")
        assert story.note


def test_the_same_numbers_tell_the_same_story(app: Flask) -> None:
    with app.app_context():
        one = case(5, outcome="10")
        first, second = tell_case(one, Random(9)), tell_case(one, Random(9))
        assert (first.steps, first.tasks, first.summary) == (second.steps, second.tasks, second.summary)
