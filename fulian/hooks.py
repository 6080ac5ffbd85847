"""The four hooks of fulian: everything a plugin can answer. None is given a request, none is firstresult.

Implementations are called one by one, each in a savepoint, since one that raises would lose the results of all.
"""

from __future__ import annotations

from typing import Protocol

import pluggy

from fulian.audit.actor import Actor, Viewer
from fulian.programmes.programme import Programme, RecordedEvent, RecordSection

PROJECT = "fulian"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class PersonLike(Protocol):
    """What a plugin is told of a person: never a sealed value."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def county_id(self) -> int: ...


@hookspec
def fulian_programme() -> Programme | None:
    """The programme of this plugin; called once, in create_app. If it raises, the start is refused."""


@hookspec
def fulian_person_record(person: PersonLike, viewer: Viewer, purpose: str) -> list[RecordSection]:  # type: ignore[empty-body]
    """What this plugin has on a person, with case ids; the core drops the lines whose case the viewer may not see.

    `purpose` ∈ page, export. All installed plugins are asked, also where switched off. If it raises, that part of the
    page says so; an export fails.
    """


@hookspec
def fulian_person_merged(kept: PersonLike, merged: PersonLike, by: Actor) -> None:
    """Repoint this plugin's rows from one person to the other, inside the merge transaction. If it raises, no merge."""


@hookspec
def fulian_event_recorded(event: RecordedEvent) -> None:
    """A line of history was written, inside its transaction: may only insert the plugin's own rows (an outbox).

    If it raises, its savepoint is undone, the event stands and the log says so.
    """
