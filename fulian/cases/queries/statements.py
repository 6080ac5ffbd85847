"""The statements of the case list, built once for the shape of a viewer's scope and of what she asks for.

Building the arms of a list costs several times what running them costs, so everything that changes from one request
to the next is bound by name (`Shape` says what does not): colleagues in a thousand villages share one statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    String,
    TextClause,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    text,
    tuple_,
    union,
    union_all,
)

from fulian.accounts.models import Account
from fulian.cases.models import OPEN_STATUSES, Case, CaseAccess, CaseScope, CaseToken
from fulian.cases.scope import RoleArm, ScopeArm, holds_at, in_arms
from fulian.db import UtcDateTime
from fulian.orgs.models import OrgAncestor, Organisation
from fulian.prepared import Prepared, Query

Keys = Select[*tuple[Any, ...]]  # rows (at, id)

EXAMINED = 5000  # rows of one arm looked at for one page, when something stands beside the driving path
BUILT = 500  # shapes whose statements are kept
BESIDE = frozenset({"risk", "stage", "outcome"})  # looked at in the case, beside the driving path


@dataclass(frozen=True)
class Shape:
    """What the statements of a list depend on.

    `scopes` and `roles` are the kinds (own, programme) and (role, programme) of the viewer's arms, in their order;
    `personal`: what she handles is hers to see. `given` names the filters that are set, `statuses` the stored statuses
    wanted (none: all), `due` the order, `back` the direction (None: no cursor). `mine`: only what she handles.
    `tokens` are looked for in `counties` units (0: all) or, with `through_scope`, case by case. `arms`: the only ones
    that lead anywhere, by their places (None: any may).
    """

    scopes: tuple[tuple[int, str | None], ...]
    roles: tuple[tuple[str, str | None], ...]
    personal: bool
    limit: int
    given: frozenset[str] = frozenset()
    statuses: tuple[str, ...] = ()
    due: bool = False
    back: bool | None = None
    mine: bool = False
    tokens: int = 0
    counties: int = 0
    through_scope: bool = False
    arms: frozenset[int] | None = None

    @property
    def examines(self) -> bool:
        """Whether rows are looked at one by one, so that a page may find less than it was asked for."""
        return bool(self.given & BESIDE or self.tokens or ("handler_id" in self.given and not self.mine))

    @property
    def keyed(self) -> int:
        """How many of the first arms run along a key (of `case_scope`, or of the cases): in one no case comes twice."""
        return 1 if "handler_id" in self.given else len(self.scopes)

    def has_no_doubles(self, arms: frozenset[int]) -> bool:
        """Whether no case comes twice by these arms together."""
        return len(arms) == 1 and max(arms) < self.keyed

    @property
    def ascending(self) -> bool:
        """Whether rows are read by ascending time: due first, or newest first backwards."""
        return self.due != bool(self.back)

    @property
    def scope_arms(self) -> list[ScopeArm]:
        """The viewer's arms with their organisations bound by name."""
        return [ScopeArm(_number(f"scope_{i}"), own, programme) for i, (own, programme) in enumerate(self.scopes)]

    @property
    def role_arms(self) -> list[RoleArm]:
        """The arms of her roles with their organisations bound by name."""
        return [RoleArm(_number(f"org_{i}"), role, programme) for i, (role, programme) in enumerate(self.roles)]


class ListStatements:
    """The statements of one shape, each built when it is first asked for."""

    def __init__(self, shape: Shape) -> None:
        self._shape = shape

    @cached_property
    def page(self) -> Prepared:
        """The rows of one page, one more than its limit, with the columns of `CaseRow`."""
        shape = self._shape
        if shape.arms is not None and shape.has_no_doubles(shape.arms):
            keys = union_all(*self._limited_arms()).subquery("keys")
        else:
            keys = _each_once(self._limited_arms()).subquery("keys")
        if not shape.examines:
            first = select(keys.c.at, keys.c.id).order_by(*_order(shape, keys.c.at, keys.c.id))
            keys = _limit(first, shape.limit + 1).subquery("page")
        page = _columns.join_from(keys, Case, Case.id == keys.c.id).where(*_beside(shape))
        page = page.join(Account, Account.id == Case.handler_id).join(Organisation, Organisation.id == Case.org_id)
        return Prepared(_limit(page.order_by(*_order(shape, keys.c.at, keys.c.id)), shape.limit + 1))

    @cached_property
    def count(self) -> Prepared:
        """How many cases the list has, to its limit + 1; where rows are examined, among those."""
        shape = self._shape
        arms = self._limited_arms() if shape.examines else [_some(shape, query) for _place, query in _ways(shape)]
        keys = _each_once([select(arm.selected_columns.id) for arm in arms]).subquery("keys")
        ids = select(keys.c.id)
        if shape.examines:
            ids = ids.join(Case, Case.id == keys.c.id).where(*_beside(shape))
        return Prepared(select(func.count()).select_from(_limit(ids, shape.limit + 1).subquery()))

    @cached_property
    def lengths(self) -> Prepared:
        """(place of the arm, rows) to the limit + 1, for each status of an arm."""
        counted: list[Keys] = [
            select(literal_column(str(place)), func.count()).select_from(_some(self._shape, query).subquery())
            for place, query in _ways(self._shape)
        ]
        return Prepared(union_all(*counted))

    def _limited_arms(self) -> list[Keys]:
        each = EXAMINED if self._shape.examines else self._shape.limit + 1
        return _arms(self._shape, each)

    @cached_property
    def stop(self) -> Prepared | None:
        """The last row looked at (at, id) of each arm that was used up; None where rows are not examined."""
        if not self._shape.examines:
            return None
        return Prepared(union(*_arms(self._shape, 1, after=EXAMINED - 1)))


