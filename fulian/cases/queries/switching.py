"""What a switch of a programme in a unit would touch, in numbers, before anything is changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from fulian.accounts.models import Account, Grant
from fulian.accounts.queries import ACTIVE, in_force
from fulian.accounts.roles import BUSINESS
from fulian.calendar import local_date
from fulian.cases.models import OPEN_STATUSES, Case, Task
from fulian.cases.service.switching import open_case_count
from fulian.db import db
from fulian.orgs.queries import size_of

RED = "r"


@dataclass(frozen=True)
class SwitchNumbers:
    """What belongs to a programme in a unit. `size` counts the unit's organisations by level; `accounts` are those
    whose menu changes; `red` of the open cases have the risk 红; `legal` of the open tasks are legal deadlines."""

    size: dict[str, int]
    accounts: int
    open_cases: int
    red: int
    tasks: int
    legal: int


def switch_numbers(code: str, county_id: int, now: datetime) -> SwitchNumbers:
    """Count what the preview of a switch shows."""
    mine = (Case.county_id == county_id, Case.programme == code, Case.status.in_(OPEN_STATUSES))
    red = select(func.count()).select_from(Case).where(*mine, Case.risk == RED)
    tasks = (
        select(func.count(), func.count().filter(Task.legal))
        .join(Case, Case.id == Task.case_id)
        .where(*mine, Task.done_at.is_(None))
    )
    n_tasks, legal = db.session.execute(tasks).one()
    return SwitchNumbers(
        size_of(county_id),
        _account_count(code, county_id, now),
        open_case_count(code, county_id),
        db.session.execute(red).scalar_one(),
        n_tasks,
        legal,
    )


def _account_count(code: str, county_id: int, now: datetime) -> int:
    """Active accounts of the unit with a business grant for this programme or for all."""
    return db.session.execute(
        select(func.count(Account.id.distinct()))
        .join(Grant, Grant.account_id == Account.id)
        .where(
            Account.county_id == county_id,
            Account.status == ACTIVE,
            Grant.role.in_(BUSINESS),
            Grant.programme.is_(None) | (Grant.programme == code),
            in_force(local_date(now)),
        )
    ).scalar_one()
