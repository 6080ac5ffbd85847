"""A tour of every page: who opens it, and at which address on the demo data. Used by tests and by `make pictures`.

`prepare_tour` adds to a demo instance what some pages need and the demo has not: a file, a merge, a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select, update

from fulian.accounts.grants import NewAccount, NewGrant
from fulian.accounts.models import Account, Grant
from fulian.accounts.passwords import hash_password, one_time_password
from fulian.accounts.queries import grants_of
from fulian.accounts.requests import Asked, ask_request
from fulian.accounts.roles import rights
from fulian.accounts.service import disable_account, invite_account
from fulian.app import create_app
from fulian.audit.actor import Actor, Held
from fulian.audit.log import note_refusal
from fulian.calendar import local_date
from fulian.cases.models import Case, Party, Task
from fulian.cases.service import add_task, ask_referral, void_case
from fulian.cases.service.files import attach_file
from fulian.cases.upkeep import KIND as CHECK_STATISTICS
from fulian.db import db, transact
from fulian.errors import Forbidden
from fulian.jobs.models import Job
from fulian.jobs.service import WORKER_DIED, add_job
from fulian.orgs.models import Organisation
from fulian.orgs.queries import find_org
from fulian.people.models import Consent, PersonMerge, Post
from fulian.people.service import PersonData, hold_post, merge_people, record_consent, register_person

JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")  # the smallest thing that says it is one


@dataclass(frozen=True)
class Stop:
    """One page of the tour. `name` is the picture's file name, `act` marks a form that may be sent empty."""

    name: str
    role: str
    address: str
    act: bool = False


