"""What a rendering child is kept from, tried from inside one. Twin: the same child with `confine` left out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fulian.documents.confinement import can_forbid_calls

ATTEMPTS = """
import json, mmap, os, socket, subprocess, sys
from fulian.documents import confinement

def attempt(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"

def write():
    with open(sys.argv[1], "wb", buffering=0) as file:
        file.write(b"x")

if sys.argv[2] == "confined":
    confinement.confine()
print(json.dumps({
    "socket": attempt(lambda: socket.socket().close()),
    "program": attempt(lambda: subprocess.run(["/bin/true"])),
    "signal": attempt(lambda: os.kill(os.getppid(), 0)),
    "write": attempt(write),
    "memory": attempt(lambda: mmap.mmap(-1, 1_000_000_000)),
}))
"""


def attempt_all(where: Path, how: str) -> dict[str, str]:
    command = [sys.executable, "-I", "-c", ATTEMPTS, str(where), how]
    done = subprocess.run(command, capture_output=True, check=True, timeout=60)
    outcome: dict[str, str] = json.loads(done.stdout)
    return outcome


@pytest.mark.skipif(not can_forbid_calls(), reason="the system calls of this machine are not known to the filter")
def test_a_child_reaches_no_network_program_process_or_file(tmp_path: Path) -> None:
    assert attempt_all(tmp_path / "file", "confined") == {
        "socket": "PermissionError",
        "program": "PermissionError",
        "signal": "PermissionError",
        "write": "OSError",
        "memory": "OSError",
    }


def test_twin_without_confinement_is_caught(tmp_path: Path) -> None:
    assert set(attempt_all(tmp_path / "file", "free").values()) == {"done"}


def test_a_child_that_computes_for_ever_is_killed() -> None:
    code = """
from fulian.documents import confinement
confinement.CPU_SECONDS = 1
confinement.confine()
while True: pass
"""
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, check=False, timeout=60)
    assert done.returncode in (-signal.SIGKILL, -signal.SIGXCPU)
