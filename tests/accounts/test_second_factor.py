"""The second factor: what a code is, that it works once, that wrong ones lock, and who must have an authenticator."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
import segno
import time_machine
from flask import Flask
from markupsafe import escape
from pyotp import TOTP
from sqlalchemy import select, update

from fulian.accounts.cli import accounts
from fulian.accounts.log_in import TRIES, begin_attempt
from fulian.accounts.models import Account, Authenticator, RecoverySlip, Session
from fulian.accounts.passwords import ONE_TIME_DAYS, hash_password
from fulian.accounts.requests import Asked, ask_request, confirm_request
from fulian.accounts.second_factor import (
    NewDevice,
    accept_code,
    device_address,
    draw_slips,
    fitting_step,
    fold_code,
    offer_secret,
    offered_secret,
    set_device,
    set_rule,
)
from fulian.accounts.sessions import begin_session
from fulian.audit.actor import Actor
from fulian.db import db, transact
from fulian.testing.world import ACCOUNTS, CITY_UNIT, PASSWORD, actor
from tests.accounts.conftest import Browser, entries

Open = Callable[..., Browser]
MORNING = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SLIPS = ("k7m4-9wrb-h2x3", *(f"{n}bcd-fghj-kmnp" for n in range(2, 10)), "zzzz-zzzz-zzzz")
WRONG = "验证码不对。还可以再试 4 次"


@pytest.fixture
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(MORNING, tick=False) as traveller:
        yield traveller


@pytest.fixture
def guarded(app: Flask, clock: time_machine.Coordinates) -> Flask:
    """The county admin has an authenticator with SECRET and SLIPS."""
    with app.app_context():
        give(app, "admin")
    return app


def give(app: Flask, username: str, step: int = 0) -> None:
    by = actor(username, datetime.now(UTC))
    attempt = transact(begin_attempt, username, by)
    transact(set_device, attempt, "", NewDevice(SECRET, step, SLIPS), by, "")
    db.session.remove()


def code(offset: int = 0) -> str:
    return TOTP(SECRET).at(datetime.now(UTC), counter_offset=offset)


def require(app: Flask) -> None:
    with app.app_context():
        transact(set_rule, True, "测试", actor("system"))
        db.session.remove()


def half(browse: Open, username: str = "admin", **where: str) -> Browser:
    """A browser whose password was right."""
    person = browse(**where)
    answer = person.log_in(username)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login/code")
    person.get("/login/code")
    return person


def text_of(answer: object) -> str:
    return str(answer.get_data(as_text=True))  # type: ignore[attr-defined]


# --- codes -----------------------------------------------------------------------------------------------------------


def test_the_vectors_of_the_standard() -> None:
    """RFC 6238, appendix B (SHA-1), the last six digits of each."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    vectors = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
    for second, wanted in vectors.items():
        assert fitting_step(secret, wanted, datetime.fromtimestamp(second, UTC)) == second // 30


