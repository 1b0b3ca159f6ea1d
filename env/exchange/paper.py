"""The paper exchange's core: orders, replacements, cancels and market slices go in, execution reports come out.

It is deterministic: the same inputs give the same reports, byte for byte. Of the market it keeps only the trading clock
of each shard, and the newest event of an instrument where an order waits for a close; so a row of an instrument in
which no order is open changes nothing (``relevant`` leaves such rows out). Orders of an instrument see nothing but
slices of the instrument's own shard, expiries and closes included: in what order the slices of several shards come
changes no fill and no expiry, only how the reports of a session interleave.
"""

from __future__ import annotations

import decimal
import fractions
from collections import defaultdict
from collections.abc import Callable, Iterable

import msgspec

from actors.errors import Conflict, InputError
from actors.market.ticks import MarketSlice
from actors.messages import OrderStatus, ReportType, TimeInForce, VenueOrder, VenueReplace
from actors.oms.venue import StandingOrder
from env.exchange.allocation import Execution
from env.exchange.fees import FeeSchedule
from env.exchange.instrument_orders import Closing, InstrumentOrders
from env.exchange.market_event import MarketEvent
from env.exchange.market_rows import events, rows_of
from env.exchange.open_orders import OpenOrders
from env.exchange.records import ExchangeRules
from env.exchange.refusals import Refusal, order_refusal, replacement_refusal
from env.exchange.resting import RestingOrder
from env.exchange.session_orders import EndedOrder, SessionOrders, SessionReport
from env.exchange.trading_days import Bounds, TradingDay, TradingDays

