"""A small world for tests: two counties where mediation is open, one where it was closed, and an account for each role.

Ids are fixed, so that a test can name them. `WORLD` is a `Content` for the fixture `database_content`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from flask import Flask
from sqlalchemy import insert, text

from fulian.accounts.models import Account, Grant, SecondFactorRule
from fulian.accounts.passwords import hash_password
from fulian.accounts.roles import rights
from fulian.audit.actor import Actor, Held
from fulian.cases.service import NewParty, OpenCase, Opened, open_case
from fulian.db import db, transact
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.people.service import PersonData
from fulian.programmes.models import Opening
from fulian.programmes.service import refresh_labels
from fulian.testing.plugin import Content

NOW = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)  # 09:30 in Shanghai
SINCE = datetime(2025, 1, 1, tzinfo=UTC)
PASSWORD = "Shui-cheng-2026"  # of every account of this world

CITY, CITY_UNIT, DONGCHANGFU, CHIPING, YANGGU, ZONE = 1, 2, 3, 4, 5, 6
LIUYUAN, GULOU, ZHENXING = 30, 31, 40
LIUYUAN_VILLAGE, LIUYUAN_VILLAGE_2, GULOU_VILLAGE, ZHENXING_VILLAGE = 300, 301, 310, 400
BODY = 380

# id → name, level, parent, county unit, number code, division code
ORGS: Mapping[int, tuple[str, str, int | None, int, str | None, str | None]] = {
    CITY: ("聊城市妇女联合会", "city", None, CITY_UNIT, None, "371500000000"),
    CITY_UNIT: ("市本级", "county", CITY, CITY_UNIT, "371500", None),
    DONGCHANGFU: ("东昌府区", "county", CITY, DONGCHANGFU, "371502", "371502000000"),
    CHIPING: ("茌平区", "county", CITY, CHIPING, "371503", "371503000000"),
    YANGGU: ("阳谷县", "county", CITY, YANGGU, "371521", "371521000000"),
    ZONE: ("经济技术开发区", "county", CITY, ZONE, "3715A1", None),
    LIUYUAN: ("柳园街道", "township", DONGCHANGFU, DONGCHANGFU, None, "371502002000"),
    GULOU: ("古楼街道", "township", DONGCHANGFU, DONGCHANGFU, None, "371502001000"),
    ZHENXING: ("振兴街道", "township", CHIPING, CHIPING, None, "371503001000"),
    LIUYUAN_VILLAGE: ("前罗村", "village", LIUYUAN, DONGCHANGFU, None, None),
    LIUYUAN_VILLAGE_2: ("后罗村", "village", LIUYUAN, DONGCHANGFU, None, None),
    GULOU_VILLAGE: ("东关村", "village", GULOU, DONGCHANGFU, None, None),
    ZHENXING_VILLAGE: ("西关村", "village", ZHENXING, CHIPING, None, None),
    BODY: ("水城快递公司妇联", "body", DONGCHANGFU, DONGCHANGFU, None, None),
}

# user name → id, name, organisation, (role, organisation, programme) …
ACCOUNTS: Mapping[str, tuple[int, str, int, tuple[tuple[str, int, str | None], ...]]] = {
    "mediator": (1, "李秀英", LIUYUAN, (("caseworker", LIUYUAN, None),)),
    "colleague": (2, "王海燕", LIUYUAN, (("caseworker", LIUYUAN, None),)),
    "village": (3, "赵桂兰", LIUYUAN_VILLAGE, (("caseworker", LIUYUAN_VILLAGE, None),)),
    "sibling": (4, "张立新", GULOU, (("caseworker", GULOU, None),)),
    "lead": (5, "刘敏", DONGCHANGFU, (("programme_lead", DONGCHANGFU, "mediation"),)),
    "township": (6, "孙玉芝", LIUYUAN, (("township_admin", LIUYUAN, None),)),
    "admin": (7, "张敏", DONGCHANGFU, (("county_admin", DONGCHANGFU, None),)),
    "city": (8, "丁秀兰", CITY, (("city_admin", CITY, None),)),
    "system": (9, "周立", CITY, (("system_admin", CITY, None),)),
    "security": (10, "吴静", CITY, (("security_admin", CITY, None),)),
    "audit": (11, "郑华", CITY, (("audit_admin", CITY, None),)),
    "other_mediator": (12, "杨丽", ZHENXING, (("caseworker", ZHENXING, None),)),
    "other_lead": (13, "马红", CHIPING, (("programme_lead", CHIPING, "mediation"),)),
    "other_admin": (14, "郭芳", CHIPING, (("county_admin", CHIPING, None),)),
    "foreign_lead": (15, "高洁", DONGCHANGFU, (("programme_lead", DONGCHANGFU, "lectures"),)),
    "disabled": (16, "何霞", LIUYUAN, (("caseworker", LIUYUAN, None),)),
    "several": (17, "宋梅", LIUYUAN, (("caseworker", LIUYUAN_VILLAGE, None), ("township_admin", GULOU, None))),
}


def fill_world(app: Flask) -> None:
    """Write the world's organisations, accounts and openings; commits."""
    hashed = hash_password(PASSWORD)
    transact(_write, hashed)


