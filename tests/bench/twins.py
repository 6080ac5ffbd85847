"""Broken twins of the product, to see that the benchmark notices: each is one thing that must not be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from unittest import mock

from sqlalchemy import create_engine, select, text

from fulian.accounts.models import Account
from fulian.cases.models import Case
from fulian.cases.queries.lists import CasePage, case_page
from fulian.db import db
from fulian.orgs.models import Organisation
from tests.bench.databases import Prepared

ROW_BY_ROW = "row-by-row"
# Twin → the indexes that it goes without.
WITHOUT = {
    "no-status-index": ("ix_case_scope_status", "ix_case_scope_status_programme"),
    "no-person-scope-index": ("ix_person_scope_person_id_org_id_own", "ix_person_scope_org_id_own_person_id"),
}
TWINS = (ROW_BY_ROW, *WITHOUT)


@contextmanager
def broken(twin: str | None, prepared: Prepared) -> Iterator[None]:
    """The product as it is, or broken as `twin` says."""
    if twin in WITHOUT:
        engine = create_engine(prepared.owner_url)
        with engine.begin() as connection:
            for index in WITHOUT[twin]:
                connection.execute(text(f"DROP INDEX {index}"))
        engine.dispose()
    if twin == ROW_BY_ROW:
        with mock.patch("fulian.cases.views.lists.case_page", _row_by_row):
            yield
    else:
        yield


def _row_by_row(*asked: object) -> CasePage:
    """The rows as a page of entities reads them: each case, and for each its handler and its organisation."""
    found = case_page(*asked)  # type: ignore[arg-type]
    rows = []
    for row in found.rows:
        case = db.session.execute(select(Case).where(Case.id == row.id)).scalar_one()
        handler = db.session.execute(select(Account.name).where(Account.id == case.handler_id)).scalar_one()
        org = db.session.execute(select(Organisation.short_name).where(Organisation.id == case.org_id)).scalar_one()
        rows.append(row._replace(handler_name=handler, org_name=org))
    return replace(found, rows=rows)
