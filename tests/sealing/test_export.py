"""The keys in a file under a passphrase, and back; the commands around them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from fulian import app as application
from fulian.errors import Refused, StartRefused
from fulian.sealing import export
from fulian.sealing.cli import keys as commands
from fulian.sealing.export import export_keys, import_keys
from fulian.sealing.keys import KEY_FILE, Key, Keyring, create_keys, load_keys
from fulian.sealing.rotation import with_new_keys, with_next_keys, without_key

PASSPHRASE = "东昌湖边的老槐树开花了吗"


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real cost is half a second for each try."""
    monkeypatch.setattr(export, "COST", {"n": 2**4, "r": 8, "p": 1})


def same(one: Keyring, other: Keyring) -> bool:
    return sorted(one, key=repr) == sorted(other, key=repr)


def test_what_was_exported_is_read_back(keyring: Keyring, tmp_path: Path) -> None:
    rotated = with_next_keys(with_new_keys(keyring))
    path = tmp_path / "keys.export"
    export_keys(rotated, path, PASSPHRASE)
    assert path.stat().st_mode & 0o777 == 0o600
    assert not any(key.material.hex() in path.read_text() for key in rotated)
    assert same(import_keys(path, PASSPHRASE), rotated)


def test_an_export_is_never_overwritten(keyring: Keyring, tmp_path: Path) -> None:
    path = tmp_path / "keys.export"
    path.write_text("something else")
    with pytest.raises(Refused, match="已经有了"):
        export_keys(keyring, path, PASSPHRASE)
    assert path.read_text() == "something else"


def test_a_short_passphrase_is_refused(keyring: Keyring, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="至少要 12 个字"):
        export_keys(keyring, tmp_path / "keys.export", "too short")


def test_a_wrong_passphrase_is_said(keyring: Keyring, tmp_path: Path) -> None:
    export_keys(keyring, tmp_path / "keys.export", PASSPHRASE)
    with pytest.raises(StartRefused, match="口令不对"):
        import_keys(tmp_path / "keys.export", PASSPHRASE + "？")


@pytest.mark.parametrize("field", ["format", "n", "r", "p", "salt", "nonce", "sealed"])
def test_an_export_that_was_changed_is_refused(keyring: Keyring, tmp_path: Path, field: str) -> None:
    path = tmp_path / "keys.export"
    export_keys(keyring, path, PASSPHRASE)
    content = json.loads(path.read_text())
    value = content[field]
    content[field] = value * 2 if isinstance(value, int) else ("0" if value[0] != "0" else "1") + value[1:]
    path.write_text(json.dumps(content))
    with pytest.raises(StartRefused, match="什么也没有改动"):
        import_keys(path, PASSPHRASE)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": "fulian keys 1"}'])
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "other").write_text(text)
    with pytest.raises(StartRefused, match="打不开"):
        import_keys(tmp_path / "other", PASSPHRASE)


# --- commands --------------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of an installation that has nothing yet."""
    for name in ("FULIAN_DATABASE_URL", "FULIAN_OWNER_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("FULIAN_INSTANCE", str(tmp_path / "instance"))
    monkeypatch.setenv("FULIAN_KEYS", str(tmp_path / "kept"))
    return tmp_path


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(commands, arguments, input=typed)


def test_keys_go_to_a_new_machine(home: Path) -> None:
    assert run("create").exit_code == 0
    made = load_keys(home / "kept")
    exported = str(home / "away.export")
    assert run("export", exported, typed=f"{PASSPHRASE}\n{PASSPHRASE}\n").exit_code == 0
    (home / "kept" / KEY_FILE).unlink()
    wrong = run("create", "--from", exported, typed="another passphrase\n")
    assert isinstance(wrong.exception, StartRefused)
    assert not (home / "kept" / KEY_FILE).exists()
    assert run("create", "--from", exported, typed=f"{PASSPHRASE}\n").exit_code == 0
    assert same(load_keys(home / "kept"), made)
    assert (home / "kept" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    again = run("create", "--from", exported, typed=f"{PASSPHRASE}\n")
    assert isinstance(again.exception, StartRefused)


def test_two_passphrases_that_differ_write_nothing(home: Path) -> None:
    run("create")
    run("export", str(home / "away.export"), typed=f"{PASSPHRASE}\nanother one\n")
    assert not (home / "away.export").exists()


def test_the_first_start_makes_the_keys_and_no_later_one(home: Path) -> None:
    application.create_app()
    folder = home / "kept"
    assert (folder.stat().st_mode & 0o777, (folder / KEY_FILE).stat().st_mode & 0o777) == (0o700, 0o600)
    made = load_keys(folder)
    application.create_app()
    assert same(load_keys(folder), made)
    (home / "instance" / "fulian.sqlite").touch()  # there is data by now
    (folder / KEY_FILE).unlink()
    with pytest.raises(StartRefused, match="放回原来的密钥文件"):
        application.create_app()


# --- what becomes of the key file ------------------------------------------------------------------------------------


def test_a_new_version_writes_and_the_old_ones_stay(keyring: Keyring) -> None:
    rotated = with_new_keys(keyring)
    assert {rotated.newest(purpose).version for purpose in ("seal", "index", "audit", "cookie")} == {2}
    assert rotated.versions("seal") == [2, 1]
    assert set(keyring) < set(rotated)


def test_a_prepared_version_is_put_to_use_and_no_other_made(keyring: Keyring) -> None:
    prepared = with_next_keys(keyring)
    assert prepared.versions("index") == [1, 2]
    with pytest.raises(Refused, match="已经备好"):
        with_next_keys(prepared)
    used = with_new_keys(prepared)
    assert [key.version for key in used if key.purpose == "seal"] == [1, 2]
    assert used.newest("seal").material == prepared.find("seal", 2).material


def test_after_the_last_version_there_is_none(keyring: Keyring) -> None:
    with pytest.raises(Refused, match="255"):
        with_next_keys(Keyring([*keyring, Key("seal", 255, bytes(16))]))


@pytest.mark.parametrize(("version", "said"), [(3, "没有这把"), (2, "正在用"), (1, "")])
def test_only_an_old_key_is_removed(keyring: Keyring, version: int, said: str) -> None:
    rotated = with_new_keys(keyring)
    if said:
        with pytest.raises(Refused, match=said):
            without_key(rotated, "seal", version)
    else:
        assert without_key(rotated, "seal", version).versions("seal") == [2]


def test_create_makes_the_folder_private(tmp_path: Path) -> None:
    create_keys(tmp_path / "deep" / "keys")
    assert (tmp_path / "deep" / "keys").stat().st_mode & 0o777 == 0o700
