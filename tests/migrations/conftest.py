"""A small lineage of its own, written into a temporary folder: what the machinery does is tried on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from fulian.db import Lineage

REVISION = """
import sqlalchemy as sa
from alembic import op

revision = "{number}"
down_revision = {before!r}
branch_labels = depends_on = None


def upgrade() -> None:
{up}


def downgrade() -> None:
{down}
"""


@pytest.fixture
def write_lineage(tmp_path: Path) -> Callable[..., Lineage]:
    """Makes the lineage of a plugin `trial` from bodies `(upgrade, downgrade)`, one revision each."""

    def write(*bodies: tuple[str, str], code: str = "trial") -> Lineage:
        folder = tmp_path / code
        folder.mkdir(exist_ok=True)
        before = None
        for place, (up, down) in enumerate(bodies, 1):
            number = f"{place:04d}"
            indented = ["\n".join(f"    {line}" for line in body.strip().splitlines()) for body in (up, down)]
            text = REVISION.format(number=number, before=before, up=indented[0], down=indented[1])
            (folder / f"{number}_step.py").write_text(text)
            before = number
        return Lineage(code, folder, (f"{code}_",))

    return write
