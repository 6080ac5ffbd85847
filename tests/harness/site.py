"""The whole application as its users meet it: a browser for each caller, every reply looked at as it comes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from lxml import html
from sqlalchemy import delete, select, update
from werkzeug.test import TestResponse

from fulian.accounts.models import Account, Authenticator
from fulian.db import db
from fulian.testing.world import PASSWORD

from .places import CALLERS

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
TRACEBACK = "Traceback (most recent call last)"
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
# What differs between two pages of the same words: tokens, times, the name of the request.
CHANGING = re.compile(r'value="[\w.-]{60,}"|name="submission_id"[^>]*|\d{1,2}:\d{2}(:\d{2})?|[0-9a-f]{16}')


@dataclass(frozen=True)
class Reply:
    """One reply: `place` is where it sends, "" where it does not."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    policies: tuple[str, ...]
    place: str = ""

    @property
    def text(self) -> str:
        """The body as text; empty for a download."""
        return self.body.decode("utf-8") if "text/" in self.headers.get("Content-Type", "") else ""

    @property
    def let_in(self) -> bool:
        """Whether it shows or did something, and does not send away to the log-in."""
        return self.status < 400 and not self.to_log_in

    @property
    def to_log_in(self) -> bool:
        """Whether it asks to log in first."""
        return self.status == 401 or (self.status == 302 and urlsplit(self.place).path == "/login")

    def likeness(self) -> tuple[int, str, str]:
        """Status, target and text, without its own address and without what changes from reply to reply."""

        def plain(text: str) -> str:
            for own in (quote(self.url, safe=""), quote(self.url, safe="/"), self.url):
                text = text.replace(own, "")
            return text

        return self.status, plain(self.place), plain(CHANGING.sub("", self.text))


@dataclass
class Browser:
    """A browser of one caller. Every reply is checked: its headers, no 5xx, no traceback."""

    client: FlaskClient
    problems: list[str] = field(default_factory=list)
    replies: int = 0
    _token: str = ""

    def get(self, url: str, **options: Any) -> Reply:
        """Open an address."""
        return self.send("GET", url, **options)

    def post(self, url: str, data: Mapping[str, Any] | None = None, **options: Any) -> Reply:
        """Send a form with a valid CSRF token."""
        return self.send("POST", url, data={"csrf_token": self.token(), **(data or {})}, **options)

    def send(self, method: str, url: str, **options: Any) -> Reply:
        """Any request at all."""
        with self.client.open(url, method=method, **options) as answer:
            reply = _read(method, url, answer)
        self.replies += 1
        self.problems += problems_of(reply)
        return reply

    def token(self) -> str:
        """The CSRF token of this session; a new one after log-in."""
        if not self._token:
            self._token = self._find_token("/account/password") or self._find_token("/login")
        return self._token

    def _find_token(self, url: str) -> str:
        found = TOKEN.search(self.get(url).text)
        return found[1] if found is not None else ""

    def log_in(self, username: str, password: str = PASSWORD) -> None:
        """Log in. Fails the test where it is refused."""
        reply = self.post("/login", {"username": username, "password": password})
        assert reply.status == 302, f"{username} could not log in: {reply.status}"
        self._token = ""

    def fields(self, url: str, **options: Any) -> dict[str, Any]:
        """What the form of a page would send as it was drawn: hidden, typed and chosen fields."""
        return drawn_fields(self.get(url, **options))


def _read(method: str, url: str, answer: TestResponse) -> Reply:
    return Reply(
        method,
        url,
        answer.status_code,
        dict(answer.headers),
        answer.get_data(),
        tuple(answer.headers.getlist("Content-Security-Policy")),
        answer.headers.get("Location", ""),
    )


