"""Keys are renewed while work goes on: mixed versions are read, an interruption loses nothing, what lacks is said."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from fulian.accounts.models import RecoverySlip
from fulian.app import create_app
from fulian.audit.models import AuditEntry
from fulian.audit.queries import case_history
from fulian.audit.verify import verify_chains
from fulian.cases.models import Attachment, Event
from fulian.cases.queries.lists import CaseFilter, case_rows
from fulian.cases.queries.search import case_tokens
from fulian.cases.service import NewParty, OpenCase, add_note, open_case
from fulian.cases.service.files import attach_file, file_path, find_file, read_file
from fulian.db import Base, db, transact
from fulian.errors import StartRefused
from fulian.jobs import renewal
from fulian.jobs.models import Job
from fulian.jobs.presence import Presence
from fulian.jobs.service import claim_job, run_step
from fulian.jobs.worker import work_once
from fulian.people.models import Person
from fulian.people.queries import find_person, search_people
from fulian.people.service import PersonData, find_known, register_person
from fulian.sealing import renewal as sealing_renewal
from fulian.sealing.cipher import SealBroken
from fulian.sealing.cli import keys as commands
from fulian.sealing.columns import Sealed, blind_index, index_versions
from fulian.sealing.disk import write_private
from fulian.sealing.keys import KEY_FILE, create_keys, init_keys, keys, load_keys
from fulian.sealing.marks import confirm_keys
from fulian.sealing.renewal import sealed_columns, versions_in_use
from fulian.testing.plugin import Content
from fulian.testing.world import CITY_UNIT, LIUYUAN, NOW, PASSWORD, PEACEFUL, WORLD, actor

PEOPLE = 7
PARTY = "13700001234"  # the phone of a party
NEWCOMER = PersonData(name="新来的", phone="13911112222")
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000ffd9")
Run = Callable[..., Result]


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD


@pytest.fixture
def app_config(app_config: dict[str, Any], tmp_path: Path) -> dict[str, Any]:
    """Keys of the test's own: those of the run are everybody's."""
    folder = tmp_path / "own-keys"
    shutil.copytree(app_config["FULIAN_KEYS"], folder)
    folder.chmod(0o700)
    return {**app_config, "FULIAN_KEYS": str(folder)}


@pytest.fixture
def folder(app_config: dict[str, Any]) -> Path:
    return Path(app_config["FULIAN_KEYS"])


@pytest.fixture
def small_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps so small that a rotation of the small world has many."""
    monkeypatch.setattr(sealing_renewal, "ROWS", 2)
    monkeypatch.setattr("fulian.cases.renewal.PEOPLE", 2)
    monkeypatch.setattr("fulian.cases.renewal.FILES", 1)


@pytest.fixture
def run(app: Flask) -> Run:
    """Run `fulian keys …` on the test's installation; it must end well."""

    def invoke(*arguments: str, **options: Any) -> Result:
        result = app.test_cli_runner().invoke(commands, arguments, **options)
        assert result.exit_code == 0, result.output + repr(result.exception)
        return result

    return invoke


@pytest.fixture
def filled(app: Flask, session: Session) -> int:
    """People with phones and documents, and a case with notes and a file; returns its id."""
    transact(lambda: confirm_keys(db.session.connection(), keys(), datetime.now(UTC)))
    by = actor("mediator")
    for n in range(PEOPLE):
        known = {"phone": phone(n), "document_kind": "passport", "document_number": document_of(n)}
        transact(register_person, PersonData(name=f"王秀{'英兰芳梅芝霞敏'[n]}", **known), LIUYUAN, by)
    parties = (
        NewParty("applicant", person=PersonData(name="赵春梅", sex="2", phone=PARTY)),
        NewParty("respondent", person=PersonData(name="孙建国", sex="1"), relation="husband"),
    )
    case = transact(open_case, OpenCase("mediation", LIUYUAN, "rotation", parties, PEACEFUL), by)
    for n in range(3):
        transact(add_note, case.id, f"走访 {n}", f"见到了本人 {n}", by.now, None, by)
        transact(attach_file, case.id, f"照片{n}.jpg", JPEG + bytes([n]), f"照片 {n}", None, f"file-{n}", by)
    return case.id


def phone(n: int) -> str:
    return f"1380000551{n}"


def document_of(n: int) -> str:
    return f"E1234567{n}"


