"""Posts held in an organisation: dated, several per person, ended and never overwritten."""

from __future__ import annotations

from datetime import date

from sqlalchemy import and_, or_, select

from fulian.accounts.service import end_grants_of_post
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.calendar import local_date
from fulian.db import db
from fulian.errors import Forbidden, NotFound, Refused
from fulian.orgs.models import Organisation
from fulian.orgs.scope import in_scope
from fulian.people.models import Person, Post
from fulian.people.scope import acting, visible_people
from fulian.people.service.links import IN_POST, link_person, require_visible
from fulian.people.words import BEGINNINGS, ENDINGS, SINGLE_TITLES, TITLES

POSTS = "posts.edit"


def hold_post(
    person_id: int,
    org_id: int,
    title: str,
    starts_on: date,
    change: str,
    by: Actor,
    *,
    ends_on: date | None = None,
    end_change: str | None = None,
) -> int:
    """Note that a person holds a title in an organisation from a day on; returns the post's id.

    `title` is one of TITLES, `change` one of BEGINNINGS; a post of the past has its last day and one of ENDINGS too.
    She becomes visible to that organisation, and stays so when the post has ended: who held it is the organisation's
    own history. Raises Refused with the field's name, NotFound for a person out of scope, Forbidden for an
    organisation where the actor may not.
    """
    if title not in TITLES:
        raise Refused("请选择职务。", "title")
    if change not in BEGINNINGS:
        raise Refused("请选择怎样任职的，例如“当选”。", "change")
    if starts_on > local_date(by.now):
        raise Refused("任职日期还没到，到任后再登记。", "starts_on")
    if ends_on is not None or end_change:
        _check_end(starts_on, ends_on, end_change, by)
    require_visible(person_id, by)
    reach = in_scope(acting(by, POSTS), Organisation.id, Organisation.county_id)
    org = db.session.execute(
        select(Organisation.county_id, Organisation.closed_on)
        .where(Organisation.id == org_id, reach)
        .with_for_update(of=Organisation, key_share=True)  # two at once would both find the title free
    ).one_or_none()
    if org is None:
        raise Forbidden("您不能在这个组织登记职务。请选您管辖的组织。", "org_id")
    if org.closed_on is not None:
        raise Refused("这个组织已经撤销，不能再任职。", "org_id")
    _refuse_overlap(person_id, org_id, title, starts_on, ends_on)
    post = Post(
        person_id=person_id,
        org_id=org_id,
        county_id=org.county_id,
        title=title,
        starts_on=starts_on,
        change=change,
        ends_on=ends_on,
        end_change=end_change or None,
        recorded_by=by.account_id,
        recorded_at=by.now,
    )
    db.session.add(post)
    db.session.flush()
    link_person(person_id, org_id=org_id, source=IN_POST, source_id=post.id)
    record(by, "post.held", "post", post.id, county_id=org.county_id, after=_logged(post))
    return post.id


def end_post(post_id: int, version: int, ends_on: date, end_change: str, by: Actor, *, handed_over: int = 0) -> None:
    """End a post on its last day (that day included), and the grants that hang on it.

    `end_change` is one of ENDINGS; `handed_over` is how many open cases go to somebody else in the same act, see
    `cases.service.end_post_and_hand_over`. Raises NotFound out of scope, Refused with the field's name.
    """
    post = db.session.execute(
        select(Post)
        .join(Person, Person.id == Post.person_id)
        .where(Post.id == post_id, visible_people(by), in_scope(acting(by, POSTS), Post.org_id, Post.county_id))
        .with_for_update(of=Post, key_share=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if post is None:
        raise NotFound
    if post.ends_on is not None or post.version != version:
        raise Refused("这个职务刚被别人改过，请刷新后再看。")
    _check_end(post.starts_on, ends_on, end_change, by)
    before = _logged(post)
    post.ends_on, post.end_change = ends_on, end_change
    post.version += 1
    db.session.flush()
    end_grants_of_post(post_id, ends_on)
    after = _logged(post) | ({"handed_over": handed_over} if handed_over else {})
    record(by, "post.ended", "post", post_id, county_id=post.county_id, before=before, after=after)


def _check_end(starts_on: date, ends_on: date | None, end_change: str | None, by: Actor) -> None:
    if ends_on is None:
        raise Refused("请填写离任日期。", "ends_on")
    if end_change not in ENDINGS:
        raise Refused("请选择怎样离任的，例如“届满”。", "end_change")
    if ends_on < starts_on:
        raise Refused("离任不能早于任职，请检查日期。", "ends_on")
    if ends_on > local_date(by.now):
        raise Refused("离任日期还没到，到那天再登记。", "ends_on")


def _refuse_overlap(person_id: int, org_id: int, title: str, starts_on: date, ends_on: date | None) -> None:
    """A person holds a title in an organisation once at a time; a single title is held by one person at a time."""
    running = or_(Post.ends_on.is_(None), Post.ends_on >= starts_on)
    if ends_on is not None:
        running = and_(running, Post.starts_on <= ends_on)
    held = (
        select(Post.person_id, Person.name)
        .join(Person, Person.id == Post.person_id)
        .where(Post.org_id == org_id, Post.title == title, running)
        .order_by(Post.id)
    )
    if db.session.execute(held.where(Post.person_id == person_id)).first() is not None:
        raise Refused(f"在这个组织已是{title}，这段时间不能重复任职；连任请先登记上一届届满。", "title")
    other = db.session.execute(held).first() if title in SINGLE_TITLES else None
    if other is not None:
        raise Refused(f"这个组织这段时间的{title}是{other.name}。请先登记离任，再登记新的。", "title")


def _logged(post: Post) -> dict[str, object]:
    return {
        "person": post.person_id,
        "organisation": post.org_id,
        "title": post.title,
        "starts_on": post.starts_on.isoformat(),
        "change": post.change,
        "ends_on": post.ends_on.isoformat() if post.ends_on else "",
        "end_change": post.end_change or "",
    }
