"""The log of a case in words: codes and stored values as the pages say them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from fulian.audit.queries import HistoryLine
from fulian.audit.words import FIELD_WORDS, act_word
from fulian.cases.service.editing import RISKS
from fulian.cases.service.reopening import STATUS_WORDS
from fulian.programmes.programme import Programme
from fulian.web.dates import day, moment, number

NOTHING = "—"
UNSAID = frozenset({"digest"})  # of a file: for proof, not for reading
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d\S*")


@dataclass(frozen=True)
class Change:
    """One field before and after; "—" where there is nothing."""

    field: str
    before: str
    after: str


@dataclass(frozen=True)
class Line:
    """An entry of the log: when, who, what, and what it changed. `broken` says why the changes cannot be shown."""

    at: datetime
    actor: str
    act: str
    changes: tuple[Change, ...]
    broken: str


def history_lines(programme: Programme | None, entries: Iterable[HistoryLine]) -> list[Line]:
    """The entries in words, in their order. `programme` is None where its plugin is gone: its own codes stay codes."""
    transitions = {step.code: step.label for step in programme.transitions} if programme else {}
    lines = []
    for entry in entries:
        fields = _form_fields(programme, entry.act)
        changes = tuple(
            Change(
                FIELD_WORDS.get(found.field) or fields.get(found.field, (found.field, {}))[0],
                _value(programme, fields, found.field, found.before),
                _value(programme, fields, found.field, found.after),
            )
            for found in entry.differences
            if found.field not in UNSAID
        )
        lines.append(Line(entry.at, entry.actor_name, act_word(entry.act, transitions), changes, entry.broken))
    return lines


def _form_fields(programme: Programme | None, act: str) -> Mapping[str, tuple[str, Mapping[str, str]]]:
    """Name → (label, choices) of the fields of the form behind an act."""
    if programme is None:
        return {}
    transition = programme.transition(act.partition(".")[2])
    form = transition.form if transition is not None else programme.closing.form if act == "case.closed" else None
    fields = {}
    for name in dir(form) if form is not None else ():
        unbound = getattr(form, name)
        if hasattr(unbound, "field_class") and unbound.args:
            fields[name] = (str(unbound.args[0]), dict(unbound.kwargs.get("choices") or ()))
    return fields


def _value(
    programme: Programme | None, fields: Mapping[str, tuple[str, Mapping[str, str]]], name: str, value: Any
) -> str:
    if value is None or value == "":
        return NOTHING
    text = str(value)
    if programme is not None and name in ("stage", "outcome"):
        return programme.stage_label(text) if name == "stage" else programme.outcome_label(text)
    known: Mapping[str, str] = {"risk": RISKS, "status": STATUS_WORDS}.get(name) or fields.get(name, ("", {}))[1]
    if text in known:
        return known[text]
    if text in ("True", "False"):
        return "是" if text == "True" else "否"
    if isinstance(value, int):
        return f"{number(-(-value // 1024))} KB" if name == "size" else number(value)
    return _as_time(text)


def _as_time(text: str) -> str:
    """A stored day or moment as pages say it; what only looks like one, since somebody typed it so, as it is."""
    try:
        if _DAY.fullmatch(text):
            return day(date.fromisoformat(text))
        at = datetime.fromisoformat(text) if _MOMENT.fullmatch(text) else None
        return moment(at) if at is not None and at.tzinfo is not None else text
    except (ValueError, OverflowError):
        return text