def due_now(session: Session) -> None:
    session.execute(update(Job).values(due_at=datetime.now(UTC) - timedelta(seconds=1)))
    session.commit()


def everything_is_read(case_id: int) -> None:
    """What people do all day, whichever versions their data has just now."""
    by = actor("mediator", datetime.now(UTC))
    db.session.rollback()
    for n in range(PEOPLE):
        [line] = search_people(by, phone(n), None, 10)
        assert find_person(by, line.id).unseal("phone") == phone(n)
        assert line.id in {found.id for found in search_people(by, phone(n)[-4:], None, 10)}
        assert [found.id for found in search_people(by, document_of(n), None, 10)] == [line.id]
        known = find_known(document_of(n), by)
        assert known is not None
        assert known.person_id == line.id
    assert [row.id for row in case_rows(by, CaseFilter(tokens=case_tokens(PARTY) or ()), None, 10).rows] == [case_id]
    events = db.session.execute(select(Event).where(Event.case_id == case_id)).scalars()
    assert {f"见到了本人 {n}" for n in range(3)} <= {event.unseal("text") for event in events}
    for n, file_id in enumerate(db.session.execute(select(Attachment.id).order_by(Attachment.id)).scalars()):
        assert read_file(find_file(case_id, file_id)) == JPEG + bytes([n])
    assert all(not line.broken for line in case_history(case_id))
    with db.engine.connect() as connection:
        assert list(verify_chains(connection, keys())) == []


def steps(session: Session) -> Iterator[int]:
    """Do the job step by step, each by another worker: every one before it was killed."""
    number = 1
    while True:
        session.rollback()
        job = transact(claim_job, datetime.now(UTC), number, lambda _numbers: ())
        if job is None:
            return
        position = transact(run_step, job, renewal.renew, actor("system", datetime.now(UTC)))
        yield number
        if position is None:
            return
        number += 1


@pytest.mark.usefixtures("small_steps")
def test_everything_is_read_in_the_midst_of_a_rotation(filled: int, run: Run, session: Session, folder: Path) -> None:
    everything_is_read(filled)
    assert {key.version for key in load_keys(folder)} == {1}
    output = run("rotate").output
    assert "已交给后台" in output
    due_now(session)
    done = 0
    for done in steps(session):
        if done % 4 == 1:
            everything_is_read(filled)
            transact(add_note, filled, f"再访 {done}", "又去了一次", NOW, None, actor("mediator"))
    assert done > 10
    everything_is_read(filled)

    used = versions_in_use()
    logged = session.execute(select(func.count()).where(AuditEntry.change.is_not(None))).scalar_one()
    assert 0 < used["seal", 1] < logged  # what the log holds stays as it was written
    assert used["seal", 2] > 20
    assert (used["index", 1], used["index", 2] > 20) == (0, True)
    assert used["audit", 1] > 0
    job = session.execute(select(Job)).scalar_one()
    assert (job.state, job.progress, job.error) == ("done", job.total, None)
    assert "没有解不开的" in (job.result or "")


def test_a_worker_does_it_to_the_end(filled: int, run: Run, session: Session) -> None:
    run("rotate")
    due_now(session)
    with Presence() as presence:
        work_once(CITY_UNIT, presence)
    assert session.execute(select(Job.state)).scalar_one() == "done"
    everything_is_read(filled)
    run("rotate", "--again")
    run_again = session.execute(select(Job.payload).order_by(Job.id)).scalars().all()
    assert len(set(run_again)) == 1  # no new version


def test_no_second_rotation_before_the_first_is_done(app: Flask, filled: int, run: Run, folder: Path) -> None:
    run("rotate")
    before = (folder / KEY_FILE).read_bytes()
    result = app.test_cli_runner().invoke(commands, ["rotate"])
    assert "还没有办完" in str(result.exception)
    assert (folder / KEY_FILE).read_bytes() == before


