"""The frame of every page: who is signed in, the menu, the tabs of the phone. Other rooms fill it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from flask import Flask, request


class Me(NamedTuple):
    """Who is signed in, as the bar shows her: her name and the short name of her organisation."""

    name: str
    org: str


class Entry(NamedTuple):
    """One place of the menu. `order` sorts (工作台 10, 案件 20, 人员 30, 组织 40, 品牌项目 50, later ones above).

    With an `icon` (a name in icons.svg) it is a tab of the phone too; `menu=False` keeps it out of the desktop's menu.
    """

    label: str
    url: str
    order: int = 90
    icon: str = ""
    menu: bool = True


class Link(NamedTuple):
    """An entry as drawn; `current` marks the place the page belongs to."""

    label: str
    url: str
    current: bool
    icon: str


class Frame(NamedTuple):
    """What base.html draws around a page; `me` is None before log-in."""

    me: Me | None = None
    menu: tuple[Link, ...] = ()
    tabs: tuple[Link, ...] = ()


BARE = Frame()


@dataclass
class PageContext:
    """Where the rooms above say who is signed in and which entries she may use; asked once per full page."""

    _viewer: Callable[[], Me | None] = lambda: None
    _sources: list[Callable[[], Iterable[Entry]]] = field(default_factory=list)

    def viewer_from(self, source: Callable[[], Me | None]) -> None:
        """Name the function that says who is signed in (accounts)."""
        self._viewer = source

    def entries_from(self, source: Callable[[], Iterable[Entry]]) -> None:
        """Add a function that lists the entries the signed-in account may use. It must not read the database."""
        self._sources.append(source)

    def frame(self) -> Frame:
        """The frame of the page being drawn: menu and tabs in their order, the current one marked."""
        me = self._viewer()
        if me is None:
            return BARE
        entries = sorted((e for source in self._sources for e in source()), key=lambda entry: entry.order)
        here = _place(request.path, entries)
        links = [(entry, Link(entry.label, entry.url, entry.url == here, entry.icon)) for entry in entries]
        return Frame(
            me,
            tuple(link for entry, link in links if entry.menu),
            tuple(link for entry, link in links if entry.icon),
        )


def page_context(app: Flask) -> PageContext:
    """The page registry of this application."""
    context = app.extensions.setdefault("fulian_page", PageContext())
    assert isinstance(context, PageContext)  # noqa: S101 - narrows the type: only this line puts it there
    return context


def _place(path: str, entries: list[Entry]) -> str:
    """The longest entry address the path lies under; the workbench `/` only when it is the page itself."""
    under = [e.url for e in entries if path == e.url or (e.url != "/" and path.startswith(e.url))]
    return max(under, key=len, default="")