@lru_cache(maxsize=BUILT)
def statements_for(shape: Shape) -> ListStatements:
    """The statements of a shape, built once in a process."""
    return ListStatements(shape)


# --- what is bound by name -----------------------------------------------------------------------------------------


def _number(name: str) -> Any:
    return bindparam(name, type_=Integer())


def _word(name: str) -> BindParameter[str]:
    return bindparam(name, type_=String())


def _moment(name: str) -> Any:
    return bindparam(name, type_=UtcDateTime())


# --- the parts -----------------------------------------------------------------------------------------------------

_columns: Keys = select(
    Case.id,
    Case.number,
    Case.title,
    Case.subject,
    Case.programme,
    Case.status,
    Case.stage,
    Case.outcome,
    Case.risk,
    Case.restricted,
    Case.opened_at,
    Case.due_at,
    Case.next_step,
    Account.name,
    Organisation.short_name,
)


def _limit(query: Keys, n: int, after: int = 0) -> Keys:
    """Limits are written out, not bound: PostgreSQL plans for few rows only where it sees how few."""
    limited = query.limit(literal_column(str(n)))
    return limited.offset(literal_column(str(after))) if after else limited


def _order(shape: Shape, at: Any, case_id: Any) -> tuple[Any, Any]:
    return (at.asc(), case_id.asc()) if shape.ascending else (at.desc(), case_id.desc())


def _narrowed(shape: Shape, query: Keys) -> Keys:
    """The rows (at, id) of one arm that lie in the span and beyond the cursor."""
    at, case_id = query.selected_columns
    if shape.back is not None:
        place, bound = tuple_(at, case_id), tuple_(_moment("cursor_at"), _number("cursor_id"))
        query = query.where(place > bound if shape.ascending else place < bound)
    if "due_from" in shape.given:
        query = query.where(at >= _moment("due_from"))
    if "due_until" in shape.given:
        query = query.where(at < _moment("due_until"))
    return query


def _each_once(arms: list[Keys]) -> Query:
    """The rows of all arms, none twice: UNION drops doubles, but of a single query there is none."""
    return union(*arms) if len(arms) > 1 else arms[0].distinct()


def _some(shape: Shape, query: Keys) -> Keys:
    """The ids of one arm to the limit + 1, whichever come first: to be counted, they need no order."""
    ids = _limit(_narrowed(shape, query).with_only_columns(query.selected_columns.id), shape.limit + 1).subquery()
    return select(ids.c.id)


def _arms(shape: Shape, n: int, after: int = 0) -> list[Keys]:
    """Every way by which the viewer reaches cases: the first `n` rows of each, after so many, in an index's order."""
    arms = []
    for _place, query in _ways(shape):
        at, case_id = query.selected_columns
        inner = _limit(_narrowed(shape, query).order_by(*_order(shape, at, case_id)), n, after).subquery()
        arms.append(select(inner.c.at, inner.c.id))
    return arms


def _ways(shape: Shape) -> list[tuple[int, Keys]]:
    """The queries of all arms with the place of the arm each belongs to; those that differ by status make one arm."""
    ways = [
        (place, query)
        for place, queries in enumerate(_by_arm(shape))
        for query in queries
        if shape.arms is None or place in shape.arms
    ]
    return ways or [(0, _of_cases(shape, false()))]


def _by_arm(shape: Shape) -> list[list[Keys]]:
    if shape.tokens and not shape.through_scope:
        return [[query] for query in _by_token(shape)]
    if "handler_id" in shape.given:
        return [[_of_cases(shape, Case.handler_id == (_number("me" if shape.mine else "handler_id")))]]
    arms = [_along(shape, CaseScope, CaseScope.programme, arm.where()) for arm in shape.scope_arms]
    if shape.personal:
        arms.append([_of_cases(shape, Case.handler_id == _number("me"))])
        arms += [[query] for query in _of_access(shape, CaseAccess.account_id == _number("me"))]
    return arms + [[query] for arm in shape.role_arms for query in _of_access(shape, arm.where())]


