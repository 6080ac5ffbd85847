"""The story of one demo case, told act by act; the rules of real cases lay down its tasks and write its lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from random import Random
from types import SimpleNamespace
from typing import Any

from fulian.api import (
    SHANGHAI,
    Actor,
    Assessment,
    DemoCase,
    PastStep,
    PastTask,
    PlannedTask,
    Story,
    local_date,
)
from fulian_mediation import codes
from fulian_mediation.codes import APPLICANT, RESPONDENT
from fulian_mediation.demo import words
from fulian_mediation.numerals import chinese_number
from fulian_mediation.service import agreements, follow_up, intake, safety, sessions, willingness
from fulian_mediation.service.deadline import DEADLINE
from fulian_mediation.service.screening import RED
from fulian_mediation.service.willingness import CONCLUDE

EVENING, MORNING = 18, 8  # nobody works outside of these hours
DONE_BY: Mapping[str, tuple[str, ...]] = {
    # an act → the kinds of tasks it does, as in the programme's transitions
    "record_session": ("record_session", CONCLUDE, "write_agreement"),
    "record_willingness": ("record_willingness", CONCLUDE),
    "write_agreement": ("write_agreement", "record_session", CONCLUDE),
    "record_oral_agreement": ("record_oral_agreement", "record_session", "write_agreement", DEADLINE, CONCLUDE),
    "sign_agreement": ("sign_agreement", DEADLINE),
    "record_follow_up": ("record_follow_up",),
    "report_police": ("report_police", "record_session", "record_willingness"),
}
# How many days the acts up to a stage take, told in haste; an open case takes longer: its last act was lately.
HASTE_DAYS: Mapping[str, float] = {"mediation": 5, "agreement": 8, "follow_up": 10}
SETTLED = (codes.WRITTEN_AGREEMENT, codes.ORAL_AGREEMENT, codes.PARTIAL)


@dataclass
class Act:
    """An act with the values of its form."""

    code: str
    data: dict[str, Any]
    at: datetime


@dataclass
class Tale:
    """What is known so far; `asked` are the values of the intake form, `acts` what was done after it."""

    case: DemoCase
    rng: Random
    asked: dict[str, Any]
    assessed: Assessment
    at: datetime
    pace: float = 1.0
    stage: str = intake.FIRST_STAGE
    acts: list[Act] = field(default_factory=list)
    steps: list[PastStep] = field(default_factory=list)
    tasks: list[PastTask] = field(default_factory=list)

    @property
    def by(self) -> Actor:
        """The handler at this moment of the story."""
        return Actor(self.case.handler_id, self.case.handler, self.case.county_id, self.at)

    @property
    def facts(self) -> Any:
        """The case as the rules that lay down tasks want it."""
        return SimpleNamespace(
            id=0, county_id=self.case.county_id, opened_at=self.case.opened_at, risk=self.assessed.risk
        )

    def pick(self, choices: Sequence[Any]) -> Any:
        """One of these."""
        return self.rng.choice(choices)

    def goes_on(self, days: float, *, must: bool = False) -> bool:
        """Let some days pass, to a working hour; False where that would be later than the story may go.

        A story that `must` go on takes a part of the time that is left instead.
        """
        local = (self.at + timedelta(days=days)).astimezone(SHANGHAI).replace(second=0, microsecond=0)
        if not MORNING <= local.hour < EVENING:
            local = local.replace(hour=self.rng.randrange(MORNING + 1, EVENING), minute=self.rng.randrange(0, 60, 5))
        at = max(local, self.at.astimezone(SHANGHAI) + timedelta(minutes=20))
        if at >= self.case.until and not must:
            return False
        if at >= self.case.until:
            at = self.at + (self.case.until - self.at) / 4
        self.at = at.astimezone(self.case.now.tzinfo)
        return True

    def lay(self, planned: Collection[PlannedTask]) -> None:
        """Lay tasks down now."""
        self.tasks += [PastTask(task, self.at) for task in planned]

    def act(self, code: str, title: str, data: dict[str, Any], text: str, stage: str | None = None) -> None:
        """Do something now: a line of history, the tasks it does, the stage it leads to."""
        self.stage = stage or self.stage
        self.acts.append(Act(code, data, self.at))
        self.steps.append(PastStep(code, title, text, self.at, self.stage))
        kinds = DONE_BY[code]
        self.tasks = [
            replace(task, done_at=self.at) if task.done_at is None and task.planned.kind in kinds else task
            for task in self.tasks
        ]


def tell_case(case: DemoCase, rng: Random) -> Story:
    """What happened in a demo case, from its opening to its stage or its outcome."""
    tale = _begin(case, rng)
    if case.outcome is None:
        _tell_open(tale)
    else:
        _tell_closed(tale, case.outcome)
    told = tale.assessed
    return Story(
        subject=told.subject,
        summary=told.summary,
        stage=told.stage,
        source=told.source,
        risk=told.risk,
        restricted=told.restricted,
        text=told.text,
        note=tale.pick(words.CLOSE_NOTES[case.outcome]) if case.outcome else "",
        relations={RESPONDENT: _relation(case, tale.asked["disputes"])},
        hidden=told.hidden,
        steps=tuple(tale.steps),
        tasks=tuple(tale.tasks),
        own=tale,
    )


def _begin(case: DemoCase, rng: Random) -> Tale:
    violent = case.violent or case.outcome == codes.TO_POLICE
    disputes = list(rng.choice(words.DISPUTES_OF_KIN[case.kin]))
    answers = {"hit": "no", "threatened": "no", "unsafe": "no"}
    if violent:
        disputes = [codes.VIOLENCE, *disputes[:1]]
        answers = {"hit": "yes", "threatened": rng.choice(("yes", "no", "unsaid")), "unsafe": "no"}
        if case.outcome == codes.TO_POLICE or (case.outcome is None and case.stage == intake.FIRST_STAGE):
            answers["unsafe"] = "yes"
        elif answers["threatened"] == "yes":  # together they would be red, and bar mediation
            answers["hit"] = "no"
    elif rng.random() < 0.2:
        answers["threatened"] = "unsaid"
    first = disputes[0]
    reached = rng.random() < 0.6 and case.outcome not in (codes.REFUSED_OR_WITHDRAWN, codes.TO_OTHERS)
    data: dict[str, Any] = {
        "disputes": disputes,
        "summary": rng.choice(words.SUMMARIES[first]),
        "source": "police" if violent and rng.random() < 0.5 else rng.choices(*_SOURCES)[0],
        **answers,
        "notice_given": True,
        "applicant_willing": codes.AGREED,
        "respondent_willing": codes.AGREED if reached else codes.UNREACHED,
        "injury_consent": False,
        "keep_hidden": violent or rng.random() < 0.1,
    }
    by = Actor(case.handler_id, case.handler, case.county_id, case.opened_at)
    tale = Tale(case, rng, data, intake.assess_intake(data, by), case.opened_at)
    tale.lay(intake.first_tasks(tale.facts, data, by))
    return tale


_SOURCES = (
    ("visit", "hotline", "grid", "police", "court", "own", "online", "letter"),
    (38, 16, 18, 8, 6, 6, 5, 3),
)


def _relation(case: DemoCase, disputes: Sequence[str]) -> str:
    man = case.persons[1].sex == "1"
    if case.kin == "in_law":
        return "parent_in_law"
    if case.kin == "child":
        return "child"
    if words.AFTER_DIVORCE & set(disputes):
        return "ex_husband" if man else "ex_wife"
    return "husband" if man else "wife"


# --- how far it got -------------------------------------------------------------------------------------------------


def _tell_open(tale: Tale) -> None:
    stage, rng = tale.case.stage, tale.rng
    if tale.assessed.risk == RED:
        if rng.random() < 0.4 and tale.goes_on(rng.uniform(0, 1)):
            _report(tale)
        return
    if stage == intake.FIRST_STAGE:
        if tale.asked["respondent_willing"] != codes.AGREED and rng.random() < 0.4 and tale.goes_on(1):
            _answer(tale, codes.AGREED)
        return
    days = (tale.case.now - tale.at) / timedelta(days=1)
    spent = rng.uniform(0.2, 0.5) if stage == "follow_up" else rng.uniform(0.6, 0.95)
    tale.pace = max(1.0, days * spent / HASTE_DAYS[stage])
    if not _talk(tale, rng.choice((0, 0, 1))):
        return
    if stage == "mediation":
        if tale.goes_on(rng.uniform(1, 5) * tale.pace):
            _session(tale, rng.choices(("again", "reached", "failed"), (6, 3, 1))[0], planned=True)
    elif _agree(tale, codes.WRITTEN_AGREEMENT, sign=stage == "follow_up"):
        _visit(tale, diligence=0.85)


def _tell_closed(tale: Tale, outcome: str) -> None:
    rng = tale.rng
    if outcome == codes.TO_POLICE:
        if tale.goes_on(rng.uniform(0, 0.2), must=True):
            _report(tale)
    elif outcome == codes.REFUSED_OR_WITHDRAWN:
        tale.goes_on(rng.uniform(0.5, 3), must=True)
        _answer(tale, codes.REFUSED)
    elif outcome in SETTLED:
        _talk(tale, rng.choice((0, 0, 1, 2)), must=True)
        _agree(tale, outcome, must=True)
        _visit(tale, diligence=0.9)
    elif outcome == codes.NOT_REACHED:
        _talk(tale, rng.choice((0, 1)), must=True)
        tale.goes_on(rng.uniform(0.1, 3), must=True)
        _session(tale, "failed")
    elif outcome in (codes.TO_COURT, codes.OTHER):
        _talk(tale, rng.choice((0, 1)))


def _talk(tale: Tale, before: int, *, must: bool = False) -> bool:
    """Both agree to be mediated, and there are some sessions that are to be gone on with. False: no time for it."""
    rng = tale.rng
    if tale.asked["respondent_willing"] != codes.AGREED:
        if not tale.goes_on(rng.uniform(0.2, 2) * tale.pace, must=must):
            return False
        _answer(tale, codes.AGREED)
    for _ in range(before):
        if not tale.goes_on(rng.uniform(0.5, 6) * tale.pace):
            return must
        _session(tale, "again")
    return True


def _agree(tale: Tale, outcome: str, *, sign: bool = True, must: bool = False) -> bool:
    """The session that reaches it, and the agreement. Returns whether it took effect."""
    rng = tale.rng
    if not tale.goes_on(rng.uniform(0.3, 6) * tale.pace, must=must):
        return False
    _session(tale, "reached")
    data = _clauses(tale, partial=outcome == codes.PARTIAL)
    moved = tale.goes_on(rng.uniform(0.02, 2) * tale.pace, must=must)
    if outcome == codes.ORAL_AGREEMENT:
        data["agreed_on"] = local_date(tale.at)
        text = agreements.agreement_line(data)
        tale.act("record_oral_agreement", "登记口头协议", data, text, "follow_up")
        _plan_visit(tale, data["agreed_on"])
        return True
    if not moved:
        return False
    tale.act("write_agreement", "写协议书", data, agreements.agreement_line(data), "agreement")
    tale.lay(agreements.tasks_after_writing(tale.facts, data, tale.by))
    if not sign or not tale.goes_on(rng.uniform(0.1, 4) * tale.pace, must=must):
        return False
    signed: dict[str, Any] = {"applicant_signed_on": local_date(tale.at), "same_day": True}
    tale.act("sign_agreement", "登记签字盖章", signed, agreements.signing_line(signed), "follow_up")
    _plan_visit(tale, signed["applicant_signed_on"])
    return True


# --- single acts ----------------------------------------------------------------------------------------------------


def _answer(tale: Tale, answer: str) -> None:
    notes = words.REFUSED_NOTES if answer == codes.REFUSED else words.UNREACHED_NOTES
    data = {"side": RESPONDENT, "answer": answer, "said_on": local_date(tale.at), "note": tale.pick(notes)}
    tale.act("record_willingness", "登记意愿", data, willingness.willingness_line(data))
    tale.lay(willingness.first_task(tale.facts, tale.by, (codes.AGREED, answer)))


def _session(tale: Tale, result: str, *, planned: bool = False) -> None:
    number = 1 + sum(act.code == "record_session" for act in tale.acts)
    texts = {"again": words.AGAIN, "reached": words.REACHED, "failed": words.FAILED}[result]
    data = {
        "at": tale.at,
        "place": tale.pick(words.PLACES),
        "mediators": tale.case.handler,
        "content": tale.pick(texts),
        "result": result,
    }
    title = f"登记第{chinese_number(number)}次调解"
    tale.act("record_session", title, data, sessions.session_line(data), "mediation")
    if result != "again":
        tale.lay(sessions.tasks_after_session(tale.facts, data, tale.by))
    else:
        tale.lay((_next_session(tale, number + 1, planned=planned),))


def _next_session(tale: Tale, number: int, *, planned: bool) -> PlannedTask:
    """The session agreed upon: of an open case around today, with its hour; else a week later."""
    title = f"第{chinese_number(number)}次调解，{tale.pick(words.PLACES)}"
    if not planned:
        return PlannedTask("record_session", title, local_date(tale.at) + timedelta(days=willingness.SESSION_DAYS))
    day = tale.case.now.astimezone(SHANGHAI) + timedelta(days=tale.rng.choice((-4, -2, 0, 0, 1, 2, 3, 5, 6)))
    at = day.replace(hour=tale.rng.randrange(9, 17), minute=tale.rng.choice((0, 30)), second=0, microsecond=0)
    if at <= tale.at:
        at += timedelta(days=willingness.SESSION_DAYS)
    return PlannedTask("record_session", title, at.date(), due_at=at)


def _clauses(tale: Tale, *, partial: bool) -> dict[str, Any]:
    found = [clause for code in tale.asked["disputes"] for clause in words.CLAUSES.get(code, ())]
    data: dict[str, Any] = {"partial": partial, "facts": words.FACTS, "disputed": ""}
    for n, (text, matter, way, term) in enumerate(found[: agreements.CLAUSES_AT_ONCE], 1):
        data |= {f"text_{n}": text, f"matter_{n}": matter, f"way_{n}": way, f"place_{n}": "", f"term_{n}": term}
    return data


def _plan_visit(tale: Tale, effective_on: date) -> None:
    tale.lay(follow_up.next_visit_task(tale.facts, effective_on, effective_on))


def _visit(tale: Tale, diligence: float) -> None:
    """The visits of the plan up to now, the last of which may have been left."""
    effective_on = local_date(tale.at)
    while due := [task for task in tale.tasks if task.done_at is None and task.planned.kind == "record_follow_up"]:
        days = (due[0].planned.due_on - local_date(tale.at)).days + tale.rng.choice((-1, 0, 0, 1, 2))
        if tale.rng.random() > diligence or not tale.goes_on(max(days, 0.2)):
            return
        data = {
            "visited_on": local_date(tale.at),
            "visited": tale.rng.choices(("both", APPLICANT, RESPONDENT), (7, 2, 1))[0],
            "way": tale.rng.choices(("home", "phone", "office", "online"), (4, 4, 1, 1))[0],
            "performance": tale.rng.choices(("done", "partly", "not_due", "none"), (6, 2, 2, 1))[0],
            "satisfaction": tale.rng.choices(("very", "satisfied", "fair", "unsatisfied"), (3, 5, 2, 1))[0],
            "recurred": tale.rng.choices(("no", "yes"), (9, 1))[0],
            "escalated": "no",
            "note": tale.pick(words.VISIT_NOTES),
        }
        tale.act("record_follow_up", "登记回访", data, follow_up.follow_up_line(data))
        after = local_date(tale.at) + timedelta(days=follow_up.EARLY_DAYS)
        planned = follow_up.next_visit_task(tale.facts, effective_on, after)
        tale.lay(planned or (follow_up.conclude_task(local_date(tale.at)),))


def _report(tale: Tale) -> None:
    number = tale.rng.randrange(1, 9999)
    data = {"at": tale.at, "station": "辖区派出所", "receipt": f"演示{number:04d}", "note": "已说明情况，民警到场。"}
    tale.act("report_police", "报告公安", data, safety.report_line(data))
    if tale.assessed.risk == RED:
        tale.lay(safety.tasks_after_report(tale.facts, data, tale.by))