# In the order of a working day. Words in braces are ids that `prepare_tour` finds or makes.
STOPS: tuple[Stop, ...] = (
    Stop("workbench", "caseworker", "/"),
    Stop("cases", "caseworker", "/cases/"),
    Stop("cases-due", "caseworker", "/cases/?due=late"),
    Stop("case-new", "caseworker", "/cases/new", act=True),
    Stop("case", "caseworker", "/cases/{case}"),
    Stop("case-restricted", "caseworker", "/cases/{restricted}"),
    Stop("case-closed", "caseworker", "/cases/{closed}"),
    Stop("case-history", "caseworker", "/cases/{case}/history"),
    Stop("case-session", "caseworker", "/cases/{case}/do/record_session", act=True),
    Stop("case-note", "caseworker", "/cases/{case}/note", act=True),
    Stop("case-task", "caseworker", "/cases/{case}/tasks/new", act=True),
    Stop("case-task-done", "caseworker", "/cases/{case}/tasks/{task}/done"),
    Stop("case-file", "caseworker", "/cases/{case}/files/new", act=True),
    Stop("case-file-withdraw", "caseworker", "/cases/{case}/files/{file}/withdraw", act=True),
    Stop("case-edit", "caseworker", "/cases/{case}/edit"),
    Stop("case-restrict", "caseworker", "/cases/{case}/restrict", act=True),
    Stop("case-close", "caseworker", "/cases/{case}/close", act=True),
    Stop("case-share", "caseworker", "/cases/{case}/share", act=True),
    Stop("case-share-end", "caseworker", "/cases/{case}/shares/{share}/end", act=True),
    Stop("inbox", "caseworker", "/cases/inbox"),
    Stop("inbox-answer", "caseworker", "/cases/inbox/{referral}", act=True),
    Stop("people", "caseworker", "/people/"),
    Stop("person-new", "caseworker", "/people/new", act=True),
    Stop("person", "caseworker", "/people/{person}"),
    Stop("person-edit", "caseworker", "/people/{person}/edit"),
    Stop("person-reveal", "caseworker", "/people/{person}/reveal?field=phone", act=True),
    Stop("consent-new", "caseworker", "/people/{person}/consents/new", act=True),
    Stop("consent-withdraw", "caseworker", "/people/{person}/consents/{consent}/withdraw"),
    Stop("orgs", "caseworker", "/orgs/"),
    Stop("org", "caseworker", "/orgs/{org}"),
    Stop("mediation", "caseworker", "/mediation/"),
    Stop("mediation-notice", "caseworker", "/mediation/notice"),
    Stop("me", "caseworker", "/account"),
    Stop("jobs", "caseworker", "/jobs/"),
    Stop("job", "caseworker", "/jobs/{job}"),
    Stop("job-done", "caseworker", "/jobs/{job_done}"),
    Stop("password", "caseworker", "/account/password", act=True),
    Stop("sessions", "caseworker", "/account/sessions"),
    Stop("device", "caseworker", "/account/device", act=True),
    Stop("case-handler", "programme_lead", "/cases/{case}/handler", act=True),
    Stop("handovers", "programme_lead", "/cases/handover"),
    Stop("handover", "programme_lead", "/cases/handover/{account}"),
    Stop("handover-preview", "programme_lead", "/cases/handover/{account}?preview=1", act=True),
    Stop("case-reopen", "programme_lead", "/cases/{closed}/reopen", act=True),
    Stop("case-void", "programme_lead", "/cases/{case}/void", act=True),
    Stop("case-restore", "programme_lead", "/cases/{void}/void", act=True),
    Stop("case-is-void", "programme_lead", "/cases/{void}"),
    Stop("programmes", "programme_lead", "/programmes/"),
    Stop("programme-unit", "programme_lead", "/programmes/mediation/{county}"),
    Stop("programme-stop", "programme_lead", "/programmes/mediation/{county}/stop", act=True),
    Stop("case-urgent", "programme_lead", "/cases/urgent", act=True),
    Stop("workbench-township", "township_admin", "/"),
    Stop("workbench-admin", "county_admin", "/"),
    Stop("cases-admin", "county_admin", "/cases/"),
    Stop("org-move-to", "county_admin", "/orgs/{village}/move"),
    Stop("org-move", "county_admin", "/orgs/{village}/move?to={county}", act=True),
    Stop("post-new", "county_admin", "/people/{person}/posts/new", act=True),
    Stop("post-end", "county_admin", "/people/{person}/posts/{post}/end", act=True),
    Stop("doubles", "county_admin", "/people/doubles"),
    Stop("merge", "county_admin", "/people/{person}/merge"),
    Stop("merge-undo", "county_admin", "/people/{kept}/merges/{merge}/undo"),
    Stop("accounts", "county_admin", "/accounts/"),
    Stop("account-new", "county_admin", "/accounts/new", act=True),
    Stop("account", "county_admin", "/accounts/{account}"),
    Stop("account-edit", "county_admin", "/accounts/{account}/edit"),
    Stop("account-role", "county_admin", "/accounts/{account}/roles", act=True),
    Stop("account-role-end", "county_admin", "/accounts/{account}/roles/{grant}/end", act=True),
    Stop("account-role-renew", "county_admin", "/accounts/{account}/roles/{grant}/renew", act=True),
    Stop("account-disable", "county_admin", "/accounts/{account}/disable", act=True),
    Stop("account-enable", "county_admin", "/accounts/{disabled}/enable"),
    Stop("workbench-city", "city_admin", "/"),
    Stop("workbench-three", "system_admin", "/"),
    Stop("jobs-all", "system_admin", "/jobs/all"),
    Stop("request-new", "system_admin", "/accounts/requests/new", act=True),
    Stop("request-grant", "system_admin", "/accounts/{account}/requests/grant", act=True),
    Stop("request-reset", "system_admin", "/accounts/{account}/requests/reset_password", act=True),
    Stop("request-end", "system_admin", "/accounts/{account}/roles/{grant}/requests/end", act=True),
    Stop("request-renew", "system_admin", "/accounts/{account}/roles/{grant}/requests/renew", act=True),
    Stop("request", "security_admin", "/accounts/requests/{request}"),
    Stop("account-rights", "security_admin", "/accounts/{account}/rights"),
    Stop("log", "audit_admin", "/audit/"),
)

