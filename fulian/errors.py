"""What a rule says when it will not do what was asked."""

from __future__ import annotations


class Refused(Exception):
    """A rule was asked for something it does not allow.

    `message` is one Chinese sentence that says what is wrong and how to mend it, shown beside `field`
    (a form field's name) where one is given, at the top of the form otherwise. Raised by services and
    guards; `db.transact` rolls the transaction back and records the refusal; views turn it into a form error.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class NotFound(Exception):
    """No such row, or none that this viewer may see: the two are never told apart (404)."""


class Forbidden(Refused):
    """The account lacks the permission for this act (403)."""


class Stale(Refused):
    """A save that was made from an older version (409). `saved` and `mine` are field → text, for the page of both."""

    def __init__(self, message: str, saved: dict[str, str], mine: dict[str, str]) -> None:
        super().__init__(message)
        self.saved = saved
        self.mine = mine


class Busy(Exception):
    """The database is taken or out of reach; nothing was changed and the same request may be sent again (503)."""


class StartRefused(Exception):
    """The application cannot start; the text is one plain sentence for whoever started it."""
