"""What each write route is sent, by endpoint: the least that is valid, on top of what its page would send untouched.

`FORMS` fails loudly (KeyError) for a write route that stands not in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

from pyotp import TOTP
from sqlalchemy import delete, select, update

from fulian.accounts.models import Account, Authenticator, Grant
from fulian.accounts.second_factor import new_secret, offer_secret, offered_secret
from fulian.accounts.sessions import begin_session
from fulian.audit.actor import Actor
from fulian.calendar import local_date
from fulian.cases.models import Case
from fulian.cases.service import close_case
from fulian.db import db, transact
from fulian.jobs.models import Job
from fulian.orgs.models import Organisation
from fulian.programmes.models import Opening
from fulian.testing.world import ACCOUNTS, CITY_UNIT, GULOU, LIUYUAN, PASSWORD, ZHENXING

from .objects import FIRST_KEEPER, KEEPER, PDF, Spot, actor_of, open_case_of, unique_name, unique_word
from .places import CALLERS

Data = dict[str, Any]

# Arguments of rules that name no row. A route of a plugin that has one is named in the plugin's own `CONSTANTS`.
CONSTANTS: Mapping[tuple[str, str], str] = {
    ("cases.do", "code"): "record_willingness",
    ("cases.document", "code"): "agreement",
    ("cases.document", "kind"): "docx",
    ("accounts.ask_act", "act"): "reset_password",
    ("programmes.show", "code"): "mediation",
    ("programmes.switch", "code"): "mediation",
    ("programmes.switch", "act_code"): "stop",
}
# These answer what was asked, and write nothing but perhaps a reading on the log.
READING = frozenset(
    {
        "accounts.end_session",
        "accounts.leave",
        "accounts.log_in",
        "accounts.password",
        "cases.search",
        "orgs.search",
        "people.match",
        "people.search",
        "people.show_sealed",
    }
)
ENDS_SESSIONS = ("accounts.device", "accounts.leave", "accounts.log_in", "accounts.log_in_code", "accounts.password")


def late(endpoint: str, method: str) -> int:
    """What ends sessions comes last, and of that the new password, which nobody logs in with afterwards."""
    return ENDS_SESSIONS.index(endpoint) + 1 if method == "POST" and endpoint in ENDS_SESSIONS else 0


SECRET = new_secret()  # of every authenticator that a harness sets
HALF_IN = "sibling"  # the account of the world that stands between password and code


def today() -> str:
    """Today in Shanghai, as a date field takes it."""
    return local_date(datetime.now(UTC)).isoformat()


def in_days(days: int) -> str:
    """A day to come."""
    return (local_date(datetime.now(UTC)) + timedelta(days=days)).isoformat()


def intake(summary: str = "") -> Data:
    """The opening form of mediation, with two new persons."""
    return {
        "applicant-name": unique_name(),
        "applicant-same": "new",
        "respondent-name": unique_name(),
        "respondent-same": "new",
        "respondent-relation": "husband",
        "disputes": ["feelings"],
        "summary": summary or unique_word(),
        "source": "visit",
        "hit": "no",
        "threatened": "no",
        "unsafe": "no",
        "notice_given": "y",
        "applicant_willing": "agreed",
        "respondent_willing": "agreed",
    }


def _org_name(spot: Spot) -> str:
    return db.session.execute(select(Organisation.name).where(Organisation.id == spot.org_id)).scalar_one()


def _role(spot: Spot) -> Data:
    return {"role": "caseworker", "programme": "mediation", "org_id": _org_name(spot)}


def _new_account(spot: Spot) -> Data:
    org = {"org_id": "柳园街道妇联"}  # inside the area of everybody who may invite
    return {"username": f"new{unique_word()[2:7]}", "name": unique_name(), "role": "caseworker", **org}


def _number_of_restricted(spot: Spot) -> Data:
    number = db.session.execute(select(Case.number).where(Case.id == spot.get("case_id"))).scalar_one()
    return {"number": number, "reason": "正受伤害，公安要求配合"}


def _upload(spot: Spot) -> Data:
    return {"file": (BytesIO(PDF + unique_word().encode()), "身份证.pdf"), "label": unique_word()}


def _account_of(spot: Spot) -> int:
    """The account of the caller; 0 where nobody is signed in."""
    return ACCOUNTS[CALLERS[spot.caller] or "disabled"][0] if spot.caller else 0


def _device(spot: Spot) -> Data:
    offer = offer_secret(_account_of(spot))
    secret = offered_secret(offer, _account_of(spot))
    return {"offer": offer, "new_code": TOTP(secret).now(), "present": PASSWORD}


def _offer(spot: Spot) -> Data:
    """To an organisation of another county; a restricted case is not shared, but taken over."""
    kind = "transfer" if spot.place.kind == "restricted" else "share"
    to = "柳园街道妇联" if spot.org_id == ZHENXING else "振兴街道妇联"
    return {"kind": kind, "to_org": to, "reason": "住在那里", "basis": "duty", "law": "violence"}


FORMS: Mapping[str, Callable[[Spot], Data]] = {
    "accounts.add_role": _role,
    "accounts.ask_account": lambda spot: {**_new_account(spot), "reason": "新到岗"},
    "accounts.ask_act": lambda spot: {"reason": "本人申请"},
    "accounts.ask_end_role": lambda spot: {"reason": "调岗"},
    "accounts.ask_renew": lambda spot: {"ends_on": in_days(400), "reason": "续聘"},
    "accounts.ask_role": lambda spot: {**_role(spot), "reason": "兼任"},
    "accounts.confirm": lambda spot: {},
    "accounts.decline": lambda spot: {"reason": "材料不全"},
    "accounts.device": _device,
    "accounts.disable": lambda spot: {"reason": "退休"},
    "accounts.edit": lambda spot: {"name": unique_name(), "org_id": _org_name(spot)},
    "accounts.enable": lambda spot: {"reason": "返聘"},
    "accounts.end_role": lambda spot: {"reason": "调岗"},
    "accounts.end_session": lambda spot: {"which": "others"},
    "accounts.invite": _new_account,
    "accounts.leave": lambda spot: {},
    "accounts.log_in": lambda spot: {"username": "colleague", "password": PASSWORD},
    "accounts.log_in_code": lambda spot: {"code": TOTP(SECRET).now()},
    "accounts.password": lambda spot: {"present": PASSWORD, "password": "Xin-mima-2026", "again": "Xin-mima-2026"},
    "accounts.renew_role": lambda spot: {"ends_on": in_days(400), "reason": "续聘"},
    "accounts.slips": lambda spot: {"present": PASSWORD, "code": TOTP(SECRET).now()},
    "cases.answer": lambda spot: {"decision": "accept"},
    "cases.close": lambda spot: {"outcome": "50", "note": "不属受理范围，已告知。"},
    "cases.do": lambda spot: {"side": "respondent", "answer": "agreed", "said_on": today()},
    "cases.edit": lambda spot: {"summary": unique_word(), "risk": "b"},
    "cases.end_share": lambda spot: {"reason": "已经办妥"},
    "cases.hand_on": lambda spot: {"reason": "产假"},
    "cases.handler": lambda spot: {"handler_id": str(spot.get("account_id")), "reason": "轮岗"},
    "cases.make_void": lambda spot: {"reason": "重复登记"},
    "cases.new": lambda spot: intake(),
    "cases.new_file": _upload,
    "cases.new_task": lambda spot: {"title": unique_word(), "due_on": in_days(2)},
    "cases.note": lambda spot: {"text": unique_word()},
    "cases.reopen": lambda spot: {"reason": "没有按协议给付"},
    "cases.restrict": lambda spot: {"reason": "当事人要求保密"},
    "cases.search": lambda spot: {"q": "谁也不是"},
    "cases.share": _offer,
    "cases.task_done": lambda spot: {"note": unique_word()},
    "cases.urgent": _number_of_restricted,
    "cases.withdraw": lambda spot: {"reason": "传错了案件"},
    "jobs.cancel": lambda spot: {},
    "jobs.cancel_any": lambda spot: {},
    "jobs.retry": lambda spot: {},
    "orgs.move": lambda spot: {"parent_id": str(_new_parent(spot)), "reason": "区划调整"},
    "orgs.search": lambda spot: {"q": "柳园"},
    "people.edit": lambda spot: {"occupation": "教师"},
    "people.finish_post": lambda spot: {"ends_on": today(), "end_change": "届满"},
    "people.match": lambda spot: {"name": "谁也不是"},
    "people.merge": lambda spot: {"reason": "核对了身份证，是同一个人"},
    "people.new": lambda spot: {"name": unique_name(), "sex": "2"},
    "people.new_consent": lambda spot: {"purpose": "notice", "basis": "duty", "notice_version": "2026-01"},
    "people.new_post": lambda spot: {"title": "网格员", "change": "聘任", "starts_on": today()},
    "people.search": lambda spot: {"q": "谁也不是"},
    "people.show_sealed": lambda spot: {"reason": "verify"},
    "people.undo": lambda spot: {},
    "people.withdraw": lambda spot: {},
    "programmes.switch": lambda spot: {"reason": "聊妇发〔2026〕2号"},
}


def _new_parent(spot: Spot) -> int:
    return GULOU if spot.org_id == LIUYUAN else LIUYUAN


def _busy(spot: Spot) -> None:
    """With an open case, there where she works."""
    by = actor_of(spot.get("account_id"), "她", "caseworker", spot.org_id)
    spot.ids["her_case_id"] = open_case_of(spot, by)


# What stands behind the ? of an address where the page needs it.
QUERIES: Mapping[str, Callable[[Spot], Mapping[str, str]]] = {
    "cases.hand_on": lambda spot: {"preview": "1"},
    "orgs.move": lambda spot: {"to": str(_new_parent(spot))},
    "people.merge": lambda spot: {"other": str(spot.get("second_person_id"))},
    "people.show_sealed": lambda spot: {"field": "note"},
}


def _disabled(spot: Spot) -> None:
    db.session.execute(update(Account).where(Account.id == spot.get("account_id")).values(status="disabled"))


def _opened_again(spot: Spot) -> None:
    openings = Opening.programme == "mediation", Opening.county_id == spot.get("county_id")
    db.session.execute(delete(Opening).where(*openings))
    begun = datetime(2025, 1, 1, tzinfo=UTC)
    db.session.add(Opening(programme="mediation", county_id=spot.get("county_id"), starts_at=begun, reason="文"))


def _closed(spot: Spot) -> None:
    """Closed by who handles it, where it is not ended yet."""
    case = db.session.get_one(Case, spot.get("case_id"))
    if case.status == "open":
        handler = KEEPER if spot.place.kind == "handled" else FIRST_KEEPER + spot.org_id
        by = actor_of(handler, "守", "caseworker", LIUYUAN if spot.place.kind == "handled" else spot.org_id)
        transact(close_case, case.id, case.version, "90", {"note": "双方自行和好。"}, by)


def _failed(spot: Spot) -> None:
    db.session.execute(update(Job).where(Job.id == spot.get("job_id")).values(state="failed"))


def give_device(account_id: int) -> None:
    """Give an account an authenticator with SECRET, of which no code was used yet; commits."""
    db.session.execute(delete(Authenticator).where(Authenticator.account_id == account_id))
    device = Authenticator(account_id=account_id, last_step=0, set_at=datetime.now(UTC))
    device.seal("secret", SECRET)
    db.session.add(device)
    db.session.commit()


def _ending(spot: Spot) -> None:
    soon = local_date(datetime.now(UTC)) + timedelta(days=10)
    db.session.execute(update(Grant).where(Grant.id == spot.get("grant_id")).values(ends_on=soon))


def _logged_in_elsewhere(spot: Spot) -> None:
    account_id = _account_of(spot)
    begin_session(account_id, Actor(account_id, "-", CITY_UNIT, datetime.now(UTC), "192.0.2.9"), "harness")


# What must be so before the act can be done.
PREPARATIONS: Mapping[str, Callable[[Spot], None]] = {
    "accounts.enable": _disabled,
    "cases.hand_on": _busy,
    "cases.reopen": _closed,
    "jobs.retry": _failed,
    "accounts.ask_renew": _ending,
    "accounts.end_session": _logged_in_elsewhere,
    "accounts.renew_role": _ending,
    "accounts.slips": lambda spot: give_device(_account_of(spot)),
    "programmes.switch": _opened_again,
}


def prepare(endpoint: str, spot: Spot) -> None:
    """Bring the objects of a spot into the state from which the act of this endpoint can be done."""
    if endpoint in PREPARATIONS:
        PREPARATIONS[endpoint](spot)
        db.session.commit()
