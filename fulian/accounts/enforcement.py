"""Who is behind a request, and whether she may call the view: asked before any view runs, denied by default.

The order is: route (404, 405) → log-in (pages 302, htmx and JSON 401) → permission (403, put on the log); the gate of
the programmes and the rows themselves come after it.
"""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from urllib.parse import urlencode, urlsplit

from flask import Flask, current_app, redirect, request, session, url_for
from flask_login import AnonymousUserMixin, LoginManager, UserMixin
from werkzeug.exceptions import Forbidden as NotDeclared
from werkzeug.exceptions import Unauthorized
from werkzeug.wrappers import Response

from fulian.accounts.roles import ENTERING, init_rights, rights
from fulian.accounts.sessions import SEEN_EVERY, SignedIn, find_session, hash_token, touch_session
from fulian.audit.actor import Actor
from fulian.audit.log import note_refusal
from fulian.db import transact
from fulian.errors import Busy, Forbidden
from fulian.orgs.queries import city_unit
from fulian.web.access import access_of
from fulian.web.error_pages import error_reply
from fulian.web.page import Entry, Me, page_context
from fulian.web.within import sent_within

TOKEN = "token"  # noqa: S105 - where the cookie holds it
SIGNED_IN, REQUEST_ID = "fulian.signed_in", "fulian.request_id"
HOME = "/"
LONGEST_ADDRESS = 2000  # of a page to return to; browsers and servers take about as much
NO_ADDRESS = "0.0.0.0"  # noqa: S104 - written down where the server was not told one (a socket, a test)

# All that is open with a one-time password, or one that is too old: changing it, and going away.
LEFT_TO_CHANGE = frozenset({"own.password", "own.sessions"})
KEPT = "您离开太久，已经自动退出，刚才填的没有保存。请别关这一页，在新开的一页登录，再回来保存。"

login_manager = LoginManager()
login_manager.session_protection = None  # the session row is the protection; addresses change on the road


class Person(UserMixin):  # type: ignore[misc]  # flask-login has no types
    """What flask-login calls the current user: the living session behind the request."""

    def __init__(self, found: SignedIn) -> None:
        self.id = found.actor.account_id
        self.actor = found.actor


def init_accounts(app: Flask, permissions: Mapping[str, Mapping[str, Iterable[str]]]) -> None:
    """Put log-in and permission before every view of `app`, and the person's name and places on every page.

    `permissions` are those of the installed programmes: code → dotted name → roles. Raises StartRefused for one that
    cannot be taken in.
    """
    known = init_rights(app)
    for programme, names in permissions.items():
        known.add(programme, names)
    login_manager.init_app(app, add_context_processor=False)  # it would load the user at every render
    app.before_request(_guard)
    page_context(app).viewer_from(_viewer)
    page_context(app).entries_from(_entries)


def signed_in() -> SignedIn | None:
    """The living session behind this request, read once; None before log-in and after it is over."""
    kept = request.environ  # not `g`: that belongs to the application context, which outlives a request in tests
    if SIGNED_IN not in kept:
        kept[SIGNED_IN] = _find_signed_in()
    found: SignedIn | None = kept[SIGNED_IN]
    return found


def known_account_id() -> int | None:
    """The account behind this request where something has asked for it already; None else: nothing is looked up."""
    found: SignedIn | None = request.environ.get(SIGNED_IN)
    return found.actor.account_id if found is not None else None


def _find_signed_in() -> SignedIn | None:
    token = session.get(TOKEN)
    if not isinstance(token, str):
        return None
    return find_session(hash_token(token), rights(), datetime.now(UTC), client_address(), request_id())


def current_actor() -> Actor:
    """Who calls this view. Raises Unauthorized (401) where nobody is signed in."""
    found = signed_in()
    if found is None:
        raise Unauthorized
    return found.actor


def visitor() -> Actor:
    """Whoever is not signed in, for the log: her acts go on the chain of 市本级."""
    return Actor(None, "未登录", city_unit(), datetime.now(UTC), client_address(), request_id())


def client_address() -> str:
    """The address of who asks: the peer's, or what the outermost of FULIAN_TRUSTED_PROXIES proxies wrote down."""
    hops: int = current_app.config["FULIAN"].trusted_proxies
    forwarded = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")] if hops else []
    told = forwarded[-hops] if 0 < hops <= len(forwarded) else ""
    return _as_address(told) or _as_address(request.remote_addr or "") or NO_ADDRESS