@pytest.mark.parametrize(("offset", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_phone_may_be_one_step_off(clock: object, offset: int, fits: bool) -> None:
    step = fitting_step(SECRET, code(offset), datetime.now(UTC))
    assert (step is not None) is fits


@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345", "1e5", "²³⁴⁵⁶⁷x"])
def test_what_is_no_code_fits_none(typed: str) -> None:
    assert fitting_step(SECRET, typed, MORNING) is None


def test_a_code_is_taken_however_it_is_typed() -> None:
    assert fold_code(" １２３ ４５６ ") == "123456"
    assert fold_code("K7M4－9wrb h2x3") == "k7m49wrbh2x3"


def test_slips_differ_and_are_hard_to_guess() -> None:
    drawn = draw_slips()
    assert len(set(drawn)) == 10
    assert all(re.fullmatch(r"([b-df-hj-km-np-tv-xz2-9]{4}-){2}[b-df-hj-km-np-tv-xz2-9]{4}", slip) for slip in drawn)


# --- logging in ------------------------------------------------------------------------------------------------------


def test_the_password_alone_lets_nobody_in(guarded: Flask, browse: Open) -> None:
    person = half(browse)
    assert person.get("/account").status_code == 302
    assert person.get("/cases/").status_code == 302
    with guarded.app_context():
        assert (
            db.session.execute(select(Session).where(Session.ended_at.is_(None), Session.agent != "")).first() is None
        )


def test_with_a_code_she_is_in(guarded: Flask, browse: Open) -> None:
    person = half(browse)
    answer = person.post("/login/code", code=code())
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert person.get("/account").status_code == 200
    assert entries(guarded)[-2:] == [("login.password_fits", "done"), ("login.done", "done")]
    assert person.get("/login/code").headers["Location"] == "/"


def test_it_goes_on_to_the_page_that_was_wanted(guarded: Flask, browse: Open) -> None:
    person = browse()
    person.get("/login?next=/cases/")
    asked = person.post("/login?next=/cases/", username="admin", password=PASSWORD)
    assert asked.headers["Location"] == "/login/code?next=/cases/"
    person.get(asked.headers["Location"])
    assert person.post("/login/code?next=/cases/", code=code()).headers["Location"] == "/cases/"


def test_without_a_password_there_is_no_second_step(guarded: Flask, browse: Open) -> None:
    person = browse()
    assert person.get("/login/code").headers["Location"] == "/login"
    assert person.post("/login/code", code=code()).headers["Location"] == "/login"


def test_the_second_step_waits_ten_minutes(guarded: Flask, browse: Open, clock: time_machine.Coordinates) -> None:
    person = half(browse)
    clock.shift(timedelta(minutes=10, seconds=1))
    assert person.post("/login/code", code=code()).headers["Location"] == "/login"


def test_a_password_changed_meanwhile_needs_the_new_one(guarded: Flask, browse: Open) -> None:
    person = half(browse)
    with guarded.app_context():
        transact(lambda: db.session.execute(update(Account).where(Account.id == 7).values(password_hash="x")))
        db.session.remove()
    answer = person.post("/login/code", code=code())
    assert answer.status_code == 422
    assert "密码刚刚改过" in text_of(answer)


def test_disabled_meanwhile_is_not_let_in(guarded: Flask, browse: Open) -> None:
    person = half(browse)
    with guarded.app_context():
        transact(lambda: db.session.execute(update(Account).where(Account.id == 7).values(status="disabled")))
        db.session.remove()
    answer = person.post("/login/code", code=code())
    assert answer.status_code == 422
    assert "这个账号已经停用" in text_of(answer)


# --- once ------------------------------------------------------------------------------------------------------------


def test_a_code_works_once_and_no_earlier_one_after_it(
    guarded: Flask, browse: Open, clock: time_machine.Coordinates
) -> None:
    used, earlier = code(), code(-1)
    assert half(browse).post("/login/code", code=used).status_code == 302
    for late in (used, earlier):
        answer = half(browse).post("/login/code", code=late)
        assert answer.status_code == 422
        assert "验证码不对" in text_of(answer)
    clock.shift(timedelta(seconds=30))
    assert half(browse).post("/login/code", code=code()).status_code == 302


def test_the_code_that_set_the_device_does_not_log_in(app: Flask, browse: Open, clock: object) -> None:
    with app.app_context():
        give(app, "admin", step=TOTP(SECRET).timecode(datetime.now(UTC)))
    assert half(browse).post("/login/code", code=code()).status_code == 422
    assert half(browse).post("/login/code", code=code(1)).status_code == 302


@pytest.mark.parametrize("means", ["code", "slip"])
def test_sent_eight_times_at_once_it_lets_in_once(guarded: Flask, means: str) -> None:
    """Past the counting of tries, so that only the row itself can say whether it was used."""
    typed = code() if means == "code" else SLIPS[0]
    by = Actor(None, "未登录", CITY_UNIT, datetime.now(UTC), "192.0.2.7")

    def enter(attempt: object) -> bool:
        with guarded.app_context():
            token = transact(accept_code, attempt, typed, by, "")  # type: ignore[arg-type]
            db.session.remove()
            return token is not None

    with guarded.app_context():
        attempt = transact(begin_attempt, "admin", by)
        db.session.remove()
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(enter, [attempt] * 8)) == 1


def test_a_slip_lets_in_once_and_is_on_the_log(guarded: Flask, browse: Open) -> None:
    assert half(browse).post("/login/code", code=SLIPS[0].upper().replace("-", " ")).status_code == 302
    with guarded.app_context():
        used = db.session.execute(select(RecoverySlip.used_at).where(RecoverySlip.used_at.is_not(None))).scalars().all()
    assert used == [MORNING]
    assert entries(guarded)[-1] == ("login.by_slip", "done")
    again = half(browse).post("/login/code", code=SLIPS[0])
    assert again.status_code == 422
    assert half(browse).post("/login/code", code=SLIPS[1]).status_code == 302


def test_nobody_elses_slip_or_code_lets_in(guarded: Flask, browse: Open) -> None:
    with guarded.app_context():
        by = actor("city", MORNING)
        other = NewDevice("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", 0, ("3333-4444-5555",))
        transact(set_device, transact(begin_attempt, "city", by), "", other, by, "")
        db.session.remove()
    person = half(browse)
    for typed in ("3333-4444-5555", TOTP(other.secret).at(MORNING)):
        assert person.post("/login/code", code=typed).status_code == 422


# --- wrong ones ------------------------------------------------------------------------------------------------------


def test_wrong_codes_count_like_wrong_passwords(guarded: Flask, browse: Open) -> None:
    person = half(browse)
    answers = [person.post("/login/code", code="000000") for _ in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 4 + [429] * 2
    assert WRONG in text_of(answers[0])
    assert person.post("/login/code", code=code()).status_code == 429  # the right one does not help
    assert browse().log_in("admin").status_code == 429
    assert entries(guarded).count(("login.locked", "refused")) == 1


def test_the_right_password_again_gives_no_new_tries(guarded: Flask, browse: Open) -> None:
    codes = [half(browse).post("/login/code", code="000000").status_code for _ in range(TRIES)]
    assert codes == [422] * 4 + [429]
    assert browse().log_in("admin").status_code == 429


@pytest.mark.parametrize("typed", ["000000", "bbbb-bbbb-bbbb", "x"])
def test_every_wrong_code_meets_the_same_words(guarded: Flask, browse: Open, typed: str) -> None:
    assert WRONG in text_of(half(browse).post("/login/code", code=typed))


def test_an_empty_code_is_asked_for(guarded: Flask, browse: Open) -> None:
    answer = half(browse).post("/login/code", code=" ")
    assert answer.status_code == 422
    assert "请填写验证码" in text_of(answer)


def test_a_wrong_password_says_the_same_with_and_without_a_device(guarded: Flask, browse: Open) -> None:
    answers = [
        browse(address=f"192.0.2.{n}").log_in(name, "not-hers") for n, name in enumerate(("admin", "city", "nobody"))
    ]
    said = [re.sub(r'(value|content)="[^"]*"', "", text_of(answer)) for answer in answers]
    assert said[0] == said[1] == said[2]


# --- who must --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("username", ["mediator", "lead", "township", "admin", "city", "system", "security", "audit"])
def test_leads_and_admins_set_one_before_anything_else(app: Flask, browse: Open, username: str) -> None:
    require(app)
    person = browse(username)
    must = username != "mediator"
    for page in ("/", "/orgs/"):
        answer = person.get(page)
        assert (answer.status_code, answer.headers.get("Location")) == (
            (302, "/account/device") if must else (200, None)
        )
    assert person.get("/orgs/", headers={"HX-Request": "true"}).status_code == (403 if must else 200)
    assert ("设好验证器以后才能办事" in text_of(person.get("/account/device"))) is must


def test_without_a_rule_they_must(app: Flask, browse: Open) -> None:
    with app.app_context():
        transact(lambda: db.session.execute(db.text("DELETE FROM second_factor_rule")))
        db.session.remove()
    assert browse("admin").get("/orgs/").headers["Location"] == "/account/device"


def test_with_several_roles_the_highest_counts(app: Flask, browse: Open) -> None:
    require(app)
    assert browse("several").get("/orgs/").headers["Location"] == "/account/device"


def test_first_the_password_then_the_device(app: Flask, browse: Open) -> None:
    require(app)
    with app.app_context():
        transact(lambda: db.session.execute(update(Account).where(Account.id == 7).values(must_change=True)))
        db.session.remove()
    person = browse("admin")
    assert person.get("/").headers["Location"] == "/account/password"
    person.get("/account/password")
    new = "Xin-de-mima-9"
    assert person.post("/account/password", present=PASSWORD, password=new, again=new).status_code == 302
    assert person.get("/").headers["Location"] == "/account/device"
    assert enrol(person, password=new)[0].status_code == 200
    assert person.get("/").status_code == 200


def test_the_command_says_whether_they_must(app: Flask, browse: Open) -> None:
    person = browse("admin")
    run = app.test_cli_runner()
    result = run.invoke(accounts, ["second-factor", "required", "--reason", "市妇联要求"])
    assert (result.exit_code, "必须用验证器" in result.output) == (0, True)
    assert person.get("/orgs/").status_code == 302
    assert run.invoke(accounts, ["second-factor", "optional", "--reason", "手机未到"]).exit_code == 0
    assert person.get("/orgs/").status_code == 200
    assert entries(app)[-2:] == [("second_factor.ruled", "done")] * 2


# --- setting one -----------------------------------------------------------------------------------------------------


def secret_on(answer: object) -> str:
    found = re.search(r"<code[^>]*>([A-Z2-7 ]+)</code>", text_of(answer))
    assert found, text_of(answer)
    return found[1].replace(" ", "")


def offer_on(answer: object) -> str:
    found = re.search(r'name="offer"[^>]* value="([^"]+)"', text_of(answer))
    assert found, text_of(answer)
    return found[1]


def enrol(person: Browser, password: str = PASSWORD, proof: str = "", **changed: str) -> tuple[object, str]:
    """Set a device as its page says; the answer and the secret."""
    page = person.get("/account/device")
    secret = secret_on(page)
    fields = {"offer": offer_on(page), "new_code": TOTP(secret).at(datetime.now(UTC)), "present": password}
    return person.post("/account/device", **{**fields, "code": proof, **changed}), secret


def slips_on(answer: object) -> list[str]:
    return re.findall(r'<li class="mask">([^<]+)</li>', text_of(answer))


def test_a_caseworker_may_have_one(app: Flask, browse: Open, clock: time_machine.Coordinates) -> None:
    here, there = browse("mediator"), browse("mediator")
    answer, secret = enrol(here)
    assert answer.status_code == 200  # type: ignore[attr-defined]
    assert answer.headers["Cache-Control"] == "no-store"  # type: ignore[attr-defined]
    assert len(slips_on(answer)) == 10
    assert here.get("/account").status_code == 200  # she goes on
    assert there.get("/account").status_code == 302  # whoever else was in is out
    assert entries(app)[-1] == ("account.device_set", "done")
    clock.shift(timedelta(seconds=30))
    person = half(browse, "mediator")
    assert person.post("/login/code", code=TOTP(secret).at(datetime.now(UTC))).status_code == 302


def test_the_page_draws_what_it_offers(app: Flask, browse: Open) -> None:
    page = browse("mediator").get("/account/device")
    with app.app_context():
        secret = offered_secret(offer_on(page), ACCOUNTS["mediator"][0])
    assert secret == secret_on(page)
    drawn = segno.make(device_address(secret, "mediator")).svg_data_uri(border=4)
    assert f'<img src="{escape(drawn)}"' in text_of(page)
    assert f"secret={secret}" in device_address(secret, "mediator")


def test_an_offer_is_good_for_its_own_account_only(within: Flask) -> None:
    offer = offer_secret(1)
    assert offered_secret(offer, 1)
    assert offered_secret(offer, 2) is None
    for bent in ("", "x", "!", offer[:-4], "Z" + offer[1:], "é"):
        assert offered_secret(bent, 1) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"new_code": "000000"}, "新验证码不对"),
        ({"present": "not-hers"}, "现在的密码不对。还可以再试 4 次"),
        ({"new_code": "", "present": ""}, "请填写新验证码"),
    ],
)
def test_what_is_wrong_is_said_and_the_picture_stays(
    app: Flask, browse: Open, clock: object, changed: dict[str, str], said: str
) -> None:
    person = browse("mediator")
    answer, secret = enrol(person, **changed)
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert said in text_of(answer)
    assert secret_on(answer) == secret  # the phone has it already
    with app.app_context():
        assert db.session.execute(select(Authenticator)).first() is None


