"""The page of two versions (409): somebody saved the case since this form was drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from difflib import SequenceMatcher
from typing import Any

from flask import render_template, request
from markupsafe import Markup, escape
from wtforms import HiddenField, SelectFieldBase, TextAreaField

from fulian.accounts.enforcement import current_actor
from fulian.cases.models import Case
from fulian.cases.queries.case import find_case, last_change
from fulian.errors import Stale
from fulian.web.dates import day, moment

CONFLICT = 409
NOTHING = "—"
NOT_CARRIED = frozenset({"csrf_token", "version", "merged"})


@dataclass(frozen=True)
class Row:
    """A field in both versions, differences marked. `name` is set where one of the two can be chosen: then `mine` and
    `saved` hold what is posted, and `merged` what a long text would be with both written together.
    """

    label: str
    mine_text: Markup
    saved_text: Markup
    name: str = ""
    mine: str = ""
    saved: str = ""
    merged: str = ""


def conflict(case: Case, stale: Stale, form: Any, address: str) -> tuple[str, int]:
    """Show both versions, field by field; what was typed is posted to `address` again, with the new version."""
    fresh = find_case(current_actor(), case.id)
    rows = list(_rows(form, stale, fresh))
    chosen = {row.name for row in rows if row.name}
    page = render_template(
        "cases/conflict.html",
        case=fresh,
        rows=rows,
        choices=sorted(chosen),
        carried=[pair for pair in request.form.items(multi=True) if pair[0] not in NOT_CARRIED | chosen],
        last=last_change(case.id),
        address=address,
    )
    return page, CONFLICT


def _rows(form: Iterable[Any], stale: Stale, fresh: Case) -> Iterator[Row]:
    labels, own = set(), getattr(form, "of_case", ())
    for field in form:
        label, mine = str(field.label.text), _shown(field)
        if isinstance(field, HiddenField) or field.name == "csrf_token":
            continue
        labels.add(label)
        saved = stale.saved.get(label)
        if saved is None:
            if mine:
                yield Row(label, escape(mine), Markup(""))
        elif saved == mine or field.name not in own:
            yield Row(label, *_marked(mine, saved))
        else:
            values = str(field.data or ""), str(getattr(fresh, field.name) or "")
            long = isinstance(field, TextAreaField)
            yield Row(label, *_marked(mine, saved), field.name, *values, "\n".join(values) if long else "")
    for label, saved in stale.saved.items():
        if label not in labels:
            yield Row(label, escape(stale.mine.get(label, NOTHING)), escape(saved))


def _shown(field: Any) -> str:
    """What was typed into a field, in words."""
    if isinstance(field, SelectFieldBase):
        return "、".join(choice.label for choice in field.iter_choices() if choice.selected and choice.value != "")
    data = field.data
    if isinstance(data, bool):
        return "是" if data else ""
    if isinstance(data, datetime):
        return moment(data)
    if isinstance(data, date):
        return day(data)
    return f"{data:%H:%M}" if isinstance(data, time) else str(data or "")


def _marked(mine: str, saved: str) -> tuple[Markup, Markup]:
    """Both texts with what is only in one of them marked. A single character in common is taken for chance."""
    if mine == saved:
        return escape(mine), escape(saved)
    left, right = Markup(""), Markup("")
    a = b = 0
    for block in SequenceMatcher(None, mine, saved, autojunk=False).get_matching_blocks():
        if block.size == 1:
            continue
        same = escape(mine[block.a : block.a + block.size])
        left += _inserted(mine[a : block.a]) + same
        right += _inserted(saved[b : block.b]) + same
        a, b = block.a + block.size, block.b + block.size
    return left or escape(NOTHING), right or escape(NOTHING)


def _inserted(text: str) -> Markup:
    return Markup("<ins>{}</ins>").format(text) if text else Markup("")
