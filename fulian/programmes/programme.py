"""What a programme is: one frozen descriptor that shows the whole plugin on one screen.

The core draws the list, the case page, the opening form, the transitions, the closing, tiles and the document menu
from it. Every function a programme gives runs inside the caller's transaction (services) or a savepoint (pages), and
is given plain values: no request, no session of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Protocol

import click
from flask import Blueprint
from sqlalchemy import Select

from fulian.audit.actor import Actor, Viewer
from fulian.errors import Refused
from fulian.programmes.demo import Demo
from fulian.web.forms import BaseForm

Data = Mapping[str, Any]


class CaseLike(Protocol):
    """What a guard, a panel or a document may read of a case: read-only, so that programmes stay below cases."""

    @property
    def id(self) -> int: ...
    @property
    def number(self) -> str: ...
    @property
    def programme(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def stage(self) -> str: ...
    @property
    def outcome(self) -> str | None: ...
    @property
    def risk(self) -> str | None: ...
    @property
    def restricted(self) -> bool: ...
    @property
    def org_id(self) -> int: ...
    @property
    def county_id(self) -> int: ...
    @property
    def handler_id(self) -> int: ...
    @property
    def opened_at(self) -> datetime: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def title(self) -> str: ...
    @property
    def subject(self) -> str: ...
    @property
    def summary(self) -> str: ...


@dataclass(frozen=True)
class PlannedTask:
    """A task that an opening, a transition or a closing lays down.

    `kind` is a transition's code (then that transition does it), "close" (the closing does it) or the programme's own
    word; `due_on` is a local date;
    `due_at` (UTC) only where an hour is agreed; `legal` deadlines never pause, `article` is their source.
    """

    kind: str
    title: str
    due_on: date
    due_at: datetime | None = None
    legal: bool = False
    article: str = ""


@dataclass(frozen=True)
class PartyRole:
    """A role of a person in a case. `mark` is the round badge (甲, 乙); at least `min`, at most `max` persons.

    `relations` are the short answers (code, label) to what she or he is to the first party; empty for the first.
    """

    code: str
    label: str
    min: int = 1
    max: int = 1
    mark: str = ""
    relations: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Assessment:
    """What an intake's answers say, before anything is saved.

    `subject` is what the case is about in a few words; `stage` the first stage; `risk` r, o, y, b or None; `text` the
    first line of history; `hidden` the role codes whose address and phone are kept from the other side; `source` how
    the case came, a code of the programme.
    """

    subject: str
    summary: str
    stage: str
    risk: str | None = None
    restricted: bool = False
    source: str = ""
    text: str = ""
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reassessment:
    """What follows where the risk of a case was changed by hand: the protection that an intake would have given it.

    `restricted` makes the case restricted (False leaves it as it is); `hidden` are the role codes whose address and
    phone are kept from the other side from now on. Open tasks of the kinds in `drops` end, `tasks` are laid down.
    """

    restricted: bool = False
    hidden: tuple[str, ...] = ()
    drops: tuple[str, ...] = ()
    tasks: tuple[PlannedTask, ...] = ()


@dataclass(frozen=True)
class Intake:
    """How a case of this programme begins.

    `form` holds the programme's own fields (its `sections` name the numbered parts of the page); `assess(data, by)`
    judges them and raises Refused; `create(case, data, by)` returns the detail row, which the core adds, and may add
    further rows of the plugin; `tasks(case, data, by)` are the first things due.
    """

    form: type[BaseForm]
    roles: tuple[PartyRole, ...]
    assess: Callable[[Data, Actor], Assessment]
    create: Callable[[CaseLike, Data, Actor], Any]
    tasks: Callable[[CaseLike, Data, Actor], Sequence[PlannedTask]] = lambda case, data, by: ()


def note_of(data: Data) -> str:
    """The line of history of an act: what was typed as its note."""
    return str(data.get("note") or "")


@dataclass(frozen=True)
class Transition:
    """An act on a case that may move it to another stage.

    From any of `from_` to `to` (None: the stage stays). `guard` returns a Refused where a rule forbids it, also before
    the form is shown (with empty data); `apply` writes the plugin's own rows; `tasks` are laid down after it;
    open tasks of its own kind and of the kinds in `completes` are done by it; with `finishes(case, data)`, asked before
    `apply`, the open tasks with these ids instead of those of its own kind. `text` is the line of history. The first
    transition that starts at a stage is its next step. `title(case)` is the button where the label needs a number
    (登记第二次调解). `initial(case, asked)` fills the form when it is first drawn, `asked` are the arguments of its
    address; it may raise Refused where these do not name what is meant. `facts(case)` are those of the programme's
    facts that the act writes, by the names of the form's fields: the log keeps them as they were and as they are.
    `listed` False: the act starts from the programme's panel only, not from a button of the page. `prints` is the code
    of a document that has to be printed before.
    """

    code: str
    label: str
    from_: tuple[str, ...]
    to: str | None
    form: type[BaseForm]
    guard: Callable[[CaseLike, Data, Actor], Refused | None] = lambda case, data, by: None
    apply: Callable[[CaseLike, Data, Actor], None] = lambda case, data, by: None
    tasks: Callable[[CaseLike, Data, Actor], Sequence[PlannedTask]] = lambda case, data, by: ()
    completes: tuple[str, ...] = ()
    text: Callable[[Data], str] = note_of
    title: Callable[[CaseLike], str] | None = None
    finishes: Callable[[CaseLike, Data], Collection[int]] | None = None
    initial: Callable[[CaseLike, Mapping[str, str]], Mapping[str, Any]] = lambda case, asked: {}
    facts: Callable[[CaseLike], Mapping[str, str]] = lambda case: {}
    listed: bool = True
    prints: str = ""


@dataclass(frozen=True)
class Stage:
    """A stage of the programme, in the order of the progress bar."""

    code: str
    label: str


@dataclass(frozen=True)
class Outcome:
    """A coded outcome. `good` counts it as a success in the programme's rate; `counts` whether it is in the base."""

    code: str
    label: str
    good: bool = False
    counts: bool = True


