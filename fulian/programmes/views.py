"""`/programmes/`: where each programme is open, and the switch; and the menu, of which the programmes are a part."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from fulian.accounts.enforcement import current_actor, signed_in
from fulian.audit.actor import Actor
from fulian.calendar import local_date, start_of_day
from fulian.cases.queries.switching import SwitchNumbers, switch_numbers
from fulian.cases.service import close_programme
from fulian.db import transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.queries import OrgRef, county_units, find_org
from fulian.programmes.forms import OpenForm, SwitchForm
from fulian.programmes.gate import programme_url
from fulian.programmes.loader import Installed, find_programme, programmes
from fulian.programmes.models import OpeningStop
from fulian.programmes.programme import Programme
from fulian.programmes.queries import OpeningRow, intake_stops, latest_openings, open_codes, opening_history
from fulian.programmes.service import cancel_opening, may_switch, open_programme, resume_intake, stop_intake
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse
from fulian.web.page import Entry

blueprint = Blueprint("programmes", __name__, template_folder="templates")

UNPROCESSABLE = 422
OPEN_CODES = "fulian.open_codes"
ENTRIES = (
    # permission, label, address, order, icon of the phone's tab
    ("workbench.view", "工作台", "/", 10, "house-door"),
    ("cases.view", "案件", "/cases/", 20, "folder2-open"),
    ("people.view", "人员", "/people/", 30, "people"),
    ("orgs.view", "组织", "/orgs/", 40, ""),
    ("programmes.view", "品牌项目", "/programmes/", 50, ""),
    ("audit.view", "日志", "/audit/", 70, ""),
    ("jobs.manage", "后台任务", "/jobs/all", 90, ""),
)
FIRST_PROGRAMME = 60
Answer = str | Response | tuple[str, int]


def menu(loaded: Installed) -> Iterable[Entry]:
    """The core's entries that the viewer may use, and those of the programmes that are open for her.

    Reads the database once in a request, and not at all where no programme has an entry.
    """
    found = signed_in()
    if found is None:
        return
    by = found.actor
    for permission, label, url, order, icon in ENTRIES:
        if by.may(permission):
            yield Entry(label, url, order, icon)
    wanted = [
        (programme.code, item)
        for programme in loaded.programmes.values()
        for item in programme.navigation
        if by.may(item.permission)
    ]
    for place, (code, item) in enumerate(wanted):
        if code in _open_codes(by):
            yield Entry(item.label, programme_url(code, item.endpoint.removeprefix(".")), FIRST_PROGRAMME + place)


def _open_codes(by: Actor) -> frozenset[str]:
    """What is open for the viewer, read once in a request (not `g`: that may outlive a request)."""
    kept = request.environ
    if OPEN_CODES not in kept:
        kept[OPEN_CODES] = open_codes(by)
    found: frozenset[str] = kept[OPEN_CODES]
    return found


@dataclass(frozen=True)
class Cell:
    """The state of a programme in a unit: planned, open, stopping, ended or none; `since` is its local date."""

    state: str
    since: date | None


def _cell(row: OpeningRow | None, now: datetime) -> Cell:
    if row is None:
        return Cell("none", None)
    state = row.state(now)
    since = {"stopping": row.intake_ends_at, "ended": row.ends_at}.get(state) or row.starts_at
    return Cell(state, local_date(since))


@blueprint.get("/programmes/")
@requires("programmes.view", "county")
def index() -> str:
    """The matrix of programmes and the twelve units; on a phone one programme at a time (`?p=`)."""
    shown = request.args.get("p", "")
    if set(request.args) - {"p"} or (shown and shown not in programmes()):
        abort(400)
    return _matrix(current_actor(), shown=shown)


@blueprint.get("/programmes/<code>/<int:county_id>")
@requires("programmes.view", "county")
def show(code: str, county_id: int) -> str:
    """One programme in one unit: its state, its history, and what may be done."""
    return _matrix(current_actor(), _looked_up(code, county_id))


@dataclass(frozen=True)
class Chosen:
    """The cell that is looked at. `numbers` only for who may switch it: how much work a unit has is not everybody's."""

    programme: Programme
    unit: OrgRef
    cell: Cell
    history: list[OpeningRow]
    stops: Mapping[int, list[OpeningStop]]  # that are over, by opening
    may: bool
    numbers: SwitchNumbers | None

    def acts(self) -> list[Act]:
        """What can be done in this state."""
        return [act for act in ACTS.values() if self.cell.state in act.states]


