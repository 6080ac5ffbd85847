"""Builders of whatever a route's address can name, at any place of the small world, by the product's own services.

`BUILDERS` has one function for each argument of a rule. A route with an argument that nobody can build fails the
harnesses loudly: add a builder here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select, update

from fulian.accounts.models import Account, AccountRequest, Grant
from fulian.accounts.requests import Asked, ask_request
from fulian.accounts.roles import rights
from fulian.audit.actor import Actor, Held
from fulian.cases.models import Attachment, Case, Party, Task
from fulian.cases.service import (
    NewParty,
    OpenCase,
    accept_referral,
    add_note,
    add_task,
    ask_referral,
    finish_task,
    open_case,
    refuse_referral,
    restrict_case,
    void_case,
)
from fulian.cases.service.files import attach_file
from fulian.db import db, transact
from fulian.jobs.models import Job
from fulian.jobs.service import add_job
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.people.models import Consent
from fulian.people.service import (
    PersonData,
    hold_post,
    merge_people,
    record_consent,
    register_person,
)
from fulian.testing.world import ACCOUNTS, LIUYUAN, ORGS, PEACEFUL, YANGGU, ZHENXING, actor

from .places import CALLERS, SIGNED_IN, Place, object_class

KEEPER, SECURITY, HANDLER = 1, 10, 12  # accounts of the world: the caseworker, one of the three, somebody elsewhere
FIRST_KEEPER = 2000  # id of the first keeper's account: one for each organisation, at 2000 + its id
PDF = b"%PDF-1.4\n% "
counter = itertools.count(1)
_RARE, _N_RARE = 0x8279, 400  # characters with the radical 艹: no page has a word of three of them


def count_from(start: int) -> None:
    """Go on counting after what stands in a database that was filled by another process."""
    global counter
    counter = itertools.count(max(start, next(counter)))


def unique_name() -> str:
    """A name of three characters that nobody else has and no page contains."""
    n = next(counter) * 7919  # a prime: neighbours in time are no neighbours in sound
    return "".join(chr(_RARE + (n // _N_RARE**power) % _N_RARE) for power in range(3))


def unique_word() -> str:
    """A word that stands nowhere else."""
    return f"暗记{next(counter):05d}号"


@dataclass
class Spot:
    """The objects at one place, each made when it is first asked for. `words` are the canaries in them."""

    place: Place
    caller: str = ""
    ids: dict[str, int] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)

    @property
    def org_id(self) -> int:
        """The organisation where they stand."""
        return self.place.org_id

    @property
    def gone(self) -> bool:
        """Whether they are void, withdrawn, merged, disabled, ended."""
        return self.place.kind == "gone"

    def get(self, argument: str) -> int:
        """The id that this argument of a rule stands for. Raises KeyError for one that nobody can build."""
        if argument not in BUILDERS:
            raise KeyError(f"nobody builds a {argument!r}: add it to BUILDERS in tests/harness/objects.py")
        if argument not in self.ids:
            self.ids[argument] = BUILDERS[argument](self)
        return self.ids[argument]

    def word(self, what: str) -> str:
        """The canary of one text, made up when it is first asked for."""
        return self.words.setdefault(what, unique_word())

    def name(self, what: str) -> str:
        """The canary of one name."""
        return self.words.setdefault(what, unique_name())


def now() -> datetime:
    """The time at which an object is made: the requests that follow are later."""
    return datetime.now(UTC) - timedelta(seconds=2)


def actor_of(account_id: int, name: str, role: str, org_id: int, programme: str | None = None) -> Actor:
    """Somebody with one role, as services take her."""
    _name, level, _parent, county_id, *_codes = ORGS[org_id]
    held = (Held(role, org_id, county_id, level, programme),)
    permissions = rights().permissions_of(held)
    return Actor(account_id, name, county_id, now(), "127.0.0.1", "harness", None, org_id, held, permissions)


def keeper_of(org_id: int) -> Actor:
    """The caseworker of an organisation who made what stands there."""
    return actor_of(FIRST_KEEPER + org_id, f"守{org_id}", "caseworker", org_id)


def county_admin_of(org_id: int) -> Actor:
    """An admin of the county unit of an organisation."""
    return actor_of(FIRST_KEEPER + org_id, f"管{org_id}", "county_admin", ORGS[org_id][3])


def _city_admin() -> Actor:
    return actor("city", now())


# --- cases ---------------------------------------------------------------------------------------------------------


def open_case_of(spot: Spot, by: Actor) -> int:
    """A case of the spot's organisation, with its names and words, that this person opens and handles."""
    parties = (
        NewParty("applicant", person=PersonData(name=spot.name("applicant"), sex="2")),
        NewParty("respondent", person=PersonData(name=spot.name("respondent"), sex="1"), relation="husband"),
    )
    data = {**PEACEFUL, "summary": spot.word("summary")}
    submission = f"harness-{next(counter)}"
    return transact(open_case, OpenCase("mediation", spot.org_id, submission, parties, data), by).id