def test_another_device_asks_for_a_code_of_the_present_one_or_a_slip(
    guarded: Flask, browse: Open, clock: time_machine.Coordinates
) -> None:
    person = half(browse)
    person.post("/login/code", code=code())
    for wrong in ("", "000000", code()):  # the last one was used at log-in
        answer, _ = enrol(person, proof=wrong)
        assert answer.status_code == 422  # type: ignore[attr-defined]
        assert "现在的验证码不对" in text_of(answer)
    answer, secret = enrol(person, proof=SLIPS[3])
    assert answer.status_code == 200  # type: ignore[attr-defined]
    clock.shift(timedelta(minutes=1))
    assert half(browse).post("/login/code", code=code()).status_code == 422  # the old phone
    assert half(browse).post("/login/code", code=SLIPS[4]).status_code == 422  # the old slips
    assert half(browse).post("/login/code", code=TOTP(secret).at(datetime.now(UTC))).status_code == 302


def test_trying_in_a_session_locks_as_at_log_in(guarded: Flask, browse: Open) -> None:
    person = half(browse)
    person.post("/login/code", code=code())
    codes = [enrol(person, proof="000000")[0].status_code for _ in range(6)]  # type: ignore[attr-defined]
    assert codes == [422] * 4 + [429] * 2


def test_new_slips_take_the_place_of_the_old(guarded: Flask, browse: Open) -> None:
    person = half(browse)
    person.post("/login/code", code=code())
    assert "还有 10 个没有用" in text_of(person.get("/account"))
    person.get("/account/slips")
    assert person.post("/account/slips", present=PASSWORD, code=code()).status_code == 422
    answer = person.post("/account/slips", present=PASSWORD, code=SLIPS[0])
    new = slips_on(answer)
    assert (answer.status_code, len(new)) == (200, 10)
    assert entries(guarded)[-1] == ("account.slips_renewed", "done")
    assert half(browse).post("/login/code", code=SLIPS[1]).status_code == 422
    assert half(browse).post("/login/code", code=new[0]).status_code == 302


