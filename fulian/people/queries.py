"""Reads of people: lists and searches in scope, one person, posts and consents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import product
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, bindparam, func, literal_column, select, true, union

from fulian.audit.actor import Actor, Viewer
from fulian.calendar import local_date
from fulian.codes.documents import mask_id
from fulian.codes.names import fold_name, name_tokens
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.queries import OrgRef, county_units
from fulian.orgs.scope import OWN_ORG_ROLES, grants_for, in_scope
from fulian.people.facts import area_name, phone_ending, sex_and_age
from fulian.people.models import Consent, Person, PersonToken, Post
from fulian.people.scope import VIEW, Kinds, acting, anybody, kinds_of, visible_ids, visible_people
from fulian.people.tokens import NAME, query_tokens
from fulian.people.words import ROSTER
from fulian.prepared import Prepared
from fulian.sealing.columns import unseal_text
from fulian.web.paging import Cursor

EXAMINED = 5000  # at most, of people who have a token, where several units are searched
LOOKED_THROUGH = 100  # for a name of two characters, which also begins longer ones
KINDS = 500  # kinds of viewers whose statements are kept
ORGS = 50  # in a select; more are searched by name
CANDIDATES = 5  # on a phone's screen; more are not compared, they are searched


@dataclass(frozen=True, slots=True)
class PersonLine:
    """Somebody in a list: numbers masked, `facts` 女，34 岁, `area` where she lives or was registered."""

    id: int
    name: str
    facts: str
    document: str
    phone_ending: str
    area: str
    created_at: datetime

    @property
    def place(self) -> tuple[datetime, int]:
        """Her place in the order, as `fulian.web.paging.page_of` wants it."""
        return self.created_at, self.id


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post as pages show it, with the person's and the organisation's name."""

    id: int
    person_id: int
    person_name: str
    org_id: int
    org_name: str
    title: str
    starts_on: date
    ends_on: date | None
    change: str
    end_change: str | None
    version: int


_line = (
    Person.id,
    Person.name,
    Person.sex,
    Person.birth_date,
    Person.document_number,
    Person.phone,
    Person.seal_id,
    Person.division_code,
    Organisation.short_name,
    Person.created_at,
)


_org = (
    Organisation.id,
    Organisation.name,
    Organisation.short_name,
    Organisation.level,
    Organisation.county_id,
    Organisation.parent_id,
)


def newest_people(viewer: Viewer, cursor: Cursor | None, limit: int) -> list[PersonLine]:
    """Up to `limit + 1` people in scope from `cursor` on, the newest registered first (`cursor.back`: oldest first)."""
    kinds, values = kinds_of(viewer)
    statement = _newest(kinds, limit + 1, None if cursor is None else cursor.back)
    return _lines(statement.rows({**values, **_place(cursor)}), viewer)


def search_people(viewer: Viewer, text: str, cursor: Cursor | None, limit: int) -> list[PersonLine]:
    """Up to `limit + 1` people in scope who are found by what was typed, in the order of `newest_people`.

    A name or a part of it, pinyin, initials, the last four digits of a phone, a whole phone or document number. Empty
    where the text says too little (`query_tokens`).
    """
    return _with_token(viewer, query_tokens(text).tokens, limit + 1, cursor)


def match_people(viewer: Viewer, text: str, limit: int = CANDIDATES) -> list[PersonLine]:
    """Who may be meant by what is typed into a name field: the very name first, then what begins or sounds so.

    The very name is looked for among the newest hundred who are found. Empty for a single character.
    """
    query, name = query_tokens(text), _folded(text)
    if not query.tokens or len(name) < 2:
        return []
    if query.kind != NAME:
        return _with_token(viewer, query.tokens, limit)
    found = _with_token(viewer, query.tokens, LOOKED_THROUGH if len(name) == 2 and not name.isascii() else limit)
    exact = sorted(found, key=lambda line: line.name != name)[:limit]
    return exact or sound_alikes(viewer, text, limit)


def sound_alikes(viewer: Viewer, text: str, limit: int = CANDIDATES) -> list[PersonLine]:
    """People in scope whose name is read as the characters that were typed; empty for anything but characters."""
    if text.isascii():
        return []
    readings = [token for token in name_tokens(text) if token.startswith("y:")]
    return _with_token(viewer, (max(readings, key=lambda token: (len(token), token)),), limit) if readings else []


def find_person(viewer: Viewer, person_id: int, permission: str = VIEW) -> Person:
    """The person with this id. Raises NotFound alike for no such id and for one out of scope."""
    person = db.session.execute(
        select(Person).where(Person.id == person_id, visible_people(viewer, permission))
    ).scalar_one_or_none()
    if person is None:
        raise NotFound
    return person


def may_change(viewer: Viewer, person_id: int, permission: str) -> bool:
    """Whether the viewer may do this to a person that she sees: decides which buttons are drawn."""
    if not viewer.may(permission):
        return False
    seen = select(Person.id).where(Person.id == person_id, visible_people(viewer, permission))
    return db.session.execute(seen).first() is not None


