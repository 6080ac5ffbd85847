"""Mediation of family disputes (水城家和), a programme of fulian."""

from __future__ import annotations

from fulian.api import Actor, PersonLike, Plugin, Programme, RecordSection, Viewer, hookimpl
from fulian_mediation.codes import CODE
from fulian_mediation.programme import PROGRAMME
from fulian_mediation.record import person_record

PLUGIN = Plugin(CODE, PROGRAMME.name, "fulian_mediation")


@hookimpl
def fulian_programme() -> Programme:
    """The programme 水城家和."""
    return PROGRAMME


@hookimpl
def fulian_person_record(person: PersonLike, viewer: Viewer, purpose: str) -> list[RecordSection]:
    """What mediation has on a person: what she said of being mediated, agreements, visits. Nothing one side told."""
    return person_record(person.id)


@hookimpl
def fulian_person_merged(kept: PersonLike, merged: PersonLike, by: Actor) -> None:
    """Nothing to repoint: rows of mediation name parties, never persons."""
    return None
