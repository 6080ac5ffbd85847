"""`fulian demo` as a script uses it: once, again, and where it must not."""

from __future__ import annotations

import json
import stat
from collections import Counter
from pathlib import Path

import pytest

from fulian.testing.run import Run
from fulian.testing.server import make_demo, run_program

KEYS_OF_AN_ACCOUNT = ["username", "password", "totp_secret", "role", "organisation", "programmes"]


@pytest.fixture(scope="session")
def made(fulian_run: Run) -> Path:
    """The instance folder with the demo, shared with the browser tests: read it, change nothing."""
    return fulian_run.once("demo", make_demo)


def test_what_is_printed_for_scripts(made: Path) -> None:
    printed = json.loads((made / "accounts.json").read_text(encoding="utf-8"))
    assert list(printed) == ["url", "accounts"]
    accounts = printed["accounts"]
    assert all(list(account) == KEYS_OF_AN_ACCOUNT for account in accounts)
    county = ("caseworker", "programme_lead", "township_admin", "county_admin")
    assert Counter(account["role"] for account in accounts) == {
        **dict.fromkeys(county, 2),
        **dict.fromkeys(("city_admin", "system_admin", "security_admin", "audit_admin"), 1),
    }
    passwords = {account["password"] for account in accounts}
    assert len(passwords) == len(accounts)
    assert [account["username"] for account in accounts if account["totp_secret"]] == ["county2"]
    leads = [account for account in accounts if account["role"] == "programme_lead"]
    assert [account["programmes"] for account in leads] == [["mediation"], ["mediation"]]


def test_the_passwords_are_for_their_owner_only(made: Path) -> None:
    assert stat.S_IMODE((made / "demo-accounts.json").stat().st_mode) == 0o600


def test_run_again_it_prints_the_same(made: Path) -> None:
    environment = {"FULIAN_INSTANCE": str(made), "PORT": "8123", "FULIAN_PUBLIC_URL": ""}
    again = json.loads(run_program("demo", "--json", environment=environment))
    first = json.loads((made / "accounts.json").read_text(encoding="utf-8"))
    assert again["accounts"] == first["accounts"]
    assert again["url"] == "http://127.0.0.1:8123"
    named = run_program("demo", environment=environment | {"FULIAN_PUBLIC_URL": "https://fulian.example"})
    assert "https://fulian.example/" in named
    assert "县级管理员" in named


def test_the_log_of_the_demo_is_whole(made: Path) -> None:
    assert "日志完整" in run_program("audit", "verify", environment={"FULIAN_INSTANCE": str(made)})


def test_it_refuses_beside_real_data(tmp_path: Path) -> None:
    environment = {"FULIAN_INSTANCE": str(tmp_path / "real")}
    run_program("keys", "create", environment=environment)
    run_program("db", "upgrade", environment=environment)
    run_program("accounts", "create", "--username", "first", "--name", "周立", environment=environment)
    with pytest.raises(AssertionError, match="正式数据"):
        run_program("demo", environment=environment)


def test_an_old_database_keeps_asking_for_its_keys(tmp_path: Path) -> None:
    environment = {"FULIAN_INSTANCE": str(tmp_path / "real")}
    run_program("keys", "create", environment=environment)
    run_program("db", "upgrade", environment=environment)
    (tmp_path / "real/keys/keys.json").unlink()
    with pytest.raises(AssertionError, match="找不到密钥文件"):
        run_program("demo", environment=environment)
    assert not (tmp_path / "real/keys/keys.json").exists()