def problems_of(reply: Reply) -> list[str]:
    """What is wrong with a reply whatever it was asked for: promises 15 and 17."""
    where, found = f"{reply.method} {reply.url} → {reply.status}", []
    if reply.status >= 500 or TRACEBACK.encode() in reply.body:
        found.append(f"{where}: an error of ours")
    if CSP not in reply.policies:
        found.append(f"{where}: policy {reply.policies}")
    if reply.headers.get("X-Content-Type-Options") != "nosniff":
        found.append(f"{where}: no nosniff")
    if reply.headers.get("X-Frame-Options") != "DENY":
        found.append(f"{where}: may be framed")
    static = urlsplit(reply.url).path.startswith("/static/") and reply.status in (200, 304)
    if not static and reply.headers.get("Cache-Control") != "no-store":
        found.append(f"{where}: may be kept: {reply.headers.get('Cache-Control')}")
    if {"Server", "X-Powered-By", "Access-Control-Allow-Origin"} & set(reply.headers):
        found.append(f"{where}: says too much")
    return found


def drawn_fields(reply: Reply) -> dict[str, Any]:
    """The fields of the largest form of a page, as a browser would send them untouched."""
    if not reply.text.strip():
        return {}
    forms = [form for form in html.fromstring(reply.text).forms if form.method == "POST"]
    forms = [form for form in forms if not (form.action or "").endswith("/logout")]
    values: dict[str, Any] = {}
    for name, value in _sent(max(forms, key=lambda form: len(form.inputs), default=None)):
        values[name] = [*values[name], value] if isinstance(values.get(name), list) else value
    return values


def _sent(form: Any) -> Iterator[tuple[str, str]]:
    """Name and value of every field that a browser sends (HTML, "constructing the entry list")."""
    for control in form.iter("input", "select", "textarea") if form is not None else ():
        name, kind = control.get("name"), control.get("type", "text")
        if not name or kind in ("submit", "button", "file"):
            continue
        if control.tag == "textarea":
            yield name, (control.text or "").removeprefix("\n")
        elif control.tag == "select":
            options = control.findall(".//option")
            chosen = [option for option in options if option.get("selected") is not None] or options[:1]
            yield from ((name, option.get("value", option.text or "")) for option in chosen)
        elif kind not in ("radio", "checkbox") or control.get("checked") is not None:
            yield name, control.get("value", "on" if kind in ("radio", "checkbox") else "")


class Site:
    """The application with a browser for each caller of the matrix."""

    def __init__(self, app: Flask) -> None:
        # An error must come out as the page that users would see, and count.
        app.config["PROPAGATE_EXCEPTIONS"] = False
        self.app = app
        self._browsers: dict[str, Browser] = {}
        self._gone: list[str] = []

    def browser(self, caller: str) -> Browser:
        """The browser of a caller (a key of CALLERS), logged in."""
        if caller not in self._browsers:
            self._browsers[caller] = self.new_browser(CALLERS[caller], shut=caller == "disabled")
        return self._browsers[caller]

    def forget(self, caller: str) -> None:
        """Drop the browser of a caller whose session is over; what was wrong so far is kept."""
        self._gone += self._browsers.pop(caller).problems

    def new_browser(self, username: str | None, *, shut: bool = False, guarded: bool = False) -> Browser:
        """A browser logged in as an account of the world; with `shut` the account was disabled after log-in.

        With `guarded` it has sent the password of an account that has an authenticator; else the account has none.
        """
        browser = Browser(self.app.test_client())
        if username is not None and not guarded:
            self._take_device(username)
        if shut:
            self._set_status(username, "active")
        if username is not None:
            browser.log_in(username)
        if shut:
            self._set_status(username, "disabled")
        return browser

    def _take_device(self, username: str) -> None:
        with self.app.app_context():
            mine = select(Account.id).where(Account.username == username).scalar_subquery()
            db.session.execute(delete(Authenticator).where(Authenticator.account_id == mine))
            db.session.commit()

    def _set_status(self, username: str | None, status: str) -> None:
        with self.app.app_context():
            db.session.execute(update(Account).where(Account.username == username).values(status=status))
            db.session.commit()

    def problems(self) -> list[str]:
        """What was wrong with any reply so far."""
        return [*self._gone, *(problem for browser in self._browsers.values() for problem in browser.problems)]
