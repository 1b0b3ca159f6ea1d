"""Prices against the market: too far from it, on its wrong side, or against an order of our own."""

from __future__ import annotations

from actors.decimals import price_text
from actors.messages import MONEY_UNIT, OrderType, PegReference, Side
from actors.oms.gate.candidate import WAITING, Candidate
from actors.oms.gate.refusal import Refusal

_BUY, _PEGGED, _MARKET = Side.BUY, OrderType.PEGGED, OrderType.MARKET
_STOPS = (OrderType.STOP, OrderType.STOP_LIMIT)


def price_available(candidate: Candidate) -> Refusal | None:
    """Refuse to trade what has no market price yet: nothing could be held against it."""
    if candidate.look.price > 0:
        return None
    sentence = f"{candidate.known_instrument.symbol} has no market price yet"
    return Refusal("PRICE_UNAVAILABLE", sentence, "instrument", "none", "a market price", "after its first price")


def quote_available(candidate: Candidate) -> Refusal | None:
    """Refuse a pegged order where the quote lacks what it would follow."""
    conditions = candidate.order.conditions
    if candidate.order.type is not _PEGGED or conditions is None or _peg_price(candidate):
        return None
    look = candidate.look
    sentence = f"there is no quote of {candidate.known_instrument.symbol} that the order could follow"
    value = f"bid {look.bid or 'none'}, ask {look.ask or 'none'}"
    limit = "bid and ask" if conditions.peg is PegReference.MID else "a quote on its own side"
    return Refusal("QUOTE_UNAVAILABLE", sentence, "peg", value, limit, "after a quote")


def stop_on_its_side(candidate: Candidate) -> Refusal | None:
    """Refuse an order that waits for a price that the market is at or beyond already: it would trigger at once.

    Exchanges that take stops refuse such an order; a client that wants to trade now sends a market order.
    """
    order = candidate.order
    if order.conditions is None or order.conditions.stop_price is None:
        return None
    stop, market = order.conditions.stop_price, candidate.look.price
    above = (order.side is _BUY) == (order.type in _STOPS)
    if stop > market if above else stop < market:
        return None
    instrument = candidate.known_instrument
    limit = f"{'above' if above else 'below'} {price_text(instrument, market)}"
    sentence = "the market is at the stop price already: the order would trigger at once"
    return Refusal("STOP_PRICE_WRONG_SIDE", sentence, "stop_price", price_text(instrument, stop), limit, limit)


def price_in_collar(candidate: Candidate) -> Refusal | None:
    """Refuse a limit price too far on the aggressive side of the market, or of where a waiting order triggers."""
    price = candidate.resting_price
    if price is None:
        return None
    bound = candidate.highest_price if candidate.order.side is _BUY else candidate.lowest_price
    if price <= bound if candidate.order.side is _BUY else price >= bound:
        return None
    return _beyond(candidate, "PRICE_COLLAR", price, bound, "")


def price_in_volatility_collar(candidate: Candidate) -> Refusal | None:
    """Refuse a limit price too many deviations of recent price changes away; nothing where they are not known yet."""
    deviations, price = candidate.limits.price_collar_deviations, candidate.resting_price
    volatility = candidate.look.volatility
    if price is None or not deviations or not volatility:
        return None
    base = candidate.base_price
    distance = base * volatility * deviations // MONEY_UNIT**2
    buys = candidate.order.side is _BUY
    bound = base + distance if buys else max(1, base - distance)
    if price <= bound if buys else price >= bound:
        return None
    return _beyond(candidate, "PRICE_COLLAR_VOLATILITY", price, bound, "for recent volatility ")


def limit_would_rest(candidate: Candidate) -> Refusal | None:
    """Refuse a post-only order that would trade at once: at the opposite quote, else beyond the last price."""
    order, look = candidate.order, candidate.look
    if order.conditions is None or not order.conditions.post_only:
        return None
    price = _peg_price(candidate) if order.type is _PEGGED else order.limit_price or 0
    if order.type is _PEGGED and order.limit_price is not None:
        price = min(price, order.limit_price) if order.side is _BUY else max(price, order.limit_price)
    if order.side is _BUY:
        bound = look.ask - 1 if look.ask else look.price
        rests = price <= bound
    else:
        bound = look.bid + 1 if look.bid else look.price
        rests = price >= bound
    if rests:
        return None
    instrument = candidate.known_instrument
    limit = f"{price_text(instrument, bound)} or {'lower' if order.side is _BUY else 'higher'}"
    sentence = "the order is post-only and would trade at once"
    return Refusal("POST_ONLY_WOULD_TAKE", sentence, "limit_price", price_text(instrument, price), limit, limit)


def no_self_trade(candidate: Candidate) -> Refusal | None:
    """Refuse the newer of two orders of our own that could trade with one another.

    A market order is taken to trade at the opposite quote, or at the last price where there is none: what lies deeper
    in the book is the venue's to prevent. Waiting orders rest nowhere yet.
    """
    order, mode = candidate.order, candidate.limits.self_trade_prevention
    if not mode:
        return None
    own = candidate.safeguards.resting.opposite(order.account if mode == 1 else None, order.instrument, order.side)
    if not own or order.type in WAITING:
        return None
    price, look = candidate.resting_price, candidate.look
    buys = order.side is _BUY
    if price is None:
        price = (look.ask if buys else look.bid) or look.price
    if price < own if buys else price > own:
        return None
    resting = price_text(candidate.known_instrument, own)
    whose = "the account's own" if mode == 1 else "the firm's own"
    sentence = f"the order could trade against {whose} {'sell' if buys else 'buy'} order, which rests at {resting}"
    accepted = f"a limit price {'below' if buys else 'above'} {resting}, or a cancel of that order first"
    value = "market" if order.type is _MARKET else price_text(candidate.known_instrument, price)
    return Refusal("SELF_TRADE", sentence, "limit_price", value, resting, accepted)


def _peg_price(candidate: Candidate) -> int:
    """Return where a pegged order would rest, at least at one increment; 0 where the quote gives no price."""
    order, look, conditions = candidate.order, candidate.look, candidate.order.conditions
    if conditions is None:
        return 0
    if conditions.peg is PegReference.MID:
        reference = (look.bid + look.ask) // 2 if look.bid and look.ask else 0
    else:
        reference = look.bid if order.side is _BUY else look.ask
    return max(1, reference + conditions.peg_offset) if reference else 0


def _beyond(candidate: Candidate, code: str, price: int, bound: int, why: str) -> Refusal:
    instrument = candidate.known_instrument
    limit, base = price_text(instrument, bound), price_text(instrument, candidate.base_price)
    where = "where the order triggers" if candidate.order.type in WAITING else "the market"
    sentence = f"the limit price is too far {why}from {where}, {base}"
    accepted = f"{limit} or {'lower' if candidate.order.side is _BUY else 'higher'}"
    return Refusal(code, sentence, "limit_price", price_text(instrument, price), limit, accepted)
