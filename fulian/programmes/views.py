"""`/programmes/`: where each programme is open, and the switch: first what it would change, then the act."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, g, redirect, render_template, url_for
from werkzeug.wrappers import Response

from fulian.accounts.enforcement import current_actor
from fulian.audit.actor import Actor
from fulian.calendar import local_date, start_of_day
from fulian.cases.service import close_programme
from fulian.cases.service.switching import open_case_count
from fulian.db import transact
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.queries import OrgRef, county_units
from fulian.programmes.forms import OpenForm, StopForm
from fulian.programmes.gate import programme_url
from fulian.programmes.loader import Installed, find_programme, programmes
from fulian.programmes.preview import preview_switch
from fulian.programmes.programme import Programme
from fulian.programmes.queries import OpeningRow, latest_openings, open_codes, opening_history
from fulian.programmes.service import may_switch, open_programme, resume_intake, stop_intake
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import BaseForm, refuse
from fulian.web.page import Entry

blueprint = Blueprint("programmes", __name__, template_folder="templates")

Answer = str | Response | tuple[str, int]


@dataclass(frozen=True)
class Act:
    """One step of the switch: its words, its form, from which states it can be taken, and what it calls."""

    label: str
    form: type[BaseForm]
    states: tuple[str, ...]
    use_case: Callable[..., Any]


ACTS = {
    "open": Act("启用", OpenForm, ("", "ended"), open_programme),
    "stop": Act("停止受理", StopForm, ("open",), stop_intake),
    "resume": Act("恢复受理", StopForm, ("stopping",), resume_intake),
    "close": Act("停用", StopForm, ("open", "stopping"), close_programme),
}


@blueprint.get("/programmes/")
@requires("programmes.view", "county")
def index() -> str:
    """The matrix of programmes and units."""
    return _matrix(current_actor())


@blueprint.get("/programmes/<code>/<int:county_id>")
@requires("programmes.view", "county")
def show(code: str, county_id: int) -> str:
    """One cell: its state, its history, and what can be done."""
    by = current_actor()
    programme, unit = _cell(code, county_id)
    return _matrix(by, programme, unit)


@blueprint.route("/programmes/<code>/<int:county_id>/<act>", methods=["GET", "POST"])
@requires("programmes.switch", "county")
@form_checks_csrf
def switch(code: str, county_id: int, act: str) -> Answer:
    """One step of the switch: what it would change, why, then the act."""
    by = current_actor()
    programme, unit = _cell(code, county_id)
    step = ACTS.get(act)
    if step is None:
        abort(404)
    if not may_switch(by, code, county_id):
        raise Forbidden("您的授权不能启用或停用这个地方的项目。请联系市级或本县（市、区）的管理员。")
    form: Any = step.form()
    if form.validate_on_submit() and _switched(step, form, code, county_id, by):
        return redirect(url_for("programmes.show", code=code, county_id=county_id))
    failed = bool(form.errors or form.form_errors)
    return _matrix(by, programme, unit, step, form), 422 if failed else 200


def _switched(step: Act, form: Any, code: str, county_id: int, by: Actor) -> bool:
    try:
        if step.use_case is open_programme:
            day = form.starts_on.data
            if day is not None and day < local_date(by.now):
                raise Refused("这一天已经过去了，请选今天或以后的日子。", "starts_on")
            later = start_of_day(day) if day is not None and day > local_date(by.now) else None
            transact(open_programme, code, county_id, form.reason.data, by, later)
        else:
            transact(step.use_case, code, county_id, form.reason.data, by)
    except Forbidden:
        raise
    except Refused as refused:
        refuse(form, refused)
        return False
    return True


def _cell(code: str, county_id: int) -> tuple[Programme, OrgRef]:
    programme = find_programme(code)
    unit = next((unit for unit in county_units() if unit.id == county_id), None)
    if programme is None or unit is None:
        raise NotFound
    return programme, unit


def _matrix(
    by: Actor,
    programme: Programme | None = None,
    unit: OrgRef | None = None,
    step: Act | None = None,
    form: BaseForm | None = None,
) -> str:
    cells = latest_openings()
    chosen = None
    if programme is not None and unit is not None:
        opening = cells.get((programme.code, unit.id))
        chosen = {
            "state": opening.state(by.now) if opening is not None else "",
            "opening": opening,
            "history": opening_history(programme.code, unit.id),
            "may": may_switch(by, programme.code, unit.id),
            "preview": preview_switch(programme.code, unit.id, by),
            "open_cases": open_case_count(programme.code, unit.id),
        }
    return render_template(
        "programmes/matrix.html",
        programmes=list(programmes().values()),
        units=county_units(),
        cells=cells,
        state=lambda opening: _state(opening, by),
        programme=programme,
        unit=unit,
        chosen=chosen,
        step=step,
        form=form,
        acts=ACTS,
    )


def _state(opening: OpeningRow | None, by: Actor) -> str:
    return opening.state(by.now) if opening is not None else ""


# --- the menu -----------------------------------------------------------------------------------------------------

# permission, entry
PLACES: tuple[tuple[str, Entry], ...] = (
    ("workbench.view", Entry("工作台", "/", 10, "house-door")),
    ("cases.view", Entry("案件", "/cases/", 20, "folder2-open")),
    ("people.view", Entry("人员", "/people/", 30, "people")),
    ("orgs.view", Entry("组织", "/orgs/", 40)),
    ("programmes.view", Entry("品牌项目", "/programmes/", 50)),
    ("audit.view", Entry("操作日志", "/audit/", 80)),
)


def menu(loaded: Installed) -> Iterable[Entry]:
    """The places of the core that the signed-in account may use, and those of the programmes open for her."""
    by = current_actor()
    yield from (entry for permission, entry in PLACES if permission in by.permissions)
    own = [
        (code, item)
        for code, programme in loaded.programmes.items()
        for item in programme.navigation
        if item.permission in by.permissions
    ]
    if not own:
        return
    if "open_codes" not in g:
        g.open_codes = open_codes(by)
    for code, item in own:
        if code in g.open_codes:
            yield Entry(item.label, programme_url(code, item.endpoint.lstrip(".")), 60)