def _looked_up(code: str, county_id: int) -> Chosen:
    by, programme, unit = current_actor(), find_programme(code), find_org(county_id)
    if programme is None or unit.level != "county":
        raise NotFound
    history, may = opening_history(code, county_id), may_switch(by, code, county_id)
    numbers = switch_numbers(code, county_id, by.now) if may else None
    stops = intake_stops(code, county_id)
    return Chosen(programme, unit, _cell(history[0] if history else None, by.now), history, stops, may, numbers)


def _matrix(by: Actor, chosen: Chosen | None = None, act: Act | None = None, form: Any = None, shown: str = "") -> str:
    newest, units = latest_openings(), county_units()
    return render_template(
        "programmes/matrix.html",
        programmes=list(programmes().values()),
        shown=shown or next(iter(programmes()), ""),
        units=units,
        cells={(code, unit.id): _cell(newest.get((code, unit.id)), by.now) for code in programmes() for unit in units},
        own=by.county_id,
        chosen=chosen,
        act=act,
        form=form,
        now=by.now,
    )


@dataclass(frozen=True)
class Act:
    """One act of the switch: `states` in which it is offered, `do(code, county_id, form, by)` does it."""

    code: str
    label: str
    states: tuple[str, ...]
    do: Callable[[str, int, Any, Actor], Any]
    form: type[SwitchForm] = SwitchForm
    stops: bool = False


def _open(code: str, county_id: int, form: Any, by: Actor) -> None:
    day = form.starts_on.data
    starts_at = None
    if day is not None and day != local_date(by.now):
        if day < local_date(by.now):
            raise Refused("这一天已经过去了。请选今天或以后的日子，不填就是现在。", "starts_on")
        starts_at = start_of_day(day)
    transact(open_programme, code, county_id, form.reason.data, by, starts_at)


ACTS = {
    act.code: act
    for act in (
        Act("open", "启用", ("none", "ended"), _open, OpenForm),
        Act("cancel", "取消启用", ("planned",), lambda *a: transact(cancel_opening, *_given(*a)), stops=True),
        Act("resume", "恢复受理", ("stopping",), lambda *a: transact(resume_intake, *_given(*a))),
        Act("stop", "停止受理", ("open",), lambda *a: transact(stop_intake, *_given(*a)), stops=True),
        Act("close", "停用", ("open", "stopping"), lambda *a: transact(close_programme, *_given(*a)), stops=True),
    )
}


def _given(code: str, county_id: int, form: Any, by: Actor) -> tuple[str, int, str, Actor]:
    return code, county_id, form.reason.data, by


@blueprint.route("/programmes/<code>/<int:county_id>/<act_code>", methods=["GET", "POST"])
@requires("programmes.switch", "county")
@form_checks_csrf
def switch(code: str, county_id: int, act_code: str) -> Answer:
    """An act of the switch: what it will change and what not, in numbers; then why."""
    by, chosen = current_actor(), _looked_up(code, county_id)
    act = ACTS.get(act_code) or abort(404)
    if not chosen.may:
        raise Forbidden("您的授权不能启用或停用这个地方的项目。请联系市级或本县（市、区）的管理员。")
    form = act.form()
    if form.validate_on_submit():
        try:
            act.do(code, county_id, form, by)
            return redirect(url_for("programmes.show", code=code, county_id=county_id))
        except Refused as refused:
            refuse(form, refused)
    failed = bool(form.errors or form.form_errors)
    return _matrix(by, chosen, act, form), UNPROCESSABLE if failed else 200
