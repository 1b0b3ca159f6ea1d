"""The paper exchange's core: orders, cancels and market slices go in, execution reports come out.

It is deterministic: the same inputs give the same reports, byte for byte. Of the market it keeps only the trading clock
of each shard, so a row of an instrument in which no order is open changes nothing (``relevant`` leaves such rows out).
Orders of an instrument see nothing but slices of the instrument's own shard, the expiry of day orders included: in what
order the slices of several shards come changes no fill and no expiry, only how the reports of a session interleave.
"""

from __future__ import annotations

import decimal
import fractions
import heapq
from collections import defaultdict
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import numpy as np

from actors.errors import Conflict
from actors.market.ticks import Kind, MarketSlice
from actors.messages import (
    Bar,
    ExecutionReport,
    OrderStatus,
    OrderType,
    Quote,
    ReportType,
    TimeInForce,
    Trade,
    VenueOrder,
)
from env.exchange import bars, quotes, trades
from env.exchange.allocation import Execution, participate
from env.exchange.fees import FeeSchedule
from env.exchange.records import ExchangeRules, OrderState
from env.exchange.resting import RestingOrder, RestingOrders
from env.exchange.trading_days import Bounds, TradingDays


class SessionReport(NamedTuple):
    """A report and the order entry session that it goes to."""

    session: str
    report: ExecutionReport


