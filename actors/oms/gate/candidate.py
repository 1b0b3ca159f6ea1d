"""An order at the gate, with all that the checks look at, and the prices that it may come to."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

from actors.decimals import quantity_text
from actors.messages import MONEY_UNIT, Instrument, OrderType, Side, SubmitOrder
from actors.oms.activity import Holder
from actors.oms.emulation import pegged
from actors.oms.exposure import Exposure
from actors.oms.inputs import Look
from actors.oms.limit_tree import EffectiveLimits
from actors.oms.safeguards import Safeguards
from actors.portfolio.books import Books

WAITING = frozenset(
    {
        OrderType.STOP,
        OrderType.STOP_LIMIT,
        OrderType.TRAILING_STOP,
        OrderType.MARKET_IF_TOUCHED,
        OrderType.LIMIT_IF_TOUCHED,
    }
)
"""Types that wait until the market is somewhere."""

_BUY, _PEGGED = Side.BUY, OrderType.PEGGED


class Moment(enum.IntEnum):
    """When an order is looked at.

    * ``submitted``: it goes to the venue, or begins to watch the market, at once;
    * ``replaced``: it stands already and is to be changed;
    * ``held``: it waits for another order, and only what can't change until then is checked;
    * ``released``: it was held and is to go on.
    """

    SUBMITTED = 0
    REPLACED = 1
    HELD = 2
    RELEASED = 3


@dataclasses.dataclass(slots=True)
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
        safeguards: What the partition knows beside.
        added: Lots by which it enlarges what open orders may trade: its quantity, or what a replacement adds.
        released: Cash that is set aside for it already, where it replaces an order.
        moment: When it is looked at.
        changes: What it could do to positions, by holder, as far as checks have worked that out.
    """

    order: SubmitOrder
    instrument: Instrument | None
    currency: str
    look: Look
    time: int
    limits: EffectiveLimits
    fee_rate: int
    books: Books
    exposure: Exposure
    safeguards: Safeguards
    added: int
    released: int
    moment: Moment
    changes: dict[Holder, Any] = dataclasses.field(init=False, default_factory=dict)

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
    def base_price(self) -> int:
        """Where the order would begin to trade, in increments: where a waiting one triggers, else the market."""
        order, market = self.order, self.look.price
        if order.conditions is None or order.type not in WAITING:
            return market
        if order.type is not OrderType.TRAILING_STOP:
            return order.conditions.stop_price or market
        distance = order.conditions.trail_amount or market * (order.conditions.trail_rate or 0) // MONEY_UNIT
        return max(1, market + order.side.sign * distance)

    @property
    def highest_price(self) -> int:
        """The highest price a buy may pay without leaving the collar, in increments."""
        return self.base_price * (MONEY_UNIT + self.limits.price_collar) // MONEY_UNIT

    @property
    def lowest_price(self) -> int:
        """The lowest price a sale may ask without leaving the collar, in increments."""
        return max(1, -(-self.base_price * (MONEY_UNIT - self.limits.price_collar) // MONEY_UNIT))

    @property
    def resting_price(self) -> int | None:
        """Where the order is to rest, in increments: its limit, or where a pegged one begins; ``None``: nowhere."""
        order = self.order
        if order.type is _PEGGED:
            return pegged(order, self.look.bid, self.look.ask) or order.limit_price
        return order.limit_price

    @property
    def buying_price(self) -> int:
        """What a buy may cost at most, in increments: its limit, or where it begins to trade plus the collar."""
        limit = self.order.limit_price
        return self.highest_price if limit is None else limit

    @property
    def value_price(self) -> int:
        """What the order is valued at: its limit, or where it begins to trade; of a sale at least the market."""
        price = self.order.limit_price
        if price is None:
            price = self.base_price
        return price if self.order.side is _BUY or price > self.look.price else self.look.price

    @property
    def holders(self) -> tuple[Holder, Holder]:
        """The account, and its strategy, as holders of positions."""
        return (self.order.account, ""), (self.order.account, self.order.strategy)

    def lots(self, holder: Holder) -> tuple[int, int, int]:
        """Return position, open buys and open sales of a holder, in lots."""
        instrument, exposure = self.order.instrument, self.exposure
        strategy = holder[1]
        if strategy:
            return (
                self.books.strategy_position(strategy, instrument),
                exposure.strategy_open_quantity(strategy, instrument, _BUY),
                exposure.strategy_open_quantity(strategy, instrument, Side.SELL),
            )
        return (
            self.books.position(instrument),
            exposure.open_quantity(instrument, _BUY),
            exposure.open_quantity(instrument, Side.SELL),
        )

    def lots_for(self, money: int, price: int) -> int:
        """Return how many lots ``money`` pays for, rounded down."""
        lot = price * self.limits.lot_value
        return money * MONEY_UNIT // lot if lot > 0 else 0

    def quantity(self, lots: int) -> str:
        """Return lots as a decimal string."""
        return quantity_text(self.known_instrument, lots)

    def at_most(self, lots: int) -> str:
        """Return the largest quantity that would pass, in words."""
        return f"quantity up to {self.quantity(lots)}" if lots > 0 else "no quantity"