def _case(spot: Spot) -> int:
    by = keeper_of(spot.org_id) if spot.place.kind != "handled" else actor_of(HANDLER, "外", "caseworker", spot.org_id)
    case_id = open_case_of(spot, by)
    if spot.place.kind == "restricted":
        transact(restrict_case, case_id, 1, spot.word("restriction"), by)
    elif spot.place.kind == "handled":
        _settle(update(Case).where(Case.id == case_id).values(handler_id=KEEPER))
        _settle(update(Task).where(Task.case_id == case_id).values(account_id=KEEPER))
    elif spot.gone:
        transact(void_case, case_id, 1, spot.word("void_reason"), county_admin_of(spot.org_id))
    return case_id


def _settle(statement: Any) -> None:
    """Bring about what only somebody else's use case would, or what none does."""
    db.session.execute(statement, execution_options={"synchronize_session": False})
    db.session.commit()


def _held_by(spot: Spot) -> Actor:
    return actor("mediator", now()) if spot.place.kind == "handled" else keeper_of(spot.org_id)


def _living_case(spot: Spot) -> int:
    """The case while something is added to it: a void one is opened for that moment."""
    case_id = spot.get("case_id")
    if spot.gone:
        _settle(update(Case).where(Case.id == case_id).values(status="open"))
    return case_id


def _void_again(spot: Spot) -> None:
    if spot.gone:
        _settle(update(Case).where(Case.id == spot.get("case_id")).values(status="void"))


def _task(spot: Spot) -> int:
    case_id, by = _living_case(spot), _held_by(spot)
    due = date.today() + timedelta(days=3)  # noqa: DTZ011 - a day ahead in any zone
    task_id = transact(add_task, case_id, spot.word("task"), due, None, f"harness-{next(counter)}", by)
    if spot.gone:
        transact(finish_task, case_id, task_id, spot.word("task_result"), by)
    _void_again(spot)
    return task_id


def _file(spot: Spot) -> int:
    case_id = _living_case(spot)
    content = PDF + spot.word("file_content").encode()
    name, label = f"{spot.word('file_name')}.pdf", spot.word("file_label")
    file_id = transact(attach_file, case_id, name, content, label, None, f"harness-{next(counter)}", _held_by(spot))
    if spot.gone:
        _settle(update(Attachment).where(Attachment.id == file_id).values(withdrawn_at=now()))
    _void_again(spot)
    return file_id


def _elsewhere(spot: Spot) -> int:
    """An organisation that works in mediation and is not the place's own."""
    return LIUYUAN if spot.org_id == ZHENXING else ZHENXING


