"""A client for scripts and notebooks on the node where AlphaMind runs: orders and positions over the data plane."""

from __future__ import annotations

import os
import pathlib
import uuid
from collections.abc import Callable
from typing import Any

import msgspec
import yaml

from actors.errors import InputError, NotFound, PeerLost
from actors.instruments import InstrumentMaster
from actors.messages import (
    CancelOrder,
    Instrument,
    Order,
    OrderType,
    Side,
    SubmitOrder,
    TimeInForce,
    decoder,
    encode,
)
from actors.oms.routing import shard_of
from actors.portfolio.books import BooksView, Position
from actors.service import socket_path
from actors.wire import BlockingClient
from configs.schema import Configuration

_decode_order: Callable[[bytes], Order] = decoder(Order)
_decode_orders: Callable[[bytes], list[Order]] = decoder(list[Order])
_decode_books: Callable[[bytes], BooksView] = decoder(BooksView)


class Client:
    """Talks to the OMS of one run, one request at a time.

    Prices, quantities and money are whole numbers of increments (``actors.messages``). Accounts default to the first
    of the configuration.

    Args:
        directory: The run's directory.

    Attributes:
        configuration: The run's configuration.
        instruments: Its instruments by symbol.

    Raises:
        NotFound: It is not the directory of a run.
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        try:
            text = (directory / "configuration.yaml").read_text()
            master = InstrumentMaster.load(directory / "instruments.json")
        except OSError as error:
            raise NotFound(
                f"no run in {directory}: {error.strerror}", field="run", value=directory, remedy="alphamind up"
            ) from None
        self.configuration = Configuration.model_validate(yaml.safe_load(text))
        self.instruments = {instrument.symbol: instrument for instrument in master.all}
        self._connections: dict[str, BlockingClient] = {}

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
    ) -> Order:
        """Send an order; return it once it is on record. One that was refused has the status ``rejected`` and says why.

        Args:
            symbol: What to trade.
            side: ``buy`` or ``sell``.
            quantity: Lots.
            limit_price: In price increments; ``None``: a market order.
            time_in_force: ``day``, ``gtc``, ``ioc`` or ``fok``.
            client_order_id: The key under which it may be sent again after a lost connection; a fresh one by default.
            account: The account that trades.

        Raises:
            InputError: A side or time in force that there is not.
            NotFound: No such instrument.
            PeerLost: The connection broke: send it again under the same ``client_order_id``.
        """
        try:
            order = SubmitOrder(
                client_order_id=client_order_id or uuid.uuid4().hex,
                account=self._account(account),
                instrument=self.instrument(symbol).id,
                side=Side(side),
                quantity=quantity,
                type=OrderType.MARKET if limit_price is None else OrderType.LIMIT,
                limit_price=limit_price,
                time_in_force=TimeInForce(time_in_force),
                principal="local",
            )
        except ValueError as error:
            raise InputError(str(error), field="order", rule="buy or sell; day, gtc, ioc or fok") from None
        return _decode_order(self._ask(order.account, "submit", encode(order)))

    def cancel(self, client_order_id: str, account: str | None = None) -> Order:
        """Ask for an order to be taken back; return its state."""
        owner = self._account(account)
        cancel = CancelOrder(account=owner, client_order_id=client_order_id, principal="local")
        return _decode_order(self._ask(owner, "cancel", encode(cancel)))

    def order(self, client_order_id: str, account: str | None = None) -> Order:
        """Return one order; raises ``NotFound`` where there is none."""
        owner = self._account(account)
        return _decode_order(self._query(owner, "order", account=owner, client_order_id=client_order_id))

    def orders(self, account: str | None = None, *, open_only: bool = False, limit: int = 100) -> list[Order]:
        """Return an account's orders."""
        owner = self._account(account)
        return _decode_orders(self._query(owner, "orders", account=owner, open_only=open_only, limit=limit))

    def books(self, account: str | None = None) -> BooksView:
        """Return cash and positions of an account."""
        owner = self._account(account)
        return _decode_books(self._query(owner, "positions", account=owner))

    def positions(self, account: str | None = None) -> list[Position]:
        """Return the open positions of an account, by strategy and instrument."""
        return [position for position in self.books(account).positions if position.quantity]

    def instrument(self, symbol: str) -> Instrument:
        """Return an instrument; raises ``NotFound`` where there is none."""
        if symbol not in self.instruments:
            raise NotFound(
                "unknown instrument",
                field="symbol",
                value=symbol,
                rule=f"one of the {len(self.instruments)} symbols of the run",
            )
        return self.instruments[symbol]

    def close(self) -> None:
        """Disconnect."""
        connections, self._connections = self._connections, {}
        for connection in connections.values():
            connection.close()

    def __enter__(self) -> Client:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Disconnect."""
        self.close()

    def _account(self, account: str | None) -> str:
        return account if account is not None else self.configuration.accounts[0].id

    def _query(self, owner: str, method: str, **body: Any) -> bytes:
        return self._ask(owner, method, msgspec.msgpack.encode(body))

    def _ask(self, owner: str, method: str, body: bytes) -> bytes:
        oms = self.configuration.oms
        name = f"oms-{shard_of(owner, oms.partitions, oms.shards)}"
        connection = self._connections.get(name)
        if connection is None:
            connection = self._connections[name] = BlockingClient(socket_path(self.directory, name), "client")
        try:
            return connection.request(method, body)
        except PeerLost:
            self._connections.pop(name).close()
            raise


def connect(run: str | pathlib.Path | None = None) -> Client:
    """Return a client of a run on this node.

    Args:
        run: Name or directory of a run; by default the one that ``ALPHAMIND_RUN`` names, else the one that came up
        last.

    Raises:
        NotFound: There is no such run, or none at all.
    """
    return Client(find_run(run))


def find_run(run: str | pathlib.Path | None = None) -> pathlib.Path:
    """Return the directory in which a run would be; see ``connect``."""
    home = pathlib.Path(os.environ.get("ALPHAMIND_HOME", "~/.alphamind")).expanduser()
    wanted = run if run is not None else os.environ.get("ALPHAMIND_RUN") or None
    if wanted is None:
        directory = home / "current"
    else:
        directory = pathlib.Path(wanted).expanduser()
        if not directory.is_dir():
            directory = home / "runs" / str(wanted)
    return directory.resolve()