class PaperExchange:
    """Fills orders against market data.

    Args:
        rules: Instruments, fees, participation and number of market shards.
        session_bounds: Gives the opens and closes of a calendar's sessions, UTC nanoseconds; empty for ``24/7``.

    Attributes:
        orders_accepted: Orders that were not refused.
        fills: Executions.
        turnover: Notional of all executions by currency, 1e-8 units.
    """

    def __init__(self, rules: ExchangeRules, session_bounds: Callable[[str], Bounds]) -> None:
        self._days = TradingDays(session_bounds)
        self._orders: defaultdict[str, dict[str, RestingOrder]] = defaultdict(dict)
        self._open: dict[int, RestingOrders] = {}
        self._expiries: defaultdict[int, list[tuple[int, int, RestingOrder]]] = defaultdict(list)
        self._clocks: defaultdict[int, int] = defaultdict(int)
        self._arrivals = 0
        self._last_reports: defaultdict[str, int] = defaultdict(int)
        self.orders_accepted = 0
        self.fills = 0
        self.turnover: defaultdict[str, int] = defaultdict(int)
        self.adopt(rules)

    def adopt(self, rules: ExchangeRules) -> None:
        """Trade by ``rules`` from now on.

        Raises:
            InputError: An instrument's calendar is not known.
        """
        self.rules = rules
        self._instruments = {instrument.id: instrument for instrument in rules.instruments}
        self._fees = FeeSchedule(decimal.Decimal(rules.maker_fee_bps), decimal.Decimal(rules.taker_fee_bps))
        self._participation = fractions.Fraction(rules.participation)
        self._days.load({instrument.calendar for instrument in rules.instruments})

    @property
    def open_orders(self) -> int:
        """Number of orders that can still trade."""
        return sum(len(orders) for orders in self._open.values())

    def orders(self, session: str) -> list[OrderState]:
        """Return the open orders of ``session``, the first come first."""
        return [
            OrderState(order_id, str(order.status), order.filled)
            for order_id, order in self._orders[session].items()
            if order.leaves
        ]

    def knows(self, session: str, order: VenueOrder) -> bool:
        """Return whether the order has come before.

        Raises:
            Conflict: Another order came under its id.
        """
        known = self._orders[session].get(order.order_id)
        if known is None:
            return False
        if msgspec.structs.replace(known.order, time=order.time) != order:
            raise Conflict(
                "another order has this id",
                field="order_id",
                value=order.order_id,
                rule="an order id names one order for ever",
                code="ORDER_ID_REUSED",
            )
        return True

    def submit(self, session: str, order: VenueOrder) -> list[SessionReport]:
        """Take an order; it can trade from the next data on. Nothing happens where it is known already.

        Raises:
            Conflict: Another order came under its id.
        """
        if self.knows(session, order):
            return []
        accepted_at = max(order.time, self._clocks[order.instrument % self.rules.shards])
        refusal = self._refusal(order, accepted_at)
        expires_at = None
        if not refusal and order.time_in_force is TimeInForce.DAY:
            expires_at = self._days.expires_at(self._instruments[order.instrument].calendar, accepted_at)
        self._arrivals += 1
        resting = RestingOrder(session, order, self._arrivals, accepted_at, expires_at)
        self._orders[session][order.order_id] = resting
        if refusal:
            resting.close(OrderStatus.REJECTED)
            reason, text = refusal
            return [self._report(resting, ReportType.REJECTED, accepted_at, reason=reason, text=text)]
        self.orders_accepted += 1
        self._open.setdefault(order.instrument, RestingOrders()).add(resting)
        if expires_at is not None:
            shard = order.instrument % self.rules.shards
            heapq.heappush(self._expiries[shard], (expires_at, resting.number, resting))
        return [self._report(resting, ReportType.NEW, accepted_at)]

    def cancel(self, session: str, order_id: str, time: int) -> list[SessionReport]:
        """Take an order out of the book, or say why that can't be."""
        resting = self._orders[session].get(order_id)
        if resting is None:
            text = "no such order in this session"
            return [self._tell(session, order_id, ReportType.CANCEL_REJECTED, time, reason="ORDER_UNKNOWN", text=text)]
        time = max(time, self._clocks[resting.order.instrument % self.rules.shards])
        if not resting.leaves:
            text = f"the order is {resting.status}"
            return [self._report(resting, ReportType.CANCEL_REJECTED, time, reason="ORDER_CLOSED", text=text)]
        self._close(resting, OrderStatus.CANCELED)
        return [self._report(resting, ReportType.CANCELED, time)]

    def relevant(self, market: MarketSlice) -> MarketSlice:
        """Return the slice with only the rows that can change anything: those of instruments with open orders."""
        if not market.rows or not self._open:
            return msgspec.structs.replace(market, rows=b"") if market.rows else market
        ticks = market.ticks()
        kept = np.isin(ticks["instrument"], np.fromiter(self._open, np.int64, len(self._open)))
        return market if kept.all() else msgspec.structs.replace(market, rows=ticks[kept].tobytes())

    def match(self, market: MarketSlice) -> list[SessionReport]:
        """Let the day orders expire that did not live to see this slice, then fill what its rows allow, row by row."""
        self._clocks[market.shard] = max(self._clocks[market.shard], market.time)
        reports = self._expire(market.shard, market.time)
        if self._open:
            for row in market.ticks().tolist():
                reports += self._match_row(row)
        return reports

    def _match_row(self, row: tuple[int, ...]) -> list[SessionReport]:
        kind, _, side, _, instrument, event_time, known_time, _, first, second, third, fourth, fifth, last = row
        orders = self._open.get(instrument)
        if orders is None:
            return []
        if kind == Kind.BAR:
            bar = Bar(instrument, event_time, known_time, first, second, third, fourth, fifth, last)
            present = [order for order in orders.by_arrival() if bars.takes_part(order, bar)]
            executions = bars.match_bar(orders, bar, participate(bar.volume, self._participation))
        elif kind == Kind.QUOTE:
            quote = Quote(instrument, event_time, known_time, first, second, third, fourth)
            present = [order for order in orders.by_arrival() if quotes.takes_part(order, quote)]
            executions = quotes.match_quote(orders, quote)
        elif kind == Kind.TRADE:
            trade = Trade(instrument, event_time, known_time, first, second, side)
            present = [order for order in orders.by_arrival() if trades.takes_part(order, trade)]
            executions = trades.match_trade(orders, trade, participate(trade.size, self._participation))
        else:
            return []
        return self._conclude(present, executions, known_time)

    def _expire(self, shard: int, time: int) -> list[SessionReport]:
        reports = []
        expiries = self._expiries[shard]
        while expiries and expiries[0][0] <= time:
            resting = heapq.heappop(expiries)[2]
            if resting.leaves:
                self._close(resting, OrderStatus.EXPIRED)
                reports.append(self._report(resting, ReportType.EXPIRED, time))
        return reports

    def _conclude(self, present: list[RestingOrder], executions: list[Execution], time: int) -> list[SessionReport]:
        reports = [self._execute(execution, time) for execution in executions]
        for resting in present:
            resting.rested = True
            if resting.leaves and resting.is_immediate:
                self._close(resting, OrderStatus.CANCELED)
                reports.append(
                    self._report(
                        resting,
                        ReportType.CANCELED,
                        time,
                        reason="NOT_FILLED_AT_ONCE",
                        text=f"{resting.order.time_in_force}: the market had no more at its first opportunity",
                    )
                )
        return reports

    def _execute(self, execution: Execution, time: int) -> SessionReport:
        resting, price, quantity, liquidity = execution
        instrument = self._instruments[resting.order.instrument]
        resting.fill(quantity)
        if not resting.leaves:
            self._remove(resting)
        self.fills += 1
        self.turnover[instrument.currency] += instrument.notional(price, quantity)
        fee = self._fees.fee(instrument, price, quantity, liquidity)
        return self._report(
            resting,
            ReportType.TRADE,
            time,
            execution_id=f"{resting.session}-{self._last_reports[resting.session] + 1}",
            quantity=quantity,
            price=price,
            fee=fee,
            liquidity=liquidity,
        )

    def _close(self, resting: RestingOrder, status: OrderStatus) -> None:
        resting.close(status)
        self._remove(resting)

    def _remove(self, resting: RestingOrder) -> None:
        orders = self._open[resting.order.instrument]
        orders.remove(resting)
        if not orders:
            del self._open[resting.order.instrument]

    def _refusal(self, order: VenueOrder, accepted_at: int) -> tuple[str, str] | None:
        instrument = self._instruments.get(order.instrument)
        if instrument is None:
            return "INSTRUMENT_UNKNOWN", f"the exchange does not list instrument {order.instrument}"
        if accepted_at >= instrument.valid_to:
            return "INSTRUMENT_EXPIRED", f"{instrument.symbol} is no longer listed"
        if order.quantity <= 0:
            return "QUANTITY_INVALID", f"quantity {order.quantity} is not positive"
        if order.type is OrderType.MARKET and order.limit_price is not None:
            return "LIMIT_PRICE_INVALID", "a market order has no limit price"
        if order.type is OrderType.LIMIT and (order.limit_price is None or order.limit_price <= 0):
            return "LIMIT_PRICE_INVALID", "a limit order needs a positive limit price"
        return None

    def _report(self, resting: RestingOrder, kind: ReportType, time: int, **details: Any) -> SessionReport:
        return self._tell(resting.session, resting.order.order_id, kind, time, **details)

    def _tell(self, session: str, order_id: str, kind: ReportType, time: int, **details: Any) -> SessionReport:
        self._last_reports[session] += 1
        sequence = self._last_reports[session]
        return SessionReport(
            session, ExecutionReport(sequence=sequence, order_id=order_id, type=kind, time=time, **details)
        )
