"""The tree opened down to one organisation, as a page draws it."""

from __future__ import annotations

from dataclasses import dataclass

from fulian.errors import NotFound
from fulian.orgs.queries import OrgLine, ancestors, children, org_line


@dataclass(frozen=True)
class Branch:
    """An organisation in the drawn tree; `under` is None where it is closed, `parent_id` is what closing it opens."""

    line: OrgLine
    parent_id: int | None
    under: tuple[Branch, ...] | None = None


def open_down_to(org_id: int) -> Branch:
    """The tree from its root, with all on the way to an organisation and what hangs under it. Raises NotFound."""
    way = [org.id for org in reversed(ancestors(org_id))]
    if not way:
        raise NotFound
    return _opened(org_line(way[0]), None, way[1:])


def _opened(line: OrgLine, parent_id: int | None, way: list[int]) -> Branch:
    if not line.below:
        return Branch(line, parent_id)
    under = tuple(
        _opened(child, line.id, way[1:]) if way and child.id == way[0] else Branch(child, line.id)
        for child in children(line.id)
    )
    return Branch(line, parent_id, under)
