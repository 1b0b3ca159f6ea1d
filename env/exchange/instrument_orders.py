"""The open orders of one instrument, by what they wait for: a price, the open of a session, or its close."""

from __future__ import annotations

from collections import defaultdict

from actors.messages import TimeInForce
from env.exchange.market_event import MarketEvent
from env.exchange.resting import RestingOrder, RestingOrders
from env.exchange.trading_days import TradingDay


class Closing:
    """Orders for the close of one session.

    Attributes:
        orders: The orders.
        last: The newest event of the session; ``None`` where there was none since the first of them came.
    """

    __slots__ = ("orders", "last")

    def __init__(self) -> None:
        self.orders = RestingOrders()
        self.last: MarketEvent | None = None


class InstrumentOrders:
    """The open orders of one instrument.

    Attributes:
        standing: Those that any event may fill; orders for an open are among them from that open on.
        for_close: Those for a close, by session.
    """

    __slots__ = ("standing", "for_close", "_newcomers", "_for_open", "_count")

    def __init__(self) -> None:
        self.standing = RestingOrders()
        self.for_close: dict[TradingDay, Closing] = {}
        self._newcomers: dict[int, RestingOrder] = {}
        self._for_open: defaultdict[TradingDay, dict[int, RestingOrder]] = defaultdict(dict)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, order: RestingOrder) -> None:
        """Let an order wait for what it is for."""
        self._count += 1
        if order.day is None:
            self._stand(order)
        elif order.order.time_in_force is TimeInForce.AT_CLOSE:
            self.for_close.setdefault(order.day, Closing()).orders.add(order)
        else:
            self._for_open[order.day][order.number] = order

    def _stand(self, order: RestingOrder) -> None:
        self.standing.add(order)
        self._newcomers[order.number] = order

    def remove(self, order: RestingOrder) -> None:
        """Take an order out; its limit and number are those that it was added with."""
        self._count -= 1
        day = order.day
        if day is None or not (self._leave_close(order, day) or self._leave_open(order, day)):
            self.standing.remove(order)
            self._newcomers.pop(order.number, None)

    def _leave_close(self, order: RestingOrder, day: TradingDay) -> bool:
        if order.order.time_in_force is not TimeInForce.AT_CLOSE:
            return False
        closing = self.for_close[day]
        closing.orders.remove(order)
        if not closing.orders:
            del self.for_close[day]
        return True

    def _leave_open(self, order: RestingOrder, day: TradingDay) -> bool:
        waiting = self._for_open.get(day, {})
        if waiting.pop(order.number, None) is None:
            return False
        if not waiting:
            del self._for_open[day]
        return True

    def meet(self, event: MarketEvent) -> list[RestingOrder]:
        """Return the standing orders whose first event it is, the first come first; the session's open is one.

        It is their first event once: from now on they have stood there.
        """
        opening = [day for day in self._for_open if event.is_after_open(day)]
        if opening:
            for day in opening:
                for order in self._for_open.pop(day).values():
                    self._stand(order)
            self._newcomers = dict(sorted(self._newcomers.items()))
        met = [order for order in self._newcomers.values() if event.is_chance(order)]
        for order in met:
            del self._newcomers[order.number]
        return met
