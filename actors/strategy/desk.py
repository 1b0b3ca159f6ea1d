"""The hands of a strategy: it places, changes and cancels its own orders."""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING, Any


from actors.errors import InputError, NotFound
from actors.messages import CancelOrder, Instrument, Order, ReplaceOrder, Side, SubmitList, SubmitOrder, TimeInForce
from actors.order_lists import bracket, oco
from actors.order_terms import OrderTerms, conditions, order_type, word
from actors.strategy.account_view import AccountView
from actors.strategy.commands import Command, client_order_id, orders_of, unconfirmed, unconfirmed_list

if TYPE_CHECKING:
    from typing import Unpack

LARGEST = 2**63 - 1
"""Largest quantity and price of an order: what a signed 64-bit integer holds."""

_NUMBERS = ("stop_price", "trail_amount", "trail_rate", "display_quantity", "expire_time")


class Desk(abc.ABC):
    """The orders' side of a strategy's context.

    Everything placed is sent when the callbacks of the step are done, in the order in which it was placed; it can be
    filled by later data only. Prices and quantities are whole numbers of increments.

    Args:
        strategy: The strategy's name.
        account: Its account.

    Attributes:
        strategy: The strategy's name.
        time: The trading clock: known time of the newest data that have arrived.
    """

    def __init__(self, strategy: str, account: AccountView) -> None:
        self.strategy = strategy
        self.time = 0
        self._account = account
        self._number = 0
        self._outbox: list[Command] = []
        self._accepting = True

    @abc.abstractmethod
    def instrument(self, instrument: str | int) -> Instrument:
        """Return an instrument by symbol or id."""

    def position(self, instrument: str | int) -> int:
        """Return the lots that the strategy holds, negative when short."""
        return self._account.books.strategy_position(self.strategy, self.instrument(instrument).id)

    def open_orders(self, instrument: str | int | None = None) -> list[Order]:
        """Return the own open orders, oldest first, those included that were placed in this very callback."""
        return self._account.open_orders(self.strategy, None if instrument is None else self.instrument(instrument).id)

    def open_quantity(self, instrument: str | int) -> int:
        """Return the lots that the own open orders would still add to the position, sells counted negative.

        Orders that wait for another one add nothing yet; of orders that cancel one another the largest counts.
        """
        return self._account.open_quantity(self.strategy, self.instrument(instrument).id)

    def buy(
        self,
        instrument: str | int,
        quantity: int,
        limit_price: int | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
        **terms: Unpack[OrderTerms],
    ) -> str:
        """Place an order to buy.

        Args:
            instrument: Symbol or id.
            quantity: Lots, positive.
            limit_price: Highest price in increments; ``None``: none.
            time_in_force: How long it stands.
            **terms: What makes it more than a market or limit order (``actors.order_terms.OrderTerms``), for
                instance ``stop_price=9_500``, ``trail_amount=50`` or ``post_only=True``.

        Returns:
            The client order id.

        Raises:
            InputError: A number that is not positive and whole, a word that there is not, or the strategy is stopping.
            NotFound: The strategy does not see the instrument.
        """
        return self._place(self._order(instrument, Side.BUY, quantity, limit_price, time_in_force, terms))

    def sell(
        self,
        instrument: str | int,
        quantity: int,
        limit_price: int | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
        **terms: Unpack[OrderTerms],
    ) -> str:
        """Place an order to sell; as ``buy``, with ``limit_price`` the lowest price."""
        return self._place(self._order(instrument, Side.SELL, quantity, limit_price, time_in_force, terms))

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

    def bracket(
        self,
        instrument: str | int,
        side: Side | str,
        quantity: int,
        limit_price: int | None = None,
        time_in_force: TimeInForce = TimeInForce.DAY,
        *,
        take_profit: int | None = None,
        stop_loss: int | None = None,
        stop_loss_limit: int | None = None,
        **terms: Unpack[OrderTerms],
    ) -> tuple[str, ...]:
        """Place an order and those that close its position again once it is done.

        With both ``take_profit`` and ``stop_loss`` the exits cancel one another.

        Args:
            instrument, quantity, limit_price, time_in_force, **terms: Of the order, as of ``buy``.
            side: ``buy`` or ``sell``; the exits are on the other one.
            take_profit: Limit price of the exit with a profit, in increments.
            stop_loss: Stop price of the exit with a loss.
            stop_loss_limit: Makes that one a stop-limit order.

        Returns:
            The client order ids, that of the order first, then take profit and stop loss.

        Raises:
            InputError: No exit, prices on the wrong sides of one another, or what ``buy`` refuses.
            NotFound: The strategy does not see the instrument.
        """
        found = self.instrument(instrument)
        self._check(found, take_profit=take_profit, stop_loss=stop_loss, stop_loss_limit=stop_loss_limit)
        entry = self._order(found.id, word(Side, "side", side), quantity, limit_price, time_in_force, terms)
        ids = client_order_id(self.strategy, self._number + 2), client_order_id(self.strategy, self._number + 3)
        return self._place_list(bracket(entry, ids, take_profit, stop_loss, stop_loss_limit))

    def oco(
        self,
        instrument: str | int,
        side: Side | str,
        quantity: int,
        time_in_force: TimeInForce = TimeInForce.GTC,
        *,
        take_profit: int,
        stop_loss: int,
        stop_loss_limit: int | None = None,
    ) -> tuple[str, ...]:
        """Place two orders that close a position, of which one cancels the other; ``side`` is theirs.

        Returns:
            The client order ids, take profit first. Arguments and errors are as of ``bracket``.
        """
        found = self.instrument(instrument)
        self._check(found, take_profit=take_profit, stop_loss=stop_loss, stop_loss_limit=stop_loss_limit)
        order = self._order(found.id, word(Side, "side", side), quantity, None, time_in_force, {})
        ids = order.client_order_id, client_order_id(self.strategy, self._number + 2)
        return self._place_list(oco(order, ids, take_profit, stop_loss, stop_loss_limit))

    def replace(
        self,
        client_order_id: str,
        *,
        quantity: int | None = None,
        limit_price: int | None = None,
        stop_price: int | None = None,
        trail_amount: int | None = None,
        trail_rate: int | None = None,
        display_quantity: int | None = None,
        expire_time: int | None = None,
    ) -> None:
        """Ask for an own open order to be changed; what is not named stays, and until it is granted all does.

        Args:
            client_order_id: The order.
            quantity: Its whole new quantity in lots, what is filled already included.
            limit_price, stop_price, trail_amount, trail_rate, display_quantity, expire_time: New terms.

        Raises:
            NotFound: The strategy has no such open order.
            InputError: Nothing to change, a number that is not positive and whole, or the strategy is stopping.
        """
        self._refuse_while_stopping()
        order = self._own(client_order_id)
        changes = {
            "quantity": quantity,
            "limit_price": limit_price,
            "stop_price": stop_price,
            "trail_amount": trail_amount,
            "trail_rate": trail_rate,
            "display_quantity": display_quantity,
            "expire_time": expire_time,
        }
        self._check(self.instrument(order.instrument), **changes)
        if all(change is None for change in changes.values()):
            raise InputError("nothing is to be changed", field="quantity", rule=f"one of {', '.join(changes)}")
        self._outbox.append(
            ReplaceOrder(
                account=self._account.account,
                client_order_id=client_order_id,
                replacement_id=self._next_id(),
                principal=self._principal,
                **changes,
            )
        )

    def cancel(self, client_order_id: str) -> None:
        """Ask for an own open order to be taken back; asking again changes nothing.

        Raises:
            NotFound: The strategy has no such open order.
            InputError: The strategy is stopping.
        """
        self._refuse_while_stopping()
        self._own(client_order_id)
        if client_order_id not in self._account.cancels:
            self._account.cancels.add(client_order_id)
            self._outbox.append(
                CancelOrder(account=self._account.account, client_order_id=client_order_id, principal=self._principal)
            )

    def cancel_all(self, instrument: str | int | None = None, side: Side | str | None = None) -> list[str]:
        """Ask for all own open orders to be taken back, of one instrument or side where it is named.

        Each is asked for by its id, so that sending the wish again after a crash reaches no later order.

        Returns:
            Their client order ids.

        Raises:
            NotFound: The strategy does not see the instrument.
            InputError: There is no such side, or the strategy is stopping.
        """
        self._refuse_while_stopping()
        wanted = None if side is None else word(Side, "side", side)
        ids = [order.client_order_id for order in self.open_orders(instrument) if wanted in (None, order.side)]
        for one in ids:
            self.cancel(one)
        return ids

    @property
    def _principal(self) -> str:
        return f"strategy:{self.strategy}"

    def _next_id(self) -> str:
        self._number += 1
        return client_order_id(self.strategy, self._number)

    def _own(self, client_order_id: str) -> Order:
        order = self._account.orders.get(client_order_id)
        if order is None or order.strategy != self.strategy:
            raise NotFound(
                f"{self.strategy} has no such open order",
                field="client_order_id",
                value=client_order_id,
                rule="the id of one of open_orders()",
            )
        return order

    def _order(
        self,
        instrument: str | int,
        side: Side,
        quantity: int,
        limit_price: int | None,
        time_in_force: TimeInForce,
        terms: OrderTerms,
    ) -> SubmitOrder:
        """Return an order under the next id, which it does not use up yet."""
        self._refuse_while_stopping()
        found = self.instrument(instrument)
        numbers: dict[str, Any] = {name: value for name, value in terms.items() if name in _NUMBERS}
        self._check(found, limit_price=limit_price, **numbers)
        if quantity is None:
            raise _wrong("quantity", quantity, found)
        self._check(found, quantity=quantity)
        return SubmitOrder(
            client_order_id=client_order_id(self.strategy, self._number + 1),
            account=self._account.account,
            instrument=found.id,
            side=side,
            quantity=quantity,
            type=order_type(limit_price, terms),
            limit_price=limit_price,
            time_in_force=word(TimeInForce, "time_in_force", time_in_force),
            strategy=self.strategy,
            principal=self._principal,
            conditions=conditions(terms),
        )

    def _check(self, instrument: Instrument, **numbers: Any) -> None:
        for field, value in numbers.items():
            if value is not None and (
                isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= LARGEST
            ):
                raise _wrong(field, value, instrument)

    def _place(self, order: SubmitOrder) -> str:
        self._number += 1
        self._account.put(unconfirmed(order, self.time))
        self._outbox.append(order)
        return order.client_order_id

    def _place_list(self, orders: SubmitList) -> tuple[str, ...]:
        self._number += 3
        for order in unconfirmed_list(orders, self.time):
            self._account.put(order)
        self._outbox.append(orders)
        return orders_of(orders)

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
                if isinstance(command, CancelOrder):
                    self._account.cancels.discard(command.client_order_id)
                elif not isinstance(command, ReplaceOrder):
                    for one in orders_of(command):
                        self._account.forget(one)
        return commands


def _wrong(field: str, value: Any, instrument: Instrument) -> InputError:
    return InputError(
        f"{field} of an order in {instrument.symbol} is wrong",
        field=field,
        value=value,
        rule=f"a positive whole number of increments, at most {LARGEST}",
    )
