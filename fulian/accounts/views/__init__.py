"""Pages of accounts: log-in and one's own account, the accounts an admin sees, what the three administrators ask."""

from fulian.accounts.views import accounts, own, requests
from fulian.accounts.views.blueprint import blueprint

__all__ = ["accounts", "blueprint", "own", "requests"]
