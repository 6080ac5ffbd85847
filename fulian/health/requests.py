"""Every request as one log line and in the counters: which view, how it ended, how long it took, which account.

Never an address, a name, or a value: the endpoint is a name of the source, the account a number.
"""

from __future__ import annotations

from time import perf_counter

import structlog
from flask import Flask, request
from werkzeug.wrappers import Response

from fulian.accounts.enforcement import known_account_id, request_id
from fulian.health.metrics import REQUESTS, SECONDS

BEGAN = "fulian.began"
NO_ROUTE = "none"
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})
OTHER = "other"  # a client may call a method whatever it likes

log = structlog.get_logger("fulian.request")


def observe_requests(app: Flask) -> None:
    """Observe all requests of `app`. Call it before anything else is put before its views."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    request.environ[BEGAN] = perf_counter()


def _end(reply: Response) -> Response:
    seconds = perf_counter() - request.environ.get(BEGAN, perf_counter())
    endpoint, method = request.endpoint or NO_ROUTE, request.method if request.method in METHODS else OTHER
    REQUESTS.labels(endpoint, method, str(reply.status_code)).inc()
    SECONDS.labels(endpoint).observe(seconds)
    log.info(
        "request",
        request_id=request_id(),
        endpoint=endpoint,
        method=method,
        status=reply.status_code,
        ms=round(seconds * 1000, 1),
        account=known_account_id(),
    )
    return reply