def test_a_value_that_was_changed_meanwhile_is_left_alone(filled: int, run: Run, session: Session) -> None:
    """The row is read, then an editor is faster: her value stands."""
    run("rotate")
    keys(look=True)
    person_id, old = session.execute(select(Person.id, Person.phone).order_by(Person.id).limit(1)).one()

    def renew_too_late() -> None:
        seal = sealing_renewal._again

        def slow(sealed: bytes, aad: bytes) -> bytes:
            if sealed == old:
                db.session.execute(update(Person).where(Person.phone == old).values(phone=b"\x02newer"))
            return seal(sealed, aad)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sealing_renewal, "_again", slow)
            sealing_renewal.renew_rows(Person, 0)

    transact(renew_too_late)
    assert session.execute(select(Person.phone).where(Person.id == person_id)).scalar_one() == b"\x02newer"


def test_what_does_not_open_is_passed_over_and_counted(filled: int, run: Run, session: Session) -> None:
    person_id = session.execute(select(func.min(Person.id))).scalar_one()
    session.execute(update(Person).where(Person.id == person_id).values(phone=b"\x01" + bytes(40)))
    session.commit()
    name = session.execute(select(Attachment.file).limit(1)).scalar_one()
    file_path(name).unlink()
    session.rollback()
    run("rotate")
    due_now(session)
    assert list(steps(session))
    job = session.execute(select(Job)).scalar_one()
    assert job.state == "done"
    assert "有 3 项解不开，没有动" in (job.result or "")  # the phone, the tokens made of it, the file
    assert session.execute(select(Person.phone).where(Person.id == person_id)).scalar_one() == b"\x01" + bytes(40)


def test_a_process_learns_of_new_keys_while_it_runs(
    app: Flask, app_config: dict[str, Any], filled: int, run: Run
) -> None:
    other = create_app(app_config)  # as a second process that was there before
    run("rotate")
    with app.app_context():
        assert keys(look=True).newest("seal").version == 2
        person_id = transact(register_person, NEWCOMER, LIUYUAN, actor("mediator"))
    with other.app_context():
        assert keys().newest("seal").version == 1
        assert find_person(actor("mediator"), person_id).unseal("phone") == NEWCOMER.phone
        assert keys().newest("seal").version == 2
        db.session.remove()
        db.engine.dispose()


def test_a_machine_without_the_new_keys_says_so(filled: int, run: Run, session: Session, folder: Path) -> None:
    before = (folder / KEY_FILE).read_bytes()
    run("rotate")
    write_private(folder / KEY_FILE, before, replace=True)  # the machine that the file was not copied to
    due_now(session)
    with Presence() as presence:
        work_once(CITY_UNIT, presence)
    job = session.execute(select(Job)).scalar_one()
    assert (job.state, job.error) == ("waiting", renewal.KEYS_MISSING)


def test_with_two_machines_a_key_is_everywhere_before_it_writes(filled: int, run: Run, folder: Path) -> None:
    run("rotate", "--prepare")
    assert {(key.version, key.waits) for key in load_keys(folder)} == {(1, False), (2, True)}
    assert (keys(look=True).newest("seal").version, index_versions()) == (1, [1, 2])
    everything_is_read(filled)
    elsewhere = load_keys(folder)  # the file, as it was copied
    run("rotate")
    assert {(key.version, key.waits) for key in load_keys(folder)} == {(1, False), (2, False)}
    assert keys(look=True).newest("seal").version == 2
    person = transact(register_person, NEWCOMER, LIUYUAN, actor("mediator"))
    sealed = find_person(actor("mediator"), person)
    assert (sealed.phone or b"")[0] == 2
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fulian.sealing.cipher.keys", lambda look=False: elsewhere)
        assert sealed.unseal("phone") == NEWCOMER.phone


def test_an_old_key_goes_when_nothing_needs_it(
    app: Flask, filled: int, run: Run, session: Session, folder: Path
) -> None:
    def remove(purpose: str) -> Result:
        return app.test_cli_runner().invoke(commands, ["remove", purpose, "1", "--yes"])

    assert "正在用" in str(remove("index").exception)
    run("rotate")
    due_now(session)
    assert list(steps(session))
    assert remove("index").exit_code == 0
    assert "不能移除" in str(remove("seal").exception)
    assert "不能移除" in str(remove("audit").exception)
    assert {(key.purpose, key.version) for key in load_keys(folder)} >= {("seal", 1), ("audit", 1), ("index", 2)}
    assert load_keys(folder).find("index", 1) is None
    session.rollback()
    transact(lambda: confirm_keys(db.session.connection(), load_keys(folder), datetime.now(UTC)))
    everything_is_read(filled)
    listed = run("list").output
    assert "index   第 2 版　在用" in listed
    assert "seal    第 1 版　旧" in listed


