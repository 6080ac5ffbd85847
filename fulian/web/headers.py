"""The outermost layer: security headers on every reply, whoever made it, and no trace of the software behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ALWAYS = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "same-origin"),  # no-referrer would fail the CSRF check of https requests
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Embedder-Policy", "require-corp"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
]
HSTS = ("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
DROPPED = {name.lower() for name, _ in ALWAYS} | {
    "server",
    "x-powered-by",
    "cache-control",
    "pragma",
    "expires",
    "strict-transport-security",
    "access-control-allow-origin",
}
IMMUTABLE = ("Cache-Control", "public, max-age=31536000, immutable")
AN_HOUR = ("Cache-Control", "public, max-age=3600")
NO_STORE = ("Cache-Control", "no-store")
ALLOWED = "GET, HEAD, POST, OPTIONS"


class SecurityHeaders:
    """WSGI middleware around everything else. `https` says whether the public address is https (then HSTS).

    A reply's own Content-Security-Policy (a download's sandbox) is kept beside ours: browsers apply both. Static files
    asked for with their hash (`?v=`) may be kept for good, without it for an hour; nothing else may be kept at all.
    """

    def __init__(self, app: WSGIApplication, https: bool = False) -> None:
        self.app = app
        self.fixed = [("Content-Security-Policy", CSP), *ALWAYS, *([HSTS] if https else [])]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Any:
            kept = [pair for pair in headers if pair[0].lower() not in DROPPED]
            return start_response(status, [*kept, *self.fixed, _caching(environ, status)], *exc_info)

        if environ["REQUEST_METHOD"] == "TRACE":  # it would send the cookie back as text (RFC 9110, 9.3.8)
            start("405 Method Not Allowed", [("Allow", ALLOWED), ("Content-Length", "0")])
            return [b""]
        return self.app(environ, start)


def _caching(environ: WSGIEnvironment, status: str) -> tuple[str, str]:
    if not environ.get("PATH_INFO", "").startswith("/static/") or status[:3] not in ("200", "206", "304"):
        return NO_STORE
    return IMMUTABLE if environ.get("QUERY_STRING", "").startswith("v=") else AN_HOUR
