"""The demo, made small on both databases: what must be in it, and that its rows keep the house's promises."""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from fulian_mediation.models import MediationAgreement, MediationDetail, MediationSession
from sqlalchemy import func, select

from fulian.accounts.models import Account, Grant
from fulian.accounts.roles import ROLES, THREE
from fulian.audit.models import AuditEntry
from fulian.audit.verify import snapshot, verify_chains
from fulian.cases.counting import differing_cells
from fulian.cases.models import Attachment, Case, CaseAccess, CaseScope, CaseToken, Event, NumberCounter, Party, Task
from fulian.codes.documents import read_id_number
from fulian.db import db, transact
from fulian.demo.loading import Secrets, is_demo, load_demo, login_usernames, require_empty
from fulian.errors import Refused
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.orgs.queries import county_units
from fulian.people.models import Person, PersonScope, PersonToken, Post
from fulian.programmes.loader import programmes
from fulian.programmes.models import Opening
from fulian.programmes.queries import latest_openings
from fulian.sealing.keys import keys
from fulian.testing.plugin import Content

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
PERSONS, CASES = 700, 400
MEDIATION = "mediation"


def make_small(app: Flask) -> None:
    names = login_usernames()
    secrets = Secrets(
        {name: f"password of {name}" for name in names}, dict.fromkeys(names, "known"), "unknown", "JBSWY3DPEHPK3PXP"
    )
    transact(load_demo, secrets, NOW, persons=PERSONS, cases=CASES)


@pytest.fixture(scope="session")
def database_content() -> Content:
    return Content("small-demo", make_small)


def count_of(model: type[object], *conditions: object) -> int:
    return db.session.execute(select(func.count()).select_from(model).where(*conditions)).scalar_one()  # type: ignore[arg-type]


def test_how_much_there_is(app: Flask) -> None:
    with app.app_context():
        assert count_of(Organisation) == 6_511 + 571
        assert count_of(Organisation, Organisation.demo) == 571
        assert count_of(Person) == PERSONS
        assert count_of(Case) == CASES == count_of(MediationDetail)
        assert count_of(Attachment) == 0


def test_the_tree_is_whole(app: Flask) -> None:
    with app.app_context():
        levels = dict(db.session.execute(select(Organisation.level, func.count()).group_by(Organisation.level)).all())
        assert levels == {"city": 1, "county": 12, "township": 135, "village": 6_363, "body": 571}
        depths = dict(db.session.execute(select(OrgAncestor.depth, func.count()).group_by(OrgAncestor.depth)).all())
        assert depths[0] == 7_082
        assert depths[1] == 7_081  # all but the city hang somewhere


def test_mediation_is_open_in_three_units(app: Flask) -> None:
    with app.app_context():
        newest = latest_openings()
        states = {unit.short_name: newest.get((MEDIATION, unit.id)) for unit in county_units()}
        found = {name: row.state(NOW) for name, row in states.items() if row is not None}
        assert found == {
            "东昌府区": "open",
            "茌平区": "open",
            "临清市": "open",
            "冠县": "ended",
            "高唐县": "ended",
            "经济技术开发区": "planned",
        }


def test_no_case_lies_outside_of_its_opening(app: Flask) -> None:
    with app.app_context():
        openings = {row.county_id: row for row in db.session.execute(select(Opening)).scalars()}
        for case in db.session.execute(select(Case)).scalars():
            opening = openings[case.county_id]
            assert opening.starts_at <= case.opened_at <= (opening.intake_ends_at or NOW)
            assert (case.closed_at or NOW) <= (opening.ends_at or NOW)


def test_one_unit_has_only_old_cases(app: Flask) -> None:
    with app.app_context():
        unit = next(unit for unit in county_units() if unit.short_name == "高唐县")
        cases = db.session.execute(select(Case).where(Case.county_id == unit.id)).scalars().all()
        assert len(cases) > 40
        assert {case.status for case in cases} == {"closed"}
        assert max(case.opened_at for case in cases) < NOW - timedelta(days=600)


def test_every_stage_and_every_outcome(app: Flask) -> None:
    with app.app_context():
        programme = programmes()[MEDIATION]
        stages = set(db.session.execute(select(Case.stage).where(Case.status == "open")).scalars())
        assert stages == {stage.code for stage in programme.stages}
        outcomes = set(db.session.execute(select(Case.outcome).where(Case.status == "closed")).scalars())
        assert outcomes == {outcome.code for outcome in programme.outcomes}


def test_there_is_something_to_do(app: Flask) -> None:
    with app.app_context():
        due = select(Task.due_at).where(Task.done_at.is_(None))
        days = [(at - NOW).days for at in db.session.execute(due).scalars()]
        assert sum(day < 0 for day in days) > 5
        assert sum(0 <= day <= 7 for day in days) > 5
        assert max(days) < 120
        assert min(days) > -60


def test_statistics_are_those_of_the_histories(app: Flask) -> None:
    with app.app_context():
        assert differing_cells() == {}