def _share(spot: Spot) -> int:
    """The case shared with another organisation; a restricted one is only asked to be taken over."""
    case_id, by = _living_case(spot), _held_by(spot)
    if spot.place.kind == "restricted":
        return transact(_ask, case_id, "transfer", _elsewhere(spot), county_admin_of(spot.org_id))
    share_id = transact(_ask, case_id, "share", YANGGU, by)  # where no caller works
    transact(accept_referral, share_id, None, keeper_of(YANGGU))
    _void_again(spot)
    return share_id


def _referral(spot: Spot) -> int:
    """What another organisation asks this one."""
    elsewhere = Spot(Place("elsewhere", _elsewhere(spot)))
    by = keeper_of(elsewhere.org_id)
    referral_id = transact(_ask, open_case_of(elsewhere, by), "share", spot.org_id, by)
    if spot.gone:
        transact(refuse_referral, referral_id, "不是这里的", keeper_of(spot.org_id))
    return referral_id


def _ask(case_id: int, kind: str, to_org_id: int, by: Actor) -> int:
    return ask_referral(case_id, kind, to_org_id, "住在那里，请协助走访", by, law="《反家庭暴力法》第十三条")


def _event(spot: Spot) -> int:
    case_id = _living_case(spot)
    by = _held_by(spot)
    event_id = transact(add_note, case_id, spot.word("note_title"), spot.word("note"), by.now, None, by)
    _void_again(spot)
    return event_id


# --- people --------------------------------------------------------------------------------------------------------


def _facts(spot: Spot, name: str) -> PersonData:
    return PersonData(
        name=spot.name(name),
        sex="2",
        phone=f"138{next(counter):08d}",
        phone_note=spot.word("phone_note"),
        address=spot.word("address"),
        registered_address=spot.word("registered_address"),
        occupation=spot.word("occupation"),
        employer=spot.word("employer"),
        note=spot.word("person_note"),
        submission_id=f"harness-{next(counter)}",
    )


def _person(spot: Spot) -> int:
    if spot.place.kind in ("restricted", "handled"):
        party = select(Party.person_id).where(Party.case_id == spot.get("case_id"), Party.role == "applicant")
        return db.session.execute(party).scalar_one()
    person_id = transact(register_person, _facts(spot, "person"), spot.org_id, keeper_of(spot.org_id))
    if spot.gone:
        kept = transact(register_person, _facts(spot, "kept"), spot.org_id, keeper_of(spot.org_id))
        transact(merge_people, kept, person_id, spot.word("merge_reason"), county_admin_of(spot.org_id))
    return person_id


def _second_person(spot: Spot) -> int:
    return transact(register_person, _facts(spot, "second"), spot.org_id, keeper_of(spot.org_id))


def _merge(spot: Spot) -> int:
    kept, merged = spot.get("person_id"), spot.get("second_person_id")
    return transact(merge_people, kept, merged, spot.word("merge_reason"), county_admin_of(spot.org_id))


def _consent(spot: Spot) -> int:
    if spot.place.kind != "plain":
        return _settled_consent(spot)
    by = keeper_of(spot.org_id)
    version = spot.word("notice")
    return transact(_record_consent, spot.get("person_id"), version, by)


def _record_consent(person_id: int, version: str, by: Actor) -> int:
    return record_consent(person_id, "share", "consent", by, notice_version=version)


def _settled_consent(spot: Spot) -> int:
    """A consent of somebody whom no admin and no caseworker of the place can change any more."""
    person_id = spot.get("person_id")
    values = {"person_id": person_id, "county_id": ORGS[spot.org_id][3], "purpose": "share", "basis": "consent"}
    values |= {"notice_version": spot.word("notice"), "given_at": now()}
    consent_id = db.session.execute(insert(Consent).values(values).returning(Consent.id)).scalar_one()
    db.session.commit()
    return consent_id


def _post(spot: Spot) -> int:
    return transact(hold_post, spot.get("person_id"), spot.org_id, "执委", date(2025, 3, 1), "当选", _city_admin())


# --- organisations, accounts, programmes ---------------------------------------------------------------------------


