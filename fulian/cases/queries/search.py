"""Searching cases: by number at once, by a party's name, phone or document along the tokens."""

from __future__ import annotations

import re
import unicodedata

from sqlalchemy import select

from fulian.audit.actor import Viewer
from fulian.cases.models import Case
from fulian.cases.scope import sees
from fulian.db import db
from fulian.people.tokens import query_tokens

_NUMBER = re.compile(r"聊妇\S{1,4}[〔\[(（]\d{4}[〕\])）]\w{6}-\d{1,9}")
NOTHING = "-"  # a token that no name has: what was typed can be nobody's


def case_of_number(viewer: Viewer, text: str) -> int | None:
    """The id of the case in scope with this whole number; brackets and full-width forms are forgiven."""
    folded = unicodedata.normalize("NFKC", text).replace(" ", "")
    if not _NUMBER.fullmatch(folded):
        return None
    number = re.sub(r"[\[(]", "〔", folded)
    number = re.sub(r"[\])]", "〕", number)
    return db.session.execute(select(Case.id).where(Case.number == number, sees(viewer))).scalar_one_or_none()


def case_tokens(text: str) -> tuple[str, ...] | None:
    """The tokens of what was typed; None for an empty box, one that matches nothing where it can be nobody."""
    if not text:
        return None
    return query_tokens(text).tokens or (NOTHING,)
