"""How large one position may become, were all open orders of its side filled."""

from __future__ import annotations

from actors.decimals import money_text
from actors.messages import Side
from actors.oms.activity import Holder
from actors.oms.gate.candidate import Candidate
from actors.oms.gate.refusal import Refusal

_BUY, _SELL = Side.BUY, Side.SELL


def sale_covered(candidate: Candidate) -> Refusal | None:
    """Refuse a sale of what the account does not have, where short positions are not allowed."""
    order = candidate.order
    if candidate.limits.allow_short or order.side is _BUY:
        return None
    free = candidate.books.position(order.instrument) - candidate.exposure.open_quantity(order.instrument, _SELL)
    if candidate.added <= max(0, free):  # what adds nothing sells no more than before
        return None
    value, limit = candidate.quantity(candidate.added), candidate.quantity(max(0, free))
    sentence = "the sale would go short: more is sold than is held and not yet being sold"
    return Refusal("SHORT_SALE_FORBIDDEN", sentence, "quantity", value, limit, candidate.at_most(free))


def position_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse what could take a position of the account or the strategy over its value limit."""
    order, limits = candidate.order, candidate.limits
    held = candidate.books.position(order.instrument)
    if order.side is not _BUY:
        held = -held
    worst = held + candidate.exposure.open_quantity(order.instrument, order.side) + candidate.added
    if candidate.look.price * worst * limits.lot_value > limits.position_bound:
        refusal = _notional(candidate, candidate.holders[0], limits.maximum_position_notional)
        if refusal is not None:
            return refusal
    own = limits.strategy.maximum_position_notional
    return None if own is None else _notional(candidate, candidate.holders[1], own)


def position_quantity_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse what could take a position of the account or the strategy over its quantity limit."""
    limits = candidate.limits
    for holder, maximum in zip(
        candidate.holders, (limits.maximum_position_quantity, limits.strategy.maximum_position_quantity)
    ):
        if maximum is None:
            continue
        before = _before(candidate, holder)
        increment = candidate.known_instrument.quantity_increment
        worst = before + candidate.added
        if candidate.added > 0 and worst > 0 and worst * increment > maximum:
            accepted = candidate.at_most(maximum // increment - before)
            value = candidate.quantity(worst)
            return Refusal(
                "POSITION_QUANTITY_LIMIT",
                _sentence(candidate, holder),
                "quantity",
                value,
                money_text(maximum),
                accepted,
            )
    return None


def _notional(candidate: Candidate, holder: Holder, maximum: int) -> Refusal | None:
    instrument, price = candidate.known_instrument, candidate.look.price
    before = _before(candidate, holder)
    worst = before + candidate.added
    if candidate.added <= 0 or worst <= 0 or instrument.notional(price, worst) <= maximum:
        return None
    value = money_text(instrument.notional(price, worst))
    accepted = candidate.at_most(candidate.lots_for(maximum, price) - before)
    return Refusal("POSITION_LIMIT", _sentence(candidate, holder), "quantity", value, money_text(maximum), accepted)


def _before(candidate: Candidate, holder: Holder) -> int:
    """Return the position in the order's direction, were all open orders of its side filled."""
    position, buys, sales = candidate.lots(holder)
    return position + buys if candidate.order.side is _BUY else sales - position


def _sentence(candidate: Candidate, holder: Holder) -> str:
    whose = f"the position of {holder[1]}" if holder[1] else "the position"
    return f"{whose} in {candidate.known_instrument.symbol} could grow over the limit"