def kept_instead(viewer: Viewer, person_id: int) -> int | None:
    """Into whom a person was merged, where the viewer may see that one; else None."""
    kept = select(Person.merged_into).where(Person.id == person_id).scalar_subquery()
    return db.session.execute(select(Person.id).where(Person.id == kept, visible_people(viewer))).scalar_one_or_none()


def person_names(person_ids: Iterable[int]) -> dict[int, str]:
    """The names of these people by id, without asking who looks: for rooms that have asked."""
    rows = db.session.execute(select(Person.id, Person.name).where(Person.id.in_(set(person_ids))))
    return {row.id: row.name for row in rows}


def seen_names(viewer: Viewer, person_ids: Iterable[int]) -> dict[int, str]:
    """The names, by id, of those of these people whom the viewer may see."""
    kinds, values = kinds_of(viewer)
    wanted = {f"id_{i}": person_id for i, person_id in enumerate(set(person_ids))}
    return dict(_named(kinds, len(wanted)).rows(values | wanted))


def people_by_id(viewer: Viewer, person_ids: Iterable[int]) -> list[PersonLine]:
    """Those of these people whom the viewer may see, newest registered first."""
    wanted = select(Person.id).where(Person.id.in_(set(person_ids)), visible_people(viewer))
    return lines_of(wanted, viewer)


def posts_of(person_id: int) -> list[PostLine]:
    """Every post somebody holds or held: those running first, then the newest."""
    return _posts(Post.person_id == person_id)


def people_in_post(org_id: int, day: date) -> list[PostLine]:
    """Who holds which title in an organisation on a day, by title (for viewers with people.view)."""
    held = _posts(Post.org_id == org_id, Post.starts_on <= day, Post.ends_on.is_(None) | (Post.ends_on >= day))
    return sorted(held, key=lambda post: (ROSTER.index(post.title), post.starts_on, post.id))


def people_once_in_post(org_id: int, day: date) -> list[PostLine]:
    """Who held a title in an organisation until before a day (for viewers with people.view), the newest first."""
    return _posts(Post.org_id == org_id, Post.ends_on < day)


def post_of(person_id: int, post_id: int) -> PostLine:
    """One post of a person. Raises NotFound."""
    found = _posts(Post.person_id == person_id, Post.id == post_id)
    if not found:
        raise NotFound
    return found[0]


def consents_of(person_id: int) -> Sequence[Consent]:
    """The consents and notices of a person, newest first."""
    query = select(Consent).where(Consent.person_id == person_id).order_by(Consent.given_at.desc(), Consent.id.desc())
    return db.session.execute(query).scalars().all()


def registering_orgs(by: Actor) -> list[OrgRef]:
    """The organisations of her own grants in which she may register people, her work place first."""
    ids = {held.org_id for held in acting(by, "people.edit").grants}
    orgs = [OrgRef(*row) for row in db.session.execute(select(*_org).where(Organisation.id.in_(ids)))]
    return sorted(orgs, key=lambda org: (org.id != by.org_id, org.id))


def posting_orgs(by: Actor, text: str, chosen: int | None = None) -> list[OrgRef]:
    """Organisations in which she may note posts, by a part of their name, from above down; at most 50, and `chosen`."""
    reach = in_scope(acting(by, "posts.edit"), Organisation.id, Organisation.county_id)
    named = Organisation.name.contains(text, autoescape=True) if text else true()
    depth = select(func.count()).where(OrgAncestor.org_id == Organisation.id).scalar_subquery()
    query = select(*_org).where(reach, Organisation.closed_on.is_(None))
    rows = [*db.session.execute(query.where(named).order_by(depth, Organisation.sort).limit(ORGS))]
    if chosen is not None and all(row.id != chosen for row in rows):
        rows += db.session.execute(query.where(Organisation.id == chosen))
    return [OrgRef(*row) for row in rows]


def _folded(text: str) -> str:
    try:
        return fold_name(text)
    except Refused:
        return text


def _posts(*conditions: ColumnElement[bool]) -> list[PostLine]:
    columns = (
        Post.id,
        Post.person_id,
        Person.name,
        Post.org_id,
        Organisation.short_name,
        Post.title,
        Post.starts_on,
        Post.ends_on,
        Post.change,
        Post.end_change,
        Post.version,
    )
    query = (
        select(*columns)
        .join(Person, Person.id == Post.person_id)
        .join(Organisation, Organisation.id == Post.org_id)
        .where(*conditions)
        .order_by(Post.ends_on.is_not(None), Post.starts_on.desc(), Post.id.desc())
    )
    return [PostLine(*row) for row in db.session.execute(query)]


