"""Put the web room on an application: templates, static files, words, error pages, CSRF and headers."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Flask, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf import CSRFProtect
from flask_wtf.csrf import generate_csrf
from itsdangerous import URLSafeTimedSerializer
from jinja2 import FileSystemBytecodeCache
from werkzeug.routing import IntegerConverter, Map
from whitenoise import WhiteNoise

from fulian.web.assets import STATIC, STATIC_URL, asset, icon
from fulian.web.dates import FILTERS, due_of, percent
from fulian.web.error_pages import init_error_pages
from fulian.web.forms import LARGEST_INTEGER, filter_select, form_problems
from fulian.web.headers import SecurityHeaders
from fulian.web.page import BARE, page_context
from fulian.web.within import init_within

# the four colours of risk: class of theme.css, character
RISK_MARKS = {"r": ("k-r", "红"), "o": ("k-o", "橙"), "y": ("k-y", "黄"), "b": ("k-b", "蓝")}

SIGNER = "fulian_signer"
CSRF = "csrf_token"  # its name in the session, in `g` and in templates
csrf = CSRFProtect()


class RowNumber(IntegerConverter):
    """`<int:…>` in a rule: a number that a key column can hold; with any other the address does not exist (404)."""

    def __init__(self, url_map: Map, fixed_digits: int = 0, min: int | None = None, max: int | None = None) -> None:
        super().__init__(url_map, fixed_digits, min, LARGEST_INTEGER if max is None else max)


class CookieSessions(SecureCookieSessionInterface):
    """Flask's signed cookies, their signer made once and not for every request."""

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """The signer for the application's key."""
        made: tuple[object, URLSafeTimedSerializer | None] = app.extensions.get(SIGNER, (None, None))
        if made[1] is None or made[0] != app.secret_key:
            made = app.secret_key, super().get_signing_serializer(app)
            app.extensions[SIGNER] = made
        return made[1]


def init_web(app: Flask, public_url: str = "", cache_folder: Path | None = None) -> None:
    """Put everything of this room on `app`, but for `protect_forms`.

    `app` is made with `static_folder=None`: the files under `static/` are served here, before Flask. `public_url` is
    the address users type (https means HSTS). `cache_folder` keeps compiled templates between starts; it must belong
    to this application alone. Raises ValueError where the app has a static folder of its own.
    """
    if app.static_folder is not None:
        raise ValueError("make the application with static_folder=None: fulian.web serves /static/")
    app.url_map.converters["int"] = RowNumber
    app.session_interface = CookieSessions()
    app.register_blueprint(Blueprint("web", __name__, template_folder="templates"))
    _init_templates(app, cache_folder)
    init_error_pages(app)
    init_within(app)
    files = WhiteNoise(app.wsgi_app, root=STATIC, prefix=STATIC_URL, allow_all_origins=False)
    app.wsgi_app = SecurityHeaders(files, https=public_url.startswith("https:"))  # type: ignore[method-assign]


def protect_forms(app: Flask) -> None:
    """Check the CSRF token of every unsafe request. Call it after the access guard: log-in comes first.

    A view marked `form_checks_csrf` is left to its own form, so that a stale page comes back with what was typed.
    """
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False  # the check below is the one
    app.config["WTF_CSRF_TIME_LIMIT"] = None  # a token lives as long as its session
    csrf.init_app(app)
    app.context_processor(lambda: {"csrf_token": _csrf_token})
    app.before_request(_check_csrf)


def _csrf_token() -> str:
    """Flask-WTF's token of this session, signed once and not for every page: it holds as long as the session."""
    held: object = session.get(CSRF)
    if isinstance(held, str) and CSRF not in g:
        setattr(g, CSRF, _signed(current_app.secret_key, held))  # where Flask-WTF looks for the one it made
    token: str = generate_csrf()
    return token


@lru_cache(4096)
def _signed(secret_key: str | bytes | None, token: str) -> str:
    assert secret_key is not None  # noqa: S101 - narrows the type: no session is read without one
    return str(URLSafeTimedSerializer(secret_key, salt="wtf-csrf-token").dumps(token))


def _check_csrf() -> None:
    view = current_app.view_functions.get(request.endpoint or "")
    unsafe = request.method in current_app.config["WTF_CSRF_METHODS"]
    if unsafe and view is not None and not getattr(view, "form_checks_csrf", False):
        csrf.protect()


def _init_templates(app: Flask, cache_folder: Path | None) -> None:
    if cache_folder is not None:
        cache_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(cache_folder))
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals.update(
        asset=asset,
        icon=icon,
        icons_url=asset("icons.svg"),
        css_bootstrap=asset("vendor/bootstrap-5.3.9/bootstrap.min.css"),
        css_theme=asset("theme.css"),
        js_htmx=asset("vendor/htmx.org-2.0.11/htmx.min.js"),
        js_app=asset("app.js"),
        favicon=asset("seal.svg"),
        page_frame=page_context(app).frame,
        bare_frame=BARE,
        form_problems=form_problems,
        filter_select=filter_select,
        due_of=due_of,
        percent=percent,
        risk_marks=RISK_MARKS,
        now=lambda: datetime.now(UTC),
    )
    app.jinja_env.globals["macros"] = app.jinja_env.get_template(
        "_macros.html"
    ).module  # an import costs each page anew
