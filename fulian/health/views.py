"""`/healthz`: whether the database answers and stands where this program expects it; `/metrics`: how it is doing."""

from __future__ import annotations

import hmac

from flask import Blueprint, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from fulian.config import Settings
from fulian.db import db
from fulian.errors import NotFound
from fulian.health.metrics import written_metrics
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


@blueprint.get("/metrics")
@no_login
def metrics() -> Response:
    """Counts for Prometheus, to whoever shows FULIAN_METRICS_TOKEN as Bearer; to everybody else there is no page."""
    settings: Settings = current_app.config["FULIAN"]
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    expected = f"Bearer {settings.metrics_token}".encode()
    if not settings.metrics_token or not hmac.compare_digest(given, expected):
        raise NotFound
    return Response(written_metrics(), content_type=CONTENT_TYPE_LATEST)