def _write(hashed: str) -> None:
    session = db.session
    session.execute(insert(Organisation), [_org_row(org_id) for org_id in ORGS])
    session.execute(insert(OrgAncestor), [row for org_id in ORGS for row in _ancestor_rows(org_id)])
    session.execute(insert(Account), [_account_row(username, hashed) for username in ACCOUNTS])
    session.execute(insert(Grant), [row for username in ACCOUNTS for row in _grant_rows(username)])
    session.add(SecondFactorRule(required=False, reason="测试", set_at=SINCE))
    openings = [(DONGCHANGFU, None), (CHIPING, None), (YANGGU, datetime(2026, 3, 1, tzinfo=UTC))]
    session.execute(
        insert(Opening),
        [
            {
                "programme": "mediation",
                "county_id": county,
                "starts_at": SINCE,
                "intake_ends_at": end,
                "ends_at": end,
                "reason": "聊妇发〔2025〕1号",
            }
            for county, end in openings
        ],
    )
    refresh_labels()
    _restart_ids()


def _restart_ids() -> None:
    """Let PostgreSQL count on after the ids that were given here."""
    if db.engine.dialect.name == "postgresql":
        for table in ("organisation", "account"):
            db.session.execute(
                text("SELECT nextval(pg_get_serial_sequence(:of, 'id')) FROM generate_series(1, 1000)"), {"of": table}
            )


def _org_row(org_id: int) -> dict[str, Any]:
    name, level, parent, county, number_code, division = ORGS[org_id]
    return {
        "id": org_id,
        "name": name if level in ("city", "body") or org_id == CITY_UNIT else f"{name}妇联",
        "short_name": name,
        "level": level,
        "kind": "federation",
        "parent_id": parent,
        "county_id": county,
        "number_code": number_code,
        "division_code": division,
        "division_year": 2023 if division else None,
        "division_source": "nbs" if division else None,
        "sort": org_id,
        "demo": False,
        "version": 1,
    }


def _ancestor_rows(org_id: int) -> list[dict[str, int]]:
    rows, above, depth = [], org_id, 0
    while above is not None:
        rows.append({"ancestor_id": above, "org_id": org_id, "depth": depth})
        parent = ORGS[above][2]
        if parent is None:
            return rows
        above, depth = parent, depth + 1
    return rows


def _account_row(username: str, hashed: str) -> dict[str, Any]:
    account_id, name, org_id, _grants = ACCOUNTS[username]
    return {
        "id": account_id,
        "username": username,
        "name": name,
        "org_id": org_id,
        "county_id": ORGS[org_id][3],
        "password_hash": hashed,
        "password_at": datetime.now(UTC),  # an older one would have to be changed first
        "must_change": False,
        "status": "disabled" if username == "disabled" else "active",
        "created_at": SINCE,
        "version": 1,
    }


def _grant_rows(username: str) -> list[dict[str, Any]]:
    account_id, _name, _org_id, grants = ACCOUNTS[username]
    return [
        {
            "account_id": account_id,
            "role": role,
            "org_id": org_id,
            "programme": programme,
            "starts_on": date(2025, 1, 1),
            "granted_at": SINCE,
            "reason": "",
        }
        for role, org_id, programme in grants
    ]


def actor(username: str, now: datetime = NOW) -> Actor:
    """The person behind an account of this world, as services and queries take her; needs an application in context."""
    account_id, name, org_id, grants = ACCOUNTS[username]
    held = tuple(Held(role, org, ORGS[org][3], ORGS[org][1], programme) for role, org, programme in grants)
    return Actor(
        account_id=account_id,
        name=name,
        county_id=ORGS[org_id][3],
        now=now,
        address="127.0.0.1",
        request_id="test",
        org_id=org_id,
        grants=held,
        permissions=rights().permissions_of(held),
    )


PEACEFUL: Mapping[str, Any] = {
    "disputes": ["feelings", "maintenance"],
    "summary": "分居四个月，男方未给孩子生活费，要求按月支付。",
    "source": "visit",
    "hit": "no",
    "threatened": "no",
    "unsafe": "no",
    "notice_given": True,
    "applicant_willing": "agreed",
    "respondent_willing": "agreed",
    "injury_consent": False,
    "keep_hidden": False,
}
VIOLENT: Mapping[str, Any] = {**PEACEFUL, "disputes": ["violence"], "hit": "yes", "unsafe": "yes"}

_submissions = iter(range(1, 1_000_000))


def open_mediation(
    username: str = "mediator",
    data: Mapping[str, Any] = PEACEFUL,
    *,
    names: tuple[str, str] = ("赵春梅", "孙建国"),
    now: datetime = NOW,
    **changed: Any,
) -> Opened:
    """Open and commit a mediation case with two new persons, in the organisation of the account; `changed` answers."""
    by = actor(username, now)
    org_id = next(held.org_id for held in by.grants if held.role in ("caseworker", "programme_lead"))
    parties = (
        NewParty("applicant", person=PersonData(name=names[0], sex="2")),
        NewParty("respondent", person=PersonData(name=names[1], sex="1"), relation="husband"),
    )
    submission = f"test-{next(_submissions)}"
    return transact(open_case, OpenCase("mediation", org_id, submission, parties, {**data, **changed}), by)


WORLD = Content("world", fill_world)