def _movable_org(spot: Spot) -> int:
    """A body that hangs under the place, in its unit."""
    name = spot.word("org")
    values = {"name": name, "short_name": name, "level": "body", "kind": "federation", "parent_id": spot.org_id}
    values |= {"county_id": ORGS[spot.org_id][3], "sort": 1, "demo": False, "version": 1}
    org_id = db.session.execute(insert(Organisation).values(values).returning(Organisation.id)).scalar_one()
    above, depth, rows = org_id, 0, []
    parents: int | None = spot.org_id
    rows.append({"ancestor_id": above, "org_id": org_id, "depth": depth})
    while parents is not None:
        depth += 1
        rows.append({"ancestor_id": parents, "org_id": org_id, "depth": depth})
        parents = ORGS[parents][2]
    db.session.execute(insert(OrgAncestor), rows)
    db.session.commit()
    return org_id


def _account(spot: Spot) -> int:
    county_id = ORGS[spot.org_id][3]
    values = {"username": f"harness{next(counter)}", "name": spot.name("account"), "org_id": spot.org_id}
    values |= {"county_id": county_id, "password_hash": "-", "password_at": now(), "must_change": False}
    values |= {"status": "disabled" if spot.gone else "active", "created_at": now(), "version": 1}
    account_id = db.session.execute(insert(Account).values(values).returning(Account.id)).scalar_one()
    _give(account_id, "caseworker", spot.org_id)
    db.session.commit()
    return account_id


def _give(account_id: int, role: str, org_id: int, programme: str | None = None) -> int:
    values = {"account_id": account_id, "role": role, "org_id": org_id, "programme": programme}
    values |= {"starts_on": date(2025, 1, 1), "granted_at": now(), "reason": ""}
    return db.session.execute(insert(Grant).values(values).returning(Grant.id)).scalar_one()


def _grant(spot: Spot) -> int:
    grant_id = db.session.execute(select(Grant.id).where(Grant.account_id == spot.get("account_id"))).scalar_one()
    if spot.gone:
        _settle(update(Grant).where(Grant.id == grant_id).values(ended_at=now()))
    return grant_id


def _request(spot: Spot) -> int:
    """A request that the caller may decide: asked by another of the three, about nobody she is."""
    asker = "security" if spot.caller == "system_admin" else "system"
    about = SECURITY if spot.caller == "audit_admin" else spot.get("account_id")  # she decides on her colleagues only
    db.session.execute(delete(AccountRequest).where(AccountRequest.account_id == about))
    db.session.commit()
    return transact(ask_request, Asked("reset_password", spot.word("request"), about), actor(asker, now()))


def _job(spot: Spot) -> int:
    """A job that the caller asked for where the place is her own, else one of the keeper's. No worker runs it."""
    county_id, account_id = ORGS[spot.org_id][3], FIRST_KEEPER + spot.org_id
    if spot.caller in SIGNED_IN and object_class(spot.caller, spot.place) == "own":
        account_id = ACCOUNTS[str(CALLERS[spot.caller])][0]
    job_id = transact(add_job, "harness", {"word": spot.word("job")}, Actor(account_id, "", county_id, now()))
    if spot.gone:
        _settle(update(Job).where(Job.id == job_id).values(state="cancelled", ended_at=now()))
    return job_id


def _county(spot: Spot) -> int:
    """The county unit itself, in which mediation is open again as in the beginning."""
    return ORGS[spot.org_id][3]


BUILDERS: Mapping[str, Callable[[Spot], int]] = {
    "case_id": _case,
    "task_id": _task,
    "file_id": _file,
    "event_id": _event,
    "share_id": _share,
    "referral_id": _referral,
    "person_id": _person,
    "second_person_id": _second_person,
    "merge_id": _merge,
    "consent_id": _consent,
    "post_id": _post,
    "org_id": _movable_org,
    "account_id": _account,
    "grant_id": _grant,
    "request_id": _request,
    "county_id": _county,
    "job_id": _job,
}
