"""The grounds and the site for every harness of this folder."""

from __future__ import annotations

import pytest
from flask import Flask

from fulian.testing.plugin import Content

from .grounds import GROUNDS, read_grounds
from .objects import Spot
from .site import Site


@pytest.fixture(scope="session")
def database_content() -> Content:
    """Every kind of object at every place."""
    return GROUNDS


@pytest.fixture
def spots(app: Flask) -> dict[str, Spot]:
    """What stands at each place."""
    return read_grounds(app)


@pytest.fixture
def site(app: Flask, spots: dict[str, Spot]) -> Site:
    """The application with a browser for each caller; new objects are named on from those of `spots`."""
    return Site(app)
