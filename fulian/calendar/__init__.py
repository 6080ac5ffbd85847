"""Working days, make-up days, local dates, and day counts as the law has them."""

from fulian.calendar.days import (
    FIRST_KNOWN_YEAR,
    LAST_KNOWN_YEAR,
    SHANGHAI,
    end_of_day,
    is_known,
    is_working_day,
    local_date,
    month_of,
    next_working_day,
    start_of_day,
    today,
)
from fulian.calendar.deadlines import Deadline, Term, add_days, add_months, add_working_days, legal_deadline

__all__ = [
    "FIRST_KNOWN_YEAR",
    "LAST_KNOWN_YEAR",
    "SHANGHAI",
    "Deadline",
    "Term",
    "add_days",
    "add_months",
    "add_working_days",
    "end_of_day",
    "is_known",
    "is_working_day",
    "legal_deadline",
    "local_date",
    "month_of",
    "next_working_day",
    "start_of_day",
    "today",
]
