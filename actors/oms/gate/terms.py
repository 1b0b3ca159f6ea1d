"""Whether the terms of an order make sense together: one table says which each type has."""

from __future__ import annotations

from typing import NamedTuple

from actors.messages import MONEY_UNIT, Conditions, OrderType, TimeInForce
from actors.oms.gate.candidate import Candidate, Moment
from actors.oms.gate.refusal import Refusal

LARGEST = 2**53
LATEST = 2**62
"""The latest time that an order may name, UTC nanoseconds: in the year 2116."""

_LIMIT, _MARKET, _GTD = OrderType.LIMIT, OrderType.MARKET, TimeInForce.GTD
_STANDING = (TimeInForce.DAY, TimeInForce.GTC, TimeInForce.GTD)
_ANY = tuple(TimeInForce)
_PLAIN = Conditions()


class Terms(NamedTuple):
    """What an order of one type has.

    Attributes:
        limit_price: Whether it has a limit price; ``None``: it may.
        stop_price, trail, peg: Whether it has the condition of that name.
        times_in_force: How long it may stand. What waits, or follows the quote, can't be done at once or at an auction.
    """

    limit_price: bool | None
    stop_price: bool
    trail: bool
    peg: bool
    times_in_force: tuple[TimeInForce, ...]


TERMS: dict[OrderType, Terms] = {
    OrderType.MARKET: Terms(False, False, False, False, _ANY),
    OrderType.LIMIT: Terms(True, False, False, False, _ANY),
    OrderType.STOP: Terms(False, True, False, False, _STANDING),
    OrderType.STOP_LIMIT: Terms(True, True, False, False, _STANDING),
    OrderType.TRAILING_STOP: Terms(False, False, True, False, _STANDING),
    OrderType.MARKET_IF_TOUCHED: Terms(False, True, False, False, _STANDING),
    OrderType.LIMIT_IF_TOUCHED: Terms(True, True, False, False, _STANDING),
    OrderType.PEGGED: Terms(None, False, False, True, _STANDING),
}
"""What an order of each type has."""


def quantity_positive(candidate: Candidate) -> Refusal | None:
    """Refuse a quantity that is not a positive number of lots."""
    quantity = candidate.order.quantity
    if 0 < quantity <= LARGEST:
        return None
    limit = f"1 to {LARGEST} lots"
    return Refusal(
        "QUANTITY_INVALID", "the quantity can't be traded", "quantity", str(quantity), limit, "1 lot or more"
    )


def price_fits_type(candidate: Candidate) -> Refusal | None:
    """Refuse an order without the limit price that its type has, or with one that it does not have."""
    price, kind = candidate.order.limit_price, candidate.order.type
    wanted = True if kind is _LIMIT else False if kind is _MARKET else TERMS[kind].limit_price
    if price is None:
        if not wanted:
            return None
    elif wanted is not False and 0 < price <= LARGEST:
        return None
    if wanted is False:
        limit, accepted = f"no price on a {_words(kind)} order", "no limit price, or type limit"
    else:
        limit, accepted = f"1 to {LARGEST} increments", "a positive limit price"
    return Refusal(
        "PRICE_INVALID", "the limit price does not fit the order", "limit_price", str(price), limit, accepted
    )


def time_in_force_fits(candidate: Candidate) -> Refusal | None:
    """Refuse a time in force that the order's type, or a condition that needs time to rest, can't have."""
    order, conditions = candidate.order, candidate.order.conditions or _PLAIN
    allowed = TERMS[order.type].times_in_force
    why = f"a {_words(order.type)} order"
    if conditions.post_only or conditions.display_quantity is not None:
        allowed, why = _STANDING, "an order that is to rest"
    if order.time_in_force in allowed:
        return None
    names = ", ".join(map(str, allowed))
    sentence = f"{why} can't have this time in force"
    return Refusal("TIME_IN_FORCE_INVALID", sentence, "time_in_force", str(order.time_in_force), names, names)


def expire_time_fits(candidate: Candidate) -> Refusal | None:
    """Refuse an order good till a date that names none in the future, and a date on any other order."""
    order, time = candidate.order, candidate.time
    expires = order.conditions.expire_time if order.conditions is not None else None
    dated = order.time_in_force is _GTD
    if expires is None and not dated or expires is not None and dated and time < expires <= LATEST:
        return None
    if dated:
        limit, accepted = f"later than {time}, up to {LATEST}", "a time in the future, UTC nanoseconds"
    else:
        limit, accepted = f"none with {order.time_in_force}", "no expire time, or time in force gtd"
    sentence = "the expire time does not fit the time in force"
    return Refusal("EXPIRE_TIME_INVALID", sentence, "expire_time", str(expires), limit, accepted)


