"""The users' guide names only what is there: pictures of the tour, and words that stand in the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fulian.testing.tour import STOPS

ROOT = Path(__file__).parents[2]
GUIDE = sorted((ROOT / "docs" / "guide").glob("*.md"))
PRODUCT = "\n".join(
    path.read_text(encoding="utf-8")
    for folder in (ROOT / "fulian", ROOT / "plugins")
    for path in sorted(folder.rglob("*"))
    if path.suffix in {".py", ".html", ".js"} and "vendor" not in path.parts and "tests" not in path.parts
)


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_every_picture_is_one_of_the_tour(page: Path) -> None:
    known = {f"{name}-{width}.png" for name in ("login", *(stop.name for stop in STOPS)) for width in ("phone", "desk")}
    shown = set(re.findall(r"\.\./pictures/([\w-]+\.png)", page.read_text(encoding="utf-8")))
    assert shown <= known
    assert all((ROOT / "docs" / "pictures" / name).exists() for name in shown)


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_every_quoted_word_stands_in_a_page(page: Path) -> None:
    quoted = re.findall("“([^”]+)”", page.read_text(encoding="utf-8"))
    assert [words for words in quoted if words not in PRODUCT] == []


@pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link
