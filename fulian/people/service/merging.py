"""Merging two files of one person. Nothing is deleted: what was repointed is written down and can be undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import InstrumentedAttribute

from fulian.accounts.models import Account
from fulian.audit.actor import Actor
from fulian.audit.log import record
from fulian.db import db
from fulian.errors import NotFound, Refused
from fulian.orgs.models import Organisation
from fulian.people.merges import UNDO_DAYS, can_undo, mergeable
from fulian.people.models import Consent, Person, PersonMerge, PersonScope, Post
from fulian.people.service.edit import fill_facts, rebuild_tokens, take_back_facts
from fulian.people.service.plugin_rows import rows_of_plugins, take_back_rows
from fulian.programmes.loader import hook_results, installed

REASON_LENGTH = 200
_UNSYNCED = {"synchronize_session": False}

# (from, to, ids or None for all) → ids of the rows that were repointed
Repoint = Callable[[int, int, list[int] | None], list[int]]
_repoints: dict[str, Repoint] = {}
_OWN_TABLES: Mapping[str, tuple[InstrumentedAttribute[Any], InstrumentedAttribute[Any]]] = {
    "scope": (PersonScope.id, PersonScope.person_id),
    "posts": (Post.id, Post.person_id),
    "consents": (Consent.id, Consent.person_id),
    "accounts": (Account.id, Account.person_id),
    "merged": (Person.id, Person.merged_into),
}


@dataclass(frozen=True)
class PersonRef:
    """A person as the plugins' hooks are told of her."""

    id: int
    name: str
    county_id: int


def repoint_with(name: str, repoint: Repoint) -> None:
    """Name who repoints the rows of a higher room when two persons become one (cases), once at its import.

    `repoint(from_id, to_id, only)` moves every row, or those whose ids are in `only` (undo), and returns the ids moved.
    It may raise Refused.
    """
    _repoints[name] = repoint


def merge_people(kept_id: int, merged_id: int, reason: str, by: Actor) -> int:
    """Make two files one: everything that points at `merged_id` points at `kept_id`; returns the merge's id.

    What the kept file lacks is taken from the other. Raises NotFound out of scope, Refused without a reason, while a
    plugin is blocked, or where a plugin or another room cannot follow.
    """
    if not reason.strip():
        raise Refused("请写明怎样核对出是同一个人。", "reason")
    if len(reason.strip()) > REASON_LENGTH:
        raise Refused(f"理由最多 {REASON_LENGTH} 个字，请写短一些。", "reason")
    _refuse_blocked()
    kept, merged = _hold_both(kept_id, merged_id, by)
    moved: dict[str, Any] = {name: _repoint_own(name, merged_id, kept_id, None) for name in _OWN_TABLES}
    moved["rooms"] = {name: repoint(merged_id, kept_id, None) for name, repoint in _repoints.items()}
    moved["plugins"] = rows_of_plugins(merged_id)
    moved["filled"] = fill_facts(kept, merged)
    merged.merged_into = kept_id
    for person in (kept, merged):
        person.version += 1
    db.session.flush()
    _tell_plugins(kept, merged, by)
    for person in (kept, merged):
        rebuild_tokens(person, [merged.county_id])
    merge = PersonMerge(
        kept_id=kept_id,
        merged_id=merged_id,
        county_id=kept.county_id,
        reason=reason.strip(),
        moved=json.dumps(moved, separators=(",", ":")),
        at=by.now,
        by=by.account_id,
    )
    db.session.add(merge)
    db.session.flush()
    after = {"kept": kept_id, "merged": merged_id, "reason": merge.reason}
    record(by, "person.merged", "person", kept_id, counties={kept.county_id, merged.county_id}, after=after)
    return merge.id