# Downloads and documents: opened, but no picture is taken of them.
DOWNLOADS: tuple[Stop, ...] = (
    Stop("file", "caseworker", "/cases/{case}/files/{file}"),
    Stop("agreement", "caseworker", "/cases/{agreed}/documents/agreement.pdf"),
)


def prepare_tour(instance: Path, accounts: list[Mapping[str, Any]]) -> dict[str, int]:
    """Find or make what the braces of `STOPS` stand for, in the demo at `instance`; returns word → id.

    `accounts` are those that `fulian demo --json` prints; the first of each role makes the tour.
    """
    app = create_app({"FULIAN_INSTANCE": str(instance)})
    with app.app_context():
        people = {role: _actor(_first(accounts, role)) for role in ("caseworker", "county_admin", "system_admin")}
        ids = _cases(people["caseworker"])
        ids["void"] = _void(people["county_admin"], people["caseworker"], ids)
        ids |= _referrals(people["county_admin"], people["caseworker"], ids["case"])
        ids |= _people(people["county_admin"], ids["person"])
        ids |= _accounts(people["county_admin"], people["caseworker"])
        ids |= _jobs(people["caseworker"])
        _refusals(people["caseworker"], ids["case"])
        ids["request"] = _request(people["system_admin"], ids["account"])
        db.session.remove()
        db.engine.dispose()
    return ids


def _refusals(by: Actor, case_id: int) -> None:
    """What somebody tried and was refused, for the page of the log."""
    for tried, about in (("mediation.view", None), ("audit.view", None), ("advance_case", case_id)):
        transact(note_refusal, by, f"refused.{tried}", Forbidden("不能办。"), about)


def _first(accounts: list[Mapping[str, Any]], role: str) -> str:
    return str(next(account["username"] for account in accounts if account["role"] == role))


def _actor(username: str) -> Actor:
    account = db.session.execute(select(Account).where(Account.username == username)).scalar_one()
    held = tuple(
        Held(grant.role, grant.org_id, (org := find_org(grant.org_id)).county_id, org.level, grant.programme)
        for grant in grants_of([account.id])
    )
    return Actor(
        account.id,
        account.name,
        account.county_id,
        datetime.now(UTC),
        org_id=account.org_id,
        grants=held,
        permissions=rights().permissions_of(held),
    )


def _cases(by: Actor) -> dict[str, int]:
    mine = select(Case.id).where(Case.handler_id == by.account_id).order_by(Case.opened_at.desc(), Case.id.desc())
    is_open = (Case.status == "open", Case.restricted.is_(False))
    case_id = _one(mine.where(*is_open, Case.stage == "mediation"))
    transact(add_task, case_id, "走访双方父母", local_date(by.now), None, "tour-task", by)
    party = select(Party.id, Party.person_id).where(Party.case_id == case_id).order_by(Party.sort)
    party_id, person_id = db.session.execute(party.limit(1)).one()
    file_id = transact(attach_file, case_id, "身份证.jpg", JPEG, "甲方身份证复印件", party_id, "tour-file", by)
    consent_id = transact(record_consent, person_id, "sensitive", "consent", by)
    own_task = select(Task.id).where(Task.case_id == case_id, Task.kind == "own", Task.done_at.is_(None))
    return {
        "case": case_id,
        "restricted": _one(mine.where(Case.restricted.is_(True))),
        "closed": _one(mine.where(Case.status == "closed")),
        "agreed": _one(mine.where(*is_open, Case.stage == "follow_up")),
        "task": _one(own_task),
        "file": file_id,
        "person": person_id,
        "consent": _one(select(Consent.id).where(Consent.id == consent_id)),
        "org": by.org_id or 0,
    }


