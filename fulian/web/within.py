"""Forms that the page sends itself (static/app.js): where the network fails, the page and what was typed stay.

A script cannot see where a redirect leads without following it, and following it would read the next page twice (a
restricted case twice on the log). So it is told: 204, and the address in a header.
"""

from __future__ import annotations

from flask import Flask, Response, request

SENT_WITHIN = "X-Sent-Within"  # of the request
NEXT_PAGE = "X-Next-Page"  # of the reply


def init_within(app: Flask) -> None:
    """Tell a form sent from within its page where to go next, in place of a redirect."""
    app.after_request(_name_next_page)


def sent_within() -> bool:
    """Whether the page sent this form itself, and still stands there with all that was typed."""
    return SENT_WITHIN in request.headers


def _name_next_page(reply: Response) -> Response:
    if sent_within() and reply.status_code in (302, 303):
        reply.headers[NEXT_PAGE] = reply.headers.pop("Location")
        reply.status_code = 204
        reply.set_data(b"")
    return reply
