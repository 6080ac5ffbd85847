"""Reads around merging: which files a county admin may merge, which look like one person, what a merge would move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from fulian.accounts.models import Account
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.codes.documents import NONE
from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.queries import find_org
from fulian.orgs.scope import in_scope
from fulian.people.data import UNKNOWN_SEX, PersonData, facts_of
from fulian.people.facts import shown
from fulian.people.models import Consent, Person, PersonMerge, Post
from fulian.people.queries import PersonLine, lines_of
from fulian.people.scope import acting, visible_people
from fulian.people.words import FIELD_LABELS

MERGE = "people.merge"
UNDO_DAYS = 30  # time enough to notice that two were one by mistake
PAIRS = 50
_EMPTY = (None, "", UNKNOWN_SEX, NONE)
_COMPARED = ("name", "sex", "birth_date", "document_kind", "document_number", "phone", "division_code", "employer")


@dataclass(frozen=True, slots=True)
class Compared:
    """One fact in two files, in words; `clash` where both know it and say it differently."""

    label: str
    kept: str
    merged: str
    clash: bool


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge would do: `moves` what is repointed (title → number), `fills` what the kept file lacks and takes,
    `rows` the two files side by side, `clashes` how many of them do not agree."""

    moves: tuple[tuple[str, int], ...]
    fills: tuple[str, ...]
    rows: tuple[Compared, ...]

    @property
    def clashes(self) -> int:
        """In how many rows the two do not agree."""
        return sum(row.clash for row in self.rows)


def mergeable(by: Actor) -> ColumnElement[bool]:
    """A condition on `Person`: those in scope, and those registered there whom restricted cases keep out of lists."""
    home = in_scope(acting(by, MERGE), Person.org_id, Person.county_id)
    return or_(visible_people(by, MERGE), and_(Person.merged_into.is_(None), home))


def find_mergeable(by: Actor, person_id: int) -> Person:
    """The file with this id, if the actor may merge it. Raises NotFound."""
    found = db.session.execute(select(Person).where(Person.id == person_id, mergeable(by))).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def find_merge(by: Actor, merge_id: int) -> tuple[PersonMerge, Person]:
    """A merge that stands, into a file the actor may merge, and the file that went into it. Raises NotFound."""
    kept = select(Person.id).where(mergeable(by))
    row = db.session.execute(
        select(PersonMerge, Person)
        .join(Person, Person.id == PersonMerge.merged_id)
        .where(PersonMerge.id == merge_id, PersonMerge.undone_at.is_(None), PersonMerge.kept_id.in_(kept))
    ).one_or_none()
    if row is None:
        raise NotFound
    return row[0], row[1]


def merges_into(person_id: int) -> list[PersonMerge]:
    """The merges into a file that stand, newest first."""
    query = select(PersonMerge).where(PersonMerge.kept_id == person_id, PersonMerge.undone_at.is_(None))
    return list(db.session.execute(query.order_by(PersonMerge.id.desc())).scalars())


def can_undo(merge: PersonMerge, now: datetime) -> bool:
    """Whether a merge is recent enough to be taken back."""
    return now <= merge.at + timedelta(days=UNDO_DAYS)


def doubles(by: Actor) -> list[tuple[PersonLine, PersonLine]]:
    """Pairs of files with the same document, both registered in the actor's county; at most 50.

    Also where one of them is known only through restricted cases: nobody else is told of such a pair.
    """
    mine = and_(mergeable(by), in_scope(acting(by, MERGE), Person.org_id, Person.county_id))
    same = (
        select(func.min(Person.id).label("first"), func.max(Person.id).label("last"))
        .where(Person.document_key.is_not(None), mine)
        .group_by(Person.document_key)
        .having(func.count() > 1)
        .limit(PAIRS)
    )
    pairs = db.session.execute(same).all()
    ids = {person_id for pair in pairs for person_id in pair}
    by_id = {line.id: line for line in lines_of(select(Person.id).where(Person.id.in_(ids)), by)}
    return [(by_id[first], by_id[last]) for first, last in pairs]


def merge_preview(kept: Person, merged: Person) -> MergePreview:
    """What would move from one file into the other, and where the two do not agree."""
    mine, other = facts_of(kept), facts_of(merged)
    counted = (
        ("职务", Post.person_id),
        ("同意与告知", Consent.person_id),
        ("登录账号", Account.person_id),
    )
    moves = []
    for title, column in counted:
        n = db.session.execute(select(func.count()).where(column == merged.id)).scalar_one()
        if n:
            moves.append((title, n))
    rows = [_compared(field, mine, other) for field in _COMPARED]
    rows.append(Compared("登记", _registered(kept), _registered(merged), clash=False))
    return MergePreview(tuple(moves), tuple(FIELD_LABELS[field] for field in lacking(mine, other)), tuple(rows))


def _compared(field: str, mine: PersonData, other: PersonData) -> Compared:
    one, two = getattr(mine, field), getattr(other, field)
    clash = one not in _EMPTY and two not in _EMPTY and one != two
    return Compared(FIELD_LABELS[field], shown(field, mine), shown(field, other), clash)


def _registered(person: Person) -> str:
    return f"{find_org(person.org_id).short_name}，{local_date(person.created_at):%Y-%m-%d}"


def lacking(mine: PersonData, other: PersonData) -> list[str]:
    """The fields that only the other one has; an address comes only where neither it nor its place is known."""
    taken = [field for field in FIELD_LABELS if getattr(mine, field) in _EMPTY and getattr(other, field) not in _EMPTY]
    for place, address in (("division_code", "address"), ("registered_division_code", "registered_address")):
        if getattr(mine, place) or getattr(mine, address):
            taken = [field for field in taken if field not in (place, address)]
    return taken
