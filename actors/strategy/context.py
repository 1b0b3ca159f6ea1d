"""What a strategy may see and do while it runs."""

from __future__ import annotations

import difflib
import zlib
from collections.abc import Callable, Mapping, Sequence

from actors.errors import InputError, NotFound
from actors.features.annualization import periods_per_year
from actors.messages import (
    Bar,
    CancelOrder,
    Instrument,
    Order,
    OrderStatus,
    OrderType,
    Prediction,
    Side,
    SubmitOrder,
    TimeInForce,
)
from actors.strategy.account_view import AccountView
from actors.strategy.market_view import MarketView

Command = SubmitOrder | CancelOrder
MAXIMUM_CLIENT_ORDER_ID = 48


LARGEST = 2**63 - 1
"""Largest quantity and price of an order: what a signed 64-bit integer holds."""


class Context:
    """A strategy's view of the world and its hands.

    Instruments are named by symbol or id. Prices are whole numbers of the instrument's price increment, quantities of
    its lot, money of 1e-8 currency units (``alphamind.MONEY_UNIT``), times are UTC nanoseconds. Positions and orders
    are the strategy's own; cash and equity are those of its account, which other strategies may share.

    Args:
        strategy: The strategy's name.
        instruments: What it sees.
        market: Prices and bars.
        account: Its account.
        forecasts: Newest forecast by instrument id.
        period_length: Gives the length in nanoseconds of the periods of an instrument's forecasts.

    Attributes:
        strategy: The strategy's name.
        instruments: What it sees.
        time: The trading clock: known time of the newest data that have arrived.
    """

    def __init__(
        self,
        strategy: str,
        instruments: Sequence[Instrument],
        market: MarketView,
        account: AccountView,
        forecasts: Mapping[int, Prediction],
        period_length: Callable[[int], int],
    ) -> None:
        self.strategy = strategy
        self.instruments = tuple(instruments)
        self.time = 0
        self._market = market
        self._account = account
        self._forecasts = forecasts
        self._period_length = period_length
        self._by_id = {instrument.id: instrument for instrument in instruments}
        self._by_symbol: dict[str, list[Instrument]] = {}
        for instrument in sorted(instruments, key=lambda one: one.valid_from):
            self._by_symbol.setdefault(instrument.symbol, []).append(instrument)
        self._number = 0
        self._equity = 0
        self._equity_stamp = (-1, -1)
        self._outbox: list[Command] = []
        self._accepting = True

    def instrument(self, instrument: str | int) -> Instrument:
        """Return an instrument by symbol or id; of several that bore the symbol the one that bears it now, or the last.

        Raises:
            NotFound: The strategy does not see it; names the nearest symbol.
        """
        found: Instrument | None
        if isinstance(instrument, str):
            namesakes = self._by_symbol.get(instrument, [])
            bearing = [one for one in namesakes if one.valid_from <= self.time < one.valid_to]
            candidates = bearing or namesakes
            found = candidates[-1] if candidates else None
        else:
            found = self._by_id.get(instrument)
        if found is None:
            near = difflib.get_close_matches(str(instrument), list(self._by_symbol), n=1, cutoff=0.5)
            raise NotFound(
                f"{self.strategy} sees no such instrument",
                field="instrument",
                value=instrument,
                rule=f"one of its {len(self._by_symbol)} symbols or their ids",
                remedy=f"did you mean {near[0]}?" if near else None,
            )
        return found

    def position(self, instrument: str | int) -> int:
        """Return the lots that the strategy holds, negative when short."""
        return self._account.books.strategy_position(self.strategy, self.instrument(instrument).id)

    @property
    def cash(self) -> int:
        """Cash of the account in its currency, 1e-8 units."""
        return self._account.books.cash(self._account.currency)

    @property
    def equity(self) -> int:
        """Cash of the account and its positions at their last prices (at cost where there is none), 1e-8 units.

        Raises:
            InputError: The account holds another currency besides its own.
        """
        stamp = (self._account.books.bookings, self._market.revision)
        if stamp != self._equity_stamp:  # many callbacks of one step ask, and each answer takes all positions
            self._equity = self._reckon_equity()
            self._equity_stamp = stamp
        return self._equity

    def _reckon_equity(self) -> int:
        foreign = [currency for currency in self._account.books.currencies() if currency != self._account.currency]
        if any(self._account.books.cash(currency) for currency in foreign):
            raise InputError(
                "equity over several currencies needs exchange rates, which there are none of",
                field="account",
                value=self._account.account,
                rule=f"cash in {self._account.currency} only",
                code="CURRENCY_NOT_CONVERTIBLE",
            )
        return self._account.books.equity(self._market.prices, self._account.currency)

    def last_price(self, instrument: str | int) -> int:
        """Return the last price in increments, 0 before the first: a close, a trade, or the middle of a quote."""
        return self._market.prices.get(self.instrument(instrument).id, 0)

    def bars(self, instrument: str | int, count: int) -> list[Bar]:
        """Return up to ``count`` newest bars, oldest first; ``market.bars_kept`` of the configuration bounds it."""
        return self._market.bars(self.instrument(instrument).id, count)

    def forecast(self, instrument: str | int) -> Prediction | None:
        """Return the newest volatility forecast, or ``None`` before the first."""
        return self._forecasts.get(self.instrument(instrument).id)

    def periods_per_year(self, instrument: str | int) -> float:
        """Return how many of the instrument's forecast periods make a year, to annualise a forecast's variances."""
        found = self.instrument(instrument)
        return periods_per_year(self._period_length(found.id), found.calendar)

    def open_orders(self, instrument: str | int | None = None) -> list[Order]:
        """Return the own open orders, oldest first, those included that were placed in this very callback."""
        return self._account.open_orders(self.strategy, None if instrument is None else self.instrument(instrument).id)

    def buy(
        self,
        instrument: str | int,
        quantity: int,
        limit_price: int | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
    ) -> str:
        """Place an order to buy.

        It is sent when the callbacks of this step are done, and can be filled by later data only.

        Args:
            instrument: Symbol or id.
            quantity: Lots, positive.
            limit_price: Highest price in increments; ``None``: a market order.
            time_in_force: How long it stands.

        Returns:
            The client order id.

        Raises:
            InputError: A quantity or price that is not a positive whole number, or the strategy is stopping.
            NotFound: The strategy does not see the instrument.
        """
        return self._place(instrument, Side.BUY, quantity, limit_price, time_in_force)

    def sell(
        self,
        instrument: str | int,
        quantity: int,
        limit_price: int | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
    ) -> str:
        """Place an order to sell; as ``buy``, with ``limit_price`` the lowest price."""
        return self._place(instrument, Side.SELL, quantity, limit_price, time_in_force)

    def target_position(self, instrument: str | int, quantity: int) -> str | None:
        """Place a market order for what is missing to a position of ``quantity`` lots, open orders counted as filled.

        Returns:
            The client order id, or ``None`` where nothing is missing.
        """
        if isinstance(quantity, bool) or not isinstance(quantity, int):
            raise InputError("target is not a number of lots", field="quantity", value=quantity, rule="a whole number")
        found = self.instrument(instrument).id
        missing = quantity - self.position(found) - self.open_quantity(found)
        if missing == 0:
            return None
        return self.buy(found, missing) if missing > 0 else self.sell(found, -missing)

    def open_quantity(self, instrument: str | int) -> int:
        """Return the lots that the own open orders would still add to the position, sells counted negative."""
        return sum(order.side.sign * order.leaves_quantity for order in self.open_orders(instrument))

    def cancel(self, client_order_id: str) -> None:
        """Ask for an own open order to be taken back; asking again changes nothing.

        Raises:
            NotFound: The strategy has no such open order.
            InputError: The strategy is stopping.
        """
        self._refuse_while_stopping()
        order = self._account.orders.get(client_order_id)
        if order is None or order.strategy != self.strategy:
            raise NotFound(
                f"{self.strategy} has no such open order",
                field="client_order_id",
                value=client_order_id,
                rule="the id of one of open_orders()",
            )
        if client_order_id not in self._account.cancels:
            self._account.cancels.add(client_order_id)
            self._outbox.append(
                CancelOrder(
                    account=self._account.account,
                    client_order_id=client_order_id,
                    principal=f"strategy:{self.strategy}",
                )
            )

    def _place(
        self, instrument: str | int, side: Side, quantity: int, limit_price: int | None, time_in_force: TimeInForce
    ) -> str:
        self._refuse_while_stopping()
        found = self.instrument(instrument)
        for field, value in (("quantity", quantity), ("limit_price", limit_price)):
            if value is None and field == "limit_price":
                continue
            if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST:
                raise InputError(
                    f"{field} of an order in {found.symbol} is wrong",
                    field=field,
                    value=value,
                    rule=f"a positive whole number of increments, at most {LARGEST}",
                )
        self._number += 1
        order = SubmitOrder(
            client_order_id=client_order_id(self.strategy, self._number),
            account=self._account.account,
            instrument=found.id,
            side=side,
            quantity=quantity,
            type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
            limit_price=limit_price,
            time_in_force=TimeInForce(time_in_force),
            strategy=self.strategy,
            principal=f"strategy:{self.strategy}",
        )
        self._account.put(unconfirmed(order, self.time))
        self._outbox.append(order)
        return order.client_order_id

    def _refuse_while_stopping(self) -> None:
        if not self._accepting:
            raise InputError(
                f"{self.strategy} is stopping", field="on_stop", rule="no orders any more", code="STRATEGY_STOPPING"
            )

    def begin(self, time: int, accepting: bool = True) -> None:
        """Set the clock for the callback that comes; for the runner."""
        self.time = time
        self._accepting = accepting

    def take(self, keep: bool = True) -> list[Command]:
        """Return what the strategy placed since the last call and empty the outbox; for the runner.

        Args:
            keep: Whether it is sent; otherwise the account's view forgets it.
        """
        commands, self._outbox = self._outbox, []
        if not keep:
            for command in commands:
                if isinstance(command, SubmitOrder):
                    self._account.forget(command.client_order_id)
                else:
                    self._account.cancels.discard(command.client_order_id)
        return commands


def client_order_id(strategy: str, number: int) -> str:
    """Return the id of a strategy's ``number``-th order: the same after a restart, at most 48 characters.

    A long name is cut, and told apart from others by its checksum.
    """
    name = strategy if len(strategy) <= 36 else f"{strategy[:27]}~{zlib.crc32(strategy.encode()):08x}"
    return f"{name}-{number}"[:MAXIMUM_CLIENT_ORDER_ID]


def unconfirmed(
    command: SubmitOrder, time: int, status: OrderStatus = OrderStatus.PENDING_NEW, reason: str = "", text: str = ""
) -> Order:
    """Return an order as it looks before the OMS has said anything of it, or when the OMS would not take it at all."""
    return Order(
        order_id="",
        client_order_id=command.client_order_id,
        account=command.account,
        strategy=command.strategy,
        principal=command.principal,
        instrument=command.instrument,
        side=command.side,
        type=command.type,
        quantity=command.quantity,
        limit_price=command.limit_price,
        time_in_force=command.time_in_force,
        status=status,
        submitted_at=time,
        updated_at=time,
        reason=reason,
        text=text,
    )
