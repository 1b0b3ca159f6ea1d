"""Bodies of the requests that an OMS answers, beside ``SubmitOrder`` and ``CancelOrder``."""

from __future__ import annotations

import msgspec

from actors.errors import InputError
from actors.messages import Entry, TradingState
from actors.oms.limits import BUDGETED
from actors.oms.scopes import FIRM
from actors.portfolio.books import LARGEST_AMOUNT

_MOST_ROWS = 10_000
_MOST_GRANTS_AHEAD = 1_000_000


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of all bodies: a MessagePack map without unknown keys."""


class OrderRequest(Body, frozen=True):
    """``order``: one order by the client's id."""

    account: str
    client_order_id: str


class OrdersRequest(Body, frozen=True):
    """``orders``: the newest ``limit`` orders of an account, the newest first."""

    account: str
    open_only: bool = False
    limit: int = 100


class PositionsRequest(Body, frozen=True):
    """``positions``: the books of an account."""

    account: str


class SubscribeRequest(Body, frozen=True, rename={"sequences": "from"}):
    """``subscribe``: events of every partition, from the sequence wanted next (by its number) or the first."""

    sequences: dict[str | int, int] = {}


class DepositRequest(Body, frozen=True):
    """``deposit``: money in 1e-8 units, negative to take out; booked once for each ``key`` of an account."""

    account: str
    currency: str
    amount: int
    reason: str
    key: str


class BookRequest(Body, frozen=True):
    """``book``: an entry for the books of an account, or of every account here where that is empty; once for a key."""

    account: str
    entry: Entry
    reason: str
    key: str


class SetLimitsRequest(Body, frozen=True):
    """``set_limits``: new values of a scope by name, in the units of ``Limits``; ``None`` takes a limit away.

    ``whole``: what is not named is taken away, too; else it stays.
    """

    limits: dict[str, int | None]
    principal: str
    reason: str
    scope: str = FIRM
    whole: bool = False


class LimitsRequest(Body, frozen=True):
    """``limits``: the tree of limits, and where an account is named, what holds for its orders and how much is used."""

    account: str | None = None
    strategy: str = "manual"
    symbol: str | None = None


class SetBudgetRequest(Body, frozen=True):
    """``set_budget``: a partition's share of the firm's limits, as ``BudgetGrant`` has it."""

    partition: int
    number: int
    amounts: dict[str, int]
    currency: str


def check_grant(grant: SetBudgetRequest, newest: int) -> None:
    """Refuse a grant that nobody can have meant: in force, it could not be followed by a right one.

    Raises:
        InputError: An amount of no limit of the firm, or out of range; no currency; a number far ahead of ``newest``.
    """
    for limit, amount in grant.amounts.items():
        if limit not in BUDGETED:
            rule = f"one of {', '.join(BUDGETED)}"
            raise InputError("not a limit of the firm", field="amounts", value=limit, rule=rule)
        if not 0 <= amount <= LARGEST_AMOUNT:
            field = f"amounts.{limit}"
            raise InputError("not an amount", field=field, value=amount, rule=f"0 to {LARGEST_AMOUNT}")
    if grant.currency and not (grant.currency.isascii() and grant.currency.isalnum()):
        raise InputError("not a currency", field="currency", value=grant.currency, rule="letters, for instance USD")
    if not 0 <= grant.number <= newest + _MOST_GRANTS_AHEAD:
        rule = f"0 to {newest + _MOST_GRANTS_AHEAD}"
        raise InputError("a number far ahead of the newest grant's", field="number", value=grant.number, rule=rule)


class StateRequest(Body, frozen=True):
    """``set_state``: move the kill switch of a scope, as ``scopes`` spells it.

    ``asked``: the wall clock when somebody asked for it, UTC nanoseconds; 0 is now.
    """

    scope: str
    state: TradingState
    principal: str
    reason: str
    asked: int = 0


class AlarmsRequest(Body, frozen=True):
    """``alarms``: the newest ``limit`` alarms of each partition, the newest first."""

    limit: int = 100


def check_rows(limit: int) -> None:
    """Refuse to answer with no rows or with more than a frame should carry.

    Raises:
        InputError: ``limit`` is not from 1 to 10,000.
    """
    if not 1 <= limit <= _MOST_ROWS:
        raise InputError("too many or too few rows", field="limit", value=limit, rule=f"1 to {_MOST_ROWS}")