def stop_price_fits(candidate: Candidate) -> Refusal | None:
    """Refuse an order without the stop price that its type has, or with one that it does not have."""
    kind, price = candidate.order.type, (candidate.order.conditions or _PLAIN).stop_price
    wanted = TERMS[kind].stop_price
    if price is None and not wanted or price is not None and wanted and 0 < price <= LARGEST:
        return None
    if wanted:
        limit, accepted = f"1 to {LARGEST} increments", "a positive stop price"
    else:
        limit, accepted = f"no stop price on a {_words(kind)} order", "no stop price, or a type that waits for one"
    sentence = "the stop price does not fit the order"
    return Refusal("STOP_PRICE_INVALID", sentence, "stop_price", str(price), limit, accepted)


def trail_fits(candidate: Candidate) -> Refusal | None:
    """Refuse a trailing stop without exactly one distance, and a distance on any other order."""
    kind, conditions = candidate.order.type, candidate.order.conditions or _PLAIN
    amount, rate = conditions.trail_amount, conditions.trail_rate
    if TERMS[kind].trail:
        if rate is None and amount is not None and 0 < amount <= LARGEST:
            return None
        if amount is None and rate is not None and 0 < rate < MONEY_UNIT:
            return None
        limit = f"an amount of 1 to {LARGEST} increments, or a rate of 1 to {MONEY_UNIT - 1} in 1e-8"
        accepted = "trail_amount or trail_rate, one of the two"
    elif amount is None and rate is None:
        return None
    else:
        limit, accepted = f"none on a {_words(kind)} order", "no distance, or type trailing_stop"
    field = "trail_rate" if amount is None and rate is not None else "trail_amount"
    sentence = "the distance of the stop does not fit the order"
    return Refusal("TRAIL_INVALID", sentence, field, f"amount {amount}, rate {rate}", limit, accepted)


def display_quantity_fits(candidate: Candidate) -> Refusal | None:
    """Refuse to show none or more of an order than there is, and to hide a part of what is no limit order.

    An order that was made smaller than it shows has nothing to hide any more, which is no fault of its replacement.
    """
    order = candidate.order
    shown = order.conditions.display_quantity if order.conditions is not None else None
    most = LARGEST if candidate.moment is Moment.REPLACED else order.quantity
    if shown is None or order.type is _LIMIT and 0 < shown <= most:
        return None
    if order.type is _LIMIT:
        limit, accepted = f"1 to {order.quantity} lots", candidate.at_most(order.quantity)
    else:
        limit, accepted = f"none on a {_words(order.type)} order", "no display quantity, or type limit"
    sentence = "the display quantity does not fit the order"
    return Refusal("DISPLAY_QUANTITY_INVALID", sentence, "display_quantity", str(shown), limit, accepted)


def peg_fits(candidate: Candidate) -> Refusal | None:
    """Refuse a pegged order that follows nothing, and any other that follows something."""
    kind, conditions = candidate.order.type, candidate.order.conditions or _PLAIN
    wanted = TERMS[kind].peg
    if wanted == (conditions.peg is not None) and (wanted or not conditions.peg_offset):
        if -LARGEST <= conditions.peg_offset <= LARGEST:
            return None
    if wanted:
        limit = f"mid or best, and an offset within {LARGEST} increments"
        accepted = "a peg to mid or best, with an offset within the price collar"
    else:
        limit, accepted = f"none on a {_words(kind)} order", "no peg and no offset, or type pegged"
    value = f"{conditions.peg}, offset {conditions.peg_offset}"
    return Refusal("PEG_INVALID", "the peg does not fit the order", "peg", value, limit, accepted)


def post_only_fits(candidate: Candidate) -> Refusal | None:
    """Refuse to let only rest what can't rest: orders without a limit of their own, or that are still waiting."""
    order = candidate.order
    if order.conditions is None or not order.conditions.post_only:
        return None
    if order.type is _LIMIT or order.type is OrderType.PEGGED:
        return None
    sentence = f"a {_words(order.type)} order can't be post-only"
    return Refusal(
        "POST_ONLY_INVALID", sentence, "post_only", "true", "false", "post_only false, or type limit or pegged"
    )


def _words(kind: OrderType) -> str:
    return str(kind).replace("_", " ")