def _with_token(viewer: Viewer, tokens: Sequence[str], limit: int, cursor: Cursor | None = None) -> list[PersonLine]:
    """People in scope that have one of these tokens, from `cursor` on, newest first (`cursor.back`: oldest first)."""
    if not tokens:
        return []
    units, back = _units(viewer), None if cursor is None else cursor.back
    kinds, values = kinds_of(viewer)
    values |= _place(cursor) | {f"unit_{i}": unit for i, unit in enumerate(units)}
    values |= {f"token_{i}": token for i, token in enumerate(tokens)}
    found: list[tuple[Any, ...]] = []
    # One unit is read in the order of its index until enough are in scope; of several the newest are looked through.
    for examined in (limit,) if len(units) == 1 else (4 * limit, EXAMINED):
        found = _found(kinds, len(units), len(tokens), limit, examined, back).rows(values)
        if len(found) == limit:
            break
    return _lines(found, viewer)


# --- statements of the lists, made once for each kind of viewer -----------------------------------------------------


@lru_cache(maxsize=KINDS)
def _newest(kinds: Kinds, limit: int, back: bool | None) -> Prepared:
    before, after = (None, None) if back is None else ((None, _cursor) if back else (_cursor, None))
    return Prepared(_page(visible_ids(anybody(kinds), _written(limit), before=before, after=after), bool(back)))


@lru_cache(maxsize=KINDS)
def _found(kinds: Kinds, units: int, tokens: int, limit: int, examined: int, back: bool | None) -> Prepared:
    viewer = anybody(kinds)
    token_id = PersonToken.person_id
    from_cursor = true() if back is None else token_id > _cursor if back else token_id < _cursor
    arms = []
    for unit, token in product(range(units), range(tokens)):
        of_unit = PersonToken.county_id == bindparam(f"unit_{unit}")
        arm = select(token_id).where(PersonToken.token == bindparam(f"token_{token}"), of_unit, from_cursor)
        if units == 1:
            arm = arm.join(Person, Person.id == token_id).where(visible_people(viewer))
        arms.append(arm.order_by(token_id if back else token_id.desc()).limit(_written(examined)).subquery())
    ids = union(*(select(arm.c.person_id) for arm in arms)).subquery().c.person_id
    newest = select(ids).order_by(ids if back else ids.desc()).limit(_written(examined)).subquery()
    seen = select(Person.id).join(newest, newest.c.person_id == Person.id).where(visible_people(viewer))
    return Prepared(_page(seen.order_by(Person.id if back else Person.id.desc()).limit(_written(limit)), bool(back)))


@lru_cache(maxsize=KINDS)
def _named(kinds: Kinds, people: int) -> Prepared:
    wanted = Person.id.in_([bindparam(f"id_{i}", type_=Integer()) for i in range(people)])
    return Prepared(select(Person.id, Person.name).where(wanted, visible_people(anybody(kinds))))


_cursor: Any = bindparam("cursor_id", type_=Integer())


def _place(cursor: Cursor | None) -> dict[str, int]:
    return {} if cursor is None else {"cursor_id": cursor.id}


def _written(n: int) -> ColumnElement[int]:
    """A limit that is written out, not bound: PostgreSQL plans for few rows only where it sees how few."""
    return literal_column(str(n), Integer())


def _units(viewer: Viewer) -> list[int]:
    """The units whose tokens are searched: all twelve for the whole city, else those of the viewer's grants."""
    held = grants_for(viewer, None)
    if any(grant.level == "city" and grant.role not in OWN_ORG_ROLES for grant in held):
        return [unit.id for unit in county_units()]
    return sorted({viewer.county_id, *(grant.county_id for grant in held)})


def lines_of(ids: Select[int], viewer: Viewer, back: bool = False) -> list[PersonLine]:
    """The people with these ids as lines, newest first (`back`: oldest first); the caller has put the scope on."""
    return _lines([tuple(row) for row in db.session.execute(_page(ids, back))], viewer)


def _page(ids: Select[int], back: bool) -> Select[*tuple[Any, ...]]:
    wanted = ids.subquery()
    return (
        select(*_line)
        .join(wanted, wanted.c[0] == Person.id)
        .join(Organisation, Organisation.id == Person.org_id)
        .order_by(Person.id.asc() if back else Person.id.desc())
    )


def _lines(rows: Iterable[tuple[Any, ...]], viewer: Viewer) -> list[PersonLine]:
    today = local_date(viewer.now)
    return [_as_line(today, *row) for row in rows]


def _as_line(
    today: date,
    person_id: int,
    name: str,
    sex: str,
    birth_date: date | None,
    document: bytes | None,
    phone: bytes | None,
    seal_id: bytes,
    division_code: str | None,
    org_name: str,
    created_at: datetime,
) -> PersonLine:
    def opened(column: str, sealed: bytes | None) -> str:
        return "" if sealed is None else unseal_text(Person.__tablename__, column, seal_id, sealed)

    return PersonLine(
        person_id,
        name,
        sex_and_age(sex, birth_date, today),
        mask_id(opened("document_number", document)),
        phone_ending(opened("phone", phone)),
        area_name(division_code) or org_name,
        created_at,
    )
