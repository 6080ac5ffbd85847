"""Mediation's own pages: what the programme is, and the notice of rights and duties."""

from __future__ import annotations

from flask import Blueprint, render_template

from fulian.api import current_actor, requires
from fulian_mediation.notice import NOTICE_VERSION

blueprint = Blueprint("mediation", __name__, template_folder="templates")


@blueprint.get("/")
@requires("mediation.view", "county")
def index() -> str:
    """What mediation is here, and where to go."""
    return render_template("mediation/index.html", may_open=current_actor().may("cases.open"))


@blueprint.get("/notice")
@requires("mediation.view", "county")
def notice() -> str:
    """The notice of rights and duties, to be read to the parties or printed."""
    return render_template("mediation/notice.html", version=NOTICE_VERSION)
