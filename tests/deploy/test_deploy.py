"""The files under deploy/ say what the program takes: its commands, its settings, its limits."""

from __future__ import annotations

import configparser
import re
import shlex
from pathlib import Path

import click
import pytest

from fulian.cli import program
from fulian.config import LARGEST_BODY, NAMES

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
OPERATIONS = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
UNITS = sorted(path.name for path in DEPLOY.glob("*.service"))


def test_every_setting_is_in_the_table() -> None:
    assert [name for name in NAMES if f"| `{name}` |" not in OPERATIONS] == []


def test_the_example_knows_every_setting_and_no_other() -> None:
    written = set(re.findall(r"FULIAN_[A-Z_]+", (DEPLOY / "fulian.env").read_text(encoding="utf-8")))
    assert written == set(NAMES)


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_starts_what_there_is(unit: str) -> None:
    [line] = re.findall(r"^ExecStart=(.+)$", (DEPLOY / unit).read_text(encoding="utf-8"), re.MULTILINE)
    command, *arguments = shlex.split(line)
    assert command.endswith("/bin/fulian")
    found: click.Command = program
    context = click.Context(program)
    while isinstance(found, click.Group):
        name = arguments.pop(0)
        command_found = found.commands.get(name)
        assert command_found is not None, name
        found, context = command_found, click.Context(command_found, parent=context, info_name=name)
    found.make_parser(context).parse_args(arguments)  # raises where an option is not known


@pytest.mark.parametrize("unit", [*UNITS, "fulian-backup.timer"])
def test_a_unit_is_one(unit: str) -> None:
    """Sections and keys, each once; beyond that `systemd-analyze verify` is asked by hand: not every machine has it."""
    read = configparser.ConfigParser(interpolation=None)
    read.optionxform = str  # type: ignore[assignment, method-assign]
    read.read_string((DEPLOY / unit).read_text(encoding="utf-8"))
    assert set(read.sections()) <= {"Unit", "Service", "Timer", "Install"}
    assert read["Unit"]["Description"].startswith("fulian: ")
    if unit.endswith(".service"):
        assert read["Service"]["User"] == "fulian"
        assert read["Service"]["EnvironmentFile"] == "/etc/fulian/fulian.env"
        assert read["Service"]["ProtectSystem"] == "strict"


def test_the_proxy_fits_the_application() -> None:
    server = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    proxy = (DEPLOY / "fulian_proxy.conf").read_text(encoding="utf-8")
    [largest] = re.findall(r"client_max_body_size (\d+)m;", server)
    assert int(largest) * 1024 * 1024 == LARGEST_BODY
    assert (
        "X-Forwarded-For $remote_addr;" in proxy
    )  # one proxy that replaces, as FULIAN_TRUSTED_PROXIES=1 in the example
    assert "FULIAN_TRUSTED_PROXIES=1" in (DEPLOY / "fulian.env").read_text(encoding="utf-8")
    assert "location = /metrics { return 404; }" in server