def undo_merge(merge_id: int, by: Actor) -> int:
    """Take a merge back within 30 days: what it repointed points at the other file again; returns the merged id.

    What was written to the kept file since stays there. Raises NotFound out of scope (also where the kept file was
    merged into another one since: that merge is undone first), Refused after the time, twice, or while a plugin is
    blocked.
    """
    merge = db.session.execute(
        select(PersonMerge)
        .join(Person, Person.id == PersonMerge.kept_id)
        .where(PersonMerge.id == merge_id, mergeable(by))
        .with_for_update(of=PersonMerge)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()
    if merge is None:
        raise NotFound
    _check_undo(merge, by)
    kept, merged = _lock(merge.kept_id, merge.merged_id)
    moved: dict[str, Any] = json.loads(merge.moved)
    for name in _OWN_TABLES:
        _repoint_own(name, merge.kept_id, merge.merged_id, moved[name])
    for name, ids in moved["rooms"].items():
        _repoints[name](merge.kept_id, merge.merged_id, ids)
    take_back_rows(moved["plugins"], merge.kept_id, merge.merged_id)
    take_back_facts(kept, merged, moved["filled"])
    merged.merged_into = None
    merge.undone_at, merge.undone_by = by.now, by.account_id
    for person in (kept, merged):
        person.version += 1
    db.session.flush()
    for person in (kept, merged):
        rebuild_tokens(person, _units_of(person.id))
    after = {"kept": merge.kept_id, "restored": merge.merged_id}
    counties = {kept.county_id, merged.county_id}
    record(by, "person.merge_undone", "person", merge.merged_id, counties=counties, after=after)
    return merge.merged_id


def _hold_both(kept_id: int, merged_id: int, by: Actor) -> tuple[Person, Person]:
    if kept_id == merged_id:
        raise Refused("请选另一份档案：不能和自己合并。", "merged_id")
    both = {kept_id, merged_id}
    if len(db.session.execute(select(Person.id).where(Person.id.in_(both), mergeable(by))).all()) < len(both):
        raise NotFound
    kept, merged = _lock(kept_id, merged_id)
    if kept.merged_into is not None or merged.merged_into is not None:
        raise Refused("其中一份档案刚被合并过，请刷新后再看。")
    return kept, merged


def _lock(kept_id: int, merged_id: int) -> tuple[Person, Person]:
    """Both rows, locked in ascending order."""
    rows = db.session.execute(
        select(Person)
        .where(Person.id.in_({kept_id, merged_id}))
        .order_by(Person.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).scalars()
    by_id = {person.id: person for person in rows}
    return by_id[kept_id], by_id[merged_id]


def _check_undo(merge: PersonMerge, by: Actor) -> None:
    if merge.undone_at is not None:
        raise Refused("这次合并已经撤销过了。")
    if not can_undo(merge, by.now):
        raise Refused(f"合并已超过 {UNDO_DAYS} 天，不能再撤销。确需分开的，请新登记一份档案并写明原因。")
    _refuse_blocked()


def _refuse_blocked() -> None:
    """A plugin that is left out could not follow, and its rows would point at a file that is gone."""
    if installed().blocked:
        raise Refused(f"插件 {'、'.join(installed().blocked)} 现在没有装上，它的资料不能一起变动。装好以后再办。")


def _repoint_own(name: str, from_id: int, to_id: int, only: list[int] | None) -> list[int]:
    key, person = _OWN_TABLES[name]
    ids = only if only is not None else list(db.session.execute(select(key).where(person == from_id)).scalars())
    if ids:
        repoint = update(person.class_).where(key.in_(ids), person == from_id).values({person: to_id})
        db.session.execute(repoint, execution_options=_UNSYNCED)
    return ids


def _tell_plugins(kept: Person, merged: Person, by: Actor) -> None:
    told = {
        "kept": PersonRef(kept.id, kept.name, kept.county_id),
        "merged": PersonRef(merged.id, merged.name, merged.county_id),
    }
    for result in hook_results("fulian_person_merged", **told, by=by):
        if isinstance(result.error, Refused):
            raise result.error
        if result.error is not None:
            raise Refused(f"“{result.name}”的资料没能一起合并，所以没有合并。请告诉系统管理员。") from result.error


def _units_of(person_id: int) -> list[int]:
    """The units of the organisations to which a person is linked."""
    linked = (
        select(Organisation.county_id)
        .join(PersonScope, PersonScope.org_id == Organisation.id)
        .where(PersonScope.person_id == person_id, PersonScope.own == 1)
        .distinct()
    )
    return list(db.session.execute(linked).scalars())
