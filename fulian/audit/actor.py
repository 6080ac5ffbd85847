"""Who does something, and who looks at something: one immutable value, passed down to every service and query."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

COMMAND_LINE = "命令行"  # the name of who acts on the machine itself, as the log has it


@dataclass(frozen=True, slots=True)
class Held:
    """A grant in force: a role held in an organisation, for one programme or (None) for all.

    `level` is that organisation's level (city, county, township, village, body); `county_id` its county-level unit.
    """

    role: str
    org_id: int
    county_id: int
    level: str
    programme: str | None = None


@dataclass(frozen=True, slots=True)
class Actor:
    """The person behind an act. The audit log stores the ids and knows no account.

    `county_id` is the unit whose audit chain takes acts that belong to no other row; `now` is the one clock of
    the use case (UTC); `permissions` are the dotted names that all her grants together give her.
    """

    account_id: int | None
    name: str
    county_id: int
    now: datetime
    address: str = ""
    request_id: str = ""
    person_id: int | None = None
    org_id: int | None = None
    grants: tuple[Held, ...] = ()
    permissions: frozenset[str] = field(default_factory=frozenset)

    def may(self, permission: str) -> bool:
        """Whether any grant of hers gives this permission (what rows it reaches is the scope functions' business)."""
        return permission in self.permissions


Viewer = Actor
