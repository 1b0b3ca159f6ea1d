"""How much of the limits is used now: by the partition as a part of the firm, an account, and a strategy in it."""

from __future__ import annotations

from typing import Any

from actors.messages import MONEY_UNIT, Instrument, Side
from actors.oms.account import Account
from actors.oms.activity import ALL, Holder
from actors.oms.limits import BUDGETED, RULES
from actors.oms.safeguards import Safeguards


def firm_use(safeguards: Safeguards, received: int) -> dict[str, Any]:
    """Return the partition's share of the firm's limits, and how much of it is used.

    Args:
        safeguards: The partition's.
        received: The wall clock, UTC nanoseconds: what rates are measured by.
    """
    budget = safeguards.budget
    return {
        "number": budget.number,
        "currency": budget.currency,
        "amounts": budget.amounts(),
        "use": _totals(safeguards, ALL, received),
    }


def effective_view(
    safeguards: Safeguards, account: Account, strategy: str, instrument: Instrument | None, received: int, time: int
) -> dict[str, Any]:
    """Return what holds for the orders of an account, and the use of what bounds more than one order.

    Args:
        safeguards: The partition's.
        account: The account.
        strategy: Name of a strategy, whose own limits and use are given, too.
        instrument: The instrument, where orders in one are asked about.
        received: The wall clock, UTC nanoseconds.
        time: The trading clock.
    """
    limits = safeguards.limits.effective(account.id, strategy, instrument)
    return {
        "effective": {name: getattr(limits, name) for name in RULES},
        "strategy": limits.strategy.mapping(),
        "firm": {name: value for name in BUDGETED if (value := getattr(limits.firm, name)) is not None},
        "use": _use(safeguards, account, (account.id, ""), instrument, received, time),
        "strategy_use": _use(safeguards, account, (account.id, strategy), instrument, received, time),
        "budget": firm_use(safeguards, received),
    }


def _totals(safeguards: Safeguards, holder: Holder, received: int) -> dict[str, int]:
    orders, cancels = safeguards.activity.in_last_second(holder, received)
    use = {
        "maximum_order_rate": orders,
        "maximum_cancel_rate": cancels,
        "maximum_message_rate": orders + cancels,
    }
    if safeguards.totals.kept:
        total = safeguards.totals.of(holder)
        use["maximum_gross_exposure"] = total.gross
        use["maximum_net_exposure"] = max(total.long, -total.short, 0)
    return use


def _use(
    safeguards: Safeguards, account: Account, holder: Holder, instrument: Instrument | None, received: int, time: int
) -> dict[str, int]:
    use = _totals(safeguards, holder, received)
    messages, fills = safeguards.activity.today(holder, time)
    use["maximum_order_to_trade_ratio"] = max(0, messages - fills) * MONEY_UNIT // max(1, fills)
    if instrument is None:
        return use
    books, exposure, number, strategy = account.books, account.exposure, instrument.id, holder[1]
    if strategy:
        position = books.strategy_position(strategy, number)
        buys, sales = (exposure.strategy_open_quantity(strategy, number, side) for side in (Side.BUY, Side.SELL))
    else:
        position = books.position(number)
        buys, sales = (exposure.open_quantity(number, side) for side in (Side.BUY, Side.SELL))
    lots = max(position + buys, sales - position)
    use["maximum_position_quantity"] = lots * instrument.quantity_increment
    use["maximum_position_notional"] = instrument.notional(safeguards.totals.marks.get(number, 0), lots)
    return use
