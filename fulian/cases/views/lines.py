"""The rows of the case list as HTML. Fifty a page: in the template they cost as much as all the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from markupsafe import Markup, escape

from fulian.cases.queries.lists import CaseRow
from fulian.web.assets import icon
from fulian.web.dates import NOTHING, SHANGHAI, day, due_of
from fulian.web.setup import RISK_MARKS

Labels = Mapping[tuple[str, str], str]  # (programme, code) → words

_BETWEEN = "\0"  # in no text of a row: forms refuse it, PostgreSQL cannot hold it
_OPEN_END = f'<td class="dk">{NOTHING}</td><td class="dk">{NOTHING}</td>'
_RESTRICTED = f' <span class="tag t-off">{icon("lock")} 受限</span>'


def draw_lines(rows: Sequence[CaseRow], shortened: int, stages: Labels, outcomes: Labels, now: datetime) -> Markup:
    """A table row for each case, in their order; `shortened` is how many characters the numbers leave out in front."""
    at, words, lines = now.astimezone(SHANGHAI), iter(_escaped(rows, shortened)), []
    # Taken apart into plain names: looking the columns up by name costs as much as drawing them.
    for case_id, _, _, _, programme, status, stage, outcome, risk, restricted, opened_at, due_at, *_ in rows:
        number, title, subject, next_step, who = next(words), next(words), next(words), next(words), next(words)
        label = outcomes[programme, outcome] if outcome else stages[programme, stage]
        state = _state_cells(risk, label, "done" if outcome else "void" if status == "void" else "")
        shut = _RESTRICTED if restricted else ""
        near, due = due_of(due_at, at)
        tag, line = (f" t-{near}", f' class="st-{near}"') if near else ("", "")
        step = f'<td data-l="下一步">{next_step}</td><td class="due"><span class="tag{tag}">{due}</span></td>'
        lines.append(
            f'<tr{line}><td class="big"><a href="/cases/{case_id}">{title}</a>{shut}</td>'
            f'<td class="mut text-nowrap dk">{number}</td><td>{subject}</td>{state}'
            f'<td class="mut dk text-nowrap">{who}</td>'
            f'<td class="text-nowrap{" dk" if due_at else ""}" data-l="受理">{day(opened_at, at.year)}</td>'
            f"{step if due_at else _OPEN_END}</tr>"
        )
    return Markup("\n".join(lines))  # noqa: S704 - its texts are escaped, its labels by _state_cells


@lru_cache(1024)
def _state_cells(risk: str | None, label: str, state: str) -> str:
    """The cells of risk and of stage or outcome; `state` ∈ done, void, "" (in work)."""
    mark = Markup('<td class="f dk">{}</td>').format(NOTHING)
    if risk:
        kind, word = RISK_MARKS[risk]
        mark = Markup('<td class="f"><span class="risk {}" title="风险等级：{}">{}</span></td>').format(
            kind, word, word
        )
    tag, text = {"done": ("tag t-done", label), "void": ("tag t-off", "作废")}.get(state, ("tag", label))
    return mark + Markup('<td class="f"><span class="{}">{}</span></td>').format(tag, text)


def _escaped(rows: Sequence[CaseRow], shortened: int) -> list[str]:
    """The texts of all rows, one after the other, escaped in one go: one by one they cost as much as the query."""
    texts: list[str] = []
    for _, number, title, subject, *_, next_step, handler, org in rows:
        texts += (number[shortened:], title, subject, next_step or "", f"{handler} · {org}")
    escaped = str(escape(_BETWEEN.join(texts))).split(_BETWEEN)
    return escaped if len(escaped) == len(texts) else [str(escape(text)) for text in texts]