def test_restricted_cases_are_in_nobodys_lists(app: Flask) -> None:
    with app.app_context():
        restricted = select(Case.id).where(Case.restricted)
        n = count_of(Case, Case.restricted)
        assert n > 10
        for table in (CaseScope, CaseToken):
            assert count_of(table, table.case_id.in_(restricted)) == 0
        assert count_of(CaseAccess) == 2 * n
        parties = select(Party.id).where(Party.case_id.in_(restricted))
        links = db.session.execute(
            select(PersonScope).where(PersonScope.source == "party", PersonScope.source_id.in_(parties))
        ).scalars()
        assert {(link.org_id, link.own) for link in links} == {(None, 0)}


def test_mediation_keeps_its_own_rules(app: Flask) -> None:
    with app.app_context():
        severe = select(MediationDetail.case_id).where(MediationDetail.severe)
        assert count_of(MediationSession, MediationSession.case_id.in_(severe)) == 0
        good = select(Case.id).where(Case.outcome.in_(("10", "11", "12")))
        n = count_of(Case, Case.id.in_(good))
        in_effect = MediationAgreement.effective_on.is_not(None)
        assert count_of(MediationAgreement, MediationAgreement.case_id.in_(good), in_effect) == n
        told = select(func.count()).select_from(MediationDetail).join(Case, Case.id == MediationDetail.case_id)
        failed = told.where(Case.outcome == "20", MediationDetail.routes_told_on.is_(None))
        assert db.session.execute(failed).scalar_one() == 0


def test_histories_go_forward(app: Flask) -> None:
    with app.app_context():
        events: dict[int, list[Event]] = {}
        for event in db.session.execute(select(Event).order_by(Event.id)).scalars():
            events.setdefault(event.case_id, []).append(event)
        for case in db.session.execute(select(Case)).scalars():
            lines = events[case.id]
            assert [line.at for line in lines] == sorted(line.at for line in lines)
            assert lines[0].kind == "opened"
            assert lines[0].at == case.opened_at
            assert lines[-1].at <= (case.closed_at or NOW)
            assert (lines[-1].kind == "closed") == (case.status == "closed")
            assert lines[-1].stage == case.stage


def test_numbers_have_no_gaps(app: Flask) -> None:
    with app.app_context():
        numbers: dict[str, list[int]] = {}
        for number in db.session.execute(select(Case.number).order_by(Case.opened_at, Case.id)).scalars():
            series, n = number.rsplit("-", 1)
            numbers.setdefault(series, []).append(int(n))
        assert all(given == list(range(1, len(given) + 1)) for given in numbers.values())
        counters = db.session.execute(select(NumberCounter).where(NumberCounter.series == "case:mediation")).scalars()
        assert sorted(counter.last for counter in counters) == sorted(len(given) for given in numbers.values())


def test_no_number_is_anybodys(app: Flask) -> None:
    with app.app_context():
        found = 0
        for person in db.session.execute(select(Person)).scalars():
            number, phone = person.unseal("document_number"), person.unseal("phone")
            if number:
                found += 1
                assert number.startswith("371599")
                read = read_id_number(number, NOW.date())
                assert (read.birth_date, read.sex_code) == (person.birth_date, person.sex)
            assert not phone or re.fullmatch(r"144\d{8}", phone)
        assert PERSONS * 0.55 < found < PERSONS * 0.8


def test_everybody_is_visible_and_found(app: Flask) -> None:
    with app.app_context():
        assert count_of(Person, Person.id.not_in(select(PersonScope.person_id))) == 0
        assert count_of(Person, Person.id.not_in(select(PersonToken.person_id))) == 0


def test_accounts_and_posts(app: Flask) -> None:
    with app.app_context():
        known = db.session.execute(
            select(Grant.role, func.count())
            .join(Account, Account.id == Grant.account_id)
            .where(Account.password_hash == "known")
            .group_by(Grant.role)
        )
        assert dict(known.all()) == {role: 1 if role in {*THREE, "city_admin"} else 2 for role in ROLES}
        assert count_of(Account, Account.person_id.is_(None)) == 0
        chairs = Counter(
            db.session.execute(select(Post.org_id).where(Post.title == "主席", Post.ends_on.is_(None))).scalars()
        )
        assert set(chairs.values()) == {1}
        assert count_of(Post, Post.ends_on.is_not(None)) > 20


def test_it_is_one_entry_of_the_log_and_the_log_is_whole(app: Flask) -> None:
    with app.app_context():
        entry = db.session.execute(select(AuditEntry)).scalar_one()
        assert (entry.act, entry.actor_name) == ("demo.loaded", "演示数据")
        with snapshot(db.engine) as connection:
            assert list(verify_chains(connection, keys())) == []


def test_it_is_never_made_twice_nor_beside_real_data(app: Flask) -> None:
    with app.app_context():
        assert is_demo()
        with pytest.raises(Refused, match="正式数据"):
            require_empty()