def test_who_has_none_has_no_slips(browse: Open) -> None:
    assert browse("mediator").get("/account/slips").headers["Location"] == "/account/device"


def test_secret_and_slips_are_not_kept_in_the_clear(guarded: Flask) -> None:
    with guarded.app_context():
        device = db.session.execute(select(Authenticator)).scalar_one()
        assert SECRET.encode() not in device.secret
        assert device.unseal("secret") == SECRET
        kept = db.session.execute(select(RecoverySlip.code_hash)).scalars().all()
    assert len(set(kept)) == 10
    assert not {fold_code(slip).encode() for slip in SLIPS} & set(kept)


# --- one-time passwords ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("days", "status"), [(ONE_TIME_DAYS - 1, 302), (ONE_TIME_DAYS + 1, 422)])
def test_a_one_time_password_runs_out(app: Flask, browse: Open, days: int, status: int) -> None:
    given = datetime.now(UTC) - timedelta(days=days)
    with app.app_context():
        values = {"must_change": True, "password_at": given}
        transact(lambda: db.session.execute(update(Account).where(Account.id == 1).values(**values)))
        db.session.remove()
    answer = browse().log_in("mediator")
    assert answer.status_code == status
    assert ("一次性密码过了 7 天" in text_of(answer)) is (status == 422)


