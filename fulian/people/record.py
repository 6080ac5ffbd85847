"""一人一档: what the rooms above and the plugins have on a person, asked by their own hook."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fulian.audit.actor import Viewer
from fulian.errors import Refused
from fulian.people.models import Person
from fulian.people.service.merging import PersonRef
from fulian.programmes.loader import HookResult, find_programme, hook_results
from fulian.programmes.programme import RecordSection

HOOK = "fulian_person_record"
PAGE, EXPORT = "page", "export"

# (viewer, case ids) → those she may see
CasesSeen = Callable[[Viewer, set[int]], set[int]]
_cases_seen: list[CasesSeen] = []


@dataclass(frozen=True)
class RecordPart:
    """What one room or plugin has on a person; `failed` where it could not say, and the page says so instead."""

    title: str
    sections: tuple[RecordSection, ...] = ()
    failed: bool = False


def see_cases_with(seen: CasesSeen) -> None:
    """Name who knows which cases a viewer may see (the room of cases, above this one), once at its import."""
    _cases_seen[:] = [seen]


def person_record(person: Person, viewer: Viewer, purpose: str = PAGE) -> list[RecordPart]:
    """What every room and installed plugin has on a person, without the lines whose case the viewer may not see.

    `purpose` ∈ page, export. On a page whoever fails is named as such and the rest stands; an export raises Refused.
    """
    told = PersonRef(person.id, person.name, person.county_id)
    results = hook_results(HOOK, person=told, viewer=viewer, purpose=purpose)
    failed = next((result for result in results if result.error is not None), None)
    if failed is not None and purpose == EXPORT:
        raise Refused(f"“{_title(failed.name)}”的内容读不出来，没有导出。请告诉系统管理员。") from failed.error
    seen = _visible(results, viewer)
    parts = [_part(result, seen) for result in reversed(results)]  # asked last to first: the cases, then the plugins
    return [part for part in parts if part.failed or part.sections]


def _title(name: str) -> str:
    programme = find_programme(name)
    return programme.name if programme is not None else "其他"


def _visible(results: list[HookResult], viewer: Viewer) -> set[int]:
    ids = {
        case_id
        for result in results
        for section in result.value or ()
        for _day, _text, case_id in section.lines
        if case_id is not None
    }
    return _cases_seen[0](viewer, ids) if ids and _cases_seen else set()


def _part(result: HookResult, seen: set[int]) -> RecordPart:
    if result.error is not None:
        return RecordPart(_title(result.name), failed=True)
    sections = []
    for section in result.value or ():
        lines = tuple(line for line in section.lines if line[2] is None or line[2] in seen)
        if lines:
            sections.append(RecordSection(section.title, lines))
    return RecordPart(_title(result.name), tuple(sections))
