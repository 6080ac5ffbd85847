"""What would move with an organisation, in numbers, before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from fulian.accounts.models import Account
from fulian.cases.models import OPEN_STATUSES, Case
from fulian.cases.service.moving import moved_case_count
from fulian.db import db
from fulian.orgs.models import OrgAncestor
from fulian.orgs.queries import size_of
from fulian.people.models import Post
from fulian.programmes.models import Opening
from fulian.programmes.queries import in_force, label


@dataclass(frozen=True)
class MoveNumbers:
    """How much hangs on an organisation and all below it.

    `stuck` are (name, open cases) of the programmes that are closed in the new unit: their cases could not go on.
    """

    organisations: int
    cases: int
    posts: int
    accounts: int
    stuck: tuple[tuple[str, int], ...]


def move_numbers(org_id: int, county_id: int, now: datetime) -> MoveNumbers:
    """What moves along if an organisation goes to the unit `county_id`."""
    below = select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == org_id)
    posts = select(func.count()).select_from(Post).where(Post.org_id.in_(below), Post.ends_on.is_(None))
    accounts = select(func.count()).select_from(Account).where(Account.org_id.in_(below), Account.status == "active")
    open_there = select(Opening.programme).where(Opening.county_id == county_id, in_force(now))
    stuck = db.session.execute(
        select(Case.programme, func.count())
        .where(Case.org_id.in_(below), Case.status.in_(OPEN_STATUSES), Case.programme.not_in(open_there))
        .group_by(Case.programme)
        .order_by(Case.programme)
    )
    return MoveNumbers(
        sum(size_of(org_id).values()),
        moved_case_count(org_id),
        db.session.execute(posts).scalar_one(),
        db.session.execute(accounts).scalar_one(),
        tuple((label(code, "programme", code), n) for code, n in stuck),
    )
