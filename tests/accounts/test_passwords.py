"""Passwords: argon2id, the same work for nobody, rules, one-time passwords."""

from __future__ import annotations

import time

import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.low_level import Type

from fulian.accounts import passwords
from fulian.accounts.passwords import NOBODY, check_password, hash_password, one_time_password, password_fits
from fulian.errors import Refused


def test_argon2id_as_rfc_9106_recommends() -> None:
    parameters = extract_parameters(hash_password("Shui-cheng-2026"))
    assert parameters.type is Type.ID
    assert (parameters.memory_cost, parameters.time_cost, parameters.parallelism) == (64 * 1024, 3, 4)


def test_nobody_has_a_hash_of_the_same_cost() -> None:
    assert extract_parameters(NOBODY) == extract_parameters(hash_password("x"))


def test_nobody_takes_as_long_as_somebody() -> None:
    known = hash_password("Shui-cheng-2026")

    def seconds(password_hash: str | None) -> float:
        started = time.process_time()
        assert not password_fits(password_hash, "wrong password")
        return time.process_time() - started

    pairs = [(seconds(known), seconds(None)) for _ in range(5)]
    ratio = min(nobody for _, nobody in pairs) / min(somebody for somebody, _ in pairs)
    assert 0.7 < ratio < 1.4


def test_nobody_never_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(1, 8, 1))
    monkeypatch.setattr(passwords, "NOBODY", hash_password("guessed"))
    assert not password_fits(None, "guessed")


def test_a_broken_hash_fits_nothing() -> None:
    assert not password_fits("-", "anything")


def test_both_keyboards_type_the_same_password() -> None:
    assert password_fits(hash_password("Shui-cheng-2026"), "Ｓｈｕｉ－ｃｈｅｎｇ－２０２６")


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("Abc-123", "至少 10 位，现在是 7 位"),
        ("abcdefghijkl", "至少要有三种"),
        ("abcdefgh1234", "至少要有三种"),
        ("X-lixiuying-9", "不能含账号名"),
        ("X-LiXiuYing-9", "不能含账号名"),
    ],
)
def test_a_weak_password_is_refused_in_words(password: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        check_password(password, "lixiuying")
    assert refused.value.field == "password"


@pytest.mark.parametrize("password", ["Shuicheng2026", "水城家和之约-2026a", "abc-def-123"])
def test_a_good_password_passes(password: str) -> None:
    check_password(password, "lixiuying")


def test_a_one_time_password_keeps_the_rules_and_never_comes_twice() -> None:
    drawn = {one_time_password() for _ in range(200)}
    assert len(drawn) == 200
    for password in drawn:
        check_password(password, "lixiuying")
        assert not set(password) & set("0O1lI")
