"""`/accounts/<id>/rights`: what may she see, and why. For the security administrator, who reads no case herself."""

from __future__ import annotations

from fulian.accounts.enforcement import current_actor
from fulian.accounts.queries import account_line
from fulian.accounts.reach import actor_of, reach_of, reasons_of
from fulian.accounts.roles import rights
from fulian.accounts.second_factor import device_of
from fulian.accounts.sessions import sessions_of
from fulian.accounts.views.blueprint import blueprint, page
from fulian.accounts.views.words import RESTRICTED_WORDS
from fulian.audit.tried import PERMISSIONS
from fulian.cases.queries.access import restricted_counts
from fulian.web.access import requires


@blueprint.get("/accounts/<int:account_id>/rights")
@requires("accounts.rights", "organisation")
def show_rights(account_id: int) -> str:
    """An account's grants with what each reaches, its permissions with the grant each comes from, and what is open."""
    by = current_actor()
    account, reaches = account_line(by, account_id), reach_of(account_id, rights(), by.now)
    return page(
        "accounts/rights.html",
        account=account,
        reaches=reaches,
        reasons=reasons_of(reaches),
        restricted=restricted_counts(actor_of(account_id, rights(), by.now)),
        n_sessions=len(sessions_of(account_id, by.now)),
        device=device_of(account_id),
        words=PERMISSIONS,
        restricted_words=RESTRICTED_WORDS,
        by=by,
    )
