"""`/healthz`: whether the database answers and stands where this program expects it."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from sqlalchemy.exc import SQLAlchemyError

from fulian.db import db
from fulian.lineages import status
from fulian.programmes.loader import installed
from fulian.web.access import no_login

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@no_login
def healthz() -> tuple[Response, int]:
    """200 with {"database": "ok", "migrations": {lineage: revision}}, else 503; says nothing else about the inside."""
    try:
        with db.engine.connect() as connection:
            found = status(connection, installed().lineages())
    except SQLAlchemyError:
        return jsonify(database="unreachable"), 503
    current = all(lineage.up_to_date for lineage in found)
    migrations = {lineage.code: lineage.current for lineage in found}
    return jsonify(database="ok", migrations=migrations, current=current), 200 if current else 503
