"""What scripts may ask of orders: submit, change and cancel them, alone, as lists, or all at once."""

from __future__ import annotations

import abc
import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from actors.errors import InputError
from actors.messages import (
    CancelOrder,
    CancelOrders,
    Contingency,
    Instrument,
    Order,
    ReplaceOrder,
    Side,
    SubmitList,
    SubmitOrder,
    TimeInForce,
    decoder,
    encode,
)
from actors.order_lists import bracket, exit_ids, oco
from actors.order_terms import OrderTerms, conditions, order_type, word

if TYPE_CHECKING:
    from typing import Unpack

_PRINCIPAL = "local"
_decode_order: Callable[[bytes], Order] = decoder(Order)
_decode_orders: Callable[[bytes], list[Order]] = decoder(list[Order])


class OrderEntry(abc.ABC):
    """The orders' side of ``actors.client.Client``, which gives it the way to the OMS."""

    @abc.abstractmethod
    def account(self, account: str | None) -> str:
        """Return the account that is meant."""

    @abc.abstractmethod
    def instrument(self, symbol: str) -> Instrument:
        """Return an instrument; raises ``NotFound`` where there is none."""

    @abc.abstractmethod
    def ask(self, owner: str, method: str, body: bytes) -> bytes:
        """Ask the OMS shard that has an account."""

    @abc.abstractmethod
    def ask_all(self, method: str, body: bytes) -> list[bytes]:
        """Ask every OMS shard."""

    def submit(
        self,
        symbol: str,
        side: str,
        quantity: int,
        limit_price: int | None = None,
        *,
        time_in_force: str = "day",
        client_order_id: str | None = None,
        account: str | None = None,
        **terms: Unpack[OrderTerms],
    ) -> Order:
        """Send an order; return it once it is on record. One that was refused has the status ``rejected`` and says why.

        Args:
            symbol: What to trade.
            side: ``buy`` or ``sell``.
            quantity: Lots.
            limit_price: In price increments; ``None``: none.
            time_in_force: ``day``, ``gtc``, ``gtd`` (with ``expire_time``), ``ioc``, ``fok``, ``at_open``,
                ``at_close``.
            client_order_id: The key under which it may be sent again after a lost connection; a fresh one by default.
            account: The account that trades.
            **terms: What makes it more than a market or limit order (``actors.order_terms.OrderTerms``), for
                instance ``stop_price=9_500`` or ``trail_amount=50``.

        Raises:
            InputError: A side, type or time in force that there is not.
            NotFound: No such instrument.
            PeerLost: The connection broke: send it again under the same ``client_order_id``.
        """
        order = self.compose(
            symbol, side, quantity, limit_price, time_in_force=time_in_force, client_order_id=client_order_id,
            account=account, **terms,
        )  # fmt: skip
        return _decode_order(self.ask(order.account, "submit", encode(order)))

    def compose(
        self,
        symbol: str,
        side: str,
        quantity: int,
        limit_price: int | None = None,
        *,
        time_in_force: str = "day",
        client_order_id: str | None = None,
        account: str | None = None,
        **terms: Unpack[OrderTerms],
    ) -> SubmitOrder:
        """Return an order as ``submit`` sends it, for ``submit_list``."""
        return SubmitOrder(
            client_order_id=client_order_id or uuid.uuid4().hex,
            account=self.account(account),
            instrument=self.instrument(symbol).id,
            side=word(Side, "side", side),
            quantity=quantity,
            type=order_type(limit_price, terms),
            limit_price=limit_price,
            time_in_force=word(TimeInForce, "time_in_force", time_in_force),
            principal=_PRINCIPAL,
            conditions=conditions(terms),
        )

    def bracket(
        self,
        symbol: str,
        side: str,
        quantity: int,
        limit_price: int | None = None,
        *,
        take_profit: int | None = None,
        stop_loss: int | None = None,
        stop_loss_limit: int | None = None,
        time_in_force: str = "day",
        client_order_id: str | None = None,
        account: str | None = None,
        **terms: Unpack[OrderTerms],
    ) -> list[Order]:
        """Send an order and those that close its position again; return all, the first one first.

        With both ``take_profit`` and ``stop_loss`` the exits cancel one another. The exits' client order ids are that
        of the first order with ``.take_profit`` and ``.stop_loss`` behind it.

        Args:
            symbol, side, quantity, limit_price, time_in_force, client_order_id, account, **terms: As of ``submit``.
            take_profit: Limit price of the exit with a profit, in increments.
            stop_loss: Stop price of the exit with a loss.
            stop_loss_limit: Makes that one a stop-limit order.

        Raises:
            InputError: No exit, prices on the wrong sides of one another, or what ``submit`` refuses.
            NotFound: No such instrument.
            PeerLost: The connection broke: send it again under the same ``client_order_id``.
        """
        entry = self.compose(
            symbol, side, quantity, limit_price, time_in_force=time_in_force, client_order_id=client_order_id,
            account=account, **terms,
        )  # fmt: skip
        ids = exit_ids(entry.client_order_id)
        return self._submit_list(bracket(entry, ids, take_profit, stop_loss, stop_loss_limit))

    def oco(
        self,
        symbol: str,
        side: str,
        quantity: int,
        *,
        take_profit: int,
        stop_loss: int,
        stop_loss_limit: int | None = None,
        time_in_force: str = "gtc",
        client_order_id: str | None = None,
        account: str | None = None,
    ) -> list[Order]:
        """Send two orders that close a position, of which one cancels the other; ``side`` is theirs.

        The first one, which takes profit, has the client order id, the other one ``.stop_loss`` behind it. Arguments
        and what it raises are as of ``bracket``.
        """
        order = self.compose(
            symbol, side, quantity, time_in_force=time_in_force, client_order_id=client_order_id, account=account
        )
        ids = exit_ids(order.client_order_id, alone=True)
        return self._submit_list(oco(order, ids, take_profit, stop_loss, stop_loss_limit))

    def submit_list(
        self, contingency: str, orders: Sequence[SubmitOrder], *, list_id: str | None = None
    ) -> list[Order]:
        """Send orders of one account that depend on one another: taken or refused as a whole.

        Args:
            contingency: ``oco``, ``oto`` or ``bracket``.
            orders: From ``compose``; of ``oto`` and ``bracket`` the first one triggers the others.
            list_id: The key under which the list may be sent again; the first order's by default.

        Raises:
            InputError: A contingency that there is not, or no orders.
            PeerLost: The connection broke: send it again under the same ``list_id``.
        """
        if not orders:
            raise InputError("a list without orders", field="orders", rule="two or more")
        return self._submit_list(
            SubmitList(
                list_id=list_id or orders[0].client_order_id,
                account=orders[0].account,
                contingency=word(Contingency, "contingency", contingency),
                orders=tuple(orders),
                principal=_PRINCIPAL,
            )
        )

    def _submit_list(self, orders: SubmitList) -> list[Order]:
        return _decode_orders(self.ask(orders.account, "submit_list", encode(orders)))

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
        replacement_id: str | None = None,
        account: str | None = None,
    ) -> Order:
        """Ask for an order to be changed; what is not named stays. Return its state.

        Args:
            client_order_id: The order.
            quantity: Its whole new quantity in lots, what is filled already included.
            limit_price, stop_price, trail_amount, trail_rate, display_quantity, expire_time: New terms.
            replacement_id: The key under which the wish may be sent again; a fresh one by default.
            account: The account that trades.

        Raises:
            NotFound: There is no such order.
            Conflict: It is closed, or the key was used for another wish.
            PeerLost: The connection broke: send it again under the same ``replacement_id``.
        """
        owner = self.account(account)
        wish = ReplaceOrder(
            account=owner,
            client_order_id=client_order_id,
            replacement_id=replacement_id or uuid.uuid4().hex,
            quantity=quantity,
            limit_price=limit_price,
            stop_price=stop_price,
            trail_amount=trail_amount,
            trail_rate=trail_rate,
            display_quantity=display_quantity,
            expire_time=expire_time,
            principal=_PRINCIPAL,
        )
        return _decode_order(self.ask(owner, "replace", encode(wish)))

    def cancel(self, client_order_id: str, account: str | None = None) -> Order:
        """Ask for an order to be taken back; return its state."""
        owner = self.account(account)
        cancel = CancelOrder(account=owner, client_order_id=client_order_id, principal=_PRINCIPAL)
        return _decode_order(self.ask(owner, "cancel", encode(cancel)))

    def cancel_all(
        self,
        *,
        symbol: str | None = None,
        side: str | None = None,
        strategy: str | None = None,
        account: str | None = None,
        every_account: bool = False,
        reason: str = "",
    ) -> list[str]:
        """Ask for all open orders that fit to be taken back; return the order ids of those that are.

        Args:
            symbol, side, strategy: What has to fit; ``None``: all.
            account: Whose orders.
            every_account: Whether the orders of all accounts are meant, not those of one.
            reason: Why, for the record.

        Raises:
            InputError: A side that there is not.
            NotFound: No such instrument or account.
            PeerLost: The connection broke: ask again, it takes back what is open then.
        """
        cancel = CancelOrders(
            account=None if every_account else self.account(account),
            strategy=strategy,
            instrument=None if symbol is None else self.instrument(symbol).id,
            side=None if side is None else word(Side, "side", side),
            principal=_PRINCIPAL,
            reason=reason,
        )
        body = encode(cancel)
        if cancel.account is None:
            answers = self.ask_all("cancel_all", body)
        else:
            answers = [self.ask(cancel.account, "cancel_all", body)]
        return [order_id for answer in answers for order_id in msgspec.msgpack.decode(answer)["canceled"]]