_UNFILLED = {
    TimeInForce.AT_OPEN: ("NOT_FILLED_AT_OPEN", "the market had no more at the open"),
    TimeInForce.AT_CLOSE: ("NOT_FILLED_AT_CLOSE", "the market had no more at the close"),
}


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
        self._sessions: dict[str, SessionOrders] = {}
        self._open = OpenOrders()
        self._clocks: defaultdict[int, int] = defaultdict(int)
        self._arrivals = 0
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
        self._open.shards = rules.shards
        self._instruments = {instrument.id: instrument for instrument in rules.instruments}
        self._fees = FeeSchedule(decimal.Decimal(rules.maker_fee_bps), decimal.Decimal(rules.taker_fee_bps))
        self._participation = fractions.Fraction(rules.participation)
        self._days.load({instrument.calendar for instrument in rules.instruments})

    @property
    def open_orders(self) -> int:
        """Number of orders that can still trade."""
        return sum(len(session.open) for session in self._sessions.values())

    def orders(self, session: str) -> list[StandingOrder]:
        """Return the open orders of ``session``, the first come first."""
        return [
            StandingOrder(order_id, str(order.status), order.filled, order.quantity)
            for order_id, order in self._session(session).open.items()
        ]

    def knows(self, session: str, order: VenueOrder) -> bool:
        """Return whether the order has come before.

        Raises:
            Conflict: Another order came under its id.
        """
        known = self._session(session).find(order.order_id)
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

    def has_answered(self, session: str, replace: VenueReplace) -> bool:
        """Return whether the replacement, or a later one of the same order, was granted or refused before.

        Raises:
            InputError: Its revision is not a count from 1 on.
        """
        if replace.revision < 1:
            raise InputError(
                "the replacements of an order are counted from 1",
                field="revision",
                value=replace.revision,
                rule="1 or more",
                code="REVISION_INVALID",
            )
        known = self._session(session).find(replace.order_id)
        return known is not None and replace.revision <= known.revision

    def submit(self, session: str, order: VenueOrder) -> list[SessionReport]:
        """Take an order; it can trade from the next data on. Nothing happens where it is known already.

        Raises:
            Conflict: Another order came under its id.
        """
        if self.knows(session, order):
            return []
        own, now = self._session(session), self._clock(order.instrument)
        accepted_at = max(order.time, now)
        refusal = order_refusal(order, self._instruments.get(order.instrument), accepted_at)
        day, expires_at = (None, None) if refusal else self._life(order, accepted_at)
        self._arrivals += 1
        resting = RestingOrder(session, order, self._arrivals, accepted_at, expires_at, day)
        if refusal:
            resting.close(OrderStatus.REJECTED)
            own.end(resting)
            reason, text = refusal
            return [own.report(order.order_id, ReportType.REJECTED, accepted_at, reason=reason, text=text)]
        self.orders_accepted += 1
        own.open[order.order_id] = resting
        self._open.add(resting, now)
        return [own.report(order.order_id, ReportType.NEW, accepted_at)]

    def replace(self, session: str, replace: VenueReplace) -> list[SessionReport]:
        """Change an open order, or say why that can't be; nothing happens where the replacement was answered before.

        After FIX 4.4's order state changes C.3.a to C.3.c a quantity above what is filled is the new quantity; one at
        or below it becomes what is filled, and the order is filled. A closed order stays closed. An order that gets no
        larger at the same limit keeps its place in line; any other takes a new place, and trades from the next data on
        as if it had come just now.

        Raises:
            InputError: Its revision is not a count from 1 on.
        """
        if self.has_answered(session, replace):
            return []
        own, order_id, revision = self._session(session), replace.order_id, replace.revision
        known, time = own.find(order_id), replace.time
        if known is not None:
            known.revision, time = revision, max(time, self._clock(known.order.instrument))
        if isinstance(known, RestingOrder):
            refusal = replacement_refusal(known.order, replace, time)
            if refusal is None:
                self._change(known, replace, time)
                terms = {"order_quantity": known.quantity, "limit_price": known.limit_price or 0}
                return [own.report(order_id, ReportType.REPLACED, time, revision=revision, **terms)]
        else:
            refusal = _not_open(known)
        reason, text = refusal
        return [own.report(order_id, ReportType.REPLACE_REJECTED, time, revision=revision, reason=reason, text=text)]

    def _change(self, resting: RestingOrder, replace: VenueReplace, time: int) -> None:
        conditions = replace.conditions
        resting.is_post_only = conditions is not None and conditions.post_only
        if conditions is not None and conditions.expire_time is not None:
            self._open.reschedule(resting, conditions.expire_time)
        if replace.quantity <= resting.filled:
            resting.resize(resting.filled)
            self._retire(resting)
        elif replace.quantity <= resting.quantity and replace.limit_price == resting.limit_price:
            resting.resize(replace.quantity)
        else:
            self._open.remove(resting)
            self._arrivals += 1
            resting.resize(replace.quantity)
            resting.requeue(self._arrivals, time, replace.limit_price)
            self._open.add(resting, self._clock(resting.order.instrument))

    def cancel(self, session: str, order_id: str, time: int) -> list[SessionReport]:
        """Take an order out of the book, or say why that can't be."""
        own = self._session(session)
        known = own.find(order_id)
        if known is not None:
            time = max(time, self._clock(known.order.instrument))
        if isinstance(known, RestingOrder):
            return [self._end(known, ReportType.CANCELED, OrderStatus.CANCELED, time)]
        reason, text = _not_open(known)
        return [own.report(order_id, ReportType.CANCEL_REJECTED, time, reason=reason, text=text)]

    def relevant(self, market: MarketSlice) -> MarketSlice:
        """Return the slice with only the rows that can change anything: those of instruments with open orders."""
        return rows_of(market, self._open.by_instrument)

    def match(self, market: MarketSlice) -> list[SessionReport]:
        """Let the orders expire that did not live to see this slice, then fill what its rows allow, row by row.

        An order for a close that no row has reached trades at its session's last event, once the clock is past it.
        """
        shard, time = market.shard, market.time
        self._clocks[shard] = max(self._clocks[shard], time)
        reports = self._expire(shard, time)
        open_orders = self._open.by_instrument
        if open_orders:
            for instrument, event in events(market, open_orders, self._participation):
                reports += self._take_event(open_orders[instrument], event)
        closings = self._open.closed(shard, time)
        for closing in closings:
            if closing.last is not None:
                reports += self._settle(closing, closing.last, time)
        return reports + self._expire(shard, time) if closings else reports

    def _take_event(self, orders: InstrumentOrders, event: MarketEvent) -> list[SessionReport]:
        time, met = event.known_time, orders.meet(event)
        reports = []
        for resting in met:
            if resting.is_post_only and event.would_take(resting):
                text = "it would have traded at its first opportunity"
                reports.append(self._cancel(resting, time, "POST_ONLY_WOULD_TAKE", text))
        reports += self._conclude(event.match(orders.standing), met, time)
        for day, closing in list(orders.for_close.items()):
            if event.is_within(day):
                closing.last = event
                if event.is_at_close(day):
                    reports += self._settle(closing, event, time)
        return reports

    def _settle(self, closing: Closing, event: MarketEvent, time: int) -> list[SessionReport]:
        present = [resting for resting in closing.orders.by_arrival() if resting.accepted_at < event.known_time]
        return self._conclude(event.close(closing.orders), present, time)

    def _conclude(self, executions: list[Execution], present: Iterable[RestingOrder], time: int) -> list[SessionReport]:
        reports = [self._execute(execution, time) for execution in executions]
        for resting in present:
            resting.rested = True
            if resting.leaves and resting.is_immediate:
                tif = resting.order.time_in_force
                at_once = ("NOT_FILLED_AT_ONCE", f"{tif}: the market had no more at its first opportunity")
                reports.append(self._cancel(resting, time, *_UNFILLED.get(tif, at_once)))
        return reports

    def _execute(self, execution: Execution, time: int) -> SessionReport:
        resting, price, quantity, liquidity = execution
        instrument = self._instruments[resting.order.instrument]
        resting.fill(quantity)
        if not resting.leaves:
            self._retire(resting)
        self.fills += 1
        self.turnover[instrument.currency] += instrument.notional(price, quantity)
        own = self._sessions[resting.session]
        return own.report(
            resting.order.order_id,
            ReportType.TRADE,
            time,
            execution_id=f"{own.name}-{own.last_report + 1}",
            quantity=quantity,
            price=price,
            fee=self._fees.fee(instrument, price, quantity, liquidity),
            liquidity=liquidity,
        )

    def _expire(self, shard: int, time: int) -> list[SessionReport]:
        return [
            self._end(resting, ReportType.EXPIRED, OrderStatus.EXPIRED, time)
            for resting in self._open.expired(shard, time)
        ]

    def _cancel(self, resting: RestingOrder, time: int, reason: str, text: str) -> SessionReport:
        return self._end(resting, ReportType.CANCELED, OrderStatus.CANCELED, time, reason=reason, text=text)

    def _end(
        self, resting: RestingOrder, kind: ReportType, status: OrderStatus, time: int, **details: str
    ) -> SessionReport:
        resting.close(status)
        self._retire(resting)
        return self._sessions[resting.session].report(resting.order.order_id, kind, time, **details)

    def _retire(self, resting: RestingOrder) -> None:
        self._open.remove(resting)
        self._sessions[resting.session].end(resting)

    def _session(self, name: str) -> SessionOrders:
        found = self._sessions.get(name)
        if found is None:
            found = self._sessions[name] = SessionOrders(name)
        return found

    def _clock(self, instrument: int) -> int:
        return self._clocks[instrument % self.rules.shards]

    def _life(self, order: VenueOrder, accepted_at: int) -> tuple[TradingDay | None, int | None]:
        """Return the session whose open or close the order is for, and when it expires."""
        calendar, tif = self._instruments[order.instrument].calendar, order.time_in_force
        if tif is TimeInForce.DAY:
            return None, self._days.current(calendar, accepted_at).expires_at
        if tif is TimeInForce.GTD and order.conditions is not None:
            return None, order.conditions.expire_time
        if tif is TimeInForce.AT_OPEN:
            day = self._days.following(calendar, accepted_at)
        elif tif is TimeInForce.AT_CLOSE:
            day = self._days.current(calendar, accepted_at)
        else:
            return None, None
        return day, day.expires_at


def _not_open(known: EndedOrder | None) -> Refusal:
    if known is None:
        return "ORDER_UNKNOWN", "no such order in this session"
    return "ORDER_CLOSED", f"the order is {known.status}"