@lru_cache(maxsize=1024)
def _as_address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return ""


def request_id() -> str:
    """The name of this request in the log."""
    name: str = request.environ.setdefault(REQUEST_ID, secrets.token_hex(8))
    return name


def page_after_login(wanted: str | None) -> str:
    """Where to go after log-in: a page of this site, never another one (no open redirect), else the workbench."""
    if not wanted or len(wanted) > LONGEST_ADDRESS or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return HOME
    if any(ord(character) <= ord(" ") or character == "\\" for character in wanted):
        return HOME
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or parts.path in ("/login", "/login/code", "/logout"):
        return HOME
    return wanted


# --- before every view ---------------------------------------------------------------------------------------------


def _guard() -> Response | None:
    if request.routing_exception is not None:
        return None  # no such route, or not by this method: that is said first
    view = current_app.view_functions[str(request.endpoint)]
    access = access_of(view)
    if access is None and not _is_static(str(request.endpoint)):
        raise NotDeclared  # the start would have been refused
    if access is None or access.public:
        return None
    found = signed_in()
    if found is None:
        reply: Response = login_manager.unauthorized()
        return reply
    if found.actor.now - found.seen_at >= SEEN_EVERY:
        _touch(found)
    if found.must_change and access.permission not in LEFT_TO_CHANGE:
        return _say_or_send(403, "请先修改密码：这是一次性密码，或者已经用了太久。", url_for("accounts.password"))
    if found.must_enrol and access.permission not in ENTERING:
        return _say_or_send(403, "请先设好验证器：您的角色要求登录时再输一个验证码。", url_for("accounts.device"))
    if access.permission not in found.actor.permissions:
        refused = Forbidden("需要办理的，请联系本级妇联管理员开通权限。")
        transact(note_refusal, found.actor, f"refused.{access.permission}", refused)
        raise refused
    return None


def _is_static(endpoint: str) -> bool:
    return endpoint == "static" or endpoint.endswith(".static")  # Flask's own views, which carry no mark


def _touch(found: SignedIn) -> None:
    try:
        transact(touch_session, found.token_hash, found.actor.now)
    except Busy:
        return  # reading goes on while the disk is full or somebody writes; the next request tries again


@login_manager.request_loader  # type: ignore[untyped-decorator]
def _load(_request: object) -> Person | AnonymousUserMixin:
    found = signed_in()
    return Person(found) if found is not None else AnonymousUserMixin()


@login_manager.unauthorized_handler  # type: ignore[untyped-decorator]
def _ask_to_log_in() -> Response:
    """A page goes to the log-in and comes back; a part of a page or a program is only told.

    A form comes back to its own page, and the log-in says that what was filled in is not saved.
    """
    if sent_within():
        return error_reply(401, KEPT)
    reading = request.method in ("GET", "HEAD")
    wanted = request.full_path.rstrip("?") if reading or _has_page() else HOME
    told = {"next": wanted} if wanted != HOME else {}
    if not reading and request.endpoint != "accounts.leave":
        told["unsaved"] = "1"
    return _say_or_send(401, "", url_for("accounts.log_in") + (f"?{urlencode(told)}" if told else ""))


def _has_page() -> bool:
    """Whether the address to which a form was sent can also be opened."""
    addresses = current_app.create_url_adapter(request)
    return addresses is not None and addresses.test(request.path, "GET")


def _say_or_send(code: int, text: str, address: str) -> Response:
    accepted = request.accept_mimetypes
    if "HX-Request" in request.headers or accepted["application/json"] > accepted["text/html"]:
        return error_reply(code, text)
    return redirect(address)


# --- the frame of every page ----------------------------------------------------------------------------------------


def _viewer() -> Me | None:
    found = signed_in()
    return Me(found.actor.name, found.org_name) if found is not None else None


def _entries() -> Iterable[Entry]:
    found = signed_in()
    if found is None:
        return
    if found.actor.may("accounts.view"):
        yield Entry("账号", "/accounts/", 80)
    yield Entry("我的", "/account", 95, icon="person", menu=False)
