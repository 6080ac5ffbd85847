"""The demo, once a worker, with what the tour of all pages needs beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fulian.testing.server import DemoServer
from fulian.testing.tour import prepare_tour


@pytest.fixture(scope="session")
def tour_ids(demo_server: DemoServer) -> Mapping[str, int]:
    instance = Path(demo_server.environment["FULIAN_INSTANCE"])
    return prepare_tour(instance, list(demo_server.accounts))
