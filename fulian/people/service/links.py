"""Why somebody is visible: the only writer of `person_scope`, and of the tokens that follow it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import (
    BindParameter,
    Insert,
    and_,
    bindparam,
    cast,
    delete,
    exists,
    insert,
    literal,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import aliased

from fulian.accounts.models import Account
from fulian.audit.actor import Actor
from fulian.db import db
from fulian.errors import NotFound
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.people.models import SCOPE_ROWS, TOKENS, Person, PersonScope, PersonToken, Post
from fulian.people.scope import VIEW, visible_people
from fulian.prepared import PreparedChange

REGISTERED, IN_POST = "registered", "post"  # why somebody is visible; `source_id` is the person's or the post's id
_UNSYNCED = {"synchronize_session": False}

_reason = (
    cast(bindparam("of_programme"), PersonScope.programme.type),
    bindparam("of_source", type_=PersonScope.source.type),
    bindparam("of_source_id", type_=PersonScope.source_id.type),
)
_of_person = bindparam("of_person", type_=PersonScope.person_id.type)
_of_org = bindparam("of_org", type_=PersonScope.org_id.type)
_add_reason = PreparedChange(
    insert(SCOPE_ROWS).from_select(
        ("person_id", "org_id", "own", "programme", "source", "source_id"),
        union_all(
            select(_of_person, OrgAncestor.ancestor_id, literal(0), *_reason).where(OrgAncestor.org_id == _of_org),
            select(_of_person, _of_org, literal(1), *_reason),
        ),
    )
)
_known = aliased(PersonToken)


def _copy_tokens(holder: type[Organisation] | type[Account], holder_id: BindParameter[int]) -> Insert:
    """INSERT … SELECT of a person's tokens for the unit of an organisation or account, where they do not stand yet."""
    return insert(TOKENS).from_select(
        ("token", "county_id", "person_id"),
        select(PersonToken.token, holder.county_id, PersonToken.person_id)
        .distinct()
        .join(holder, holder.id == holder_id)
        .where(
            PersonToken.person_id == _of_person,
            ~exists().where(_known.person_id == _of_person, _known.county_id == holder.county_id),
        ),
    )


_tokens_for_org = PreparedChange(_copy_tokens(Organisation, _of_org))
_of_account = bindparam("of_account", type_=PersonScope.account_id.type)
_tokens_for_account = PreparedChange(_copy_tokens(Account, _of_account))


def link_person(
    person_id: int,
    *,
    org_id: int | None = None,
    account_id: int | None = None,
    source: str,
    source_id: int,
    programme: str | None = None,
) -> None:
    """Make a person visible, for one reason, to an organisation and all above it, or to one account alone.

    `source` says what the reason is (party, registered, post, or a plugin's own word), `source_id` its row, `programme`
    whose it is (a lead of another one does not see it). A restricted case links accounts, never organisations. Not
    logged: it is part of the act that gives the reason. Raises ValueError unless exactly one of the two is given.
    """
    link_people({person_id: source_id}, org_id=org_id, account_id=account_id, source=source, programme=programme)


def link_people(
    reasons: Mapping[int, int],
    *,
    org_id: int | None = None,
    account_id: int | None = None,
    source: str,
    programme: str | None = None,
) -> None:
    """What `link_person` does, for several people at once: `reasons` maps each person's id to the row of hers."""
    if (org_id is None) == (account_id is None):
        raise ValueError("link a person to an organisation or to an account")
    if org_id is None:
        row = {"account_id": account_id, "programme": programme, "source": source, "own": 0}
        rows = [{**row, "person_id": person, "source_id": of} for person, of in reasons.items()]
        db.session.execute(insert(SCOPE_ROWS), rows)
        _tokens_for_account.run(*({"of_person": person, "of_account": account_id} for person in reasons))
        return
    of_reason = {"of_org": org_id, "of_programme": programme, "of_source": source}
    rows = [{**of_reason, "of_person": person, "of_source_id": of} for person, of in reasons.items()]
    _add_reason.run(*rows)
    _tokens_for_org.run(*({"of_person": person, "of_org": org_id} for person in reasons))


def unlink_person(source: str, source_id: int, person_id: int | None = None) -> None:
    """Take a reason back, for one person or for all who had it. Her search tokens stay: the scope alone decides."""
    reason = and_(PersonScope.source == source, PersonScope.source_id == source_id)
    if person_id is not None:
        reason = and_(reason, PersonScope.person_id == person_id)
    db.session.execute(delete(PersonScope).where(reason), execution_options=_UNSYNCED)


def require_visible(person_id: int, by: Actor, permission: str = VIEW) -> None:
    """Raises NotFound where there is no such person in the actor's scope (with another permission: for that act)."""
    seen = select(Person.id).where(Person.id == person_id, visible_people(by, permission))
    if db.session.execute(seen).first() is None:
        raise NotFound


def move_people(org_id: int) -> None:
    """Rebuild what hangs on the tree after an organisation was moved: scope rows, units and tokens of its people.

    Part of `cases.service.move_organisation`, after `org_ancestor` has been rebuilt; not logged.
    """
    moved = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == org_id)
    own = aliased(PersonScope)
    touched = (
        select(own.person_id, own.source, own.source_id)
        .where(own.own == 1, own.org_id.in_(moved))
        .distinct()
        .subquery()
    )
    rows = db.session.execute(select(touched)).all()
    _rebuild_ancestors([tuple(row) for row in rows])
    for table in (Person, Post):
        unit = select(Organisation.county_id).where(Organisation.id == table.org_id).scalar_subquery()
        follow = update(table).where(table.org_id.in_(moved)).values(county_id=unit)
        db.session.execute(follow, execution_options=_UNSYNCED)
    for person_id in sorted({row.person_id for row in rows}):
        _tokens_for_org.run({"of_person": person_id, "of_org": org_id})


def _rebuild_ancestors(reasons: list[tuple[int, str, int]]) -> None:
    """Write the own = 0 rows of these (person, source, source_id) again, from their own = 1 rows and the tree."""
    of = and_(
        PersonScope.person_id == bindparam("of_person"),
        PersonScope.source == bindparam("of_source"),
        PersonScope.source_id == bindparam("of_source_id"),
    )
    above = (
        select(
            PersonScope.person_id,
            OrgAncestor.ancestor_id,
            literal(0),
            PersonScope.programme,
            PersonScope.source,
            PersonScope.source_id,
        )
        .distinct()
        .join(OrgAncestor, OrgAncestor.org_id == PersonScope.org_id)
        .where(of, PersonScope.own == 1)
    )
    columns = ("person_id", "org_id", "own", "programme", "source", "source_id")
    for person_id, source, source_id in reasons:
        key = {"of_person": person_id, "of_source": source, "of_source_id": source_id}
        stale = delete(PersonScope).where(of, PersonScope.own == 0, PersonScope.org_id.is_not(None))
        db.session.execute(stale, key, execution_options=_UNSYNCED)
        db.session.execute(insert(SCOPE_ROWS).from_select(columns, above), key)