def test_a_slip_that_is_not_used_yet_keeps_its_key(app: Flask, filled: int, run: Run, session: Session) -> None:
    slip = RecoverySlip(account_id=1, code_hash=blind_index("slip", "abcd"), made_at=NOW)
    session.add(slip)
    session.commit()
    run("rotate")
    due_now(session)
    assert list(steps(session))
    session.rollback()
    assert versions_in_use()["index", 1] == 1
    session.execute(update(RecoverySlip).values(used_at=NOW))
    session.commit()
    assert versions_in_use()["index", 1] == 0


# --- what lacks is said ----------------------------------------------------------------------------------------------


def lost(app: Flask, folder: Path, version: int) -> None:
    """The installation without a version of its seal key."""
    content = json.loads((folder / KEY_FILE).read_text())
    content["keys"] = [row for row in content["keys"] if (row["purpose"], row["version"]) != ("seal", version)]
    (folder / KEY_FILE).write_text(json.dumps(content))
    with app.app_context():
        init_keys(app, load_keys(folder), folder)


def test_a_missing_version_is_said_on_the_page_and_at_the_start(
    app: Flask, app_config: dict[str, Any], filled: int, run: Run, folder: Path, session: Session
) -> None:
    run("rotate")
    person_id = session.execute(select(func.min(Person.id))).scalar_one()
    session.rollback()
    lost(app, folder, 1)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    said = page_of(create_app(app_config), f"/people/{person_id}")
    assert "密钥文件里没有第 1 版密钥" in said
    assert phone(0) not in said
    assert "缺少" in run("list").output
    with pytest.raises(StartRefused, match="第 1 版密钥"):
        transact(lambda: confirm_keys(db.session.connection(), load_keys(folder), datetime.now(UTC)))


def test_another_installations_keys_are_not_taken_while_it_runs(
    app: Flask, filled: int, folder: Path, tmp_path: Path
) -> None:
    others = create_keys(tmp_path / "others")
    shutil.copyfile(tmp_path / "others" / KEY_FILE, folder / KEY_FILE)
    assert keys(look=True).newest("seal") not in list(others)
    everything_is_read(filled)
    with pytest.raises(StartRefused, match="不是这个数据库的"):
        transact(lambda: confirm_keys(db.session.connection(), load_keys(folder), datetime.now(UTC)))


def test_a_wrong_key_is_said_and_nothing_is_shown(
    app: Flask, app_config: dict[str, Any], filled: int, tmp_path: Path
) -> None:
    create_keys(tmp_path / "others")
    other = create_app({**app_config, "FULIAN_KEYS": str(tmp_path / "others")})
    with app.app_context():
        person_id = db.session.execute(select(func.min(Person.id))).scalar_one()
        person = db.session.get_one(Person, person_id)
    with other.app_context():
        with pytest.raises(SealBroken, match="密钥不对"):
            person.unseal("phone")
        db.session.remove()
    said = page_of(other, f"/people/{person_id}")
    assert "这项内容解不开，没有显示" in said


def page_of(app: Flask, address: str) -> str:
    """What a mediator's browser shows; the error page where the view raised."""
    app.config["PROPAGATE_EXCEPTIONS"] = False
    client = app.test_client()
    token = client.get("/login").text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]
    client.post("/login", data={"csrf_token": token, "username": "mediator", "password": PASSWORD})
    answer = client.get(address)
    assert answer.status_code == 500
    with app.app_context():
        db.engine.dispose()
    return answer.text


# --- what is sealed --------------------------------------------------------------------------------------------------

SEALED: Mapping[str, set[str]] = {
    "audit_entry": {"change"},
    "authenticator": {"secret"},
    "event": {"text"},
    "mediation_agreement": {"facts", "disputed"},
    "mediation_clause": {"text"},
    "mediation_session": {"content"},
    "person": {"document_number", "phone", "phone_note", "address", "registered_address", "note"},
}


def test_every_sealed_column_is_known(app: Flask) -> None:
    """Written by hand: whoever seals a new column looks here, and whoever leaves one out of a rotation too."""
    classes = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Sealed)]
    found = {each.__tablename__: {column.name for column in sealed_columns(each)} for each in classes}
    assert {name: found.get(name) for name in SEALED} == SEALED
