"""The pre-trade gate: a table of small checks, the first failure of which refuses the order.

Each check looks at one ``Candidate`` and returns a ``Refusal`` or nothing. Positions count what open orders may still
add to them (the worst case), and buying power is cash less what open buys may still cost.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

from actors.decimals import money_text, price_text, quantity_text
from actors.messages import MONEY_UNIT, Instrument, OrderType, Side, SubmitOrder, TradingState
from actors.oms.exposure import Exposure, buying_cost
from actors.oms.inputs import Look
from actors.oms.limits import Limits
from actors.portfolio.books import Books

_LARGEST = 2**53


class Refusal(NamedTuple):
    """Why the gate refuses an order.

    Attributes:
        code: Stable, ``CATEGORY_CONDITION``.
        sentence: What is wrong, for people.
        field: The part of the order at fault.
        value: What it holds, or what it leads to.
        limit: What it is held against.
        accepted: What would be accepted now.
    """

    code: str
    sentence: str
    field: str
    value: str
    limit: str
    accepted: str

    @property
    def text(self) -> str:
        """The refusal in words."""
        parts = ((name, getattr(self, name)) for name in ("field", "value", "limit", "accepted"))
        return f"{self.sentence} ({'; '.join(f'{name}: {part}' for name, part in parts)})"


@dataclasses.dataclass
class Candidate:
    """An order at the gate, with all that the checks look at.

    Attributes:
        order: The order.
        instrument: Its instrument; ``None`` where the master has none of that id.
        currency: The account's currency.
        look: What was looked at of the market.
        time: The trading clock.
        limits: What is allowed.
        fee_rate: Expected fee as a fraction of the notional, in 1e-8.
        books: The account's cash and positions.
        exposure: What its open orders may still do.
        account_state: Trading state of firm and account.
        strategy_state: Trading state of the strategy.
        added: Lots by which it enlarges what open orders may trade: its quantity, or what a replacement adds.
        released: Cash that is set aside for it already, where it replaces an order.
    """

    __slots__ = (
        "order", "instrument", "currency", "look", "time", "limits", "fee_rate", "books", "exposure",
        "account_state", "strategy_state", "added", "released",
    )  # fmt: skip
    order: SubmitOrder
    instrument: Instrument | None
    currency: str
    look: Look
    time: int
    limits: Limits
    fee_rate: int
    books: Books
    exposure: Exposure
    account_state: TradingState
    strategy_state: TradingState
    added: int
    released: int

    @property
    def reference_price(self) -> int:
        """Last market price in increments; 0 where there is none."""
        return self.look.price

    @property
    def known_instrument(self) -> Instrument:
        """The instrument, once the first check has found it."""
        assert self.instrument is not None
        return self.instrument

    @property
    def highest_price(self) -> int:
        """The highest price a buy may pay without leaving the collar, in increments."""
        return self.reference_price * (MONEY_UNIT + self.limits.price_collar) // MONEY_UNIT

    @property
    def lowest_price(self) -> int:
        """The lowest price a sale may ask without leaving the collar, in increments."""
        return max(1, -(-self.reference_price * (MONEY_UNIT - self.limits.price_collar) // MONEY_UNIT))

    @property
    def buying_price(self) -> int:
        """What a buy may cost at most, in increments: its limit, or the market plus the collar."""
        limit = self.order.limit_price
        return self.highest_price if limit is None else limit

    @property
    def value_price(self) -> int:
        """What the order is valued at: its limit (of a sale at least the market), or the market where it has none."""
        limit = self.order.limit_price
        if limit is None:
            return self.reference_price
        return limit if self.order.side is Side.BUY else max(limit, self.reference_price)

    def lots_for(self, money: int, price: int) -> int:
        """Return how many lots ``money`` pays for, 0 or more."""
        instrument = self.known_instrument
        lot = price * instrument.price_increment * instrument.quantity_increment * instrument.multiplier
        return max(0, money * MONEY_UNIT // lot) if lot > 0 else 0

    def quantity(self, lots: int) -> str:
        """Return lots as a decimal string."""
        return quantity_text(self.known_instrument, lots)

    def at_most(self, lots: int) -> str:
        """Return the largest quantity that would pass, in words."""
        return f"quantity up to {self.quantity(lots)}" if lots > 0 else "no quantity"


Check = Callable[[Candidate], "Refusal | None"]


def instrument_known(candidate: Candidate) -> Refusal | None:
    """Refuse an instrument that the master does not have."""
    if candidate.instrument is not None:
        return None
    value = str(candidate.order.instrument)
    return Refusal(
        "INSTRUMENT_UNKNOWN", "there is no such instrument", "instrument", value, "the instrument master", "a known id"
    )


def instrument_valid(candidate: Candidate) -> Refusal | None:
    """Refuse an instrument before or after its time."""
    instrument = candidate.known_instrument
    if instrument.valid_from <= candidate.time < instrument.valid_to:
        return None
    bounds = f"from {instrument.valid_from} until {instrument.valid_to}"
    sentence = f"{instrument.symbol} does not trade at this time"
    return Refusal(
        "INSTRUMENT_NOT_VALID", sentence, "instrument", str(candidate.time), bounds, "an instrument in its time"
    )


def currency_matches(candidate: Candidate) -> Refusal | None:
    """Refuse an instrument in another currency than the account's: limits and cash are in the account's."""
    instrument = candidate.known_instrument
    if instrument.currency == candidate.currency:
        return None
    sentence = f"{instrument.symbol} trades in another currency than the account's"
    accepted = f"instruments in {candidate.currency}"
    return Refusal("CURRENCY_MISMATCH", sentence, "instrument", instrument.currency, candidate.currency, accepted)


def trading_not_halted(candidate: Candidate) -> Refusal | None:
    """Refuse everything while trading is halted for the firm, the account or the strategy."""
    if TradingState.HALTED not in (candidate.account_state, candidate.strategy_state):
        return None
    where = "account" if candidate.account_state is TradingState.HALTED else "strategy"
    return Refusal("TRADING_HALTED", "trading is halted", where, "halted", "active", "cancels only")


def quantity_positive(candidate: Candidate) -> Refusal | None:
    """Refuse a quantity that is not a positive number of lots."""
    quantity = candidate.order.quantity
    if 0 < quantity <= _LARGEST:
        return None
    limit = f"1 to {_LARGEST} lots"
    return Refusal(
        "QUANTITY_INVALID", "the quantity can't be traded", "quantity", str(quantity), limit, "1 lot or more"
    )


_WITHOUT_LIMIT = (OrderType.MARKET, OrderType.STOP, OrderType.TRAILING_STOP, OrderType.MARKET_IF_TOUCHED)


def price_fits_type(candidate: Candidate) -> Refusal | None:
    """Refuse an order without the limit price that its type has, and one with a price that its type does not have."""
    price = candidate.order.limit_price
    if candidate.order.type is OrderType.PEGGED and price is None:
        return None
    if candidate.order.type not in _WITHOUT_LIMIT:
        if price is not None and 0 < price <= _LARGEST:
            return None
        limit, accepted = f"1 to {_LARGEST} increments", "a positive limit price"
    elif price is None:
        return None
    else:
        limit, accepted = "no price on a market order", "no limit price, or type limit"
    return Refusal(
        "PRICE_INVALID", "the limit price does not fit the order", "limit_price", str(price), limit, accepted
    )


def price_available(candidate: Candidate) -> Refusal | None:
    """Refuse to trade what has no market price yet: nothing could be held against it."""
    if candidate.reference_price > 0:
        return None
    sentence = f"{candidate.known_instrument.symbol} has no market price yet"
    return Refusal("PRICE_UNAVAILABLE", sentence, "instrument", "none", "a market price", "after its first price")


def position_reduced(candidate: Candidate) -> Refusal | None:
    """Refuse what could enlarge or turn a position while only reductions are allowed.

    The state of a strategy looks at the strategy's own position, that of account and firm at the account's.
    """
    reduce_only, order = TradingState.REDUCE_ONLY, candidate.order
    if candidate.account_state is not reduce_only and candidate.strategy_state is not reduce_only:
        return None
    sign = order.side.sign
    reducible = _LARGEST
    if candidate.account_state is reduce_only:
        held = candidate.books.position(order.instrument)
        reducible = -sign * held - candidate.exposure.open_quantity(order.instrument, order.side)
    if candidate.strategy_state is reduce_only:
        held = candidate.books.strategy_position(order.strategy, order.instrument)
        pending = candidate.exposure.strategy_open_quantity(order.strategy, order.instrument, order.side)
        reducible = min(reducible, -sign * held - pending)
    if candidate.added <= reducible:
        return None
    value = f"{order.side} {candidate.quantity(candidate.added)}"
    limit = f"{order.side} {candidate.quantity(max(0, reducible))}"
    sentence = "positions may only be reduced"
    return Refusal("REDUCE_ONLY", sentence, "quantity", value, limit, candidate.at_most(reducible))


def price_in_collar(candidate: Candidate) -> Refusal | None:
    """Refuse a limit price that lies too far from the market on the aggressive side."""
    price = candidate.order.limit_price
    if price is None:
        return None
    buys = candidate.order.side is Side.BUY
    bound = candidate.highest_price if buys else candidate.lowest_price
    if price <= bound if buys else price >= bound:
        return None
    instrument = candidate.known_instrument
    limit = price_text(instrument, bound)
    sentence = f"the limit price is too far from the market, {price_text(instrument, candidate.reference_price)}"
    accepted = f"{limit} or {'lower' if buys else 'higher'}"
    return Refusal("PRICE_COLLAR", sentence, "limit_price", price_text(instrument, price), limit, accepted)


def order_quantity_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order of too many units."""
    maximum = candidate.limits.maximum_order_quantity
    increment = candidate.known_instrument.quantity_increment
    quantity = candidate.order.quantity
    if quantity * increment <= maximum:
        return None
    sentence = "the order is larger than the limit"
    accepted = candidate.at_most(maximum // increment)
    value = candidate.quantity(quantity)
    return Refusal("ORDER_QUANTITY_LIMIT", sentence, "quantity", value, money_text(maximum), accepted)


def order_notional_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse an order of too much value."""
    maximum = candidate.limits.maximum_order_notional
    price = candidate.value_price
    notional = candidate.known_instrument.notional(price, candidate.order.quantity)
    if notional <= maximum:
        return None
    accepted = candidate.at_most(candidate.lots_for(maximum, price))
    sentence = "the order's value is over the limit"
    return Refusal("ORDER_NOTIONAL_LIMIT", sentence, "quantity", money_text(notional), money_text(maximum), accepted)


def sale_covered(candidate: Candidate) -> Refusal | None:
    """Refuse a sale of what the account does not have, where short positions are not allowed."""
    order = candidate.order
    if candidate.limits.allow_short or order.side is Side.BUY:
        return None
    free = candidate.books.position(order.instrument) - candidate.exposure.open_quantity(order.instrument, Side.SELL)
    if candidate.added <= free:
        return None
    value, limit = candidate.quantity(candidate.added), candidate.quantity(max(0, free))
    sentence = "the sale would go short: more is sold than is held and not yet being sold"
    return Refusal("SHORT_SALE_FORBIDDEN", sentence, "quantity", value, limit, candidate.at_most(free))


def position_within_limit(candidate: Candidate) -> Refusal | None:
    """Refuse what could take a position over its value limit, were all open orders of its side filled."""
    order, instrument = candidate.order, candidate.known_instrument
    held = order.side.sign * candidate.books.position(order.instrument)
    before = held + candidate.exposure.open_quantity(order.instrument, order.side)
    maximum = candidate.limits.maximum_position_notional
    price = candidate.reference_price
    worst = before + candidate.added
    if candidate.added <= 0 or worst <= 0 or instrument.notional(price, worst) <= maximum:
        return None
    value = money_text(instrument.notional(price, worst))
    accepted = candidate.at_most(candidate.lots_for(maximum, price) - before)
    sentence = f"the position in {instrument.symbol} could grow over the limit"
    return Refusal("POSITION_LIMIT", sentence, "quantity", value, money_text(maximum), accepted)


def buying_power_suffices(candidate: Candidate) -> Refusal | None:
    """Refuse a buy that cash, less the cost of open buys, may not pay for with its fees."""
    order, instrument = candidate.order, candidate.known_instrument
    if order.side is not Side.BUY:
        return None
    price, fee_rate = candidate.buying_price, candidate.fee_rate
    cost = buying_cost(instrument, price, order.quantity, fee_rate)
    available = (
        candidate.books.cash(instrument.currency)
        - candidate.exposure.reserved(instrument.currency)
        + candidate.released
    )
    if cost <= available:
        return None
    lots = candidate.lots_for(available * MONEY_UNIT // (MONEY_UNIT + fee_rate), price)
    while lots and buying_cost(instrument, price, lots, fee_rate) > available:
        lots -= 1
    accepted = candidate.at_most(lots)
    limit = money_text(available)
    return Refusal("BUYING_POWER", "the cash does not suffice", "quantity", money_text(cost), limit, accepted)


CHECKS: tuple[tuple[str, Check], ...] = (
    ("INSTRUMENT_UNKNOWN", instrument_known),
    ("INSTRUMENT_NOT_VALID", instrument_valid),
    ("CURRENCY_MISMATCH", currency_matches),
    ("TRADING_HALTED", trading_not_halted),
    ("QUANTITY_INVALID", quantity_positive),
    ("PRICE_INVALID", price_fits_type),
    ("PRICE_UNAVAILABLE", price_available),
    ("REDUCE_ONLY", position_reduced),
    ("PRICE_COLLAR", price_in_collar),
    ("ORDER_QUANTITY_LIMIT", order_quantity_within_limit),
    ("ORDER_NOTIONAL_LIMIT", order_notional_within_limit),
    ("SHORT_SALE_FORBIDDEN", sale_covered),
    ("POSITION_LIMIT", position_within_limit),
    ("BUYING_POWER", buying_power_suffices),
)
"""All checks by the code of their refusal, in the order in which they run."""

_IN_ORDER = tuple(check for _, check in CHECKS)


def look(candidate: Candidate) -> Refusal | None:
    """Return the first refusal, or ``None`` where the order may be sent."""
    for check in _IN_ORDER:
        refusal = check(candidate)
        if refusal is not None:
            return refusal
    return None
