"""All open orders by instrument, and when the trading clock of their market shard is past what they wait for."""

from __future__ import annotations

import heapq
from collections import defaultdict

from actors.messages import TimeInForce
from env.exchange.expiries import Expiries
from env.exchange.instrument_orders import Closing, InstrumentOrders
from env.exchange.resting import RestingOrder
from env.exchange.trading_days import TradingDay


class OpenOrders:
    """The open orders of the exchange.

    Attributes:
        by_instrument: Those of every instrument that has some.
        shards: Number of market shards: instrument ``i`` comes from shard ``i % shards``.
    """

    def __init__(self) -> None:
        self.by_instrument: dict[int, InstrumentOrders] = {}
        self.shards = 1
        self._idle: dict[int, InstrumentOrders] = {}  # an instrument that has no order now may well have one soon
        self._expiries: defaultdict[int, Expiries] = defaultdict(Expiries)
        self._closes: defaultdict[int, list[tuple[int, int, TradingDay]]] = defaultdict(list)

    def add(self, order: RestingOrder, now: int) -> None:
        """Let an order wait for what it is for; ``now`` is the trading clock of its market shard."""
        instrument = order.order.instrument
        orders = self.by_instrument.get(instrument)
        if orders is None:
            orders = self._idle.pop(instrument, None)
            orders = self.by_instrument[instrument] = InstrumentOrders() if orders is None else orders
        shard = instrument % self.shards
        day = order.day if order.order.time_in_force is TimeInForce.AT_CLOSE else None
        if day is None or day.closes_at < now:
            self._expiries[shard].add(order)
        elif day not in orders.for_close:
            heapq.heappush(self._closes[shard], (day.closes_at, instrument, day))
        orders.add(order)

    def remove(self, order: RestingOrder) -> None:
        """Take an order out that has closed; its limit and number are those that it was added with."""
        instrument = order.order.instrument
        self._expiries[instrument % self.shards].discard(order)
        orders = self.by_instrument[instrument]
        orders.remove(order)
        if not orders:
            self._idle[instrument] = self.by_instrument.pop(instrument)

    def reschedule(self, order: RestingOrder, expires_at: int) -> None:
        """Let an order expire at another moment."""
        expiries = self._expiries[order.order.instrument % self.shards]
        expiries.discard(order)
        order.expires_at = expires_at
        expiries.add(order)

    def expired(self, shard: int, time: int) -> list[RestingOrder]:
        """Return the orders that have expired at ``time``, once."""
        return self._expiries[shard].due(time)

    def closed(self, shard: int, time: int) -> list[Closing]:
        """Return the closes that are over at ``time``, once.

        What stays open of their orders expires like a day order: until then a bar that becomes known late fills it.
        """
        closes, found = self._closes[shard], []
        while closes and closes[0][0] < time:
            _, instrument, day = heapq.heappop(closes)
            orders = self.by_instrument.get(instrument)
            closing = None if orders is None else orders.for_close.get(day)
            if closing is not None:
                found.append(closing)
                for order in closing.orders.by_arrival():
                    self._expiries[shard].add(order)
        return found
