"""Where a pegged order that follows the quote here may be: within what was checked, and not against our own orders."""

from __future__ import annotations

from actors.messages import Side
from actors.oms.emulation import pegged
from actors.oms.state import PartitionState
from actors.oms.working_order import WorkingOrder

_BUY = Side.BUY


def peg_target(state: PartitionState, working: WorkingOrder, bid: int, ask: int) -> int:
    """Return the limit price that a pegged order is to have under a quote, in increments; 0 where there is none.

    A buy never costs more than what cash was set aside at, which was within the collar when it came. No order is moved
    onto one of our own on the other side, and a post-only one not onto the opposite quote.
    """
    order = working.order
    price = pegged(order, bid, ask)
    if not price:
        return 0
    buys = order.side is _BUY
    if buys:
        price = min(price, working.buying_price)
    if order.conditions is not None and order.conditions.post_only:
        price = min(price, ask - 1) if buys else max(price, bid + 1)
    own = own_opposite(state, working)
    if own:
        price = min(price, own - 1) if buys else max(price, own + 1)
    return max(1, price)


def meets_own(state: PartitionState, working: WorkingOrder, market: int) -> bool:
    """Return whether an order that goes out now could trade with one of our own; ``market`` where it has no limit."""
    own, price = own_opposite(state, working), working.order.limit_price or market
    if not own or not price:
        return False
    return price >= own if working.order.side is _BUY else price <= own


def own_opposite(state: PartitionState, working: WorkingOrder) -> int:
    """Return the best price at which our own orders rest on the other side, as far as they may not meet; 0: none."""
    order = working.order
    mode = state.limits.effective(order.account, order.strategy, working.instrument).self_trade_prevention
    if not mode:
        return 0
    return state.safeguards.resting.opposite(order.account if mode == 1 else None, order.instrument, order.side)