def _along(shape: Shape, rows: type[CaseScope | CaseAccess], programme: Any, reach: ColumnElement[bool]) -> list[Keys]:
    """One query, or one for each status: an index is read in order only where its status is a single one."""
    at = rows.due_at if shape.due else rows.opened_at
    query = select(at.label("at"), rows.case_id.label("id")).where(reach)
    if "programme" in shape.given:
        query = query.where(programme == _word("programme"))
    if shape.due:
        return [query.where(rows.due_at.is_not(None), _open_rows(rows))]
    if shape.statuses:
        return [query.where(rows.status == status) for status in shape.statuses]
    return [query]


def _of_cases(shape: Shape, reach: ColumnElement[bool]) -> Keys:
    at = Case.due_at if shape.due else Case.opened_at
    return select(at.label("at"), Case.id.label("id")).where(reach, *_of_case(shape))


def _of_access(shape: Shape, reach: ColumnElement[bool]) -> list[Keys]:
    queries = _along(shape, CaseAccess, CaseAccess.case_programme, and_(reach, holds_at(_moment("now"))))
    if "org_id" in shape.given:
        queries = [query.where(CaseAccess.case_org_id.in_(_below())) for query in queries]
    return queries


def _by_token(shape: Shape) -> list[Keys]:
    """Along the tokens of her units, and her own cases wherever they hang; whether she sees them is asked after it."""
    tokens = [_word(f"token_{i}") for i in range(shape.tokens)]
    queries = []
    for token in tokens:
        query = select(CaseToken.opened_at.label("at"), CaseToken.case_id.label("id")).where(CaseToken.token == token)
        if shape.counties:
            query = query.where(CaseToken.county_id.in_([_number(f"county_{i}") for i in range(shape.counties)]))
        queries.append(query)
    if shape.counties and shape.personal:
        queries.append(_of_cases(shape, Case.handler_id == _number("me")).where(_has_token(shape)))
    return queries


def _has_token(shape: Shape) -> ColumnElement[bool]:
    return exists().where(
        CaseToken.token.in_([_word(f"token_{i}") for i in range(shape.tokens)]),
        CaseToken.opened_at == Case.opened_at,
        CaseToken.case_id == Case.id,
    )


def _of_case(shape: Shape) -> list[ColumnElement[bool]]:
    """The filters that stand on the case itself, for arms that do not run along `case_scope`."""
    conditions: list[ColumnElement[bool]] = []
    if shape.statuses:
        conditions.append(_is_one_of(shape.statuses))
    if "programme" in shape.given:
        conditions.append(Case.programme == _word("programme"))
    if "org_id" in shape.given:
        conditions.append(Case.org_id.in_(_below()))
    if shape.due:
        conditions += [Case.due_at.is_not(None), _is_one_of(OPEN_STATUSES)]
    return conditions


def _below() -> Select[int]:
    return select(OrgAncestor.org_id).where(OrgAncestor.ancestor_id == _number("org_id"))


def _open_rows(rows: type[CaseScope | CaseAccess]) -> TextClause:
    """Letter for letter the predicate of the partial indexes: a bound status would not be recognised in it."""
    return text(f"{rows.__tablename__}.status IN ('open', 'waiting')")


def _is_one_of(statuses: tuple[str, ...]) -> ColumnElement[bool]:
    return Case.status.in_([literal(status) for status in statuses])  # a list that is not spread at each execution


def _beside(shape: Shape) -> list[ColumnElement[bool]]:
    """What is looked at in each examined case."""
    if not shape.examines:
        return []
    conditions: list[ColumnElement[bool]] = [
        getattr(Case, name) == _word(name) for name in sorted(shape.given & BESIDE)
    ]
    if shape.tokens and shape.through_scope:
        conditions.append(_has_token(shape))
    elif shape.tokens or ("handler_id" in shape.given and not shape.mine):
        conditions += [_seen(shape), *_of_case(shape)]
    return conditions


def _seen(shape: Shape) -> ColumnElement[bool]:
    """Whether the viewer sees the case, by any of her arms."""
    held = [arm.where() for arm in shape.role_arms]
    arms = [in_arms(shape.scope_arms)]
    if shape.personal:
        arms.append(Case.handler_id == _number("me"))
        held.append(CaseAccess.account_id == _number("me"))
    if held:
        arms.append(exists().where(CaseAccess.case_id == Case.id, or_(*held), holds_at(_moment("now"))))
    return or_(*arms)
