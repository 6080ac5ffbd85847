"""The grounds and the site, as for the other harnesses."""

from __future__ import annotations

from ..harness.conftest import database_content, site, spots

__all__ = ["database_content", "site", "spots"]
