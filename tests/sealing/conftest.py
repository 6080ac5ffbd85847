"""An application that has keys and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from fulian.sealing.keys import Keyring, create_keys, init_keys


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return create_keys(tmp_path / "keys")


@pytest.fixture
def with_keys(keyring: Keyring) -> Iterator[Flask]:
    app = Flask("keys_only")
    init_keys(app, keyring)
    with app.app_context():
        yield app
