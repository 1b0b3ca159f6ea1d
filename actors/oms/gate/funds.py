"""Whether the account's cash pays for what is bought."""

from __future__ import annotations

from actors.decimals import money_text
from actors.messages import MONEY_UNIT, Side
from actors.oms.exposure import buying_cost
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.refusal import Refusal
from actors.oms.gate.sizes import affordable

_BUY = Side.BUY


def buying_power_suffices(candidate: Candidate) -> Refusal | None:
    """Refuse a buy that cash, less the cost of open buys, may not pay for with its fees."""
    order, currency = candidate.order, candidate.currency
    if order.side is not _BUY:
        return None
    price, fee_rate = candidate.buying_price, candidate.fee_rate
    available = candidate.books.cash(currency) - candidate.exposure.reserved(currency) + candidate.released
    # At least the cost, whatever is rounded: the exact one is reckoned only where it is close.
    notional = price * order.quantity * candidate.limits.lot_value // MONEY_UNIT + 1
    if notional + notional * fee_rate // MONEY_UNIT < available:
        return None
    cost = buying_cost(candidate.known_instrument, price, order.quantity, fee_rate)
    if cost <= available:
        return None
    accepted = candidate.at_most(affordable(candidate, available, price))
    limit = money_text(available)
    return Refusal("BUYING_POWER", "the cash does not suffice", "quantity", money_text(cost), limit, accepted)
