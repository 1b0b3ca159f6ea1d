"""How large one order may be: in units, in value, and in what it may cost or bring."""

from __future__ import annotations

from actors.decimals import money_text
from actors.messages import MONEY_UNIT
from actors.oms.exposure import buying_cost
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.refusal import Refusal

LARGEST_PRODUCT = 2**60
"""The largest price times quantity, in increments and lots: 64 bits hold it, filled at eight times the price."""
LARGEST_NOTIONAL = 2**62
"""The largest value of one order in 1e-8 currency units, for the same reason; so much cash an account may hold."""


def order_quantity_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order of too many units."""
    limits, quantity = candidate.limits, candidate.order.quantity
    if quantity <= limits.quantity_bound:
        return None
    maximum = limits.maximum_order_quantity
    sentence = "the order is larger than the limit"
    accepted = candidate.at_most(limits.quantity_bound)
    value = candidate.quantity(quantity)
    return Refusal("ORDER_QUANTITY_LIMIT", sentence, "quantity", value, money_text(maximum), accepted)


def order_notional_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order of too much value, or of more than can be counted."""
    price, quantity, limits = candidate.value_price, candidate.order.quantity, candidate.limits
    product = price * quantity
    if product <= LARGEST_PRODUCT and product * limits.lot_value <= limits.notional_bound:
        return None
    maximum = min(limits.maximum_order_notional, LARGEST_NOTIONAL)
    notional = candidate.known_instrument.notional(price, quantity)
    if product > LARGEST_PRODUCT:
        sentence = "the order's value can't be counted"
        limit, accepted = f"{LARGEST_PRODUCT} increments", candidate.at_most(LARGEST_PRODUCT // price)
        return Refusal("ORDER_NOTIONAL_LIMIT", sentence, "quantity", f"{product} increments", limit, accepted)
    if notional <= maximum:
        return None
    accepted = candidate.at_most(candidate.lots_for(maximum, price))
    sentence = "the order's value is over the limit"
    return Refusal("ORDER_NOTIONAL_LIMIT", sentence, "quantity", money_text(notional), money_text(maximum), accepted)


def order_value_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order that may cost or bring too much at the worst price that it takes, fees included."""
    maximum = candidate.limits.maximum_order_value
    if maximum is None:
        return None
    order, instrument, fee_rate = candidate.order, candidate.known_instrument, candidate.fee_rate
    price = max(candidate.buying_price, candidate.value_price)
    value = buying_cost(instrument, price, order.quantity, fee_rate)
    if value <= maximum:
        return None
    lots = affordable(candidate, maximum, price)
    sentence = "the order may move more money than the limit"
    return Refusal(
        "ORDER_VALUE_LIMIT", sentence, "quantity", money_text(value), money_text(maximum), candidate.at_most(lots)
    )


def affordable(candidate: Candidate, money: int, price: int) -> int:
    """Return the most lots that ``money`` buys at ``price`` with their fees."""
    instrument, fee_rate = candidate.known_instrument, candidate.fee_rate
    lots = candidate.lots_for(money * MONEY_UNIT // (MONEY_UNIT + fee_rate), price)
    while lots > 0 and buying_cost(instrument, price, lots, fee_rate) > money:
        lots -= 1
    return lots
