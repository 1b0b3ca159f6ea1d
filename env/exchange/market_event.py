"""What one row of market data is to orders: who takes part in it, and what each gets."""

from __future__ import annotations

import abc

from env.exchange.allocation import Execution
from env.exchange.resting import RestingOrder, RestingOrders
from env.exchange.trading_days import TradingDay


class MarketEvent(abc.ABC):
    """A bar, a quote or a public trade.

    Attributes:
        event_time: When it happened, or a bar began, UTC nanoseconds.
        known_time: When it became known.
    """

    __slots__ = ("event_time", "known_time")

    def __init__(self, event_time: int, known_time: int) -> None:
        self.event_time = event_time
        self.known_time = known_time

    @abc.abstractmethod
    def takes_part(self, order: RestingOrder) -> bool:
        """Return whether the order may trade in it: nothing of it was over when the order came."""

    def is_chance(self, order: RestingOrder) -> bool:
        """Return whether the event is an opportunity for the order, be it of use to it or not."""
        return self.takes_part(order)

    @abc.abstractmethod
    def would_take(self, order: RestingOrder) -> bool:
        """Return whether an order that did not stand there before would trade against what was there already."""

    @abc.abstractmethod
    def match(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions of standing orders; what they take is gone for ``close``."""

    @abc.abstractmethod
    def close(self, orders: RestingOrders) -> list[Execution]:
        """Return the executions of orders for the close where this is the last event of their session."""

    def is_after_open(self, day: TradingDay) -> bool:
        """Return whether it belongs to the session or a later one."""
        return self.event_time >= day.opens_at

    def is_within(self, day: TradingDay) -> bool:
        """Return whether it belongs to the session."""
        return day.opens_at <= self.event_time <= day.closes_at

    def is_at_close(self, day: TradingDay) -> bool:
        """Return whether nothing of the session can follow an event within it."""
        return False