# --- a phone that is lost --------------------------------------------------------------------------------------------

SLIP = re.compile(r"<dt>一次性密码</dt><dd class=\"mask\">([^<]+)</dd>")


def recover(browse: Open, account_id: int = 7) -> str:
    """The system administrator asks, the security administrator confirms: the one-time password on the slip."""
    system, security = browse("system"), browse("security")
    assert "申请重办验证器" in text_of(system.get(f"/accounts/{account_id}"))
    system.get(f"/accounts/{account_id}/requests/reset_device")
    asked = system.post(f"/accounts/{account_id}/requests/reset_device", reason="手机丢了，本人到场核对")
    assert asked.status_code == 302
    security.get(asked.headers["Location"])
    slip = security.post(asked.headers["Location"] + "/confirm")
    assert slip.headers["Cache-Control"] == "no-store"
    assert "7 天内有效" in text_of(slip)
    found = SLIP.search(text_of(slip))
    assert found, text_of(slip)
    return found[1]


def test_a_lost_phone_is_got_over_by_two_administrators(guarded: Flask, browse: Open) -> None:
    require(guarded)
    person = half(browse)
    person.post("/login/code", code=code())
    with guarded.app_context():  # the three have theirs on another day
        transact(set_rule, False, "测试", actor("system"))
        db.session.remove()
    one_time = recover(browse)
    assert person.get("/account").status_code == 302  # out within one request
    assert browse().log_in("admin").status_code == 422  # the old password
    with guarded.app_context():
        assert db.session.execute(select(Authenticator)).first() is None
        assert db.session.execute(select(RecoverySlip)).first() is None
    require(guarded)

    person = browse()
    assert person.log_in("admin", one_time).headers["Location"] == "/"
    assert person.get("/").headers["Location"] == "/account/password"
    person.get("/account/password")
    new = "Xin-de-mima-9"
    answer = person.post("/account/password", present=one_time, password=new, again=new)
    told = text_of(person.get(answer.headers["Location"]))
    assert "重办验证器" in told
    assert "周立 申请，吴静 确认 · 手机丢了，本人到场核对" in told
    assert person.get("/").headers["Location"] == "/account/device"
    assert ("account.device_reset", "done") in entries(guarded)


