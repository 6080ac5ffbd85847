"""Putting the application together: the only module that knows every feature."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from flask import Flask
from sqlalchemy.engine import make_url

from fulian.accounts import upkeep as account_upkeep
from fulian.accounts import views as account_views
from fulian.accounts.enforcement import current_actor, init_accounts
from fulian.accounts.second_factor import SLIP_PART
from fulian.audit import views as audit_views
from fulian.audit.log import set_city_unit
from fulian.audit.verify import CHAINS
from fulian.cases import answers
from fulian.cases import renewal as case_renewal
from fulian.cases import upkeep as case_upkeep
from fulian.cases import views as case_views
from fulian.cases.queries.case import county_of_case
from fulian.config import LARGEST_BODY, Settings, read_settings
from fulian.db import engine_options, init_db
from fulian.errors import StartRefused
from fulian.health import views as health_views
from fulian.health.requests import observe_requests
from fulian.jobs import renewal
from fulian.jobs import upkeep as job_upkeep
from fulian.jobs import views as job_views
from fulian.jobs.kinds import Kind, init_jobs
from fulian.orgs import views as org_views
from fulian.orgs.queries import city_unit
from fulian.people import views as people_views
from fulian.programmes import views as programme_views
from fulian.programmes.gate import OWNERS, parent_blueprint
from fulian.programmes.loader import EXTENSION, Installed, load_plugins
from fulian.sealing.cipher import SealBroken
from fulian.sealing.keys import KEY_FILE, Keyring, create_keys, init_keys, keys, load_keys
from fulian.sealing.renewal import init_renewal
from fulian.web.access import declared
from fulian.web.error_pages import error_reply
from fulian.web.page import page_context
from fulian.web.setup import init_web, protect_forms

FEATURES = (
    account_views.blueprint,
    case_views.blueprint,
    people_views.blueprint,
    org_views.blueprint,
    programme_views.blueprint,
    audit_views.blueprint,
    job_views.blueprint,
    health_views.blueprint,
)
# The kinds of jobs that the core runs, by code. The nightly ones are put on the queue by fulian/serve.py.
JOBS = {
    case_upkeep.KIND: Kind("每夜核对统计", case_upkeep.check_statistics),
    account_upkeep.KIND: Kind("每夜清理登录记录", account_upkeep.forget_ended),
    job_upkeep.KIND: Kind("每夜清理旧任务", job_upkeep.forget_ended),
    renewal.KIND: renewal.RENEWAL,
}
# First parts of the core's own addresses, those of later releases among them: no plugin may take one as its code.
RESERVED = frozenset(
    {
        "account",
        "accounts",
        "api",
        "audit",
        "cases",
        "healthz",
        "jobs",
        "login",
        "logout",
        "metrics",
        "orgs",
        "people",
        "programme",
        "programmes",
        "reports",
        "reviews",
        "static",
        "transfer",
        "web",
    }
)


class Application(Flask):
    """Flask, but for asking at every request whether a function is a coroutine: none is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is."""
        return func


def create_app(config: Mapping[str, Any] | None = None, plugins: Sequence[str | ModuleType] | None = None) -> Flask:
    """The application. `config` overrides the environment (see fulian/config.py) and Flask's own settings.

    `plugins` names the entry points to load (None: all installed); modules that export PLUGIN may stand among them.
    Raises StartRefused with one plain sentence where it cannot start.
    """
    settings = read_settings(config)
    app = Application("fulian", static_folder=None, instance_path=str(settings.instance))
    _configure(app, settings, config or {})
    init_keys(app, _load_keys(settings), settings.keys)
    init_renewal(app, (*case_renewal.PARTS, SLIP_PART, CHAINS))
    _make_cookie_key(app)
    init_db(app)
    loaded = load_plugins(plugins, blocked=settings.block, reserved=RESERVED, core=(("core-cases", answers),))
    app.extensions[EXTENSION] = loaded
    init_web(app, settings.public_url, settings.instance / "templates")
    app.register_error_handler(SealBroken, lambda error: error_reply(500, error.message))
    _register(app, loaded)
    _check_routes(app)
    return app


def _configure(app: Flask, settings: Settings, given: Mapping[str, Any]) -> None:
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    app.config.update(
        FULIAN=settings,
        FULIAN_DATABASE_URL=settings.database_url,
        FULIAN_OWNER_URL=settings.owner_url,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        MAX_CONTENT_LENGTH=LARGEST_BODY,
        SESSION_COOKIE_NAME="fulian_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https:"),
    )
    app.config.update(given)


def _load_keys(settings: Settings) -> Keyring:
    """The keys; made here at the first start on SQLite, when there is neither a key file nor a database yet."""
    if not (settings.keys / KEY_FILE).exists() and not settings.production:
        name = make_url(settings.database_url).database
        if name and not Path(name).exists():
            return create_keys(settings.keys)
    return load_keys(settings.keys, instance=settings.instance, production=settings.production)


def _make_cookie_key(app: Flask) -> None:
    """The newest signs; what older ones signed is still taken, so that a rotation logs nobody out."""
    with app.app_context():
        here = keys()
        newest, *older = (here.find("cookie", version) for version in here.versions("cookie"))
    app.secret_key = newest.material if newest is not None else None
    app.config["SECRET_KEY_FALLBACKS"] = [key.material for key in older if key is not None]


def _register(app: Flask, loaded: Installed) -> None:
    set_city_unit(app, city_unit)
    observe_requests(app)  # first, so that it measures all that follows
    init_jobs(app, JOBS | _plugin_jobs(loaded))
    init_accounts(app, {code: programme.permissions for code, programme in loaded.programmes.items()})
    protect_forms(app)
    for blueprint in FEATURES:
        app.register_blueprint(blueprint)
    app.extensions[OWNERS] = {"case_id": county_of_case}
    app.register_blueprint(parent_blueprint(loaded, current_actor))
    page_context(app).entries_from(lambda: programme_views.menu(loaded))


def _plugin_jobs(loaded: Installed) -> dict[str, Kind]:
    """The plugins' kinds of jobs, as `<code>.<kind>`."""
    jobs = {f"{code}.{job.kind}": job for code, plugin in loaded.plugins.items() for job in plugin.jobs}
    return {name: Kind(job.label or name, job.run) for name, job in jobs.items()}


def _check_routes(app: Flask) -> None:
    taken: dict[str, str] = {}
    for route in declared(app):
        for method in route.methods:
            other = taken.setdefault(f"{method} {route.rule}", route.endpoint)
            if other != route.endpoint:
                raise StartRefused(f"两个页面用了同一个地址 {route.rule}：{other} 和 {route.endpoint}。")
