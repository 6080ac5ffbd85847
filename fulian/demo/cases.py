"""Draws the cases: where, when, who, how far; the programme tells what happened, the bulk loader writes it."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from fulian.calendar import SHANGHAI, is_working_day
from fulian.cases.bulk import BulkCase, BulkEvent, BulkParty, BulkTask, Loaded, load_cases
from fulian.demo.people import Home, Pair, People
from fulian.demo.places import Worked
from fulian.demo.plan import LATEST_CLOSING, LONGEST, OPEN_SHARE, SHORTEST, VIOLENT_SHARE
from fulian.people.bulk import NewPerson, load_people
from fulian.people.data import PersonData
from fulian.programmes.demo import DemoCase, DemoPerson, Story, ToldCase
from fulian.programmes.programme import Programme

FIRST_HOUR, LAST_HOUR = 8, 17
GOOD_WEIGHTS = (8.0, 4.0)  # of the first good outcome, and of each other one; the rest has 1
LATE_STAGE_WEIGHT = 0.6  # a stage of the second half, relative to one of the first
STAGE_DAYS = 18  # how much older a case may be with each stage it has got on


@dataclass(frozen=True)
class Drawn:
    """A case of which the place, the time and the end are known, and nobody yet in it."""

    home: Home
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None
    stage: str
    violent: bool


class Casework:
    """Draws and writes the cases of one programme."""

    def __init__(self, programme: Programme, people: People, rng: Random, now: datetime, today: date) -> None:
        self._programme, self._people, self._rng, self._now, self._today = programme, people, rng, now, today
        self._stages = [stage.code for stage in programme.stages]
        half = len(self._stages) / 2
        self._stage_weights = [1 if n < half else LATE_STAGE_WEIGHT for n in range(len(self._stages))]
        self._outcomes = [outcome.code for outcome in programme.outcomes]
        good = iter((GOOD_WEIGHTS[0],))
        self._outcome_weights = [next(good, GOOD_WEIGHTS[1]) if o.good else 1.0 for o in programme.outcomes]

    def write(self, places: Sequence[Worked], cases: int, persons: int, handlers: Mapping[int, tuple[int, str]]) -> int:
        """Write `cases` cases with `persons` people; `handlers` has (account, name) by organisation.

        Returns how many people stand in a case: those left over are only registered.
        """
        drawn = sorted(self._draw(places, cases), key=lambda one: (one.opened_at, one.home.org_id))
        pairs, mine = self._assign(drawn, persons // 2)
        ids = self._register(pairs, drawn, mine, handlers)
        told = [self._tell(one, pairs[mine[n]], handlers) for n, one in enumerate(drawn)]
        bulk = [self._bulk(case, story, ids[mine[n]]) for n, (case, story) in enumerate(told)]
        self._keep(told, load_cases(bulk))
        return len(set(mine)) * 2

    # --- where and when -----------------------------------------------------------------------------------------

    def _draw(self, places: Sequence[Worked], cases: int) -> Iterable[Drawn]:
        for worked in places:
            n = round(cases * worked.area.share)
            n_open = 0 if worked.area.ended is not None else round(n * OPEN_SHARE)
            homes = self._rng.choices(worked.homes, worked.weights, k=n)
            yield from (self._draw_open(home, place) for place, home in enumerate(homes[:n_open]))
            yield from (self._draw_closed(worked, home, place) for place, home in enumerate(homes[n_open:]))

    def _draw_open(self, home: Home, place: int) -> Drawn:
        """Every stage comes; the further it has got, the longer ago it was opened."""
        first_round = place < len(self._stages)
        stage = self._stages[place] if first_round else self._rng.choices(self._stages, self._stage_weights)[0]
        got = self._stages.index(stage)
        days = self._rng.uniform(0.3 + got * STAGE_DAYS / 3, 6 + got * STAGE_DAYS)
        return Drawn(home, self._moment(days), None, None, stage, self._rng.random() < VIOLENT_SHARE)

    def _draw_closed(self, worked: Worked, home: Home, place: int) -> Drawn:
        """Every outcome comes; opened while the programme was open there, closed before it ended."""
        first_round = place < len(self._outcomes)
        outcome = self._outcomes[place] if first_round else self._rng.choices(self._outcomes, self._outcome_weights)[0]
        latest = worked.area.stopped or LATEST_CLOSING + SHORTEST
        opened = self._rng.uniform(latest, worked.area.opened - 1)
        ends = max((worked.area.ended or 0) + LATEST_CLOSING, LATEST_CLOSING)
        days = min(self._rng.triangular(SHORTEST, LONGEST, 30), opened - ends)
        opened_at = self._moment(opened)
        closed_at = max(self._moment(opened - days), opened_at + timedelta(days=SHORTEST - 1))
        return Drawn(home, opened_at, closed_at, outcome, "", self._rng.random() < VIOLENT_SHARE)

    def _moment(self, days_ago: float) -> datetime:
        """An instant of a working hour about so many days ago."""
        day = self._today - timedelta(days=int(days_ago))
        while not is_working_day(day):
            day -= timedelta(days=1)
        clock = time(self._rng.randrange(FIRST_HOUR, LAST_HOUR), self._rng.randrange(60), self._rng.randrange(60))
        return min(datetime.combine(day, clock, SHANGHAI).astimezone(UTC), self._now - timedelta(minutes=30))

    # --- who ----------------------------------------------------------------------------------------------------

    def _assign(self, drawn: Sequence[Drawn], n_pairs: int) -> tuple[list[tuple[Pair, Home]], list[int]]:
        """So many pairs, and for each case which of them came: some come again once their last case is closed."""
        pairs: list[tuple[Pair, Home]] = []
        free_from: dict[int, dict[int, datetime]] = defaultdict(dict)  # organisation → pair → its last case's end
        mine: list[int] = []
        for n, one in enumerate(drawn):
            known = free_from[one.home.org_id]
            again = [pair for pair, end in known.items() if end < one.opened_at]
            due = (n_pairs - len(pairs)) / (len(drawn) - n)
            if len(pairs) < n_pairs and (not again or self._rng.random() < due):
                pairs.append((self._people.draw_pair(one.home), one.home))
                pair = len(pairs) - 1
            else:
                pair = self._rng.choice(again or list(known) or [0])
            known[pair] = one.closed_at or self._now
            mine.append(pair)
        while len(pairs) < n_pairs:
            home = self._rng.choice(drawn).home
            pairs.append((self._people.draw_pair(home), home))
        return pairs, mine

    def _register(
        self,
        pairs: Sequence[tuple[Pair, Home]],
        drawn: Sequence[Drawn],
        mine: Sequence[int],
        handlers: Mapping[int, tuple[int, str]],
    ) -> list[tuple[int, int]]:
        """Write the people of the pairs, registered when they first came; the ids of both by pair."""
        first: dict[int, datetime] = {}
        for one, pair in zip(drawn, mine, strict=True):
            first.setdefault(pair, one.opened_at)
        new = []
        for n, (drawn_pair, home) in enumerate(pairs):
            for facts in (drawn_pair.first, drawn_pair.second):
                by, at = handlers[home.org_id][0], first.get(n, self._now)
                new.append(NewPerson(facts, home.org_id, home.county_id, by, at))
        ids = iter(load_people(new))
        return [(next(ids), next(ids)) for _ in pairs]

    # --- what happened ------------------------------------------------------------------------------------------

    def _tell(
        self, one: Drawn, pair: tuple[Pair, Home], handlers: Mapping[int, tuple[int, str]]
    ) -> tuple[DemoCase, Story]:
        handler_id, handler = handlers[one.home.org_id]
        case = DemoCase(
            org_id=one.home.org_id,
            county_id=one.home.county_id,
            place=one.home.name,
            handler_id=handler_id,
            handler=handler,
            persons=(_person(pair[0].first), _person(pair[0].second)),
            kin=pair[0].kin,
            opened_at=one.opened_at,
            now=self._now,
            stage=one.stage,
            closed_at=one.closed_at,
            outcome=one.outcome,
            violent=one.violent,
        )
        assert self._programme.demo is not None  # noqa: S101 - only programmes with one are asked
        return case, self._programme.demo.tell(case, self._rng)

    def _bulk(self, case: DemoCase, story: Story, persons: tuple[int, int]) -> BulkCase:
        roles = self._programme.intake.roles
        return BulkCase(
            programme=self._programme.code,
            org_id=case.org_id,
            handler_id=case.handler_id,
            subject=story.subject,
            summary=story.summary,
            parties=tuple(
                BulkParty(role.code, person, story.relations.get(role.code, ""), role.code in story.hidden)
                for role, person in zip(roles, persons, strict=False)
            ),
            events=tuple(self._events(case, story)),
            submission_id=str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            tasks=tuple(
                BulkTask(task.planned, task.laid_at, task.done_at or case.closed_at, _result(task.done_at, case))
                for task in story.tasks
            ),
            source=story.source,
            restricted=story.restricted,
        )

    def _events(self, case: DemoCase, story: Story) -> Iterable[BulkEvent]:
        opened = BulkEvent("opened", "登记", case.opened_at, story.text, story.stage, risk=story.risk)
        yield opened
        stage = story.stage
        for step in story.steps:
            stage = step.stage
            yield replace(opened, kind=step.kind, title=step.title, at=step.at, text=step.text, stage=stage)
        if case.closed_at is not None:
            title = f"办结：{self._programme.outcome_label(case.outcome)}"
            yield BulkEvent("closed", title, case.closed_at, story.note, stage, "closed", case.outcome, story.risk)

    def _keep(self, told: Sequence[tuple[DemoCase, Story]], loaded: Sequence[Loaded]) -> None:
        """Let the programme add its own rows."""
        codes = [role.code for role in self._programme.intake.roles]
        assert self._programme.demo is not None  # noqa: S101 - only programmes with one are asked
        self._programme.demo.keep(
            [
                ToldCase(done.id, dict(zip(codes, done.parties, strict=False)), case, story)
                for (case, story), done in zip(told, loaded, strict=True)
            ]
        )


def _person(facts: PersonData) -> DemoPerson:
    return DemoPerson(facts.name, facts.sex, facts.birth_date.year if facts.birth_date else 0)


def _result(done_at: datetime | None, case: DemoCase) -> str | None:
    """done, dropped with the closing, or (None) still due."""
    if done_at is not None:
        return "done"
    return "dropped" if case.closed_at is not None else None