@dataclass(frozen=True)
class Closing:
    """What closing asks beyond the outcome and its reason. `guard(case, data, by)` sees data["outcome"]."""

    form: type[BaseForm] | None = None
    guard: Callable[[CaseLike, Data, Actor], Refused | None] = lambda case, data, by: None
    apply: Callable[[CaseLike, Data, Actor], None] = lambda case, data, by: None


@dataclass(frozen=True)
class Setting:
    """Something the field has not settled: its default stands here, a county may have its own later."""

    code: str
    label: str
    default: Any


@dataclass(frozen=True)
class Period:
    """A span of time for statistics: from `start` (included) to `end` (excluded), both UTC instants."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Statistic:
    """A number of the programme. `select(period)` yields rows (org_id, month "2026-11", n); the core puts the scope on.

    `of` is the same for the base where the number is a rate (shown as n of base and a percentage).
    """

    code: str
    label: str
    unit: str
    select: Callable[[Period], Select[*tuple[Any, ...]]]
    of: Callable[[Period], Select[*tuple[Any, ...]]] | None = None


@dataclass(frozen=True)
class Document:
    """A document that can be printed from a case.

    `template` is a name without ending: `<template>.docx` and `<template>.typ` stand in the package's `documents/`.
    `context(case, by)` is plain data and may raise Refused where it is too early; `required(case)` says whether the
    file of this case must hold it.
    """

    code: str
    label: str
    template: str
    context: Callable[[CaseLike, Actor], Mapping[str, Any]]
    required: Callable[[CaseLike], bool] = lambda case: True


@dataclass(frozen=True)
class NavigationItem:
    """A menu entry of the programme: an endpoint of its blueprint (relative, ".index") and the permission it needs."""

    label: str
    endpoint: str
    permission: str


@dataclass(frozen=True)
class RecordSection:
    """A part of a person's file: lines (date, text, case id or None). The core drops what may not be seen."""

    title: str
    lines: tuple[tuple[date, str, int | None], ...]


@dataclass(frozen=True)
class RecordedEvent:
    """What `fulian_event_recorded` is told: ids and codes, never the text."""

    event_id: int
    case_id: int
    county_id: int
    programme: str
    kind: str
    at: datetime


@dataclass(frozen=True)
class Programme:
    """One brand programme (品牌项目).

    code: also its URL prefix, table prefix and lineage; name: the brand; summary: one line under it; number_word: its
    word in case numbers (聊妇<word>); package: import name, whose templates, static files, documents and migrations are
    found by convention; blueprint: its own pages under /<code>/; detail: the mapped class of `<code>_detail`, keyed by
    case_id; intake, stages, transitions, outcomes: see their classes.
    closing, settings: see their classes. permissions: dotted name → the roles that have it, for its own
    pages. navigation: menu entries. statistics: tiles. documents: the print menu. case_panel(case, viewer): template
    and context of the programme's own part of the case page. sources: how cases come (code → label).
    reassess(case, before, by): what follows where the risk of an open case was changed by hand from `before` to what
    the case has now; risk_hint: says it on the page before it is saved.
    demo: how demo cases of it are told, see programmes/demo.py (None: it has none). cli: a click group, run as
    `fulian <code>`.
    """

    code: str
    name: str
    summary: str
    number_word: str
    package: str
    blueprint: Blueprint
    detail: type[Any]
    intake: Intake
    stages: tuple[Stage, ...]
    transitions: tuple[Transition, ...]
    outcomes: tuple[Outcome, ...]
    closing: Closing = Closing()
    settings: tuple[Setting, ...] = ()
    sources: tuple[tuple[str, str], ...] = ()
    permissions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    navigation: tuple[NavigationItem, ...] = ()
    statistics: tuple[Statistic, ...] = ()
    documents: tuple[Document, ...] = ()
    case_panel: Callable[[CaseLike, Viewer], tuple[str, Mapping[str, Any]]] | None = None
    demo: Demo | None = None
    cli: click.Group | None = None
    reassess: Callable[[CaseLike, str | None, Actor], Reassessment | None] = lambda case, before, by: None
    risk_hint: str = ""

    def stage_label(self, code: str) -> str:
        """The label of a stage, or the code itself where there is none."""
        return next((stage.label for stage in self.stages if stage.code == code), code)

    def outcome_label(self, code: str | None) -> str:
        """The label of an outcome, "" for None."""
        return next((outcome.label for outcome in self.outcomes if outcome.code == code), code or "")

    def transition(self, code: str) -> Transition | None:
        """The transition with this code, if there is one."""
        return next((transition for transition in self.transitions if transition.code == code), None)

    def transitions_from(self, stage: str) -> tuple[Transition, ...]:
        """The transitions that may start at this stage, the next step first."""
        return tuple(transition for transition in self.transitions if stage in transition.from_)


@dataclass(frozen=True)
class Job:
    """A kind of job a plugin can run: `run(payload, by)` in a transaction of its own, retried at most three times.

    Its pages call it `label`; without one they show `<code>.<kind>`.
    """

    kind: str
    run: Callable[[Mapping[str, Any], Actor], str]
    label: str = ""


@dataclass(frozen=True)
class Plugin:
    """What an entry point's module exports as PLUGIN: table prefix, lineage and jobs, also where it is no programme."""

    code: str
    name: str
    package: str
    jobs: tuple[Job, ...] = ()