def test_after_a_reset_nobody_is_in_under_fifty_parallel_requests(guarded: Flask) -> None:
    """Whatever began after the reset was done is answered 302; nothing slips through beside it."""
    with guarded.app_context():
        token = transact(begin_session, 7, actor("admin", MORNING), "")
        request_id = transact(ask_request, Asked("reset_device", "手机丢了", 7), actor("system", MORNING))
        db.session.remove()
    done = Event()

    def ask(n: int) -> tuple[bool, int]:
        client = guarded.test_client()
        with client.session_transaction() as cookie:
            cookie["token"] = token
        if n == 10:
            with guarded.app_context():
                transact(confirm_request, request_id, "new-hash", actor("security", MORNING))
                db.session.remove()
            done.set()
        after = done.is_set()
        return after, client.get("/account").status_code

    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(ask, range(100)))
    assert {code for _, code in answers} <= {200, 302}
    assert {code for after, code in answers if after} == {302}
    assert any(after for after, _ in answers)


def test_a_forgotten_password_leaves_the_phone(guarded: Flask, browse: Open) -> None:
    with guarded.app_context():
        request_id = transact(ask_request, Asked("reset_password", "忘记密码", 7), actor("system"))
        transact(confirm_request, request_id, hash_password("kTm4-9wRb-hQ3x"), actor("security"))
        db.session.remove()
    person = browse()
    assert person.log_in("admin", "kTm4-9wRb-hQ3x").headers["Location"] == "/login/code"
    person.get("/login/code")
    assert person.post("/login/code", code=code()).status_code == 302


def test_one_administrator_alone_resets_nothing(guarded: Flask, browse: Open) -> None:
    system = browse("system")
    system.get("/accounts/7/requests/reset_device")
    asked = system.post("/accounts/7/requests/reset_device", reason="手机丢了").headers["Location"]
    assert "要由另一位管理员确认" in text_of(system.post(asked + "/confirm"))
    with guarded.app_context():
        assert db.session.execute(select(Authenticator.account_id)).scalar_one() == 7


def test_who_has_no_phone_needs_none_reset(browse: Open) -> None:
    system = browse("system")
    assert "申请重办验证器" not in text_of(system.get("/accounts/1"))
    system.get("/accounts/1/requests/reset_device")
    assert "没有验证器" in text_of(system.post("/accounts/1/requests/reset_device", reason="手机丢了"))
