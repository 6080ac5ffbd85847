"""Pages of accounts: log-in and one's own account, the accounts an admin sees, what the three administrators ask."""

from fulian.accounts.views import accounts, device, own, requests, rights, sessions
from fulian.accounts.views.blueprint import blueprint

__all__ = ["accounts", "blueprint", "device", "own", "requests", "rights", "sessions"]
