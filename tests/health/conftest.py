from __future__ import annotations

import pytest

from fulian.testing.plugin import Content
from fulian.testing.world import WORLD


@pytest.fixture(scope="session")
def database_content() -> Content:
    return WORLD
