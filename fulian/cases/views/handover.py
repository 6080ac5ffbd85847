"""Handover: all open cases of a colleague who leaves or is ill, chosen, looked at, and given on row by row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from flask import abort, render_template, request

from fulian.accounts.enforcement import current_actor
from fulian.accounts.queries import AccountRef
from fulian.audit.actor import Actor
from fulian.cases.forms import HandoverForm
from fulian.cases.queries.handover import (
    AT_ONCE,
    HandoverCase,
    colleague,
    colleagues_with_cases,
    handover_cases,
    out_of_reach,
)
from fulian.cases.service import pass_on
from fulian.cases.views.blueprint import UNPROCESSABLE, Answer, blueprint
from fulian.db import transact
from fulian.errors import NotFound, Refused
from fulian.web.access import form_checks_csrf, requires
from fulian.web.forms import refuse

LONGEST_SEARCH = 40
KEEP = "0"  # the choice that leaves a case where it is
_ROW = re.compile(r"c(\d{1,9})")
_CHOICE = re.compile(r"\d{0,9}", re.ASCII)


@dataclass(frozen=True)
class Chosen:
    """A case with who is to take it: nobody where it stays, or (`wrong`) where she who was chosen for all cannot."""

    case: HandoverCase
    heir: AccountRef | None
    wrong: bool = False


@dataclass(frozen=True)
class Done:
    """How one row ended: given to `heir`, or why not."""

    case: HandoverCase | None
    heir: str
    refusal: str


@blueprint.get("/cases/handover")
@requires("cases.assign", "case")
def handovers() -> str:
    """The colleagues whose open cases the viewer may give on."""
    by = current_actor()
    if set(request.args) - {"q"}:
        abort(400)
    text = request.args.get("q", "").strip().replace("\0", "")[:LONGEST_SEARCH]
    return render_template("cases/handovers.html", colleagues=colleagues_with_cases(by, text), text=text)


@blueprint.route("/cases/handover/<int:account_id>", methods=["GET", "POST"])
@requires("cases.assign", "organisation")
@form_checks_csrf
def hand_on(account_id: int) -> Answer:
    """Choose heirs, see what will happen (`?preview=1`), and give the cases on; each row is an act of its own."""
    by = current_actor()
    name, org_name = colleague(by, account_id)
    form = HandoverForm()
    cases = handover_cases(by, account_id)
    sent = request.method == "POST"
    rows = _rows(request.form if sent else request.args)
    who = {"account_id": account_id, "name": name, "org_name": org_name, "left": out_of_reach(by, account_id)}
    if form.validate_on_submit():
        if rows:
            return _result(_give_on(cases, rows, account_id, form.reason.data, by), **who)
        refuse(form, Refused("没有选要交接的案件，请回去选。"))
    page = render_template(
        "cases/handover.html",
        form=form,
        chosen=_chosen(cases, rows, KEEP if sent else _all(request.args)),
        preview=sent or "preview" in request.args,
        every=_heirs(cases),
        at_once=AT_ONCE,
        **who,
    )
    return page, UNPROCESSABLE if form.errors or form.form_errors else 200


def _rows(values: Mapping[str, str]) -> dict[int, str]:
    """Case id → the choice made for it. A choice that our page does not write is a 400."""
    rows = {int(found[1]): values[name] for name in values if (found := _ROW.fullmatch(name))}
    if len(rows) > AT_ONCE or not all(_CHOICE.fullmatch(choice) for choice in rows.values()):
        abort(400)
    return rows


def _all(values: Mapping[str, str]) -> str:
    if not _CHOICE.fullmatch(values.get("all", "")):
        abort(400)
    return values.get("all", "")


def _heirs(cases: list[HandoverCase]) -> list[AccountRef]:
    """Everybody who can take one of these cases, whoever can take most of them first."""
    able = [heir for case in cases for heir in case.heirs]
    return sorted(dict.fromkeys(able), key=lambda heir: (-able.count(heir), heir.name, heir.id))


def _chosen(cases: list[HandoverCase], rows: Mapping[int, str], everybody: str) -> list[Chosen]:
    """For each case: whom it was given by itself, else who takes all, else the nearest who can."""
    chosen = []
    for case in cases:
        choice = rows.get(case.id, "") or everybody
        if choice == KEEP:
            chosen.append(Chosen(case, None))
        elif choice:
            heir = case.heir(int(choice))
            chosen.append(Chosen(case, heir, wrong=heir is None))
        else:
            chosen.append(Chosen(case, case.heirs[0] if case.heirs else None, wrong=not case.heirs))
    return chosen


def _give_on(cases: list[HandoverCase], rows: Mapping[int, str], account_id: int, reason: str, by: Actor) -> list[Done]:
    """Give each case on in a transaction of its own; one that is refused leaves the others done."""
    known = {case.id: case for case in cases}
    done = []
    for case_id, choice in rows.items():
        case = known.get(case_id)
        heir = case.heir(int(choice or KEEP)) if case is not None else None
        refusal = ""
        try:
            transact(pass_on, case_id, account_id, int(choice or KEEP), reason, by)
        except Refused as refused:
            refusal = refused.message
        except NotFound:
            refusal = "没有找到这件案件，或者它不归您改派。"
        done.append(Done(case, heir.name if heir is not None else "", refusal))
    return done


def _result(done: list[Done], **who: object) -> Answer:
    """The page that says of each row how it ended; 422 where nothing at all was done."""
    page = render_template("cases/handed_over.html", done=done, **who)
    return page, UNPROCESSABLE if all(row.refusal for row in done) else 200