def _void(by: Actor, handler: Actor, ids: Mapping[str, int]) -> int:
    """One more of her open cases, entered by mistake."""
    others = (Case.handler_id == handler.account_id, Case.status == "open", Case.id.not_in([*ids.values()]))
    case_id = _one(select(Case.id).where(*others, Case.restricted.is_(False)).order_by(Case.id))
    version = db.session.execute(select(Case.version).where(Case.id == case_id)).scalar_one()
    transact(void_case, case_id, version, "和另一件重复登记", by)
    return case_id


def _referrals(by: Actor, caseworker: Actor, case_id: int) -> dict[str, int]:
    """A case of hers offered to the county, and one of the county's offered to her organisation."""
    ask = partial(ask_referral, law="《反家庭暴力法》第十三条：接到家庭暴力投诉，应当给予帮助、处理")
    others = (Case.county_id == by.county_id, Case.org_id != caseworker.org_id, Case.status == "open")
    theirs = _one(select(Case.id).where(*others, Case.restricted.is_(False)).order_by(Case.id))
    return {
        "share": transact(ask, case_id, "share", by.county_id, "一方住在城区，请协助走访", caseworker),
        "referral": transact(ask, theirs, "transfer", caseworker.org_id or 0, "双方都搬到你们辖区了", by),
    }


def _people(by: Actor, person_id: int) -> dict[str, int]:
    org_id = by.grants[0].org_id
    posted = transact(hold_post, person_id, org_id, "执委", local_date(by.now), "当选", by)
    twice = [transact(register_person, PersonData(name="合并示例", phone=f"1380000000{n}"), org_id, by) for n in (1, 2)]
    merge_id = transact(merge_people, twice[0], twice[1], "同一人登记了两次", by)
    return {
        "post": _one(select(Post.id).where(Post.id == posted)),
        "kept": twice[0],
        "merge": _one(select(PersonMerge.id).where(PersonMerge.id == merge_id)),
        "county": org_id,
    }


def _accounts(by: Actor, caseworker: Actor) -> dict[str, int]:
    left = NewAccount("m-0", "已离岗", caseworker.org_id or 0, NewGrant("caseworker", caseworker.org_id or 0))
    disabled = transact(invite_account, left, hash_password(one_time_password()), by)
    transact(disable_account, disabled, by, reason="调离")
    return {
        "account": caseworker.account_id or 0,
        "grant": _one(select(Grant.id).where(Grant.account_id == caseworker.account_id)),
        "disabled": disabled,
        "village": _village(by.county_id),
    }


def _village(county_id: int) -> int:
    return _one(select(Organisation.id).where(Organisation.county_id == county_id, Organisation.level == "village"))


def _jobs(by: Actor) -> dict[str, int]:
    """A job in the midst of its work, for no worker, so that none takes it up; one that is done, one that failed."""
    running, done, failed = (transact(add_job, CHECK_STATISTICS, {}, by) for _n in range(3))
    far = {"state": "running", "worker": None, "started_at": by.now, "attempts": 1, "progress": 3240, "total": 5210}
    transact(_settle_job, running, far | {"progress_text": "已核对 3,240 行"})
    ended = {"started_at": by.now, "ended_at": by.now, "attempts": 1}
    transact(_settle_job, done, ended | {"state": "done", "result": "核对完，没有不同。", "result_url": "/cases/"})
    transact(_settle_job, failed, ended | {"state": "failed", "attempts": 3, "error": WORKER_DIED})
    return {"job": running, "job_done": done}


def _settle_job(job_id: int, values: Mapping[str, Any]) -> None:
    db.session.execute(update(Job).where(Job.id == job_id).values(**values))


def _request(by: Actor, account_id: int) -> int:
    return transact(ask_request, Asked("reset_password", "忘记密码，本人到场核对", account_id), by)


def _one(query: Select[Any]) -> int:
    """The first id of a query. Raises LookupError where the demo has none: then the demo lacks something."""
    found = db.session.execute(query.limit(1)).scalar_one_or_none()
    if found is None:
        raise LookupError(f"the demo has no row for: {query}")
    return int(found)
