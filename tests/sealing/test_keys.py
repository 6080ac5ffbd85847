"""Keys are made once, kept closely, and a wrong or lost one is said plainly."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from fulian.errors import StartRefused
from fulian.sealing.cipher import SealBroken, seal, unseal
from fulian.sealing.keys import KEY_BYTES, Key, Keyring, create_keys, init_keys, load_keys
from fulian.sealing.marks import confirm_keys
from fulian.sealing.models import KeyMark
from fulian.testing.databases import Database

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_new_keys_are_private_and_read_back(tmp_path: Path) -> None:
    made = create_keys(tmp_path / "keys")
    read = load_keys(tmp_path / "keys")
    assert sorted(read, key=lambda key: key.purpose) == sorted(made, key=lambda key: key.purpose)
    assert {key.purpose: len(key.material) for key in read} == KEY_BYTES
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "keys").iterdir()] == [0o600]


def test_a_key_file_is_never_overwritten(tmp_path: Path) -> None:
    create_keys(tmp_path)
    before = (tmp_path / "keys.json").read_bytes()
    with pytest.raises(StartRefused, match="没有改动"):
        create_keys(tmp_path)
    assert (tmp_path / "keys.json").read_bytes() == before


def test_of_two_that_start_together_one_makes_the_keys(tmp_path: Path) -> None:
    def start(_number: int) -> str:
        try:
            create_keys(tmp_path)
        except StartRefused:
            return "refused"
        return "made"

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(start, range(8))) == ["made"] + ["refused"] * 7
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StartRefused, match=r"找不到密钥文件.*fulian keys create"):
        load_keys(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    create_keys(tmp_path / "keys")
    (tmp_path / "keys" / "keys.json").chmod(mode)
    with pytest.raises(StartRefused, match="chmod 600"):
        load_keys(tmp_path / "keys")


def test_a_folder_that_others_can_enter_is_refused(tmp_path: Path) -> None:
    create_keys(tmp_path / "keys")
    (tmp_path / "keys").chmod(0o711)
    with pytest.raises(StartRefused, match="chmod 700"):
        load_keys(tmp_path / "keys")


def test_production_refuses_keys_beside_the_data(tmp_path: Path) -> None:
    create_keys(tmp_path / "instance" / "keys")
    create_keys(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(tmp_path / "instance" / "keys")
    instance = tmp_path / "instance"
    load_keys(instance / "keys", instance=instance)
    load_keys(tmp_path / "elsewhere", instance=instance, production=True)
    for folder in (instance / "keys", tmp_path / "link"):
        with pytest.raises(StartRefused, match="不能和数据放在一起"):
            load_keys(folder, instance=instance, production=True)


def _damage(content: dict[str, list[dict[str, object]]], how: str) -> str:
    first = content["keys"][0]
    match how:
        case "a digit":
            first["key"] = ("1" if str(first["key"])[0] == "0" else "0") + str(first["key"])[1:]
        case "a purpose gone":
            del content["keys"][0]
        case "cut off":
            return json.dumps(content)[:-30]
        case "version 0":
            first["version"] = 0
    return json.dumps(content)


@pytest.mark.parametrize("how", ["a digit", "a purpose gone", "cut off", "version 0"])
def test_a_damaged_file_is_refused(tmp_path: Path, how: str) -> None:
    create_keys(tmp_path)
    path = tmp_path / "keys.json"
    path.write_text(_damage(json.loads(path.read_text()), how))
    with pytest.raises(StartRefused, match="已损坏"):
        load_keys(tmp_path)


def test_keys_do_not_show_themselves(keyring: Keyring) -> None:
    for key in keyring:
        assert key.material.hex() not in repr(key)
        assert repr(key.material) not in repr(key)


def test_older_versions_read_and_the_newest_writes(with_keys: Flask, keyring: Keyring) -> None:
    old = seal("旧".encode(), b"place")
    newer = Keyring([*keyring, Key("seal", 2, bytes(16))])
    init_keys(with_keys, newer)
    assert (old[0], seal(b"new", b"place")[0]) == (1, 2)
    assert unseal(old, b"place").decode() == "旧"
    init_keys(with_keys, Keyring(key for key in newer if key.purpose != "seal" or key.version == 2))
    with pytest.raises(SealBroken, match="没有第 1 版密钥"):
        unseal(old, b"place")


def test_a_database_knows_its_keys(database: Database, keyring: Keyring, tmp_path: Path) -> None:
    with database.engine() as engine, engine.connect() as connection:
        confirm_keys(connection, keyring, NOW)
        confirm_keys(connection, keyring, NOW)
        marks = connection.execute(KeyMark.__table__.select()).all()
        assert {mark.purpose for mark in marks} == set(KEY_BYTES)
        assert not any(key.material in mark.mark for mark in marks for key in keyring)
        with pytest.raises(StartRefused, match="不是这个数据库的"):
            confirm_keys(connection, create_keys(tmp_path / "other"), NOW)
        confirm_keys(connection, Keyring([*keyring, Key("seal", 2, bytes(16))]), NOW)
        with pytest.raises(StartRefused, match=r"密钥不全.*第 2 版"):
            confirm_keys(connection, keyring, NOW)
